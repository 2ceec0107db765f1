"""Who takes part in a match run: mentees who wait for a mentor, each with one goal, and all mentors."""

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matching.engine import Infeasible
from matching.engine.assignment import Pair, Preferences
from matching.fits import Fits, settings_of, weigh
from matching.models import MatchRun
from matching.people import active_engagements, load_mentees, load_mentors, load_skills
from matching.wishes import preferences_of
from mentoring.engagements.models import Engagement, Request
from mentoring.goals.models import Goal, GoalQuerySet
from mentoring.programs.models import Membership, MembershipQuerySet, Program

NO_GOAL = "{name} has no open goal in this program."


@dataclass(frozen=True, eq=False)
class Cohort:
    """`members[i]` is the membership of row i, `places` (m,) what each mentor has left for new pairs;
    `without_goal` are memberships and names of those who wait but have no open goal."""

    fits: Fits
    members: tuple[uuid.UUID, ...]
    places: NDArray[np.int64]
    without_goal: tuple[tuple[uuid.UUID, str], ...]


@dataclass(frozen=True)
class Decided:
    """What an admin has settled by hand, in rows and columns.

    vouched: locked pairs that the settings would not allow, with the points that they would have. dropped:
    the names of mentees whose lock no longer has a meaning.
    """

    locked: tuple[Pair, ...]
    vouched: Mapping[Pair, int]
    forbidden: tuple[Pair, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True)
class Outlook:
    """What a run that started now would work on."""

    mentees: int
    without_goal: int
    mentors: int
    places: int


def unmatched(program: Program) -> MembershipQuerySet:
    """Mentees of the program who neither pause nor have an engagement or a request under way there."""
    meeting = Engagement.objects.active().filter(program=program).values("mentee")
    asking = Request.objects.open().filter(program=program).values("mentee")
    waiting = Membership.objects.mentees().not_pausing().filter(program=program)
    return waiting.exclude(person_id__in=meeting).exclude(person_id__in=asking)


def first_goals(program: Program) -> GoalQuerySet:
    """Of each unmatched mentee the open goal that is due first."""
    open_goals = Goal.objects.open().filter(program=program, mentee__in=unmatched(program).values("person"))
    first = open_goals.order_by("mentee_id", "target_on", "created_at", "pk").distinct("mentee_id")
    return Goal.objects.filter(pk__in=first.values("pk"))


def outlook(program: Program) -> Outlook:
    mentees = first_goals(program).count()
    taken = active_engagements(program)
    mentors = Membership.objects.proposable().filter(program=program).values_list("person_id", "capacity")
    places = [max(0, capacity - taken.get(person, 0)) for person, capacity in mentors]
    return Outlook(
        mentees=mentees,
        without_goal=unmatched(program).count() - mentees,
        mentors=sum(free > 0 for free in places),
        places=sum(places),
    )


def load_cohort(run: MatchRun, today: date) -> Cohort:
    """In a fixed number of queries, and in the order that settles ties."""
    program = run.program
    # An engagement that a pairing of this run became may be over by now; the run has had its say.
    published = run.pairings.published().values("mentee")
    mentees_waiting = unmatched(program).exclude(pk__in=published)
    waiting = {
        person: (pk, name)
        for pk, person, name in mentees_waiting.order_by("person__name", "pk").values_list(
            "pk", "person_id", "person__name"
        )
    }
    skills = load_skills(program)
    mentors = load_mentors(program, skills, today, by_id=True)
    goals = first_goals(program).filter(mentee__in=mentees_waiting.values("person"))
    mentees = load_mentees(goals, skills, today, mentors.model, by_id=True)
    with_goal = {row.person for row in mentees.rows}
    # not from `waiting`: somebody may have joined between the two queries
    members = dict(Membership.objects.filter(program=program).values_list("person_id", "pk"))
    proposed = _open_proposals(program)
    places = [max(0, row.places_free - proposed[row.person]) for row in mentors.rows]
    return Cohort(
        fits=weigh(program, skills, mentees, mentors, settings_of(run, needs_time=True), today),
        members=tuple(members[row.person] for row in mentees.rows),
        places=np.array(places, dtype=np.int64),
        without_goal=tuple(member for person, member in waiting.items() if person not in with_goal),
    )


def _open_proposals(program: Program) -> Counter[uuid.UUID]:
    """Of the program's own, by mentor: each keeps a place until it is answered."""
    rows = Request.objects.open().filter(program=program, origin=Request.Origin.PROGRAM)
    return Counter(rows.values_list("mentor_id", flat=True))


def decided_by_hand(run: MatchRun, cohort: Cohort) -> Decided:
    row = {member: i for i, member in enumerate(cohort.members)}
    column = {mentor.membership: j for j, mentor in enumerate(cohort.fits.mentors.rows)}
    locked: list[Pair] = []
    forbidden: list[Pair] = []
    dropped: list[str] = []
    decided = run.pairings.unpublished().filter(is_locked=True) | run.pairings.filter(is_removed=True)
    for mentee, mentor, is_locked, name in decided.order_by("pk").values_list(
        "mentee_id", "mentor_id", "is_locked", "mentee__person__name"
    ):
        if mentee in row and mentor in column:
            (locked if is_locked else forbidden).append((row[mentee], column[mentor]))
        elif is_locked:
            dropped.append(name)
    vouched = {pair: cohort.fits.points_if(*pair) for pair in locked if _may_be_locked(cohort.fits, pair)}
    return Decided(tuple(locked), vouched, tuple(forbidden), tuple(dropped))


def _may_be_locked(fits: Fits, pair: Pair) -> bool:
    """An admin may keep a pair without common time, or below a must-have, but no other that is impossible."""
    return not fits.why_not(*pair) & (Infeasible.NOT_ALLOWED | Infeasible.NO_LANGUAGE)


def wishes_of(program: Program, cohort: Cohort) -> Preferences:
    """Everybody's preferences, in rows and columns."""
    row = {member: i for i, member in enumerate(cohort.members)}
    column = {mentor.membership: j for j, mentor in enumerate(cohort.fits.mentors.rows)}
    wishes = preferences_of(program)
    return Preferences(
        mentees=_numbered(wishes.of_mentees, row, column), mentors=_numbered(wishes.of_mentors, column, row)
    )


def _numbered(
    wishes: Mapping[uuid.UUID, tuple[uuid.UUID, ...]],
    own: Mapping[uuid.UUID, int],
    other: Mapping[uuid.UUID, int],
) -> dict[int, list[int]]:
    return {
        own[member]: [other[whom] for whom in order if whom in other]
        for member, order in wishes.items()
        if member in own
    }
