import dataclasses

import numpy as np
import pytest

from matching.engine import Allowed, Infeasible
from tests.matching.engine.cast import crowd, make_mentee, make_mentor, row, scoring, week

APART = Allowed(np.array([True]), np.array([[0, 0]]))


def why(mentee=None, mentor=None, allowed=None, **settings):
    found = scoring(mentee, mentor, allowed=allowed, **settings)
    reason = Infeasible(int(found.reasons(0)[0]))
    assert bool(reason) == (found.points()[0, 0] < 0) == (found.pair_points([0], [0])[0] < 0)
    return reason


def test_a_pair_with_a_shared_language_is_feasible():
    assert why() == Infeasible(0)


def test_a_pair_kept_apart_is_infeasible():
    assert why(allowed=APART) == Infeasible.NOT_ALLOWED


def test_a_mentor_who_may_be_proposed_to_nobody_is_infeasible():
    nobody = Allowed(np.array([False]), np.zeros((0, 2), dtype=np.intp))
    assert why(allowed=nobody) == Infeasible.NOT_ALLOWED


@pytest.mark.parametrize(("fluency", "reason"), [(0.5, Infeasible(0)), (0.49, Infeasible.NO_LANGUAGE)])
def test_a_pair_needs_a_language_that_both_can_work_in(fluency, reason):
    assert why(mentor=make_mentor(languages=np.array([[fluency, 0.0]]))) == reason


def test_a_common_half_hour_is_needed_only_where_the_settings_ask():
    never = make_mentor(free=week(("Sun", 0, 1)))
    assert why(mentor=never) == Infeasible(0)
    assert why(mentor=never, needs_time=True) == Infeasible.NO_TIME
    little = make_mentor(free=week(("Tue", 9, 9.5)))
    longest = make_mentee(half_hours_needed=np.array([336]))
    assert why(longest, little, needs_time=True) == Infeasible(0)


@pytest.mark.parametrize(
    ("least", "reason"), [(0.75, Infeasible(0)), (0.76, Infeasible.MUST_HAVE), (1.0, Infeasible.MUST_HAVE)]
)
def test_a_must_have_refuses_what_lies_below_it(least, reason):
    assert why(must_haves={"reciprocity": least}) == reason


def test_a_must_have_of_a_third_is_met_by_a_third():
    mentee = make_mentee(
        wanted=row(sql=1, budgeting=1, statistics=1),
        half_hours_needed=np.array([3]),
        free=week(("Tue", 9, 9.5)),
    )
    mentor = make_mentor(level=row(sql=1))
    third = {"time": 1 / 3, "technical": 1.25 / 3}
    assert why(mentee, mentor, must_haves=third) == Infeasible(0)
    assert why(mentee, mentor, must_haves=third | {"time": 0.34}) == Infeasible.MUST_HAVE


def test_a_must_have_bars_nothing_where_its_criterion_does_not_apply():
    must_haves = {"political": 1, "reciprocity": 1, "purpose": 1}
    mentee, mentor = make_mentee(wanted=row(sql=3), meaning=None), make_mentor(wishes=row(), meaning=None)
    assert why(mentee, mentor, must_haves=must_haves) == Infeasible(0)


def test_a_must_have_works_without_weight():
    assert why(weights={"passion": 0}, must_haves={"passion": 0.5}) == Infeasible.MUST_HAVE


def test_a_must_have_of_language_adds_to_the_working_fluency():
    halting = make_mentor(languages=np.array([[0.5, 0.0]]))
    assert why(mentor=halting, must_haves={"language": 0.7}) == Infeasible.MUST_HAVE
    silent = make_mentor(languages=np.zeros((1, 2)))
    assert why(mentor=silent, must_haves={"language": 0.2}) == Infeasible.NO_LANGUAGE | Infeasible.MUST_HAVE


def test_all_reasons_are_kept():
    stranger = make_mentor(languages=np.zeros((1, 2)), free=week(("Sun", 0, 1)))
    flags = why(mentor=stranger, allowed=APART, needs_time=True, must_haves={"passion": 1})
    assert flags == Infeasible(sum(Infeasible))


def test_allowed_refuses_pairs_that_are_not_there():
    mentees, mentors = crowd(2, 3, seed=1)
    with pytest.raises(ValueError, match="apart"):
        scoring(mentees, mentors, allowed=Allowed(np.ones(3, bool), np.array([[0, 3]])))
    with pytest.raises(ValueError, match="proposable"):
        scoring(mentees, mentors, allowed=Allowed(np.ones(2, bool), np.zeros((0, 2), int)))


def test_kept_apart_twice_is_kept_apart_once():
    twice = dataclasses.replace(APART, apart=np.array([[0, 0], [0, 0]]))
    assert why(allowed=twice) == Infeasible.NOT_ALLOWED
