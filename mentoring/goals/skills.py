"""The skills that goals want, as their program calls them."""

import uuid
from collections.abc import Iterable
from typing import Any, NamedTuple

from accounts.vocabulary import Called, vocabulary_of
from mentoring.goals.models import Goal


class Wanted(NamedTuple):
    skill: Called
    importance: str


def name_skills(program: uuid.UUID, goals: Iterable[Goal]) -> None:
    """Gives each goal, all of this program, `wanted`: what matters most first, of two that count as the same
    the one that matters more. Costs two queries, and one for goals whose skills are not fetched yet."""
    vocabulary = vocabulary_of(program)
    for goal in goals:
        best: dict[Called, Any] = {}
        for row in sorted(goal.skills_wanted.all(), key=lambda row: -row.importance):
            if called := vocabulary.of(row.skill_id):
                best.setdefault(called, row)
        ordered = sorted(best.items(), key=lambda item: (-item[1].importance, item[0].name.casefold()))
        named: Any = goal
        named.wanted = [Wanted(called, row.get_importance_display()) for called, row in ordered]


def wanted_by(goal: Goal) -> list[Wanted]:
    name_skills(goal.program_id, [goal])
    named: Any = goal
    found: list[Wanted] = named.wanted
    return found
