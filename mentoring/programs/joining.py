"""The ways into a program: its link, an invitation by mail, a mail domain; with or without an admin's yes.

Nobody learns from any of them whether an address has an account: an invitation is made and sent alike.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models.functions import Lower
from django.urls import reverse

from accounts.models import User
from accounts.tokens import digest_of, new_token
from mentoring.outbox.choices import Outsider
from mentoring.outbox.models import Category, Mail
from mentoring.outbox.services import queue_mail, withdraw
from mentoring.programs.audit import record
from mentoring.programs.models import Applicant, Invitation, Membership, Program
from mentoring.programs.services import ProgramError, grant_roles, join_program, take_back, was_removed

OPEN_FOR = timedelta(days=21)
SENT_AGAIN_AFTER = timedelta(hours=1)
ASK_AGAIN_AFTER = timedelta(days=7)  # an admin has said no
INVITED_A_DAY = 2000  # by the page; an import has its own limit
MAILED_A_DAY = 3  # one address: an invitation withdrawn and made anew is another mail
ACCEPTED, DECLINED = "applicant_accepted", "applicant_declined"
NOT_OPEN = "This invitation is no longer open."
UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Place:
    """What is offered to an address."""

    email: str
    name: str = ""
    is_mentor: bool = False
    is_mentee: bool = False
    is_admin: bool = False
    capacity: int = 1


@dataclass
class Invited:
    sent: list[Invitation] = field(default_factory=list)
    members: list[str] = field(default_factory=list)  # addresses of current members
    waiting: list[str] = field(default_factory=list)  # invited already, and the invitation is open
    often: list[str] = field(default_factory=list)  # mailed MAILED_A_DAY times within a day


@transaction.atomic
def invite(program: Program, *, by: User | None, rows: Iterable[Place], now: datetime) -> Invited:
    """Offer places by mail. The same address twice, or one that is invited or a member, gets no second mail.

    Rows must be valid: an address, at least one role, a capacity from 0 to 20.
    One that has expired is made anew.
    """
    places = {row.email.lower(): row for row in rows}
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    result = Invited()
    members = _addresses_of_members(program, places)
    waiting = unanswered_by_address(program, places)
    often = mailed_often(program, places, now)
    for address, place in places.items():
        if address in members:
            result.members.append(place.email)
        elif (old := waiting.get(address)) is not None and old.expires_at > now:
            result.waiting.append(place.email)
        elif address in often:
            result.often.append(place.email)
        else:
            if old is not None:
                old.withdrawn_at = now
                old.save(update_fields=["withdrawn_at"])
            result.sent.append(_send(program, place, by, now))
    if result.sent:
        record(program, by=by, action="member invited", details={"invitations": len(result.sent)}, now=now)
    return result


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, by: User, now: datetime) -> None:
    invitation = _lock_open(invitation.pk)
    take_back([invitation], now)
    details = {"address": invitation.email}
    record(invitation.program, by=by, action="invitation withdrawn", details=details, now=now)


@transaction.atomic
def resend_invitation(invitation: Invitation, *, by: User, now: datetime) -> None:
    """With a new link and a new time; the old link leads nowhere. Not within an hour of the last."""
    invitation = _lock_open(invitation.pk)
    if invitation.sent_at + SENT_AGAIN_AFTER > now:
        raise ProgramError("This invitation was sent within the last hour. Give it a little time.")
    withdraw([invitation.about])
    token = new_token()
    invitation.token_digest, invitation.sent_at, invitation.expires_at = digest_of(token), now, now + OPEN_FOR
    invitation.save(update_fields=["token_digest", "sent_at", "expires_at"])
    mail_invitation(invitation, token, now)


def mailed_often(program: Program, addresses: Iterable[str], now: datetime) -> set[str]:
    """Those, in lower case, that got MAILED_A_DAY mails with an invitation of this program within a day."""
    lately = Invitation.objects.filter(program=program, sent_at__gt=now - timedelta(days=1))
    lately = lately.annotate(address=Lower("email")).filter(address__in=list(addresses))
    address_of = {one.about: one.email.lower() for one in lately}
    mails = Mail.objects.filter(kind="invitation", about__in=list(address_of))
    counts = Counter(address_of[about] for about in mails.values_list("about", flat=True))
    return {address for address, count in counts.items() if count >= MAILED_A_DAY}


def open_invitation(token: str, now: datetime) -> Invitation | None:
    found = Invitation.objects.open(now).select_related("program", "by")
    return found.filter(token_digest=digest_of(token)).first()


@transaction.atomic
def accept_invitation(invitation: Invitation, person: User, *, now: datetime) -> Membership:
    """By whoever has read the mail, whatever address they sign in with; once."""
    invitation = _lock_open(invitation.pk)
    if invitation.expires_at <= now:
        raise ProgramError(NOT_OPEN)
    invitation.accepted_at = now
    invitation.save(update_fields=["accepted_at"])
    Applicant.objects.filter(program=invitation.program, person=person).delete()
    details = {"address": invitation.email, "roles": roles_in_words(invitation)}
    record(invitation.program, by=person, action="invitation accepted", details=details, now=now)
    return grant_roles(
        invitation.program,
        person,
        is_mentor=invitation.is_mentor,
        is_mentee=invitation.is_mentee,
        is_admin=invitation.is_admin,
        capacity=invitation.capacity,
        now=now,
    )


@transaction.atomic
def enter(
    program: Program, person: User, *, is_mentor: bool, is_mentee: bool, capacity: int, now: datetime
) -> Membership | None:
    """By the link or a mail domain: at once, or None where an admin has to say yes first."""
    if is_mentor and program.mentors_by == Program.MentorsBy.ADMINS:
        raise ProgramError(
            "In this program an admin makes somebody a mentor. Join as mentee, or ask to be invited."
        )
    roles: dict[str, Any] = {"is_mentor": is_mentor, "is_mentee": is_mentee, "capacity": capacity}
    if not needs_yes(program, person):
        Applicant.objects.filter(program=program, person=person).delete()
        return join_program(program, person, **roles, now=now)
    declined = Mail.objects.filter(kind=DECLINED, program=program, person=person)  # an answer keeps no row
    if declined.filter(created_at__gt=now - ASK_AGAIN_AFTER).exists():
        raise ProgramError("An admin has answered within the last week. You can ask again after it.")
    Applicant.objects.update_or_create(
        program=program, person=person, defaults=roles, create_defaults=roles | {"asked_at": now}
    )
    return None


def needs_yes(program: Program, person: User) -> bool:
    """Whether an admin says yes first: always to who was removed, or the link would undo the removal."""
    return program.joins_after_approval or was_removed(program, person)


@transaction.atomic
def accept_applicant(applicant: Applicant, *, by: User, now: datetime) -> None:
    """In the roles they asked for: where admins alone make somebody a mentor, this is an admin doing so."""
    applicant = _lock_applicant(applicant.pk)
    join_program(
        applicant.program,
        applicant.person,
        is_mentor=applicant.is_mentor,
        is_mentee=applicant.is_mentee,
        capacity=applicant.capacity,
        now=now,
    )
    _answer(applicant, ACCEPTED, by, now)


@transaction.atomic
def decline_applicant(applicant: Applicant, *, by: User, now: datetime) -> None:
    _answer(_lock_applicant(applicant.pk), DECLINED, by, now)


def programs_open_to(person: User | AnonymousUser) -> Sequence[Program]:
    """Those that a confirmed mail address of the person opens, and that they are not in."""
    if not isinstance(person, User):
        return []
    verified = EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)
    domains = sorted({email.rpartition("@")[2].lower() for email in verified})
    if not domains:
        return []
    found = Program.objects.filter(domains__overlap=domains)
    return list(found.exclude(pk__in=Program.objects.visible_to(person)))


def programs_asked_by(person: User | AnonymousUser) -> list[Program]:
    """Those that the person waits to be let into."""
    return list(Program.objects.filter(applicants__person=person.pk))


def roles_in_words(one: Invitation | Applicant) -> str:
    roles = {"mentor": one.is_mentor, "mentee": one.is_mentee, "admin": getattr(one, "is_admin", False)}
    return ", ".join(name for name, has in roles.items() if has)


def _send(program: Program, place: Place, by: User | None, now: datetime) -> Invitation:
    token = new_token()
    invitation = Invitation.objects.create(
        program=program,
        by=by,
        **vars(place),
        token_digest=digest_of(token),
        sent_at=now,
        expires_at=now + OPEN_FOR,
    )
    mail_invitation(invitation, token, now)
    return invitation


def mail_invitation(invitation: Invitation, token: str, now: datetime) -> None:
    queue_mail(
        kind="invitation",
        to=Outsider(invitation.email, invitation.name or invitation.email),
        template="invitation",
        context={
            "invitation": invitation,
            "invitation_path": reverse("programs:invitation-accept", args=[token]),
        },
        key=f"invitation:{invitation.pk}:{now.isoformat()}",
        now=now,
        about=invitation.about,
        send_before=invitation.expires_at,
        program_id=invitation.program_id,
    )


def _addresses_of_members(program: Program, addresses: Iterable[str]) -> set[str]:
    people = User.objects.filter(memberships__program=program, memberships__left_at__isnull=True)
    named = people.annotate(address=Lower("email")).filter(address__in=list(addresses))
    return set(named.values_list("address", flat=True))


def unanswered_by_address(program: Program, addresses: Iterable[str]) -> dict[str, Invitation]:
    """Of these addresses, in lower case."""
    found = program.invitations.unanswered().annotate(address=Lower("email"))
    return {one.email.lower(): one for one in found.filter(address__in=list(addresses))}


def _lock_open(pk: uuid.UUID) -> Invitation:
    rows = Invitation.objects.select_for_update(of=("self",), no_key=True).select_related("program")
    invitation = rows.get(pk=pk)
    if invitation.accepted_at or invitation.withdrawn_at:
        raise ProgramError(NOT_OPEN)
    return invitation


def _lock_applicant(pk: int) -> Applicant:
    rows = Applicant.objects.select_for_update(of=("self",)).select_related("program", "person")
    applicant = rows.filter(pk=pk).first()
    if applicant is None:
        raise ProgramError("Another admin has answered already.")
    return applicant


def _answer(applicant: Applicant, template: str, by: User, now: datetime) -> None:
    program, person = applicant.program, applicant.person
    key = f"{template}:{applicant.pk}"
    applicant.delete()
    queue_mail(
        kind=template,
        to=person,
        template=template,
        context={"program": program},
        key=key,
        now=now,
        category=Category.ESSENTIAL,
        program_id=program.pk,
    )
    action = template.replace("_", " ")
    record(program, by=by, action=action, details={"person": person.name}, now=now)
