"""What a program's admins take out of it: members, engagements, and counts of sessions.

Nothing that two people say to each other, and no rating. Read in chunks, so that memory does not grow with
the program.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Count, Prefetch, Q

from accounts.models import PersonSkill, SpokenLanguage
from accounts.vocabulary import vocabulary_of
from mentoring.engagements.models import Engagement
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership, Program, ReportingLine
from mentoring.schedule.models import Series, Session
from mentoring.schedule.times import Cadence
from mentoring.transfer.fields import LABELS
from mentoring.transfer.planning import told_languages, told_roles, told_skills

CHUNK = 1_000
Rows = Iterator[list[Any]]


def members(program: Program) -> Rows:
    """With the headings that an import knows: what is exported here can be imported again."""
    yield [*LABELS.values(), "Joined (UTC)"]
    rows = Membership.objects.current().filter(program=program).select_related("person").order_by("pk")
    iterator = rows.iterator(chunk_size=CHUNK)
    # as the program calls them, and none that another program added
    names = vocabulary_of(program.pk).names
    while some := list(islice(iterator, CHUNK)):
        yield from _members(program, some, names)


def _members(program: Program, some: list[Membership], names: Mapping[int, str]) -> Rows:
    people = [membership.person_id for membership in some]
    skills, languages, goals, managers = (defaultdict(list) for _ in range(4))
    listed = PersonSkill.objects.filter(person__in=people, skill__in=list(names))
    for person, skill, level in listed.values_list("person", "skill", "level"):
        skills[person].append((names[skill], level))
    for person, code, fluency in SpokenLanguage.objects.filter(person__in=people).values_list(
        "person", "code", "fluency"
    ):
        languages[person].append((code, fluency))
    here = Goal.objects.open().filter(program=program, mentee__in=people).order_by("created_at", "pk")
    for person, title in here.values_list("mentee", "title"):
        goals[person].append(title)
    lines = ReportingLine.objects.filter(program=program, junior__in=people, steps=1)
    for person, address in lines.values_list("junior", "senior__email"):
        managers[person].append(address)
    for membership in some:
        pk = membership.person_id
        yield [
            membership.person.email,
            membership.person.name,
            told_roles((membership.is_mentor, membership.is_mentee, membership.is_admin)),
            told_skills(skills[pk]),
            told_languages(dict(languages[pk])),
            membership.person.zone,
            " ".join(sorted(managers[pk])),
            membership.capacity,
            "; ".join(goals[pk]),
            _instant(membership.joined_at),
        ]


def engagements(program: Program) -> Rows:
    yield [
        "Mentor", "Mentor's mail address", "Mentee", "Mentee's mail address", "Goal", "State", "First day",
        "Last day", "How often", "Minutes", "Time of day", "Zone of the time", "Ended (UTC)",
    ]  # fmt: skip
    rows = Engagement.objects.filter(program=program).order_by("starts_on", "pk")
    rows = rows.select_related("mentor", "mentee", "goal", "request")
    agreed_last = Prefetch("series", Series.objects.in_force(), to_attr="agreed_last")
    for one in rows.prefetch_related(agreed_last).iterator(chunk_size=CHUNK):
        terms = next(iter(one.agreed_last), one.request)
        yield [
            *_pair(one), one.goal.title, one.get_state_display(), one.starts_on.isoformat(),
            one.ends_on.isoformat(), Cadence(terms.cadence).label, terms.minutes, f"{terms.at:%H:%M}",
            terms.zone, _instant(one.ended_at) if one.ended_at else "",
        ]  # fmt: skip


def sessions(program: Program) -> Rows:
    yield [
        "Mentor", "Mentor's mail address", "Mentee", "Mentee's mail address", "First day", "Planned", "Held",
        "Missed", "Skipped", "Cancelled",
    ]  # fmt: skip
    session, planned, state = "series__sessions", Session.State.PLANNED, "series__sessions__state"
    outcome = f"{session}__outcome"
    counts = {
        "planned": Q(**{state: planned, f"{outcome}__in": ["", Session.Outcome.UNCLEAR]}),
        "held": Q(**{state: planned, outcome: Session.Outcome.HELD}),
        "missed": Q(**{state: planned, outcome: Session.Outcome.MISSED}),
        "skipped": Q(**{state: Session.State.SKIPPED}),
        "cancelled": Q(**{state: Session.State.CANCELLED}),
    }
    counted = {f"{name}_count": Count(session, filter=wanted) for name, wanted in counts.items()}
    rows = Engagement.objects.filter(program=program).annotate(**counted).order_by("starts_on", "pk")
    for one in rows.select_related("mentor", "mentee").iterator(chunk_size=CHUNK):
        yield [*_pair(one), one.starts_on.isoformat(), *(getattr(one, name) for name in counted)]


EXPORTS: dict[str, Callable[[Program], Rows]] = {
    "members": members,
    "engagements": engagements,
    "sessions": sessions,
}


def _pair(one: Engagement) -> list[str]:
    return [one.mentor.name, one.mentor.email, one.mentee.name, one.mentee.email]


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
