"""Writes to a goal. The blocker is sealed on the way; its plain text is stored nowhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from mentoring.celery import publish_on_commit
from mentoring.goals.models import Goal, SkillWanted
from mentoring.programs.models import Membership


class GoalError(Exception):
    """Why something cannot be done with a goal, in words fit to show."""


@dataclass(frozen=True)
class GoalWords:
    title: str
    why: str
    success: str
    target_on: date
    blocker: str = ""


@transaction.atomic
def create_goal(mentee: Membership, words: GoalWords, *, skills: Iterable[tuple[int, int]]) -> Goal:
    """`skills` are (id of the skill, importance), each skill once."""
    goal = Goal(program=mentee.program, mentee=mentee.person)
    _take(goal, words)
    goal.save(force_insert=True)
    _replace_skills(goal, skills)
    _tell_matching(goal)
    return goal


@transaction.atomic
def change_goal(goal: Goal, words: GoalWords, *, skills: Iterable[tuple[int, int]]) -> None:
    """Raises GoalError when it was closed meanwhile."""
    goal = _locked_open(goal)
    _take(goal, words)
    goal.save(update_fields=["title", "why", "success", "target_on", "blocker_sealed"])
    _replace_skills(goal, skills)
    _tell_matching(goal)


@transaction.atomic
def close_goal(goal: Goal) -> None:
    """A goal that is closed stays readable, and takes no more requests. Closing twice is closing once."""
    locked: Any = Goal.objects.select_for_update(no_key=True).get(pk=goal.pk)
    if locked.requests.filter(state="open").exists():
        raise GoalError("A request for this goal is waiting for an answer. Withdraw it first.")
    locked.state = Goal.State.CLOSED
    locked.save(update_fields=["state"])


def _locked_open(goal: Goal) -> Goal:
    locked = Goal.objects.select_for_update(no_key=True).get(pk=goal.pk)
    if locked.state != Goal.State.OPEN:
        raise GoalError("This goal is closed; it can no longer be changed.")
    return locked


def _take(goal: Goal, words: GoalWords) -> None:
    goal.title, goal.why, goal.success = words.title, words.why, words.success
    goal.target_on = words.target_on
    goal.seal_blocker(words.blocker)


def _replace_skills(goal: Goal, skills: Iterable[tuple[int, int]]) -> None:
    goal.skills_wanted.all().delete()
    SkillWanted.objects.bulk_create(
        SkillWanted(goal=goal, skill_id=skill, importance=importance) for skill, importance in skills
    )


def _tell_matching(goal: Goal) -> None:
    # by the tasks' names: matching is a higher app
    publish_on_commit("matching.compute_meanings")
    publish_on_commit("matching.suggest_mentors", str(goal.program_id), str(goal.pk))
