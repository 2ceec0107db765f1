"""The compiled pass gives what Scoring.points gives, to the bit; with small tiles, so there are several."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import CRITERIA, DEFAULT_WEIGHTS, passes, tiles
from matching.engine.packing import pack
from tests.matching.engine.cast import allowed_among, crowd, make_mentee, make_mentor, row, scoring, week

seeds = st.integers(0, 2**32 - 1)
weightings = st.fixed_dictionaries({name: st.integers(0, 9) for name in DEFAULT_WEIGHTS}).filter(
    lambda weights: any(weights.values())
)
must_haves = st.dictionaries(
    st.sampled_from(sorted(DEFAULT_WEIGHTS)), st.integers(0, 8).map(lambda n: n / 16)
)
quick = settings(max_examples=60, deadline=None)


def all_pairs(found, tile):
    """(n, m) points by the compiled pass, -1 where it finds the pair infeasible; and its count of pairs."""
    packed = pack(found, tile)
    apart = passes.places_of(packed, found.allowed.apart, found.n, found.m)
    rows = np.arange(found.n)
    points = np.full((2, found.n, found.m), -1, np.int16)
    i, j, best = passes.best(packed, apart, rows, found.m, 0, None)
    points[0, i, j] = best
    nothing = np.zeros(found.n, np.int64) - 1, np.zeros(found.m, np.int64)
    (i, j, improving), feasible = passes.improving(packed, apart, rows, *nothing, 0, 0, found.m, None)
    points[1, i, j] = improving
    assert np.array_equal(points[0], points[1])
    return points[0], feasible


@quick
@given(
    seeds,
    st.integers(1, 12),
    st.integers(1, 40),
    st.integers(1, 17),
    weightings,
    must_haves,
    st.integers(0, 50),
    st.booleans(),
)
def test_tiles_give_the_same_points_to_the_bit(seed, n, m, tile, weights, least, tilt, needs_time):
    mentees, mentors = crowd(n, m, seed)
    found = scoring(
        mentees,
        mentors,
        weights,
        allowed_among(n, m, seed),
        must_haves=least,
        tilt=tilt,
        needs_time=needs_time,
    )
    expected = found.points()
    if not pack(found, tile).order.size:
        assert (expected < 0).all()
        return
    points, feasible = all_pairs(found, tile)
    assert np.array_equal(points, expected)
    assert feasible == (expected >= 0).sum()


@quick
@given(seeds, st.integers(1, 17), st.integers(1, 3), st.integers(0, 3), st.integers(0, 3))
def test_tiles_of_any_width_give_the_same_best(seed, tile, few, per_mentor, levels):
    """With few different points, so that many are equal."""
    mentees, mentors = crowd(30, 50, seed)
    weights = dict.fromkeys(DEFAULT_WEIGHTS, 0) | dict.fromkeys(("language", "purpose"), 1)
    if levels:
        mentors = dataclasses.replace(mentors, meaning=np.sign(mentors.meaning))
    found = scoring(mentees, mentors, weights)
    packed = pack(found, tile)
    apart = passes.places_of(packed, found.allowed.apart, 30, 50)
    got = passes.best(packed, apart, np.arange(30), few, per_mentor, None)
    best = found.best(few, per_mentor)
    for mine, theirs in zip(got, (best.i, best.j, best.points), strict=True):
        assert np.array_equal(mine, theirs)


def test_tiles_cross_blocks_of_mentees_and_tiles_of_mentors():
    n, m = 2 * passes.BLOCK + 3, 2100
    mentees, mentors = crowd(n, m, seed=5)
    found = scoring(mentees, mentors, tilt=20)
    points = found.points()
    best = found.best(5, 3)
    assert np.array_equal(best.points, points[best.i, best.j])
    row_bar = np.sort(points, axis=1)[:, -5]
    column_bar = np.sort(points, axis=0)[-3]
    chosen = np.zeros((n, m), bool)
    chosen[best.i, best.j] = True
    assert chosen[
        (points > np.maximum(row_bar[:, np.newaxis], -1)) | (points > np.maximum(column_bar, -1))
    ].all()
    assert not chosen[(points < row_bar[:, np.newaxis]) & (points < column_bar)].any()


def test_tiles_know_a_perfect_pair():
    weights = dict.fromkeys(DEFAULT_WEIGHTS, 0) | {"time": 1, "technical": 1}
    found = scoring(make_mentee(wanted=row(sql=2)), make_mentor(), weights)
    assert found.best(1, 1).points.tolist() == [10_000]
    assert found.best(0, 1).points.tolist() == [10_000]


@pytest.mark.parametrize("needed", [1, 3, 7, 335, 336])
def test_tiles_count_half_hours_to_the_last_of_a_week(needed):
    always = np.ones((1, 336), bool)
    mentee = make_mentee(free=always, half_hours_needed=np.array([needed]))
    for free in (always, week(("Sun", 23.5, 24)), week(("Mon", 0, 0.5)), ~always):
        found = scoring(mentee, make_mentor(free=free), must_haves={"time": 0.4})
        assert np.array_equal(all_pairs(found, 8)[0], found.points())


def test_tiles_have_room_for_more_skills_than_are_wanted_by_anybody():
    mentees, mentors = crowd(3, 9, seed=2)
    nothing = dataclasses.replace(
        mentees, wanted=np.zeros_like(mentees.wanted), offers=np.zeros_like(mentees.offers), meaning=None
    )
    found = scoring(nothing, dataclasses.replace(mentors, meaning=None, wishes=mentors.wishes & False))
    assert np.array_equal(all_pairs(found, 4)[0], found.points())


def test_improving_refuses_prices_that_its_keys_cannot_hold():
    found = scoring(*crowd(2, 2, seed=1))
    with pytest.raises(ValueError, match="2\\^40"):
        found.improving(np.zeros(2, int), np.full(2, 1 + (1 << 40)), 0, 0, 1)


def test_improving_orders_by_gain_not_by_points():
    mentees, mentors = crowd(20, 30, seed=3)
    found = scoring(mentees, mentors)
    points = found.points().astype(int)
    price = np.random.default_rng(3).integers(0, 3000, 30)
    bonus = 5_000_000_000
    pairs, _ = found.improving(np.full(20, 10_000), price, bonus, 0, 2)
    for i in range(20):
        gain = np.where(points[i] >= 0, points[i] - price, -1_000_000)
        best = sorted(np.argsort(-gain, kind="stable")[:2].tolist())
        assert pairs.j[pairs.i == i].tolist() == [j for j in best if points[i, j] >= 0]


def test_tiles_are_compiled_once_for_arrays_of_any_origin():
    """Arrays that came out of the database or a message are read-only, or parts of others."""
    mentees, mentors = crowd(4, 5, seed=1)
    plain = scoring(mentees, mentors)
    best = plain.best(2, 1)
    plain.improving(np.zeros(4, np.int64), np.zeros(5, np.int32), 0, 0, 2)
    known = len(tiles.best_of.signatures), len(tiles.improving_of.signatures)
    frozen = np.frombuffer(mentees.meaning.tobytes(), np.int8).reshape(4, -1)
    parts = np.repeat(mentees.meaning, 2, axis=1)[:, ::2]
    for meaning in (frozen, parts):
        found = scoring(dataclasses.replace(mentees, meaning=meaning), mentors)
        assert np.array_equal(found.best(2, 1).points, best.points)
        surplus = np.frombuffer(np.zeros(4, np.int64).tobytes(), np.int64)
        found.improving(surplus, np.zeros(10, np.int32)[::2], 0, 0, 2)
    assert (len(tiles.best_of.signatures), len(tiles.improving_of.signatures)) == known == (1, 1)


def test_every_shape_has_a_criterion_that_is_tried():
    found = scoring(*crowd(2, 2, seed=1))
    assert len({type(term.shape).__name__ for term in found.terms}) == 6
    assert len(found.terms) == len(CRITERIA)
