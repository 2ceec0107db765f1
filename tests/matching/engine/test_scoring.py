import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import CRITERIA, DEFAULT_WEIGHTS, POINTS, Pairs, Settings
from tests.matching.engine.cast import allowed_among, crowd, make_mentee, make_mentor, reorder, row, scoring

seeds = st.integers(0, 2**32 - 1)
weightings = st.fixed_dictionaries({name: st.integers(0, 9) for name in DEFAULT_WEIGHTS}).filter(
    lambda weights: any(weights.values())
)
quick = settings(max_examples=40, deadline=None)


def every_pair(n, m):
    return (grid.ravel() for grid in np.indices((n, m)))


def shares(mentee=None, mentor=None, weights=None, **settings):
    found = scoring(mentee, mentor, weights, **settings).parts([0], [0])
    return {name: float(share[0]) for name, share in found.shares.items()}


@quick
@given(seeds, weightings, st.integers(0, 50))
def test_points_add_up_from_their_parts(seed, weights, tilt):
    mentees, mentors = crowd(4, 5, seed)
    found = scoring(mentees, mentors, weights, tilt=tilt)
    i, j = every_pair(4, 5)
    parts = found.parts(i, j)
    added = sum(parts.shares[name] * parts.parts[name] for name in weights) * POINTS
    points = found.pair_points(i, j)
    feasible = points >= 0
    assert np.all(np.abs(points - added)[feasible] <= 0.5 + 0.1)
    assert np.all(points <= POINTS)
    for name in weights:
        assert np.all((parts.parts[name] >= 0) & (parts.parts[name] <= 1))
    whole = sum(parts.shares.values())
    applying = sum(parts.applies[name] * weights[name] for name in weights) > 0
    assert np.array_equal(whole, np.where(applying, 1, 0))


@quick
@given(seeds)
def test_points_are_the_same_by_rows_by_pairs_and_by_reasons(seed):
    n, m = 7, 9
    mentees, mentors = crowd(n, m, seed)
    found = scoring(
        mentees,
        mentors,
        allowed=allowed_among(n, m, seed),
        must_haves={"technical": 0.1},
        tilt=20,
        needs_time=True,
    )
    points = found.points()
    assert points.shape == (n, m)
    i, j = every_pair(n, m)
    assert np.array_equal(found.pair_points(i, j).reshape(n, m), points)
    assert np.array_equal(found.points(slice(2, 5)), points[2:5])
    assert np.array_equal(found.points([3, 1]), points[[3, 1]])
    assert np.array_equal(np.stack([found.reasons(i) == 0 for i in range(n)]), points >= 0)


def test_points_of_a_perfect_pair_are_all():
    weights = dict.fromkeys(DEFAULT_WEIGHTS, 0) | {"technical": 1, "time": 3}
    assert scoring(make_mentee(wanted=row(sql=2)), weights=weights).points().tolist() == [[POINTS]]


def test_points_of_many_wanted_skills_never_exceed_the_whole():
    weights = dict.fromkeys(DEFAULT_WEIGHTS, 0) | {"technical": 1}
    wanted = row(sql=3, data=3, statistics=3, budgeting=2)
    mentor = make_mentor(level=wanted / 3 + row(budgeting=1 / 3), backed=wanted > 0)
    assert scoring(make_mentee(wanted=wanted), mentor, weights).points().tolist() == [[POINTS]]


def test_shares_are_the_weights_when_all_apply():
    assert shares() == pytest.approx(
        {name: weight / 100 for name, weight in DEFAULT_WEIGHTS.items()}, abs=1e-5
    )


def test_shares_keep_the_weight_of_skills_on_the_kinds_that_the_goal_wants():
    given_to = shares(make_mentee(wanted=row(sql=3)))
    assert given_to["technical"] == pytest.approx(0.50, abs=1e-5)
    assert given_to["leadership"] == given_to["political"] == 0
    assert given_to["time"] == pytest.approx(0.10, abs=1e-5)
    given_to = shares(make_mentee(wanted=row(sql=3, coalitions=1)))
    expected = (0.5 * 22 / 34, 0.5 * 12 / 34)
    assert (given_to["technical"], given_to["political"]) == pytest.approx(expected, abs=1e-5)


def test_shares_spread_the_weight_of_what_has_no_stand_in_over_all():
    given_to = shares(mentor=make_mentor(wishes=row()))
    assert given_to["reciprocity"] == 0
    assert given_to["technical"] == pytest.approx(0.22 / 0.92, abs=1e-5)
    nothing_wanted = shares(make_mentee(wanted=row()))
    assert nothing_wanted["time"] == pytest.approx(0.10 / 0.50, abs=1e-5)


def test_shares_follow_a_mentees_emphasis_within_the_tilt():
    emphasis = np.zeros((1, len(CRITERIA)), np.int8)
    emphasis[0, [criterion.name for criterion in CRITERIA].index("time")] = 1
    mentee = make_mentee(emphasis=emphasis)
    assert shares(mentee) == shares()
    assert shares(mentee, tilt=50)["time"] == pytest.approx(0.15 / 1.05, abs=1e-5)
    assert shares(make_mentee(emphasis=-emphasis), tilt=50)["time"] == pytest.approx(0.05 / 0.95, abs=1e-5)


def test_points_are_zero_where_nothing_that_counts_applies():
    weights = dict.fromkeys(DEFAULT_WEIGHTS, 0) | {"political": 1}
    assert scoring(make_mentee(wanted=row(sql=1)), weights=weights).points().tolist() == [[0]]


@quick
@given(seeds)
def test_points_of_one_mentee_are_the_same_alone_and_in_a_cohort(seed):
    mentees, mentors = crowd(6, 7, seed)
    cohort = scoring(mentees, mentors, tilt=10).points()
    for i in range(6):
        assert np.array_equal(scoring(reorder(mentees, [i]), mentors, tilt=10).points()[0], cohort[i])


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"weights": {"charm": 1}}, "no such criterion: charm"),
        ({"must_haves": {"charm": 1}}, "no such criterion: charm"),
        ({"weights": {"time": -1}}, "0 or more"),
        ({"weights": {"time": float("nan")}}, "0 or more"),
        ({"weights": dict.fromkeys(DEFAULT_WEIGHTS, 0)}, "at least one"),
        ({"must_haves": {"time": 1.1}}, "from 0 to 1"),
        ({"must_haves": {"time": float("nan")}}, "from 0 to 1"),
        ({"tilt": 51}, "0 to 50"),
    ],
)
def test_settings_refuse_what_means_nothing(over, message):
    with pytest.raises(ValueError, match=message):
        Settings(**over)


def test_scoring_refuses_an_emphasis_on_other_criteria():
    with pytest.raises(ValueError, match="expected 9"):
        scoring(make_mentee(emphasis=np.zeros((1, 8), np.int8)), tilt=10)


def test_scoring_of_nobody_is_empty():
    mentees, mentors = crowd(3, 4, seed=1)
    nobody, no_mentor = reorder(mentees, []), reorder(mentors, [])
    assert scoring(nobody, mentors).points().shape == (0, 4)
    assert scoring(mentees, no_mentor).points().shape == (3, 0)
    for empty in (scoring(nobody, mentors), scoring(mentees, no_mentor)):
        assert len(empty.best()) == 0
        found, feasible = empty.improving(np.zeros(empty.n, int), np.zeros(empty.m, int), 0, 0, 5)
        assert (len(found), feasible) == (0, 0)


# The best, and those that could improve


def by_hand(points, per_mentee, per_mentor):
    """Pairs that are among the best of their row or column; among equals those who come first."""
    chosen = set()
    for i, row_points in enumerate(points.tolist()):
        ranked = sorted((-value, j) for j, value in enumerate(row_points) if value >= 0)
        chosen |= {(i, j) for _, j in ranked[:per_mentee]}
    for j, column in enumerate(points.T.tolist()):
        ranked = sorted((-value, i) for i, value in enumerate(column) if value >= 0)
        chosen |= {(i, j) for _, i in ranked[:per_mentor]}
    return sorted(chosen)


def listed(pairs):
    return list(zip(pairs.i.tolist(), pairs.j.tolist(), strict=True))


@quick
@given(seeds, st.integers(0, 9), st.integers(0, 9), st.integers(0, 4), st.integers(0, 4))
def test_best_gives_the_best_of_each_row_and_column(seed, n, m, per_mentee, per_mentor):
    mentees, mentors = crowd(n, m, seed)
    found = scoring(mentees, mentors, {"language": 1}, allowed=allowed_among(n, m, seed))
    best = found.best(per_mentee, per_mentor)
    assert listed(best) == by_hand(found.points(), per_mentee, per_mentor)
    assert np.array_equal(best.points, found.pair_points(best.i, best.j))
    assert (best.i.dtype, best.j.dtype, best.points.dtype) == (np.int32, np.int32, np.int16)


def test_best_leaves_out_what_is_forbidden():
    mentees, mentors = crowd(5, 6, seed=4)
    found = scoring(mentees, mentors)
    i, j = listed(found.best(1, 0))[0]
    points = found.points()
    points[i, j] = -1
    assert listed(found.best(2, 2, forbidden=[(i, j)])) == by_hand(points, 2, 2)


@quick
@given(seeds, st.integers(0, 20))
def test_best_of_slices_joined_is_the_best_of_all(seed, cut):
    mentees, mentors = crowd(20, 9, seed)
    found = scoring(mentees, mentors)
    whole = found.best(3, 2)
    slices = [found.best(3, 2, rows=slice(0, cut)), found.best(3, 2, rows=slice(cut, 20))]
    joined = Pairs.joined(slices, 3, 2)
    for name in ("i", "j", "points"):
        assert np.array_equal(getattr(joined, name), getattr(whole, name))


def test_best_says_how_far_it_is_and_can_be_stopped():
    mentees, mentors = crowd(40, 30, seed=1)
    said = []
    scoring(mentees, mentors).best(say=said.append)
    assert said == sorted(said)
    assert said[-1] == 1

    def stop(_):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        scoring(mentees, mentors).best(say=stop)


@quick
@given(seeds, st.integers(0, 8), st.integers(0, 9), st.integers(0, 4), st.integers(0, 5000))
def test_improving_gives_all_pairs_that_prices_do_not_rule_out(seed, n, m, per_mentee, floor):
    mentees, mentors = crowd(n, m, seed)
    found = scoring(mentees, mentors, allowed=allowed_among(n, m, seed), tilt=30)
    rng = np.random.default_rng(seed)
    bonus = int(rng.integers(0, 2) * 10**9)
    surplus, price = bonus + rng.integers(0, 8000, n), rng.integers(0, 3000, m)
    forbidden = np.argwhere(rng.random((n, m)) < 0.05)
    pairs, feasible = found.improving(surplus, price, bonus, floor, per_mentee, forbidden=forbidden)

    points = found.points().astype(np.int64)
    points[tuple(forbidden.T)] = -1
    gain = np.where((points >= floor) & (points >= 0), bonus + points - price - surplus[:, np.newaxis], 0)
    assert feasible == (points >= 0).sum()
    assert listed(pairs) == by_hand(np.where(gain > 0, gain, -1), per_mentee, 0)
    assert np.array_equal(pairs.points, found.pair_points(pairs.i, pairs.j))
