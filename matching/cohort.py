"""Who takes part in a match run: mentees who wait for a mentor, each with one goal, and all mentors."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from matching.fits import Fits, weigh
from matching.people import active_engagements, load_mentees, load_mentors, load_skills
from mentoring.engagements.models import Engagement, Request
from mentoring.goals.models import Goal, GoalQuerySet
from mentoring.programs.models import Membership, MembershipQuerySet, Program

NO_GOAL = "{name} has no open goal in this program."
NO_TIME = "No mentor who could work with {name} keeps a half hour of the week free at the same time."


@dataclass(frozen=True, eq=False)
class Cohort:
    """`members[i]` is the membership of row i; `without_goal` are memberships and names of those who wait
    but have no open goal."""

    fits: Fits
    members: tuple[uuid.UUID, ...]
    without_goal: tuple[tuple[uuid.UUID, str], ...]


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
    waiting = Membership.objects.mentees().filter(program=program, is_paused=False)
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


def load_cohort(program: Program, weights: Mapping[str, float], today: date) -> Cohort:
    """In a fixed number of queries."""
    waiting = {
        person: (pk, name)
        for pk, person, name in unmatched(program)
        .order_by("person__name", "pk")
        .values_list("pk", "person_id", "person__name")
    }
    skills = load_skills()
    mentors = load_mentors(program, skills, today)
    mentees = load_mentees(first_goals(program), skills, today)
    with_goal = {row.person for row in mentees.rows}
    # not from `waiting`: somebody may have joined between the two queries
    members = dict(Membership.objects.filter(program=program).values_list("person_id", "pk"))
    return Cohort(
        fits=weigh(program, skills, mentees, mentors, weights, today),
        members=tuple(members[row.person] for row in mentees.rows),
        without_goal=tuple(member for person, member in waiting.items() if person not in with_goal),
    )
