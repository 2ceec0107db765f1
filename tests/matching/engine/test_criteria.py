import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import CRITERIA
from matching.engine.criteria import (
    empathy,
    has_wishes,
    has_words,
    language,
    leadership,
    passion,
    purpose,
    reciprocity,
    technical,
    time,
    wants_kind,
)
from tests.matching.engine.cast import SKILLS, crowd, make_mentee, make_mentor, reorder, row, week

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=40, deadline=None)


def one(function, mentee=None, mentor=None):
    return float(function(mentee or make_mentee(), mentor or make_mentor(), SKILLS)[0, 0])


@quick
@given(seeds, st.integers(0, 6), st.integers(0, 6))
def test_every_criterion_lies_between_0_and_1(seed, n, m):
    mentees, mentors = crowd(n, m, seed)
    for criterion in CRITERIA:
        scored = criterion.score(mentees, mentors, SKILLS)
        assert scored.shape == (n, m), criterion.name
        assert np.all((scored >= 0) & (scored <= 1)), criterion.name
        if criterion.applies is not None:
            np.broadcast_to(criterion.applies(mentees, mentors, SKILLS), (n, m))


def test_default_weights_add_up_to_100_and_words_stay_below_15():
    weights = {criterion.name: criterion.weight for criterion in CRITERIA}
    assert len(weights) == 9
    assert sum(weights.values()) == 100
    assert weights["purpose"] <= 15


# Skill fit


def test_skill_fit_is_level_weighted_by_importance():
    # SQL and statistics wanted 3 and 1; SQL at 1.0 and backed, statistics a sibling of it: 0.25
    mentee = make_mentee(wanted=row(sql=3, statistics=1))
    assert one(technical, mentee) == pytest.approx((3 * 1 + 1 * 0.25) / 4)


def test_skill_fit_counts_a_skill_that_nothing_backs_at_four_fifths():
    # public speaking at 0.75 and negotiation at 0.5, wanted alike, neither backed
    assert one(leadership) == pytest.approx(0.8 * (0.75 + 0.5) / 2, abs=1e-3)


def test_skill_fit_takes_the_better_of_the_skill_and_its_relatives():
    mentee = make_mentee(wanted=row(sql=1))
    weak_itself = make_mentor(level=row(sql=0.25, data=1), backed=row(data=1) > 0)
    assert one(technical, mentee, weak_itself) == 0.5


def test_skill_fit_does_not_apply_where_the_goal_wants_none_of_the_kind():
    mentee = make_mentee(wanted=row(sql=3))
    assert [bool(wants_kind(mentee, SKILLS, kind)) for kind in range(3)] == [True, False, False]
    assert one(leadership, mentee) == 0


# Purpose


def test_purpose_prefers_the_mentor_who_writes_of_the_same_thing():
    gardener = make_mentor(words=["Grows vegetables"])
    assert one(purpose) > 0.8
    assert one(purpose, mentor=gardener) < 0.1


def test_purpose_does_not_apply_to_a_goal_without_words():
    assert has_words(make_mentee(words=[" … "])).tolist() == [[False]]
    assert has_words(make_mentee()).tolist() == [[True]]


# Learning passion


def records(*ages):
    return make_mentor(record_owner=np.zeros(len(ages), int), record_age_days=np.array(ages))


def test_passion_halves_the_worth_of_a_record_in_a_year():
    assert one(passion, mentor=records(0)) == pytest.approx(1 - np.exp(-0.5))
    assert one(passion, mentor=records(365, 365)) == one(passion, mentor=records(0))
    assert one(passion, mentor=make_mentor()) == 0


def test_passion_saturates():
    gains = np.diff([one(passion, mentor=records(*[0] * count)) for count in range(9)])
    assert np.all(gains > 0)
    assert np.all(np.diff(gains) < 0)


def test_passion_counts_a_record_of_tomorrow_as_todays():
    assert one(passion, mentor=records(-30)) == one(passion, mentor=records(0))


def test_passion_belongs_to_the_owner_of_the_records():
    mentees, mentors = crowd(2, 3, seed=1)
    mentors = dataclasses.replace(mentors, record_owner=np.array([2, 2]), record_age_days=np.array([0, 0]))
    assert passion(mentees, mentors, SKILLS).round(2).tolist() == [[0, 0, 0.63]] * 2


# Empathy


def rated(sums, counts):
    mentees, mentors = crowd(1, len(sums), seed=1)
    mentors = dataclasses.replace(mentors, rating_sum=np.array(sums, float), rating_count=np.array(counts))
    return empathy(mentees, mentors, SKILLS)[0]


def test_empathy_shrinks_toward_the_programs_mean():
    # the mean of the two with enough raters is (4 + 0) / 8
    assert rated([4, 0], [4, 4]) == pytest.approx([(4 + 2.5) / 9, (0 + 2.5) / 9])


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
    assert one(reciprocity) == 0.75
    assert one(reciprocity, make_mentee(offers=row(negotiation=1))) == 0


def test_reciprocity_counts_a_related_offer_in_part_and_ends_at_one():
    wishes_sql = make_mentor(wishes=row(sql=1))
    assert one(reciprocity, make_mentee(offers=row(data=1)), wishes_sql) == 0.5
    wishes_all = make_mentor(wishes=row(sql=1, budgeting=1, speaking=1))
    assert one(reciprocity, make_mentee(offers=row(sql=1, budgeting=1)), wishes_all) == 1


def test_reciprocity_does_not_apply_to_a_mentor_with_no_wishes():
    assert has_wishes(make_mentor(wishes=row())).tolist() == [[False]]
    assert has_wishes(make_mentor(wishes=row(sql=1) > 0)).tolist() == [[True]]


# Time


@pytest.mark.parametrize(("hours", "expected"), [(0, 0), (0.5, 0.5), (1, 1), (2, 1)])
def test_time_saturates_at_what_a_session_takes(hours, expected):
    mentor = make_mentor(free=week(("Tue", 10, 10 + hours), ("Fri", 10, 12)))
    assert one(time, make_mentee(free=week(("Tue", 9, 18))), mentor) == expected


# Language


def test_language_is_the_best_of_the_lower_fluencies():
    mentee = make_mentee(languages=np.array([[1.0, 0.5]]))
    assert one(language, mentee, make_mentor(languages=np.array([[0.25, 1.0]]))) == 0.5
    assert one(language, mentee, make_mentor(languages=np.array([[0.75, 1.0]]))) == 0.75
    assert (
        one(
            language, make_mentee(languages=np.array([[1.0, 0]])), make_mentor(languages=np.array([[0, 1.0]]))
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
        before = criterion.score(people["mentees"], people["mentors"], SKILLS)
        after = criterion.score(richer["mentees"], richer["mentors"], SKILLS)
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
    before, after = passion(mentees, mentors, SKILLS)[0], passion(mentees, richer, SKILLS)[0]
    assert after[owner] > before[owner]
    assert np.array_equal(np.delete(after, owner), np.delete(before, owner))


@quick
@given(seeds)
def test_the_order_of_the_people_changes_nothing(seed):
    mentees, mentors = crowd(5, 6, seed)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(5), rng.permutation(6)
    for criterion in CRITERIA:
        straight = criterion.score(mentees, mentors, SKILLS)
        turned = criterion.score(reorder(mentees, rows), reorder(mentors, columns), SKILLS)
        assert np.array_equal(turned, straight[np.ix_(rows, columns)]), criterion.name
