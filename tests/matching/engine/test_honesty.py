"""What people may rely on: nobody gains by offering less, and nothing about a mentor is their own opinion."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import DEFAULT_WEIGHTS, POINTS
from tests.matching.engine.cast import allowed_among, crowd, reorder, scoring

seeds = st.integers(0, 2**32 - 1)
weightings = st.fixed_dictionaries({name: st.integers(0, 9) for name in DEFAULT_WEIGHTS}).filter(
    lambda weights: any(weights.values())
)
rules = st.fixed_dictionaries(
    {
        "must_haves": st.dictionaries(
            st.sampled_from(sorted(DEFAULT_WEIGHTS)), st.integers(0, 8).map(lambda n: n / 16)
        ),
        "tilt": st.integers(0, 50),
        "needs_time": st.booleans(),
    }
)
quick = settings(max_examples=40, deadline=None)


def less(array, seed):
    """The array with some of its entries lowered or gone."""
    rng = np.random.default_rng(seed)
    kept = rng.random(array.shape) < 0.6
    if array.dtype == bool:
        return array & kept
    return np.where(kept, array, array * rng.choice([0, 0.5, 0.9], array.shape))


@pytest.mark.parametrize("field", ["level", "backed", "free", "languages", "record_age_days"])
@quick
@given(seed=seeds, weights=weightings, program=rules)
def test_a_mentor_who_offers_less_never_scores_better(field, seed, weights, program):
    mentees, mentors = crowd(4, 5, seed)
    before = scoring(mentees, mentors, weights, **program).points()
    values = getattr(mentors, field)
    poorer = values + 100 if field == "record_age_days" else less(values, seed)
    after = scoring(mentees, dataclasses.replace(mentors, **{field: poorer}), weights, **program).points()
    assert np.all(after <= before)


@pytest.mark.parametrize("field", ["offers", "free", "languages"])
@quick
@given(seed=seeds, weights=weightings, program=rules)
def test_a_mentee_who_offers_less_never_scores_better(field, seed, weights, program):
    mentees, mentors = crowd(4, 5, seed)
    before = scoring(mentees, mentors, weights, **program).points()
    poorer = dataclasses.replace(mentees, **{field: less(getattr(mentees, field), seed)})
    after = scoring(poorer, mentors, weights, **program).points()
    assert np.all(after <= before)


@quick
@given(seeds, weightings, st.sampled_from(sorted(DEFAULT_WEIGHTS)), st.integers(1, 9), st.integers(0, 50))
def test_raising_a_weight_never_lowers_what_its_criterion_adds(seed, weights, name, more, tilt):
    mentees, mentors = crowd(4, 5, seed)
    i, j = (grid.ravel() for grid in np.indices((4, 5)))
    before = scoring(mentees, mentors, weights, tilt=tilt).parts(i, j)
    after = scoring(mentees, mentors, weights | {name: weights[name] + more}, tilt=tilt).parts(i, j)
    assert np.all(after.shares[name] >= before.shares[name])
    assert np.array_equal(after.parts[name], before.parts[name])


@quick
@given(seeds, weightings, rules)
def test_points_lie_in_their_range_and_are_the_sum_of_their_parts(seed, weights, program):
    mentees, mentors = crowd(4, 5, seed)
    found = scoring(mentees, mentors, weights, allowed_among(4, 5, seed), **program)
    points = found.points()
    assert points.min() >= -1
    assert points.max() <= POINTS
    i, j = np.nonzero(points >= 0)
    parts = found.parts(i, j)
    for figures in (*parts.parts.values(), *parts.shares.values()):
        assert np.all((figures >= 0) & (figures <= 1))
    added = sum(parts.parts[name] * parts.shares[name] for name in parts.parts)
    assert np.all(np.abs(points[i, j] - POINTS * added) < 0.6)


@quick
@given(seeds, weightings, rules)
def test_the_order_of_the_people_changes_nothing(seed, weights, program):
    n, m = 6, 7
    mentees, mentors = crowd(n, m, seed)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(n), rng.permutation(m)
    straight = scoring(mentees, mentors, weights, **program)
    turned = scoring(reorder(mentees, rows), reorder(mentors, columns), weights, **program)
    assert np.array_equal(turned.points(), straight.points()[np.ix_(rows, columns)])
    best, turned_best = straight.best(m, n), turned.best(m, n)
    pairs = dict(zip(zip(best.i.tolist(), best.j.tolist(), strict=True), best.points.tolist(), strict=True))
    back = zip(rows[turned_best.i].tolist(), columns[turned_best.j].tolist(), strict=True)
    assert dict(zip(back, turned_best.points.tolist(), strict=True)) == pairs


SAID_OF_ONESELF = ["level", "backed", "wishes", "free", "languages", "meaning", "capacity"]


@pytest.mark.parametrize("field", SAID_OF_ONESELF)
@quick
@given(seed=seeds)
def test_nothing_a_mentor_says_of_themselves_moves_passion_or_empathy(field, seed):
    mentees, mentors = crowd(3, 5, seed)
    others = crowd(3, 5, seed + 1)[1]
    changed = dataclasses.replace(mentors, **{field: getattr(others, field)})
    i, j = (grid.ravel() for grid in np.indices((3, 5)))
    before, after = scoring(mentees, mentors).parts(i, j), scoring(mentees, changed).parts(i, j)
    for name in ("passion", "empathy"):
        assert np.array_equal(after.parts[name], before.parts[name])


def test_all_else_about_a_mentor_is_dated_evidence_or_what_others_said():
    _, mentors = crowd(1, 1, seed=1)
    known = {field.name for field in dataclasses.fields(mentors)}
    evidence = {"record_owner", "record_age_days", "rating_sum", "rating_count"}
    assert known - set(SAID_OF_ONESELF) - evidence == {"ids", "names", "closeness_range"}
