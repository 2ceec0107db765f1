"""Reserving time for two people, and giving it back."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import User
from mentoring.outbox.services import withdraw
from mentoring.schedule import mails
from mentoring.schedule.models import Change, Move, Reservation, Series, Session
from mentoring.schedule.reminders import drop_reminders, plan_reminders
from mentoring.schedule.slots import common_starts
from mentoring.schedule.taken import ONE_DAY, Away, away_at, away_during, collisions, reserved
from mentoring.schedule.times import Occurrence, Terms

SHOWN = 3  # dates and times that a refusal names
HALF_A_WEEK = timedelta(days=3)


class ScheduleError(Exception):
    """What was asked for cannot be done, as things stand; the text is fit to show."""


def lock_people(ids: Iterable[uuid.UUID]) -> None:
    """Take these people's advisory locks until the transaction ends, in one order for everybody.

    Without them two overlapping reservations wait for each other inside the exclusion constraint and
    PostgreSQL ends one as a deadlock.
    """
    with connection.cursor() as cursor:
        for person_id in sorted(ids):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"person:{person_id}"])


@transaction.atomic
def reserve_series(
    *,
    engagement_id: uuid.UUID,
    mentor: User,
    mentee: User,
    terms: Terms,
    now: datetime,
    replacing: Series | None = None,
) -> Series:
    """Reserve a whole series for both, with its reminders. Raises ScheduleError if any of it is taken.

    What falls in the time away of either is skipped from the start. With `replacing` the sessions of that
    series whose place the new one takes must have been cancelled.
    """
    people = [mentor.pk, mentee.pk]
    lock_people(people)
    ahead = [occurrence for occurrence in terms.occurrences() if occurrence.starts_at > now]
    if not ahead:
        raise ScheduleError("No session of this series lies ahead. Choose a later first session or end date.")
    away = away_during(people, terms)
    if taken := [at for at in collisions(reserved(people, terms), terms, away) if at > now]:
        raise ScheduleError(_refusal(taken, len(ahead), mentor, mentee, terms, now))
    series = Series.objects.create(
        engagement_id=engagement_id,
        mentor=mentor,
        mentee=mentee,
        replaces=replacing,
        link=replacing.link if replacing else "",
        **asdict(terms),
    )
    sessions = [
        _session(series, number, occurrence, away_at(away, occurrence, terms))
        for number, occurrence in enumerate(ahead, start=1)
    ]
    planned = [session for session in sessions if session.state == Session.State.PLANNED]
    if not planned:
        raise ScheduleError("Every session of this series falls in the time away of one of the two.")
    Session.objects.bulk_create(sessions)
    reserve(planned)
    plan_reminders(planned, now)
    mails.sessions_reserved(planned, now)
    return series


@transaction.atomic
def cancel_series(*, engagement_id: uuid.UUID, now: datetime) -> int:
    """Cancel the sessions that lie ahead of an engagement and give the time back; returns how many.

    What was proposed for them lapses. The caller has seen to it that no other series is reserved for the
    engagement afterwards: whoever reserves one holds both people's locks and looks whether it has ended.
    """
    series = list(Series.objects.filter(engagement_id=engagement_id).order_by("pk"))
    lock_people({person for one in series for person in (one.mentor_id, one.mentee_id)})
    lapsing = Change.objects.open().filter(series__in=series).order_by("pk")
    close_changes(lapsing.select_for_update(no_key=True), now)
    sessions = Session.objects.planned().filter(series__engagement_id=engagement_id, starts_at__gt=now)
    locked = sessions.order_by("pk").select_for_update(of=("self",))
    return cancel_sessions(list(locked.values_list("pk", flat=True)), now)


def cancel_sessions(ids: Sequence[uuid.UUID], now: datetime) -> int:
    """Cancel these sessions, whose rows the caller has locked; what waits to be sent of them is not sent."""
    give_up(ids, now, state=Session.State.CANCELLED)
    return len(ids)


def give_up(ids: Sequence[uuid.UUID], now: datetime, **fields: Any) -> None:
    """Set these fields of sessions that do not take place, free their time, and take them out of the
    calendars that our mails have put them into. The caller has locked their rows."""
    invited = mails.invited_to(ids)
    Session.objects.filter(pk__in=ids).update(sequence=F("sequence") + 1, **fields)
    free_time(ids, now)
    mails.sessions_cancelled(invited, now)


def free_time(ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Give back the time of sessions; nothing that waits for them is sent or answered any more."""
    Reservation.objects.filter(session_id__in=ids).update(is_live=False)
    drop_reminders(ids)
    close_moves(ids, now)
    withdraw([mails.about(pk) for pk in ids])


def close_changes(changes: Iterable[Change], now: datetime) -> int:
    """Let open changes lapse, whose rows the caller has locked, and send nothing any more that asks for an
    answer. Returns how many there were."""
    ids = [change.pk for change in changes]
    withdraw([mails.about_change(pk) for pk in ids])
    return Change.objects.filter(pk__in=ids).update(state=Change.State.LAPSED, closed_at=now)


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


def reserve(sessions: Sequence[Session]) -> None:
    """Reserve the time of these sessions, which have no reservation yet, for the two people of each."""
    Reservation.objects.bulk_create(
        Reservation(session=session, person_id=person_id, during=during_of(session))
        for session in sessions
        for person_id in (session.series.mentor_id, session.series.mentee_id)
    )


def during_of(session: Session) -> DateTimeTZRange:
    return DateTimeTZRange(session.starts_at, session.ends_at)


def _session(series: Series, number: int, occurrence: Occurrence, away: Away | None) -> Session:
    return Session(
        series=series,
        number=number,
        on=occurrence.on,
        starts_at=occurrence.starts_at,
        ends_at=occurrence.starts_at + series.terms.length,
        shift=occurrence.shift,
        state=Session.State.SKIPPED if away else Session.State.PLANNED,
        skipped_by_id=away.person_id if away else None,
        away_id=away.away_id if away else None,
    )


def _refusal(
    taken: Sequence[datetime], ahead: int, mentor: User, mentee: User, terms: Terms, now: datetime
) -> str:
    """What collides, and which times nearest to the one asked for are free for every session."""
    when = "; ".join(_in_words(at) for at in taken[:SHOWN])
    more = f" and {len(taken) - SHOWN} more" if len(taken) > SHOWN else ""
    collide = f"{len(taken)} of {ahead} sessions collide with time already reserved for one of the two"
    refusal = f"{collide}: {when}{more}."
    wanted = terms.occurrences()[0].starts_at
    earliest = max(terms.starts_on - HALF_A_WEEK, now.date() + ONE_DAY)
    free = common_starts(mentor, mentee, replace(terms, starts_on=earliest))
    nearest = sorted(free, key=lambda start: abs(start.starts_at - wanted))[:SHOWN]
    if not nearest:
        return refusal
    zone = timezone.get_current_timezone_name()
    return f"{refusal} Free for all: {'; '.join(_in_words(one.starts_at) for one in nearest)} ({zone})."


def _in_words(at: datetime) -> str:
    return date_format(timezone.localtime(at), "l j F, H:i")
