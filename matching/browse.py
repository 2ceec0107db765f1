"""The list of mentors: who may be shown to a member, in which order, narrowed by what they look for."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accounts import search
from accounts.plain import words_of
from accounts.vocabulary import vocabulary_of
from accounts.week import HALF_HOURS_A_DAY, HALF_HOURS_A_WEEK
from matching.engine import WORKING_FLUENCY, Explanation, Infeasible, week_to_utc
from matching.fits import Fits, fits, shown
from matching.people import LoadedMentors, Skills, load_mentors, load_skills
from mentoring.engagements.models import Engagement, Request
from mentoring.goals.models import Goal
from mentoring.programs.directory import answering
from mentoring.programs.models import Membership

# Half hours of a day; the same parts of the day as in the engine's words.
PARTS_OF_DAY = {"morning": (12, 24), "afternoon": (24, 34), "evening": (34, 44)}
_SKILLS_SHOWN = 6
_LEVELS = 4


@dataclass(frozen=True, eq=False)
class Listing:
    """Mentors whom a member may be shown; `order` holds their columns, best fit first or by name.

    Others are counted who share no language with the mentee, or who lack what the program requires of a pair.
    """

    program: uuid.UUID
    mentors: LoadedMentors
    skills: Skills
    fits: Fits | None
    order: NDArray[np.intp]
    without_language: int
    without_must_have: int

    @cached_property
    def offered(self) -> list[int]:
        """Columns of the skills that somebody here offers."""
        found: list[int] = np.flatnonzero((self.mentors.arrays.level[self.order] > 0).any(axis=0)).tolist()
        return found

    @cached_property
    def spoken(self) -> list[int]:
        """Columns of the languages that somebody here works in."""
        working = self.mentors.arrays.languages[self.order] >= WORKING_FLUENCY
        found: list[int] = np.flatnonzero(working.any(axis=0)).tolist()
        return found


def listing(member: Membership, goal: Goal | None, today: date) -> Listing:
    """By fit for the goal if there is one. Nobody is shown somebody they may not be proposed to, in any role:
    whoever gives up being a mentee for a moment would else see who has excluded them."""
    program = member.program
    if goal is not None:
        found = fits(program, Goal.objects.filter(pk=goal.pk), today)
        points = found.points[0]
        order = np.argsort(-points, kind="stable")
        order = order[points[order] >= 0]
        # what an exclusion hides is not counted: nobody is told of it
        barred = found.scoring.reasons(0)
        allowed = (barred & int(Infeasible.NOT_ALLOWED)) == 0
        silent = allowed & ((barred & int(Infeasible.NO_LANGUAGE)) > 0)
        lacking = allowed & ~silent & (barred > 0)
        hidden = int(silent.sum()), int(lacking.sum())
        return Listing(program.pk, found.mentors, found.skills, found, order, *hidden)
    skills = load_skills(program)
    mentors = load_mentors(program, skills, today)
    allowed = set(Membership.objects.open_to(member).values_list("pk", flat=True))
    if not (member.is_mentee or member.pauses):
        allowed.add(member.pk)  # a mentor sees themselves as others do
    columns = [j for j, row in enumerate(mentors.rows) if row.membership in allowed]
    return Listing(program.pk, mentors, skills, None, np.array(columns, dtype=np.intp), 0, 0)


def narrow(found: Listing, wanted: Mapping[str, Any], *, zone: str, today: date) -> list[int]:
    """Columns, in the listing's order, of those who answer to all that is wanted.

    wanted: words, skill and language (columns), day (0 to 6), part (of PARTS_OF_DAY), full (those without a
    free place too); what is missing or empty narrows nothing.
    """
    people = found.mentors.arrays
    keep = np.ones(len(people), dtype=bool)
    if not wanted.get("full"):
        keep &= people.capacity > 0
    if (skill := wanted.get("skill")) is not None:
        keep &= people.level[:, skill] > 0
    if (language := wanted.get("language")) is not None:
        keep &= people.languages[:, language] >= WORKING_FLUENCY
    if wanted.get("day") is not None or wanted.get("part"):
        keep &= (people.free & _slots(wanted.get("day"), wanted.get("part"), zone, today)).any(axis=1)
    columns: list[int] = found.order[keep[found.order]].tolist()
    if words := words_of(wanted.get("words", "")):
        answer = _answering(words, found.program)
        columns = [j for j in columns if found.mentors.rows[j].person in answer]
    return columns


def _slots(day: int | None, part: str | None, zone: str, today: date) -> NDArray[np.bool_]:
    """(336,) in UTC: the half hours of a day of the week and a part of the day, in the reader's zone."""
    week = np.zeros((HALF_HOURS_A_WEEK // HALF_HOURS_A_DAY, HALF_HOURS_A_DAY), dtype=bool)
    start, stop = PARTS_OF_DAY[part] if part else (0, HALF_HOURS_A_DAY)
    week[slice(None) if day is None else day, start:stop] = True
    return week_to_utc(week.ravel(), zone, today)


def _answering(words: list[str], program: uuid.UUID) -> set[uuid.UUID]:
    """Persons of the program who answer to the words, as in its directory."""
    members = Membership.objects.filter(program=program, is_mentor=True)
    with search.tolerance():
        found = members.filter(answering(words, vocabulary_of(program)))
        return set(found.values_list("person", flat=True))


@dataclass(frozen=True)
class Relations:
    """What stands open between a mentee and mentors of the program, by the mentor's id."""

    requests: Mapping[uuid.UUID, uuid.UUID]
    engagements: Mapping[uuid.UUID, uuid.UUID]


def relations_of(mentee: Membership) -> Relations:
    own = {"program_id": mentee.program_id, "mentee_id": mentee.person_id}
    return Relations(
        dict(Request.objects.open().filter(**own).values_list("mentor_id", "pk")),
        dict(Engagement.objects.active().filter(**own).values_list("mentor_id", "pk")),
    )


def cards_of(found: Listing, columns: Sequence[int], *, zone: str) -> list[dict[str, Any]]:
    """What the person cards show of the mentors in these columns."""
    said: Sequence[Explanation | None] = [None] * len(columns)
    if found.fits is not None:
        said = found.fits.explanations([0] * len(columns), columns, voice="mentee", zone=zone)
    return [_card_of(found, j, explanation) for j, explanation in zip(columns, said, strict=True)]


def _card_of(found: Listing, j: int, explanation: Explanation | None) -> dict[str, Any]:
    row = found.mentors.rows[j]
    card: dict[str, Any] = {
        "of": row,
        "person": row.person,
        "name": row.name,
        "headline": row.headline,
        "places_free": row.places_free,
        "skills": _skills_of(found, j),
    }
    return card if explanation is None else card | shown(explanation)


def _skills_of(found: Listing, j: int) -> list[dict[str, Any]]:
    """The best few, those that the goal wants first."""
    level = found.mentors.arrays.level[j]
    wanted = found.fits.mentees.arrays.wanted[0] if found.fits else np.zeros_like(level)
    names, kinds = found.skills.map.names, found.skills.map.kind
    columns = sorted(np.flatnonzero(level).tolist(), key=lambda s: (-wanted[s], -level[s], names[s]))
    return [
        {
            "name": names[s],
            "kind": ("technical", "leadership", "political")[kinds[s]],
            "level": round(float(level[s]) * _LEVELS),
            "met": bool(wanted[s] > 0),
        }
        for s in columns[:_SKILLS_SHOWN]
    ]
