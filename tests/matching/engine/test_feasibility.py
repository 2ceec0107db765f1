import numpy as np
import pytest

from matching.engine import Infeasible, feasibility, score
from tests.matching.engine.cast import SKILLS, crowd, make_mentee, make_mentor

YES, NO = np.array([[True]]), np.array([[False]])


def why(allowed=YES, mentee=None, mentor=None, **options):
    possible = feasibility(mentee or make_mentee(), mentor or make_mentor(), SKILLS, allowed, **options)
    assert bool(possible.feasible[0, 0]) == (possible.why(0, 0) == 0)
    return possible.why(0, 0)


def test_feasibility_allows_a_pair_with_a_shared_language():
    assert why() == Infeasible(0)


def test_feasibility_refuses_what_the_caller_does_not_allow():
    assert why(NO) == Infeasible.NOT_ALLOWED


@pytest.mark.parametrize(("fluency", "reason"), [(0.5, Infeasible(0)), (0.49, Infeasible.NO_LANGUAGE)])
def test_feasibility_needs_a_language_that_both_can_work_in(fluency, reason):
    assert why(mentor=make_mentor(languages=np.array([[fluency, 0.0]]))) == reason


def test_feasibility_asks_for_places_only_when_told():
    full = make_mentor(capacity=np.array([0]))
    assert why(mentor=full) == Infeasible(0)
    assert why(mentor=full, with_places=True) == Infeasible.NO_PLACE


def test_feasibility_keeps_all_reasons():
    silent = make_mentor(languages=np.zeros((1, 2)), capacity=np.array([0]))
    assert why(NO, mentor=silent, with_places=True) == Infeasible(7)


def test_feasibility_is_apart_from_score():
    mentees, mentors = crowd(4, 5, seed=3)
    scores = score(mentees, mentors, SKILLS)
    possible = feasibility(mentees, mentors, SKILLS, np.zeros((4, 5), bool))
    assert not possible.feasible.any()
    assert scores.points.min() > 0


def test_feasibility_refuses_a_mask_of_another_shape():
    with pytest.raises(ValueError, match=r"\(1, 1\)"):
        feasibility(*crowd(2, 2, seed=1), SKILLS, YES)
