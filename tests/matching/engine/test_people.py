import numpy as np
import pytest

from matching.engine import SkillMap
from tests.matching.engine.cast import SKILLS, make_mentee, make_mentor


def relatedness(one, other):
    return SKILLS.related[SKILLS.slugs.index(one), SKILLS.slugs.index(other)]


def test_from_parents_halves_with_each_step():
    assert relatedness("sql", "sql") == 1
    assert relatedness("sql", "data") == relatedness("data", "sql") == 0.5
    assert relatedness("sql", "statistics") == 0.25
    assert relatedness("sql", "budgeting") == 0


def test_from_parents_ends_after_two_steps():
    slugs = ("a", "b", "c", "d")
    related = SkillMap.from_parents(slugs, slugs, (0,) * 4, {"b": "a", "c": "b", "d": "c"}).related
    assert related[3].tolist() == [0, 0.25, 0.5, 1]


def test_from_parents_relates_nothing_across_kinds():
    assert SkillMap.from_parents(("a", "b"), ("a", "b"), (0, 1), {"b": "a"}).related[0, 1] == 0


@pytest.mark.parametrize(
    ("parents", "message"),
    [({"a": "z"}, "a has the parent z, which is not a skill"), ({"a": "b", "b": "a"}, "circle")],
)
def test_from_parents_refuses_what_is_no_tree(parents, message):
    with pytest.raises(ValueError, match=message):
        SkillMap.from_parents(("a", "b"), ("a", "b"), (0, 0), parents)


@pytest.mark.parametrize(
    "over",
    [
        {"free": np.ones((1, 335), bool)},
        {"wanted": np.full((1, 7), 3.5)},
        {"offers": np.full((1, 7), np.nan)},
        {"languages": np.array([[-0.1, 0]])},
        {"names": ()},
        {"half_hours_needed": np.array([0])},
    ],
)
def test_mentees_refuse_what_is_out_of_shape_or_range(over):
    with pytest.raises(ValueError, match=next(iter(over))):
        make_mentee(**over)


@pytest.mark.parametrize(
    "over",
    [
        {"level": np.full((1, 7), 1.5)},
        {"backed": np.ones((1, 6), bool)},
        {"capacity": np.array([-1])},
        {"rating_sum": np.array([2.0])},
        {"record_owner": np.array([1]), "record_age_days": np.array([1])},
        {"ids": ("a", "a")},
    ],
)
def test_mentors_refuse_what_is_out_of_shape_or_range(over):
    with pytest.raises(ValueError, match=next(iter(over))):
        make_mentor(**over)
