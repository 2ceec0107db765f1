import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import CRITERIA, DEFAULT_WEIGHTS, POINTS, score
from tests.matching.engine.cast import SKILLS, crowd, make_mentee, make_mentor, reorder, row

seeds = st.integers(0, 2**32 - 1)
weightings = st.fixed_dictionaries({name: st.integers(0, 9) for name in DEFAULT_WEIGHTS}).filter(
    lambda weights: any(weights.values())
)
quick = settings(max_examples=40, deadline=None)


def shares(mentee=None, mentor=None, weights=None):
    scores = score(mentee or make_mentee(), mentor or make_mentor(), SKILLS, weights)
    return {name: float(share[0, 0]) for name, share in scores.shares.items()}


@quick
@given(seeds, weightings)
def test_score_adds_up_from_its_parts(seed, weights):
    mentees, mentors = crowd(4, 5, seed)
    scores = score(mentees, mentors, SKILLS, weights)
    added = sum(100 * scores.shares[name] * scores.parts[name] for name in scores.parts)
    assert np.allclose(scores.total, added, rtol=0, atol=1e-9)
    assert np.all((scores.total >= 0) & (scores.total <= 100))
    assert np.array_equal(scores.points, np.rint(scores.total * 100))
    whole = sum(scores.shares.values())
    applying = sum(scores.applies[name] * weights[name] for name in weights) > 0
    assert np.allclose(whole, np.where(applying, 1, 0))


def test_score_of_a_perfect_pair_is_every_point():
    weights = dict.fromkeys(DEFAULT_WEIGHTS, 0) | {"technical": 1, "time": 3}
    mentee = make_mentee(wanted=row(sql=2))
    assert score(mentee, make_mentor(), SKILLS, weights).points.tolist() == [[POINTS]]


def test_score_gives_each_criterion_its_weight_when_all_apply():
    assert shares() == pytest.approx({name: weight / 100 for name, weight in DEFAULT_WEIGHTS.items()})


def test_score_keeps_the_weight_of_skills_on_the_kinds_that_the_goal_wants():
    given_to = shares(make_mentee(wanted=row(sql=3)))
    assert given_to["technical"] == pytest.approx(0.50)
    assert given_to["leadership"] == given_to["political"] == 0
    assert given_to["time"] == pytest.approx(0.10)
    given_to = shares(make_mentee(wanted=row(sql=3, coalitions=1)))
    assert (given_to["technical"], given_to["political"]) == pytest.approx((0.5 * 22 / 34, 0.5 * 12 / 34))


def test_score_spreads_the_weight_of_what_has_no_stand_in_over_all():
    given_to = shares(mentor=make_mentor(wishes=row()))
    assert given_to["reciprocity"] == 0
    assert given_to["technical"] == pytest.approx(0.22 / 0.92)
    nothing_wanted = shares(make_mentee(wanted=row()))
    assert nothing_wanted["time"] == pytest.approx(0.10 / 0.50)


def test_score_is_zero_where_nothing_that_counts_applies():
    weights = dict.fromkeys(DEFAULT_WEIGHTS, 0) | {"political": 1}
    assert score(make_mentee(wanted=row(sql=1)), make_mentor(), SKILLS, weights).total.tolist() == [[0]]


@quick
@given(seeds)
def test_score_of_one_mentee_is_the_same_alone_and_in_a_cohort(seed):
    mentees, mentors = crowd(6, 7, seed)
    cohort = score(mentees, mentors, SKILLS)
    for i in range(6):
        alone = score(reorder(mentees, [i]), mentors, SKILLS)
        assert np.array_equal(alone.total[0], cohort.total[i])
        assert np.array_equal(alone.points[0], cohort.points[i])


@pytest.mark.parametrize("field", ["level", "backed", "free", "languages"])
@quick
@given(seed=seeds, weights=weightings)
def test_a_mentor_who_offers_more_never_scores_less(field, seed, weights):
    mentees, mentors = crowd(4, 5, seed)
    before = score(mentees, mentors, SKILLS, weights)
    array = getattr(mentors, field)
    richer = dataclasses.replace(mentors, **{field: np.maximum(array, np.roll(array, 1, axis=0))})
    after = score(mentees, richer, SKILLS, weights)
    assert np.all(after.points >= before.points)


@pytest.mark.parametrize("field", ["offers", "free", "languages"])
@quick
@given(seed=seeds, weights=weightings)
def test_a_mentee_who_offers_more_never_scores_less(field, seed, weights):
    mentees, mentors = crowd(4, 5, seed)
    before = score(mentees, mentors, SKILLS, weights)
    array = getattr(mentees, field)
    richer = dataclasses.replace(mentees, **{field: np.maximum(array, np.roll(array, 1, axis=0))})
    after = score(richer, mentors, SKILLS, weights)
    assert np.all(after.points >= before.points)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"charm": 1}, "no such criterion: charm"),
        ({"time": -1}, "0 or more"),
        ({"time": float("nan")}, "0 or more"),
        ({criterion.name: 0 for criterion in CRITERIA}, "at least one"),
    ],
)
def test_score_refuses_weights_that_mean_nothing(weights, message):
    with pytest.raises(ValueError, match=message):
        score(make_mentee(), make_mentor(), SKILLS, weights)


def test_score_of_nobody_is_empty():
    mentees, mentors = crowd(3, 4, seed=1)
    assert score(reorder(mentees, []), mentors, SKILLS).points.shape == (0, 4)
    assert score(mentees, reorder(mentors, []), SKILLS).points.shape == (3, 0)
