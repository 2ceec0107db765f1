import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import CRITERIA
from matching.engine.terms import FULL, WHOLE
from tests.matching.engine.cast import (
    SKILLS,
    crowd,
    make_mentee,
    make_mentor,
    meaning,
    reorder,
    row,
    week,
)

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=40, deadline=None)
BY_NAME = {criterion.name: criterion for criterion in CRITERIA}


def grid(name, mentees, mentors):
    """(n, m) in 0..1."""
    i, j = np.arange(len(mentees))[:, np.newaxis], np.arange(len(mentors))
    term = BY_NAME[name].term(mentees, mentors, SKILLS)
    return np.minimum(term.shape.weighed(i, j, np.full(i.shape, WHOLE)) / FULL, 1)


def one(name, mentee=None, mentor=None):
    return float(grid(name, mentee or make_mentee(), mentor or make_mentor())[0, 0])


def applies(name, mentee=None, mentor=None):
    term = BY_NAME[name].term(mentee or make_mentee(), mentor or make_mentor(), SKILLS)
    return all(side is None or bool(side[0]) for side in (term.mentees, term.mentors))


def near(value):
    """Figures are on a grid of 1/4096."""
    return pytest.approx(value, abs=2e-4)


@quick
@given(seeds, st.integers(0, 6), st.integers(0, 6))
def test_every_criterion_lies_between_0_and_1(seed, n, m):
    mentees, mentors = crowd(n, m, seed)
    for criterion in CRITERIA:
        term = criterion.term(mentees, mentors, SKILLS)
        i, j = np.arange(n)[:, np.newaxis], np.arange(m)
        scored = term.shape.weighed(i, j, np.full(i.shape, WHOLE)) / FULL
        assert scored.shape == (n, m), criterion.name
        assert np.all((scored >= 0) & (scored <= 1 + 1e-5)), criterion.name
        assert term.mentees is None or term.mentees.shape == (n,)
        assert term.mentors is None or term.mentors.shape == (m,)


def test_default_weights_add_up_to_100_and_closeness_in_meaning_stays_below_15():
    weights = {criterion.name: criterion.weight for criterion in CRITERIA}
    assert len(weights) == 9
    assert sum(weights.values()) == 100
    assert weights["purpose"] <= 15


# Skill fit


def test_skill_fit_is_level_weighted_by_importance():
    # SQL and statistics wanted 3 and 1; SQL at 1.0 and backed, statistics a sibling of it: 0.25
    mentee = make_mentee(wanted=row(sql=3, statistics=1))
    assert one("technical", mentee) == near((3 * 1 + 1 * 0.25) / 4)


def test_skill_fit_counts_a_skill_that_nothing_backs_at_four_fifths():
    # public speaking at 0.75 and negotiation at 0.5, wanted alike, neither backed
    assert one("leadership") == near(0.8 * (0.75 + 0.5) / 2)


def test_skill_fit_takes_the_better_of_the_skill_and_its_relatives():
    mentee = make_mentee(wanted=row(sql=1))
    weak_itself = make_mentor(level=row(sql=0.25, data=1), backed=row(data=1) > 0)
    assert one("technical", mentee, weak_itself) == 0.5


def test_skill_fit_does_not_apply_where_the_goal_wants_none_of_the_kind():
    mentee = make_mentee(wanted=row(sql=3))
    kinds = ("technical", "leadership", "political")
    assert [applies(kind, mentee) for kind in kinds] == [True, False, False]
    assert one("leadership", mentee) == 0


# Purpose


@pytest.mark.parametrize(
    ("said", "expected"), [((100,), 1), ((84, 54), 0.5), ((70, 71), 0), ((-100,), 0), ((0,), 0)]
)
def test_purpose_maps_the_cosine_between_low_and_high(said, expected):
    # cosines 1, 0.84, 0.70, -1; 0.78 counts as 0 and 0.90 as 1
    scored = one("purpose", make_mentee(meaning=meaning(100)), make_mentor(meaning=meaning(*said)))
    assert scored == pytest.approx(expected, abs=0.02)


def test_purpose_takes_the_range_of_the_model():
    mentor = make_mentor(meaning=meaning(84, 54), closeness_range=(0.0, 1.0))
    assert one("purpose", make_mentee(meaning=meaning(100)), mentor) == pytest.approx(0.84, abs=0.01)


def test_purpose_does_not_depend_on_how_long_the_vectors_are():
    short = make_mentor(meaning=meaning(42, 27))
    goal = make_mentee(meaning=meaning(1))
    assert one("purpose", goal, short) == near(one("purpose", goal, make_mentor(meaning=meaning(84, 54))))


def test_purpose_does_not_apply_to_a_goal_that_says_nothing():
    assert applies("purpose")
    assert not applies("purpose", make_mentee(meaning=meaning(0)))
    assert not applies("purpose", make_mentee(meaning=None))
    assert one("purpose", mentor=make_mentor(meaning=None)) == 0


# Learning passion


def records(*ages):
    return make_mentor(record_owner=np.zeros(len(ages), int), record_age_days=np.array(ages))


def test_passion_halves_the_worth_of_a_record_in_a_year():
    assert one("passion", mentor=records(0)) == near(1 - np.exp(-0.5))
    assert one("passion", mentor=records(365, 365)) == one("passion", mentor=records(0))
    assert one("passion", mentor=make_mentor()) == 0


def test_passion_saturates():
    gains = np.diff([one("passion", mentor=records(*[0] * count)) for count in range(9)])
    assert np.all(gains > 0)
    assert np.all(np.diff(gains) < 0)


def test_passion_counts_a_record_of_tomorrow_as_todays():
    assert one("passion", mentor=records(-30)) == one("passion", mentor=records(0))


def test_passion_belongs_to_the_owner_of_the_records():
    mentees, mentors = crowd(2, 3, seed=1)
    mentors = dataclasses.replace(mentors, record_owner=np.array([2, 2]), record_age_days=np.array([0, 0]))
    assert grid("passion", mentees, mentors).round(2).tolist() == [[0, 0, 0.63]] * 2


# Empathy


def rated(sums, counts):
    mentees, mentors = crowd(1, len(sums), seed=1)
    mentors = dataclasses.replace(mentors, rating_sum=np.array(sums, float), rating_count=np.array(counts))
    return grid("empathy", mentees, mentors)[0]


def test_empathy_shrinks_toward_the_programs_mean():
    # the mean of the two with enough raters is (4 + 0) / 8
    assert rated([4, 0], [4, 4]) == near([(4 + 2.5) / 9, (0 + 2.5) / 9])


def test_empathy_comes_closer_to_ones_own_mean_with_more_raters():
    few, many = rated([4, 40, 0], [4, 40, 44])[:2]
    assert 0.5 < few < many < 1


def test_empathy_below_three_raters_is_exactly_the_programs_mean():
    scores = rated([0, 2, 3, 1], [2, 2, 4, 4])
    assert scores[0] == scores[1] == 0.5


def test_empathy_below_three_raters_moves_nothing_anywhere():
    assert np.array_equal(rated([0, 0, 3], [2, 0, 4]), rated([2, 1, 3], [2, 1, 4]))
    assert rated([2, 0], [2, 1]).tolist() == [0.5, 0.5]


# Reciprocity


def test_reciprocity_is_the_offer_that_the_mentor_wishes_for():
    assert one("reciprocity") == 0.75
    assert one("reciprocity", make_mentee(offers=row(negotiation=1))) == 0


def test_reciprocity_counts_a_related_offer_in_part_and_ends_at_one():
    wishes_sql = make_mentor(wishes=row(sql=1))
    assert one("reciprocity", make_mentee(offers=row(data=1)), wishes_sql) == 0.5
    wishes_all = make_mentor(wishes=row(sql=1, budgeting=1, speaking=1))
    assert one("reciprocity", make_mentee(offers=row(sql=1, budgeting=1)), wishes_all) == 1


def test_reciprocity_does_not_apply_to_a_mentor_with_no_wishes():
    assert not applies("reciprocity", mentor=make_mentor(wishes=row()))
    assert applies("reciprocity", mentor=make_mentor(wishes=row(sql=1) > 0))


# Time


@pytest.mark.parametrize(("hours", "expected"), [(0, 0), (0.5, 0.5), (1, 1), (2, 1)])
def test_time_saturates_at_what_a_session_takes(hours, expected):
    mentor = make_mentor(free=week(("Tue", 10, 10 + hours), ("Fri", 10, 12)))
    assert one("time", make_mentee(free=week(("Tue", 9, 18))), mentor) == expected


# Language


def test_language_is_the_best_of_the_lower_fluencies():
    mentee = make_mentee(languages=np.array([[1.0, 0.5]]))
    assert one("language", mentee, make_mentor(languages=np.array([[0.25, 1.0]]))) == 0.5
    assert one("language", mentee, make_mentor(languages=np.array([[0.75, 1.0]]))) == 0.75
    assert (
        one(
            "language",
            make_mentee(languages=np.array([[1.0, 0]])),
            make_mentor(languages=np.array([[0, 1.0]])),
        )
        == 0
    )


# More is never worse


def more(array, rng, top=1.0):
    """The array with some of its entries raised."""
    if array.dtype == bool:
        return array | (rng.random(array.shape) < 0.2)
    return np.where(rng.random(array.shape) < 0.3, np.minimum(array + rng.random(array.shape), top), array)


RAISED = [
    ("mentors", "level", ["technical", "leadership", "political"]),
    ("mentors", "backed", ["technical", "leadership", "political"]),
    ("mentors", "free", ["time"]),
    ("mentees", "free", ["time"]),
    ("mentors", "languages", ["language"]),
    ("mentees", "languages", ["language"]),
    ("mentees", "offers", ["reciprocity"]),
    ("mentors", "wishes", ["reciprocity"]),
]


@pytest.mark.parametrize(("side", "field", "rising"), RAISED)
@quick
@given(seed=seeds)
def test_offering_more_never_lowers_a_criterion(side, field, rising, seed):
    people = dict(zip(("mentees", "mentors"), crowd(4, 5, seed), strict=True))
    raised = more(getattr(people[side], field), np.random.default_rng(seed))
    richer = people | {side: dataclasses.replace(people[side], **{field: raised})}
    for criterion in CRITERIA:
        before = grid(criterion.name, **people)
        after = grid(criterion.name, **richer)
        assert np.all(after >= before) if criterion.name in rising else np.array_equal(after, before)


@quick
@given(seeds, st.integers(0, 2000))
def test_another_learning_record_never_lowers_passion(seed, age):
    mentees, mentors = crowd(2, 4, seed)
    owner = seed % 4
    richer = dataclasses.replace(
        mentors,
        record_owner=np.append(mentors.record_owner, owner),
        record_age_days=np.append(mentors.record_age_days, age),
    )
    before, after = grid("passion", mentees, mentors)[0], grid("passion", mentees, richer)[0]
    assert after[owner] > before[owner]
    assert np.array_equal(np.delete(after, owner), np.delete(before, owner))


@quick
@given(seeds)
def test_the_order_of_the_people_changes_nothing(seed):
    mentees, mentors = crowd(5, 6, seed)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(5), rng.permutation(6)
    for criterion in CRITERIA:
        straight = grid(criterion.name, mentees, mentors)
        turned = grid(criterion.name, reorder(mentees, rows), reorder(mentors, columns))
        assert np.array_equal(turned, straight[np.ix_(rows, columns)]), criterion.name
