"""Which mails a person wants, and when: what they have chosen, and what follows for a mail."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import signing
from django.db import connection, transaction
from django.urls import reverse
from django.utils.module_loading import import_string

from mentoring.outbox.hours import next_at
from mentoring.outbox.models import EMPTY, STOPPABLE, Category, Mail, MailChoices

# Who has to know within such a time is told at once, in quiet hours too, and alone.
URGENT = timedelta(hours=24)
STOP = signing.Signer(salt="outbox.stop", sep=".")


class Reader(Protocol):
    """Who a mail is for: the user model stands in a higher app."""

    pk: uuid.UUID
    email: str
    name: str
    zone: str

    @property
    def zone_info(self) -> ZoneInfo: ...


@dataclass(frozen=True)
class Outsider:
    """Somebody without an account, to whom one mail goes. What goes to them is essential: there is nothing
    that they could have chosen, and templates extend emails/_outside."""

    email: str
    name: str
    pk: None = None
    zone: str = "UTC"

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


@dataclass(frozen=True)
class Chosen:
    """What the page of choices holds; each field is one of MailChoices."""

    stopped: list[str]
    early_minutes: int | None
    late_minutes: int | None
    quiet_from: time | None
    quiet_until: time | None
    digest_at: time | None
    entries: str


@dataclass(frozen=True)
class Fate:
    """What the reader's choices make of a mail: its state, and when it is due."""

    state: str
    due_at: datetime


def choices_of(person: Reader) -> MailChoices:
    """The defaults, in a row not saved, for who has chosen nothing."""
    return MailChoices.objects.of([person.pk])[person.pk]


def fate_of(
    category: str,
    choices: MailChoices,
    *,
    zone: ZoneInfo,
    now: datetime,
    know_by: datetime | None,
    send_before: datetime,
    has_calendar: bool,
) -> Fate:
    """When a mail that is ready now goes to its reader, if at all; what it says takes effect at `know_by`.

    What is essential goes at once. So does what takes effect within a day: to come in vain, or not to come,
    is worse than a mail at night, and telephones have quiet hours of their own. Reminders have been planned
    outside quiet hours; everything else waits until these end. For who has a digest all that can be stopped
    is gathered, save what has to be known within a day, what would be of no use by then, and what carries a
    calendar entry: only a mail of its own can put that into a calendar.
    """
    if category == Category.ESSENTIAL or category == Category.DIGEST:
        return Fate(Mail.State.WAITING, now)
    if not choices.wants(category):
        return Fate(Mail.State.WITHDRAWN, now)
    if know_by is not None and now <= know_by <= now + URGENT:
        return Fate(Mail.State.WAITING, now)
    if choices.digest_at is not None and not has_calendar:
        digest = next_at(choices.digest_at, zone=zone, now=now)
        if digest < send_before:
            return Fate(Mail.State.GATHERED, digest)
    quiet = choices.quiet(zone)
    if quiet is None or category == Category.REMINDERS:
        return Fate(Mail.State.WAITING, now)
    due_at = quiet.end(now)
    return Fate(Mail.State.WAITING, due_at if due_at < send_before else now)


def held_choices(people: Iterable[uuid.UUID]) -> dict[uuid.UUID, MailChoices]:
    """What each has chosen, which nobody saves until the transaction ends: who does sees what was queued."""
    ids = sorted(set(people))
    _lock("pg_advisory_xact_lock_shared", *ids)
    return MailChoices.objects.of(ids)


def save_choices(person: Reader, chosen: Chosen, *, now: datetime) -> None:
    """Save them, plan the reminders that wait anew, and do to the mails that wait as they say.

    Reminders first: whoever changes a session holds its rows when they come to ask for the choices. The mails
    afterwards, in transactions of their own: whoever queues a mail may hold others when they ask. Between the
    two nothing is queued by the old choices, for everybody who read them has ended by then.
    """
    new = MailChoices(person_id=person.pk, **vars(chosen))
    with transaction.atomic():
        import_string(settings.REMINDER_PLANNER)(person, new, now)
        _lock("pg_advisory_xact_lock", person.pk)
        MailChoices.objects.update_or_create(person_id=person.pk, defaults=vars(chosen))
    apply_choices(person, now=now)


def plan_again(person: Reader, *, now: datetime) -> None:
    """Their zone is another: plan the reminders and mails that wait by it. Call it outside a transaction."""
    with transaction.atomic():
        import_string(settings.REMINDER_PLANNER)(person, choices_of(person), now)
    apply_choices(person, now=now)


def stop_mails(person: Reader, categories: list[Category], *, now: datetime) -> None:
    with transaction.atomic():
        _lock("pg_advisory_xact_lock", person.pk)
        choices = choices_of(person)
        stopped = [one.value for one in STOPPABLE if one in categories or one in choices.stopped]
        MailChoices.objects.update_or_create(person_id=person.pk, defaults={"stopped": stopped})
    apply_choices(person, now=now)


def apply_choices(person: Reader, *, now: datetime) -> None:
    """Do to this person's mails that wait, and that no dispatcher holds, as they have chosen.

    Each in a statement of its own: who holds two may meet somebody who wants them the other way round. One
    that was tried, or whose digest is due, keeps its time. One that was not tried loses its calendar part
    where entries are not wanted any more.
    """
    choices = choices_of(person)
    states = [Mail.State.WAITING, Mail.State.GATHERED]
    unsent = Mail.objects.filter(person_id=person.pk, state__in=states, lease__isnull=True)
    for mail in unsent.exclude(category=Category.ESSENTIAL).order_by("pk"):
        if choices.entries == MailChoices.Entries.NONE and not mail.attempts:
            mail.calendar, mail.calendar_method = "", ""
        fate = fate_of(
            mail.category,
            choices,
            zone=person.zone_info,
            now=now,
            know_by=mail.know_by,
            send_before=mail.send_before,
            has_calendar=bool(mail.calendar),
        )
        still = unsent.filter(pk=mail.pk, state=mail.state)
        is_on_time = fate.state == mail.state == Mail.State.GATHERED and mail.due_at <= now
        if fate.state == Mail.State.WITHDRAWN:
            still.update(state=fate.state, **EMPTY)
        elif not mail.attempts and not is_on_time:
            entry = {"calendar": mail.calendar, "calendar_method": mail.calendar_method}
            still.filter(attempts=0).update(state=fate.state, due_at=fate.due_at, **entry)


def stop_url(person: Reader, category: Category) -> str:
    """Where this person stops a category of mails without signing in.

    The token has no end: it stands in old mails, whose readers expect it to work. It is undone by nothing but
    erasing the account or changing SECRET_KEY, for all that it can do is to stop mails that are not
    essential, and it says nothing of whose they are.
    """
    return settings.SITE_URL + reverse("outbox:mail-stop", args=[stop_token(person, category)])


def stop_token(person: Reader, category: Category) -> str:
    return STOP.sign(f"{person.pk}.{category.value}")


def read_stop(token: str) -> tuple[uuid.UUID, Category] | None:
    """(person, category) of a token of `stop_url`; None for anything else."""
    try:
        person, _, category = STOP.unsign(token).partition(".")
        found = uuid.UUID(person), Category(category)
    except (signing.BadSignature, ValueError):
        return None
    return None if found[1] == Category.ESSENTIAL else found


def stopped_by(category: Category) -> list[Category]:
    """What the link of a mail of this category stops: that of a digest, all that a digest can hold."""
    return STOPPABLE if category == Category.DIGEST else [category]


def _lock(function: str, *people: uuid.UUID) -> None:
    # By number, not by row: who has chosen nothing has no row to lock.
    with connection.cursor() as cursor:
        names = [f"mail:{person}" for person in people]
        cursor.execute(f"SELECT {function}(hashtextextended(unnest(%s::text[]), 0))", [names])
