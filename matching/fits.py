"""Goals against all mentors of their program: scores, what is possible, and why in words."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from accounts.models import User
from matching.engine import (
    DEFAULT_WEIGHTS,
    POINTS,
    Allowed,
    Explanation,
    Infeasible,
    Quote,
    Scoring,
    Settings,
    Voice,
    explain_all,
)
from matching.meanings import quotes
from matching.people import (
    LANGUAGES,
    LoadedMentees,
    LoadedMentors,
    Skills,
    load_mentees,
    load_mentors,
    load_skills,
)
from matching.wishes import load_emphasis
from mentoring.goals.models import Goal, GoalQuerySet
from mentoring.programs.models import Program, kept_apart


class Weighing(Protocol):
    """How pairs are weighed: a program, or a run under the settings it was made with."""

    weights: Mapping[str, float]
    must_haves: Mapping[str, float]
    tilt: int


@dataclass(frozen=True, eq=False)
class Fits:
    """Row i is a goal, column j a mentor of the program; who is full is left out of account."""

    skills: Skills
    mentees: LoadedMentees
    mentors: LoadedMentors
    scoring: Scoring
    today: date

    @cached_property
    def points(self) -> NDArray[np.int16]:
        """(n, m): 0..10,000, -1 where the two may not be proposed. For a few goals, never for a cohort."""
        return self.scoring.points()

    def points_if(self, i: int, j: int) -> int:
        """What the pair would have, were it possible."""
        parts = self.scoring.parts(np.array([i]), np.array([j]))
        whole = sum(float(parts.parts[name][0] * share[0]) for name, share in parts.shares.items())
        return round(POINTS * whole)

    def why_not(self, i: int, j: int) -> Infeasible:
        return Infeasible(int(self.scoring.reasons(i)[j]))

    def explanation(self, i: int, j: int, *, voice: Voice, zone: str) -> Explanation:
        return self.explanations([i], [j], voice=voice, zone=zone)[0]

    def explanations(
        self, i: Sequence[int], j: Sequence[int], *, voice: Voice, zone: str
    ) -> list[Explanation]:
        """Of pair after pair; whether they are possible is not asked."""

        def quotes_of(places: Sequence[int]) -> dict[int, Quote]:
            rows, columns = self.mentees.rows, self.mentors.rows
            pairs = {k: (rows[i[k]].goal, columns[j[k]].person) for k in places}
            # only the mentee reads what the goal says beside its title
            found = quotes(list(pairs.values()), title_only=voice != "mentee")
            return {
                k: Quote(found[pair].goal, found[pair].mentor) for k, pair in pairs.items() if pair in found
            }

        return explain_all(
            self.scoring,
            i,
            j,
            zone=zone,
            on=self.today,
            voice=voice,
            languages=LANGUAGES,
            quotes=quotes_of,
        )

    def row_of(self, goal: uuid.UUID) -> int | None:
        return next((i for i, row in enumerate(self.mentees.rows) if row.goal == goal), None)

    def column_of(self, person: uuid.UUID) -> int | None:
        return next((j for j, row in enumerate(self.mentors.rows) if row.person == person), None)


def fits(program: Program, goals: GoalQuerySet, today: date, weighing: Weighing | None = None) -> Fits:
    """`goals` are of this program; they are weighed as the program does unless something else is given.

    The number of queries does not depend on how many people there are.
    """
    skills = load_skills(program)
    mentors = load_mentors(program, skills, today)
    mentees = load_mentees(goals, skills, today, mentors.model)
    return weigh(program, skills, mentees, mentors, settings_of(weighing or program), today)


def weigh(
    program: Program,
    skills: Skills,
    mentees: LoadedMentees,
    mentors: LoadedMentors,
    settings: Settings,
    today: date,
) -> Fits:
    emphasis = load_emphasis(program, [row.person for row in mentees.rows])
    mentees = replace(mentees, arrays=replace(mentees.arrays, emphasis=emphasis))
    allowed = allowed_among(program, mentees, mentors)
    scoring = Scoring(mentees.arrays, mentors.arrays, skills.map, allowed, settings)
    return Fits(skills, mentees, mentors, scoring, today)


def settings_of(weighing: Weighing, *, needs_time: bool = False) -> Settings:
    return Settings(
        known_weights(weighing.weights),
        known_weights(weighing.must_haves),
        weighing.tilt,
        needs_time=needs_time,
    )


def known_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Without criteria that this release does not have."""
    return {name: weight for name, weight in weights.items() if name in DEFAULT_WEIGHTS}


def allowed_among(program: Program, mentees: LoadedMentees, mentors: LoadedMentors) -> Allowed:
    """`Membership.objects.open_to`, for everybody at once and in one query."""
    column = {row.person: j for j, row in enumerate(mentors.rows)}
    apart: dict[uuid.UUID, list[int]] = {}
    for one, other in kept_apart(program.pk):
        if other in column:
            apart.setdefault(one, []).append(column[other])
    pairs = []
    for i, row in enumerate(mentees.rows):
        pairs += [(i, j) for j in apart.get(row.person, [])]
        if row.person in column:
            pairs.append((i, column[row.person]))
    return Allowed(
        proposable=np.array([not row.is_paused for row in mentors.rows], dtype=bool),
        apart=np.array(pairs, dtype=np.intp).reshape(-1, 2),
    )


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
    if column is None or not found.mentees.rows or found.points[0, column] < 0:
        return None
    return found, column
