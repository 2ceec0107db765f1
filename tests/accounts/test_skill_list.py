import pytest

from accounts.models import Skill
from accounts.skills import load_skills

pytestmark = pytest.mark.django_db


def test_skill_list_is_there_after_migrating_and_loads_twice_to_the_same() -> None:
    before = set(Skill.objects.values_list("slug", "name", "kind", "parent__slug"))

    listed = load_skills(Skill)

    assert len(before) == listed
    assert set(Skill.objects.values_list("slug", "name", "kind", "parent__slug")) == before
