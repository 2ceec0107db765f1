"""Goals against all mentors of their program: scores, what is possible, and why in words."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accounts.models import User
from matching.engine import (
    DEFAULT_WEIGHTS,
    Explanation,
    Feasibility,
    Scores,
    Voice,
    explain,
    feasibility,
    score,
)
from matching.people import (
    LANGUAGES,
    LoadedMentees,
    LoadedMentors,
    Skills,
    load_mentees,
    load_mentors,
    load_skills,
)
from mentoring.goals.models import Goal, GoalQuerySet
from mentoring.programs.models import Program, kept_apart


@dataclass(frozen=True, eq=False)
class Fits:
    """Row i is a goal, column j a mentor of the program; `possible` leaves out of account who is full."""

    skills: Skills
    mentees: LoadedMentees
    mentors: LoadedMentors
    scores: Scores
    possible: Feasibility
    today: date

    def explanation(self, i: int, j: int, *, voice: Voice, zone: str) -> Explanation:
        return explain(
            self.mentees.arrays,
            self.mentors.arrays,
            self.skills.map,
            self.scores,
            i,
            j,
            zone=zone,
            on=self.today,
            voice=voice,
            languages=LANGUAGES,
        )

    def row_of(self, goal: uuid.UUID) -> int | None:
        return next((i for i, row in enumerate(self.mentees.rows) if row.goal == goal), None)

    def column_of(self, person: uuid.UUID) -> int | None:
        return next((j for j, row in enumerate(self.mentors.rows) if row.person == person), None)


def fits(
    program: Program, goals: GoalQuerySet, today: date, weights: Mapping[str, float] | None = None
) -> Fits:
    """`goals` are of this program; the weights are the program's own unless others are given.

    The number of queries does not depend on how many people there are.
    """
    skills = load_skills()
    mentors = load_mentors(program, skills, today)
    mentees = load_mentees(goals, skills, today)
    return weigh(program, skills, mentees, mentors, program.weights if weights is None else weights, today)


def weigh(
    program: Program,
    skills: Skills,
    mentees: LoadedMentees,
    mentors: LoadedMentors,
    weights: Mapping[str, float],
    today: date,
) -> Fits:
    scores = score(mentees.arrays, mentors.arrays, skills.map, known_weights(weights))
    allowed = may_propose(program, mentees, mentors)
    return Fits(
        skills,
        mentees,
        mentors,
        scores,
        feasibility(mentees.arrays, mentors.arrays, skills.map, allowed),
        today,
    )


def known_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Without criteria that this release does not have."""
    return {name: weight for name, weight in weights.items() if name in DEFAULT_WEIGHTS}


def may_propose(program: Program, mentees: LoadedMentees, mentors: LoadedMentors) -> NDArray[np.bool_]:
    """(n, m): `Membership.objects.open_to`, for everybody at once and in two queries."""
    proposable = np.array([not row.is_paused for row in mentors.rows], dtype=bool)
    allowed = np.tile(proposable, (len(mentees.rows), 1))
    column = {row.person: j for j, row in enumerate(mentors.rows)}
    apart: dict[uuid.UUID, list[int]] = {}
    for one, other in kept_apart(program.pk):
        if other in column:
            apart.setdefault(one, []).append(column[other])
    for i, row in enumerate(mentees.rows):
        allowed[i, apart.get(row.person, [])] = False
        if row.person in column:
            allowed[i, column[row.person]] = False
    return allowed


def shown(explanation: Explanation) -> dict[str, Any]:
    """What the pages' score and reasons take, in plain values that can be stored."""
    return {
        "score": round(explanation.total),
        "parts": [
            {
                "label": part.label,
                "value": round(100 * part.score),
                "note": f"{part.points:.1f} of {part.weight:.1f} points",
            }
            for part in explanation.parts
            if part.weight > 0
        ],
        "reasons_for": list(explanation.reasons_for),
        "reasons_against": list(explanation.reasons_against),
    }


def fit_of(goal: Goal, mentor: User, today: date) -> tuple[Fits, int] | None:
    """The goal's row and the mentor's column; None where the two may not, or no longer, be proposed."""
    found = fits(goal.program, Goal.objects.filter(pk=goal.pk), today)
    column = found.column_of(mentor.pk)
    if column is None or not found.possible.feasible[0, column]:
        return None
    return found, column
