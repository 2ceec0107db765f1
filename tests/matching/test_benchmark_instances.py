"""What the benchmark of matching makes, and how it judges."""

import numpy as np
import pytest

from benchmarks.matching.harness import predict, steps
from benchmarks.matching.instances import Size, make_people
from benchmarks.matching.quality import Quality, judge

SIZE = Size(60, 25)


@pytest.mark.parametrize("popular", [False, True])
def test_people_are_the_same_for_the_same_seed(popular):
    one, same, other = (make_people(SIZE, popular=popular, seed=seed) for seed in (1, 1, 2))
    assert one.keys() == same.keys()
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not np.array_equal(one["mentee_wanted"], other["mentee_wanted"])


def test_people_have_some_more_places_than_mentees():
    capacity = make_people(Size(1000, 400))["mentor_capacity"]
    assert (capacity >= 0).all()
    assert 1000 < capacity.sum() < 1150


def test_judge_counts_pairs_points_and_who_would_rather_have_each_other():
    points = np.array([[9, 5, -1], [8, 1, 4], [7, -1, 2]], np.int16)
    pairs = np.array([[0, 1], [1, 2], [2, 0]])
    # mentee 0 and mentor 0 would rather: 9 > 5 and 9 > 7; so would 1 and 0: 8 > 4 and 8 > 7
    assert judge(points, np.array([1, 1, 1]), pairs) == Quality(matched=3, total=16, worst=4, blocking=2)


@pytest.mark.parametrize(
    "pairs", [[[0, 2]], [[0, 0], [0, 1]], [[0, 0], [1, 0]]], ids=["impossible", "twice", "beyond the places"]
)
def test_judge_refuses_pairs_that_may_not_be(pairs):
    points = np.array([[9, 5, -1], [8, 1, 4]], np.int16)
    with pytest.raises(ValueError, match="pair"):
        judge(points, np.array([1, 1, 1]), np.array(pairs))


def test_predict_carries_on_the_growth_that_was_measured():
    size = Size(1000, 400)
    small, smaller = steps(size)[2], steps(size)[1]
    assert (smaller, small) == (Size(250, 100), Size(500, 200))
    seconds, power = predict({smaller: 1.0, small: 8.0}, size)
    assert (seconds, power) == (pytest.approx(64), pytest.approx(3))
    assert predict({small: 8.0}, size) is None
