"""Reserving time for two people, and giving it back."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, time, timedelta

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F

from accounts.models import User
from mentoring.outbox.services import withdraw
from mentoring.schedule import mails
from mentoring.schedule.models import Move, Reservation, Series, Session
from mentoring.schedule.reminders import drop_reminders, plan_reminders
from mentoring.schedule.times import Terms, resolve

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
    plan_reminders(sessions, now)
    mails.sessions_reserved(sessions, now)
    return series


@transaction.atomic
def cancel_series(*, engagement_id: uuid.UUID, now: datetime) -> int:
    """Cancel the sessions that lie ahead of an engagement and give the time back; returns how many."""
    sessions = Session.objects.planned().filter(series__engagement_id=engagement_id, starts_at__gt=now)
    ids = list(sessions.select_for_update().values_list("pk", flat=True))
    invited = mails.invited_to(ids)
    Session.objects.filter(pk__in=ids).update(state=Session.State.CANCELLED, sequence=F("sequence") + 1)
    Reservation.objects.filter(session_id__in=ids).update(is_live=False)
    drop_reminders(ids)
    close_moves(ids, now)
    withdraw([mails.about(pk) for pk in ids])
    mails.sessions_cancelled(invited, now)
    return len(ids)


def close_moves(session_ids: Sequence[uuid.UUID], now: datetime) -> int:
    """Let the open moves of these sessions lapse, and send nothing any more that asks for an answer.

    The caller has locked the sessions' rows. Returns how many moves there were.
    """
    withdraw([mails.about(pk) for pk in session_ids], kind="move_proposed")
    lapsing = Move.objects.open().filter(session_id__in=session_ids)
    return lapsing.update(state=Move.State.LAPSED, closed_at=now)


@transaction.atomic
def lapse_moves(now: datetime) -> int:
    """Close the open moves of sessions that have begun; returns how many."""
    begun = Session.objects.filter(moves__state=Move.State.OPEN, starts_at__lte=now)
    # Whoever holds one this moment is answering it, or closes it; the next wake-up looks again.
    ids = [session.pk for session in begun.order_by("pk").select_for_update(of=("self",), skip_locked=True)]
    return close_moves(ids, now)


def _reserve(sessions: Sequence[Session], people: Sequence[User]) -> None:
    Reservation.objects.bulk_create(
        Reservation(
            session=session, person=person, during=DateTimeTZRange(session.starts_at, session.ends_at)
        )
        for session in sessions
        for person in people
    )
