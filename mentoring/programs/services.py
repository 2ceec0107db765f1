"""Joining, leaving and changing roles. Each locks the membership's row, then checks, then writes.

Whether a mentor may give up places depends on the engagements under way. Those belong to a higher app;
here they are known by the names of their relations alone. The function that opens engagements locks
the same membership row first, so that the count made here still holds when the row is written.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from accounts.models import User
from mentoring.outbox.services import queue_mail, withdraw
from mentoring.programs.audit import changes, record
from mentoring.programs.models import Invitation, Membership, Program

NO_PAUSE: dict[str, Any] = {"is_paused": False, "paused_from": None, "paused_until": None}
LONGEST_PAUSE_AHEAD = timedelta(days=366)


class ProgramError(Exception):
    """Why something cannot be done in a program, in words fit to show."""


@transaction.atomic
def join_program(
    program: Program, person: User, *, is_mentor: bool, is_mentee: bool, capacity: int, now: datetime
) -> Membership:
    """A current member stays as they are; who left before comes back in the new roles, never as admin."""
    roles = {"is_mentor": is_mentor, "is_mentee": is_mentee, "is_admin": False, "capacity": capacity}
    membership, _ = _enter(program, person, roles, now)
    return membership


@transaction.atomic
def grant_roles(
    program: Program,
    person: User,
    *,
    is_mentor: bool,
    is_mentee: bool,
    is_admin: bool,
    capacity: int,
    now: datetime,
) -> Membership:
    """What an admin has offered: a member keeps the roles they have and gets these too."""
    roles = {"is_mentor": is_mentor, "is_mentee": is_mentee, "is_admin": is_admin, "capacity": capacity}
    membership, has_come = _enter(program, person, roles, now)
    if has_come:
        return membership
    more: dict[str, Any] = {name: True for name in ("is_mentor", "is_mentee", "is_admin") if roles[name]}
    if is_mentor and not membership.is_mentor:
        more["capacity"] = capacity
    _write(membership, more)
    return membership


def _enter(program: Program, person: User, roles: dict[str, Any], now: datetime) -> tuple[Membership, bool]:
    """The person's membership, and whether they come or come back by this, in these roles. One that was
    current before is locked and otherwise as it was."""
    roles = roles | {"joined_at": now}
    membership, has_come = Membership.objects.get_or_create(program=program, person=person, defaults=roles)
    if not has_come:
        membership = _locked(membership)
        if has_come := membership.left_at is not None:
            _write(membership, roles | NO_PAUSE | {"left_at": None, "was_removed": False})
    return membership, has_come


@transaction.atomic
def change_membership(
    membership: Membership,
    *,
    is_mentor: bool,
    is_mentee: bool,
    capacity: int | None = None,
    is_admin: bool | None = None,
    by_admin: bool = False,
) -> Membership:
    """What is None stays as it is. Raises ProgramError."""
    if is_admin is False:
        _lock_program(membership.program_id)
    membership = _locked(membership)
    if membership.is_admin and is_admin is False:
        _check_not_last_admin(membership)
    if not (is_mentor or is_mentee or (membership.is_admin if is_admin is None else is_admin)):
        raise ProgramError("Choose at least one role.")
    if is_mentor and not membership.is_mentor and not by_admin:
        _check_may_become_mentor(membership.program_id)
    if membership.is_mentor and not is_mentor:
        _check_free(_ties_as_mentor(membership), "you can stop being a mentor")
    if membership.is_mentee and not is_mentee:
        _check_free(_ties_as_mentee(membership), "you can stop being a mentee")
    taken = places_taken(membership)
    if is_mentor and capacity is not None and capacity < taken:
        raise ProgramError(
            f"{_counted(taken, 'engagement')} under way, so the number of places cannot be below {taken}. "
            "End one first; or pause, so that nobody new can ask."
        )
    wanted = {
        "is_mentor": is_mentor,
        "is_mentee": is_mentee,
        "capacity": capacity,
        "is_admin": is_admin,
    }
    _write(membership, {name: value for name, value in wanted.items() if value is not None})
    return membership


@transaction.atomic
def change_member(membership: Membership, *, by: User, roles: dict[str, Any], now: datetime) -> Membership:
    """`change_membership` by an admin, who may make anybody a mentor; with an entry in the audit."""
    if roles.get("is_admin") is False:
        _lock_program(membership.program_id)
        _withdraw_offers(membership, by=by, now=now)
    before = {name: getattr(_locked(membership), name) for name in roles}
    membership = change_membership(membership, by_admin=True, **roles)
    if changed := changes(before, {name: getattr(membership, name) for name in roles}):
        details = {"person": membership.person.name} | changed
        record(membership.program, by=by, action="member changed", details=details, now=now)
    return membership


@transaction.atomic
def pause_membership(
    membership: Membership, *, paused_from: date, paused_until: date | None, today: date
) -> Membership:
    """From a day to a day, both included; without a last day from now on, until the member says otherwise.

    `today` is the member's own. Replaces the pause that was said before. Raises ProgramError.
    """
    if paused_until is None:
        if paused_from > today:
            raise ProgramError("A pause that begins later needs its last day.")
        wanted = NO_PAUSE | {"is_paused": True}
    else:
        if paused_until < max(paused_from, today):
            raise ProgramError("The last day of a pause is its first day, today, or later.")
        if paused_until > today + LONGEST_PAUSE_AHEAD:
            raise ProgramError("A pause with an end lasts until a day within a year from now.")
        wanted = {"is_paused": False, "paused_from": paused_from, "paused_until": paused_until}
    membership = _locked(membership)
    _write(membership, wanted)
    return membership


@transaction.atomic
def end_pause(membership: Membership) -> None:
    _write(_locked(membership), NO_PAUSE)


@transaction.atomic
def leave_program(membership: Membership, *, now: datetime, by: User | None = None) -> None:
    """In one step: ends the member's engagements under way and answers what waits, then lets them go.

    `by` is the admin who removes them; without one they leave themselves. Refused to the last admin alone.
    """
    _lock_program(membership.program_id)
    if by is not None:
        _withdraw_offers(membership, by=by, now=now)
    membership = _locked(membership)
    if membership.left_at is not None:
        return
    if membership.is_admin:
        _check_not_last_admin(membership)
    import_string(settings.MEMBER_RELEASER)(membership, by=by, now=now)
    _write(membership, {"left_at": now, "was_removed": by is not None})
    if by is not None:
        details = {"person": membership.person.name}
        record(membership.program, by=by, action="member removed", details=details, now=now)
        queue_mail(
            kind="member_removed",
            to=membership.person,
            template="member_removed",
            context={"program": membership.program},
            key=f"member_removed:{membership.pk}:{now.astimezone(UTC).isoformat()}",
            now=now,
            program_id=membership.program_id,
        )


def _withdraw_offers(membership: Membership, *, by: User, now: datetime) -> None:
    """Invitations to run the program by somebody who no longer shall: one may be their own way back.

    Before the membership is locked, as whoever takes an invitation locks the two in this order.
    """
    made = Invitation.objects.open(now).filter(
        program=membership.program_id, by=membership.person_id, is_admin=True
    )
    offers = list(made.select_for_update(no_key=True).order_by("pk"))
    take_back(offers, now)
    for offer in offers:
        details = {"address": offer.email}
        record(membership.program, by=by, action="invitation withdrawn", details=details, now=now)


def take_back(invitations: Sequence[Invitation], now: datetime) -> None:
    """Nobody comes in by these any more, and what waits to be mailed of them is not. One that was taken
    meanwhile stays so."""
    Invitation.objects.unanswered().filter(pk__in=[one.pk for one in invitations]).update(withdrawn_at=now)
    withdraw([one.about for one in invitations])


def was_removed(program: Program, person: User) -> bool:
    """Whether an admin ended the person's membership; not when they left themselves, or are back."""
    return Membership.objects.filter(program=program, person=person, was_removed=True).exists()


def ties_of(membership: Membership) -> Any:
    """What leaving ends, to be shown before: the higher app's own counts and names."""
    return import_string(settings.MEMBER_TIES)(membership)


def places_taken(membership: Membership) -> int:
    """Engagements under way as mentor, in this program."""
    person: Any = membership.person
    return person.engagements_as_mentor.filter(program=membership.program_id, state="active").count()


def can_see_mail(reader: Membership, member: Membership) -> bool:
    """A mail address is shown to oneself, to program admins, and within an engagement under way."""
    if reader.person_id == member.person_id or reader.is_admin:
        return True
    person: Any = member.person
    here = {"program": member.program_id, "state": "active"}
    return (
        person.engagements_as_mentor.filter(mentee=reader.person_id, **here).exists()
        or person.engagements_as_mentee.filter(mentor=reader.person_id, **here).exists()
    )


def _ties_as_mentor(membership: Membership) -> tuple[int, int]:
    """Engagements under way and requests waiting. The requests are counted first: one that becomes an
    engagement meanwhile is then counted twice, never not at all."""
    person: Any = membership.person
    # one that waits for an admin's approval is not the mentor's to know of
    waiting = person.requests_received.filter(
        program=membership.program_id, state="open", approved_at__isnull=False
    ).count()
    return places_taken(membership), waiting


def _ties_as_mentee(membership: Membership) -> tuple[int, int]:
    person: Any = membership.person
    waiting = person.requests_sent.filter(program=membership.program_id, state="open").count()
    active = person.engagements_as_mentee.filter(program=membership.program_id, state="active").count()
    return active, waiting


def _check_free(ties: tuple[int, int], then: str) -> None:
    engagements, requests = ties
    if engagements:
        raise ProgramError(
            f"{_counted(engagements, 'engagement')} under way. "
            f"Each is ended in one step on its own page; then {then}."
        )
    if requests:
        raise ProgramError(
            f"{_counted(requests, 'request')} waiting for an answer. "
            f"Answer those that came and withdraw those that were sent; then {then}."
        )


def _counted(count: int, thing: str) -> str:
    return f"1 {thing} is" if count == 1 else f"{count} {thing}s are"


def _check_may_become_mentor(program_id: uuid.UUID) -> None:
    if Program.objects.filter(pk=program_id, mentors_by=Program.MentorsBy.ADMINS).exists():
        raise ProgramError("In this program an admin makes somebody a mentor. Ask one of them.")


def _lock_program(program_id: uuid.UUID) -> None:
    """One at a time where an admin may be lost; does not hold up who only refers to the program."""
    Program.objects.select_for_update(no_key=True).get(pk=program_id)


def _check_not_last_admin(membership: Membership) -> None:
    if not Membership.objects.other_admins(membership.program_id, membership.person_id).exists():
        raise ProgramError("A program keeps at least one admin. Make somebody else an admin first.")


def _locked(membership: Membership) -> Membership:
    rows = Membership.objects.select_for_update(of=("self",), no_key=True).select_related("person", "program")
    return rows.get(pk=membership.pk)


def _write(membership: Membership, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(membership, name, value)
    membership.save(update_fields=list(changes))
