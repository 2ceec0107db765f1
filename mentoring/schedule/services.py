"""Reserving time for two people, giving it back, and reminding them of it."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, time, timedelta

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import User
from mentoring.outbox.services import queue_mail, withdraw
from mentoring.schedule.models import Reminder, Reservation, Series, Session
from mentoring.schedule.times import Terms, resolve

REMINDERS = {Reminder.Kind.EARLY: timedelta(hours=24), Reminder.Kind.LATE: timedelta(hours=1)}
BATCH = 200
ONE_DAY = timedelta(days=1)


class ScheduleError(Exception):
    """Time could not be reserved; the text is fit to show."""


def lock_people(ids: Iterable[uuid.UUID]) -> None:
    """Take these people's advisory locks until the transaction ends, in one order for everybody.

    Without them two overlapping reservations wait for each other inside the exclusion constraint and
    PostgreSQL ends one as a deadlock.
    """
    with connection.cursor() as cursor:
        for person_id in sorted(ids):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"person:{person_id}"])


def reserved(people: Sequence[uuid.UUID], terms: Terms) -> list[DateTimeTZRange]:
    """What is reserved for any of the people between the first and the last date of `terms`."""
    whole = DateTimeTZRange(
        resolve(terms.starts_on, time.min, terms.zone).starts_at - ONE_DAY,
        resolve(terms.ends_on, time.max, terms.zone).starts_at + ONE_DAY,
    )
    live = Reservation.objects.filter(person_id__in=people, is_live=True, during__overlap=whole)
    return list(live.values_list("during", flat=True))


def collisions(taken: Sequence[DateTimeTZRange], terms: Terms) -> list[datetime]:
    """Starts of the occurrences of `terms` that overlap something taken."""
    return [
        occurrence.starts_at
        for occurrence in terms.occurrences()
        if any(
            during.lower < occurrence.starts_at + terms.length and occurrence.starts_at < during.upper
            for during in taken
        )
    ]


@transaction.atomic
def reserve_series(
    *, engagement_id: uuid.UUID, mentor: User, mentee: User, terms: Terms, now: datetime
) -> Series:
    """Reserve a whole series for both, with its reminders. Raises ScheduleError if any of it is taken."""
    lock_people([mentor.pk, mentee.pk])
    ahead = [occurrence for occurrence in terms.occurrences() if occurrence.starts_at > now]
    if not ahead:
        raise ScheduleError("No session of this series lies ahead. Choose a later first session or end date.")
    taken = [at for at in collisions(reserved([mentor.pk, mentee.pk], terms), terms) if at > now]
    if taken:
        raise ScheduleError(
            f"{len(taken)} of {len(ahead)} sessions collide with time already reserved for one of the two."
        )
    series = Series.objects.create(
        engagement_id=engagement_id,
        mentor=mentor,
        mentee=mentee,
        **asdict(terms),
    )
    sessions = Session.objects.bulk_create(
        Session(
            series=series,
            number=number,
            on=occurrence.on,
            starts_at=occurrence.starts_at,
            ends_at=occurrence.starts_at + terms.length,
            shift=occurrence.shift,
        )
        for number, occurrence in enumerate(ahead, start=1)
    )
    _reserve(sessions, [mentor, mentee])
    _plan_reminders(sessions, [mentor, mentee], now)
    return series


@transaction.atomic
def cancel_series(*, engagement_id: uuid.UUID, now: datetime) -> int:
    """Cancel the sessions that lie ahead of an engagement and give the time back; returns how many."""
    sessions = Session.objects.planned().filter(series__engagement_id=engagement_id, starts_at__gt=now)
    ids = list(sessions.select_for_update().values_list("pk", flat=True))
    Session.objects.filter(pk__in=ids).update(state=Session.State.CANCELLED)
    Reservation.objects.filter(session_id__in=ids).update(is_live=False)
    Reminder.objects.filter(session_id__in=ids, state=Reminder.State.WAITING).update(
        state=Reminder.State.DROPPED
    )
    withdraw([about(pk) for pk in ids])
    return len(ids)


def queue_reminders(now: datetime) -> int:
    """Put the mails of reminders that are due into the outbox; returns how many reminders were settled.

    A reminder of a session that was cancelled or has begun is dropped. Batches are claimed with SKIP
    LOCKED, so that any number of workers may do this at once.
    """
    settled = 0
    while batch := _queue_batch(now):
        settled += batch
    return settled


def about(session_id: uuid.UUID) -> str:
    return f"session:{session_id}"


@transaction.atomic
def _queue_batch(now: datetime) -> int:
    reminders = list(
        Reminder.objects.due(now)
        # The session too: one that is being cancelled this moment is left for the next wake-up.
        .select_for_update(of=("self", "session"), skip_locked=True)
        .select_related("person", "session__series__mentor", "session__series__mentee")[:BATCH]
    )
    queued, dropped = [], []
    for reminder in reminders:
        session = reminder.session
        if session.state != Session.State.PLANNED or session.starts_at <= now:
            dropped.append(reminder.pk)
            continue
        queued.append(reminder.pk)
        _queue_reminder(reminder, now)
    Reminder.objects.filter(pk__in=queued).update(state=Reminder.State.QUEUED)
    Reminder.objects.filter(pk__in=dropped).update(state=Reminder.State.DROPPED)
    return len(reminders)


def _queue_reminder(reminder: Reminder, now: datetime) -> None:
    session = reminder.session
    series = session.series
    other = series.mentee if reminder.person_id == series.mentor_id else series.mentor
    queue_mail(
        kind="reminder",
        to=reminder.person,
        template="reminder",
        context={"session": session, "other": other, "engagement_id": series.engagement_id},
        key=f"reminder:{reminder.pk}",
        now=now,
        about=about(session.pk),
        send_before=session.starts_at,
    )


def _reserve(sessions: Sequence[Session], people: Sequence[User]) -> None:
    Reservation.objects.bulk_create(
        Reservation(
            session=session, person=person, during=DateTimeTZRange(session.starts_at, session.ends_at)
        )
        for session in sessions
        for person in people
    )


def _plan_reminders(sessions: Sequence[Session], people: Sequence[User], now: datetime) -> None:
    # A reminder whose hour has passed when the series is made says nothing new.
    Reminder.objects.bulk_create(
        Reminder(session=session, person=person, kind=kind, due_at=session.starts_at - before)
        for session in sessions
        for person in people
        for kind, before in REMINDERS.items()
        if session.starts_at - before > now
    )
