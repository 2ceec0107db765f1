"""What members wish for themselves: what matters to a mentee, and whom a mentee or a mentor would prefer.

Whom somebody prefers is theirs alone: no page, record or reason shows it to anybody else, admins included.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from matching.engine import CRITERIA
from matching.models import Emphasis, Preference
from mentoring.programs.models import Membership, MembershipQuerySet, Program

MOST_PREFERRED = 5

MORE, AS_USUAL, LESS = 1, 0, -1


class WishError(Exception):
    """Why a wish cannot be kept, in words fit to show."""


def emphasis_of(member: Membership) -> dict[str, int]:
    """MORE or LESS by criterion's name; what is missing counts as usual."""
    own = Emphasis.objects.filter(membership=member).first()
    return {} if own is None else dict.fromkeys(own.more, MORE) | dict.fromkeys(own.less, LESS)


@transaction.atomic
def keep_emphasis(member: Membership, chosen: Mapping[str, int]) -> None:
    """MORE, AS_USUAL or LESS by criterion's name; one that is not named stays as it was."""
    _lock(member)
    counts = emphasis_of(member) | dict(chosen)
    Emphasis.objects.update_or_create(
        membership=member,
        defaults={
            "more": sorted(name for name, way in counts.items() if way == MORE),
            "less": sorted(name for name, way in counts.items() if way == LESS),
        },
    )


def load_emphasis(program: Program, persons: Sequence[uuid.UUID]) -> NDArray[np.int8]:
    """(n, C) of -1, 0, +1 in the order of CRITERIA, row i for persons[i]; in one query."""
    column = {criterion.name: c for c, criterion in enumerate(CRITERIA)}
    rows = Emphasis.objects.filter(membership__program=program, membership__person__in=set(persons))
    stored = {
        person: (more, less) for person, more, less in rows.values_list("membership__person", "more", "less")
    }
    counts = np.zeros((len(persons), len(CRITERIA)), dtype=np.int8)
    for i, person in enumerate(persons):
        more, less = stored.get(person, ((), ()))
        counts[i, [column[name] for name in more if name in column]] = MORE
        counts[i, [column[name] for name in less if name in column]] = LESS
    return counts


def preferable_to(member: Membership, *, as_mentor: bool) -> MembershipQuerySet:
    """Whom the member may prefer: whom they may be proposed to.

    Mentees with a goal and without: that somebody has one is for those who may read it.
    """
    members = Membership.objects
    return members.mentees_open_to(member) if as_mentor else members.open_to(member)


def preferred_by(member: Membership, *, as_mentor: bool) -> list[Membership]:
    """The dearest first; without those whom the member can no longer be proposed to."""
    ranked = Preference.objects.filter(by=member, as_mentor=as_mentor).values_list("whom", flat=True)
    order = list(ranked.order_by("rank"))
    found = preferable_to(member, as_mentor=as_mentor).select_related("person__profile").in_bulk(order)
    return [found[pk] for pk in order if pk in found]


@transaction.atomic
def prefer(member: Membership, *, as_mentor: bool, order: Sequence[uuid.UUID]) -> None:
    """Make this the member's list, the dearest first. Raises WishError, and then the list stays as it was."""
    if len(order) > MOST_PREFERRED:
        raise WishError(f"You can rank {MOST_PREFERRED} people at most. Remove one first.")
    _lock(member)
    allowed = preferable_to(member, as_mentor=as_mentor).filter(pk__in=order)
    if len(set(order)) < len(order) or allowed.count() < len(order):
        raise WishError("Somebody on this list cannot be ranked at present. Choose again.")
    member.preferences.filter(as_mentor=as_mentor).delete()
    Preference.objects.bulk_create(
        Preference(by=member, as_mentor=as_mentor, whom_id=whom, rank=rank)
        for rank, whom in enumerate(order, start=1)
    )


@dataclass(frozen=True)
class Preferences:
    """Memberships in order, the dearest first, by the membership whose list it is."""

    of_mentees: Mapping[uuid.UUID, tuple[uuid.UUID, ...]]
    of_mentors: Mapping[uuid.UUID, tuple[uuid.UUID, ...]]


def preferences_of(program: Program) -> Preferences:
    """Everybody's lists, in one query. Some may name people who can no longer be proposed: no pair is formed
    of them, so whoever solves passes over them."""
    rows = Preference.objects.filter(by__program=program).order_by("by", "rank")
    lists: dict[bool, dict[uuid.UUID, list[uuid.UUID]]] = {False: defaultdict(list), True: defaultdict(list)}
    for by, as_mentor, whom in rows.values_list("by", "as_mentor", "whom"):
        lists[as_mentor][by].append(whom)
    of_mentees, of_mentors = (
        {by: tuple(order) for by, order in lists[as_mentor].items()} for as_mentor in (False, True)
    )
    return Preferences(of_mentees, of_mentors)


def _lock(member: Membership) -> None:
    """One change of a member's wishes at a time: two tabs give one list or the other, never a mixture."""
    Membership.objects.select_for_update(no_key=True, of=("self",)).get(pk=member.pk)
