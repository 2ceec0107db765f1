"""What the directory shows of the people it has found."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from accounts.models import PersonSkill
from accounts.vocabulary import Vocabulary
from mentoring.programs import favourites
from mentoring.programs.directory import Found
from mentoring.programs.models import Membership

SKILLS_SHOWN = 6


def cards_of(
    found: Found, reader: Membership, vocabulary: Vocabulary, *, wanted_skills: Collection[int] = ()
) -> list[dict[str, Any]]:
    """What the page shows of its members; the queries do not depend on how many there are."""
    here = [member.pk for member in found.members]
    persons = [member.person_id for member in found.members]
    counted: Any = Membership.objects.filter(pk__in=here).with_counts()
    taken = dict(counted.values_list("pk", "taken"))
    skills = _skills_of(persons, vocabulary, wanted_skills)
    starred = favourites.among(reader, here)
    waiting, active = _between(reader)
    return [
        {
            "member": member,
            "free": max(0, member.capacity - taken.get(member.pk, 0)),
            "skills": skills.get(member.person_id, []),
            "is_favourite": member.pk in starred,
            "request": waiting.get(member.person_id),
            "engagement": active.get(member.person_id),
        }
        for member in found.members
    ]


def _skills_of(
    persons: Sequence[uuid.UUID], vocabulary: Vocabulary, wanted: Collection[int]
) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """The best few of each, those that were asked for first, as the program calls them."""
    best: dict[uuid.UUID, dict[int, int]] = {}
    rows = PersonSkill.objects.filter(person__in=persons).order_by()
    for person, skill, level in rows.values_list("person", "skill", "level"):
        if called := vocabulary.of(skill):
            levels = best.setdefault(person, {})
            levels[called.pk] = max(level, levels.get(called.pk, 0))
    return {person: _shown(levels, vocabulary, wanted) for person, levels in best.items()}


def _shown(
    levels: Mapping[int, int], vocabulary: Vocabulary, wanted: Collection[int]
) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = [
        {
            "name": vocabulary.names[pk],
            "kind": vocabulary.listed[pk].kind,
            "level": level,
            "met": pk in wanted,
        }
        for pk, level in levels.items()
    ]
    return sorted(shown, key=lambda skill: (not skill["met"], -skill["level"], skill["name"]))[:SKILLS_SHOWN]


def _between(reader: Membership) -> tuple[dict[uuid.UUID, uuid.UUID], dict[uuid.UUID, uuid.UUID]]:
    """The reader's open requests and engagements as a mentee, by the mentor's id (a higher app)."""
    person: Any = reader.person
    requests = person.requests_sent.filter(program=reader.program_id, state="open")
    engagements = person.engagements_as_mentee.filter(program=reader.program_id, state="active")
    return dict(requests.values_list("mentor", "pk")), dict(engagements.values_list("mentor", "pk"))
