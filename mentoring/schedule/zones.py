"""New zone data: what lies ahead keeps its local time, so that its instants may move.

Zones come from the tzdata package alone (settings.py). When a new release of it is installed, the next
wake-up finds every session whose date now gives another instant, and moves it.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from mentoring.outbox.services import withdraw
from mentoring.schedule import mails, mails_series
from mentoring.schedule.models import Reservation, Series, Session, SessionQuerySet
from mentoring.schedule.reminders import replan_reminders
from mentoring.schedule.services import during_of, lock_people
from mentoring.schedule.times import Occurrence, resolve

State = Session.State


@dataclass(frozen=True)
class Shifted:
    session: Session  # as it stands now
    was_at: datetime


@dataclass
class Shifts:
    """What new zone data does to the sessions of a series."""

    moved: list[Shifted] = field(default_factory=list)
    taken: list[Session] = field(default_factory=list)  # the new time is not free: they stay where they are
    waiting: list[Session] = field(default_factory=list)  # the new time is held by one that is to move too


def recompute_zones(now: datetime) -> int:
    """Move what lies ahead to where its local time now is; returns how many sessions moved. Twice does once.

    A session whose new time is held by one that moves away itself waits for that; only when nothing else
    moves any more does it count as taken.
    """
    pending, moved = _stale_series(now), 0
    while pending:
        left = []
        for series_id in pending:
            shifts = _shift(series_id, now, is_last=False)
            moved += len(shifts.moved)
            if shifts.waiting:
                left.append(series_id)
        if len(left) == len(pending):
            moved += len(_shift(left.pop(0), now, is_last=True).moved)
        pending = left
    return moved


def _stale_series(now: datetime) -> list[uuid.UUID]:
    """The series of which some session ahead is not where its date now resolves to."""
    rows = _following(now).values_list("series_id", "on", "starts_at", "series__at", "series__zone")
    stale = {
        series_id: None
        for series_id, on, starts_at, at, zone in rows.order_by("series_id").iterator()
        if resolve(on, at, zone).starts_at != starts_at
    }
    return list(stale)


@transaction.atomic
def _shift(series_id: uuid.UUID, now: datetime, *, is_last: bool) -> Shifts:
    """Move the stale sessions of one series and tell both, or nothing while one has to wait for another's."""
    pair = Series.objects.get(pk=series_id)
    lock_people([pair.mentor_id, pair.mentee_id])
    rows = _following(now).filter(series_id=series_id).select_for_update(of=("self",)).order_by("pk")
    stale = [
        (session, occurrence)
        for session in rows.with_pair()
        if (occurrence := _resolved(session)).starts_at != session.starts_at
    ]
    shifts = _sorted_out(stale, is_last=is_last)
    if shifts.waiting:
        return Shifts(waiting=shifts.waiting)
    for shifted in shifts.moved:
        _write(shifted.session, now)
    for session in shifts.taken:
        # From now on it does not follow its series: what the two choose is what holds.
        session.is_moved = True
        session.save(update_fields=["is_moved"])
    planned = [one for one in shifts.moved if one.session.state == State.PLANNED]
    mails.sessions_reserved([one.session for one in planned], now)
    if planned or shifts.taken:
        told = sorted(planned, key=lambda one: one.was_at)
        taken = sorted(shifts.taken, key=lambda session: session.starts_at)
        mails_series.zone_changed(stale[0][0].series, [(one.session, one.was_at) for one in told], taken, now)
    return shifts


def _following(now: datetime) -> SessionQuerySet:
    """Sessions ahead that keep to the local time of their series, skipped ones too."""
    ahead = Session.objects.under_way().filter(starts_at__gt=now, is_moved=False)
    return ahead.filter(state__in=[State.PLANNED, State.SKIPPED])


def _resolved(session: Session) -> Occurrence:
    return resolve(session.on, session.series.at, session.series.zone)


def _sorted_out(stale: Sequence[tuple[Session, Occurrence]], *, is_last: bool) -> Shifts:
    """Give each session its new time, in memory, where that is free for both."""
    shifts = Shifts()
    for session, occurrence in stale:
        was_at, length = session.starts_at, session.ends_at - session.starts_at
        during = DateTimeTZRange(occurrence.starts_at, occurrence.starts_at + length)
        held = _holders(session, during) if session.state == State.PLANNED else []
        if any(not _moves_away(holder, during) for holder in held) or (held and is_last):
            shifts.taken.append(session)
        elif held:
            shifts.waiting.append(session)
        else:
            session.starts_at, session.ends_at = during.lower, during.upper
            session.shift = occurrence.shift
            shifts.moved.append(Shifted(session, was_at))
    return shifts


def _holders(session: Session, during: DateTimeTZRange) -> list[Session]:
    """Sessions that hold this time for one of the two; their places count as they stand in the database."""
    people = [session.series.mentor_id, session.series.mentee_id]
    live = Reservation.objects.filter(person_id__in=people, is_live=True, during__overlap=during)
    rows = Session.objects.filter(pk__in=live.exclude(session=session).values("session"))
    return list(rows.select_related("series__engagement"))


def _moves_away(holder: Session, during: DateTimeTZRange) -> bool:
    """Whether new zone data takes that session away from this time as well."""
    if holder.is_moved or holder.series.engagement.state != "active":
        return False
    starts_at = _resolved(holder).starts_at
    ends_at = starts_at + (holder.ends_at - holder.starts_at)
    return starts_at != holder.starts_at and not (during.lower < ends_at and starts_at < during.upper)


def _write(session: Session, now: datetime) -> None:
    session.sequence += 1
    session.save(update_fields=["starts_at", "ends_at", "shift", "sequence"])
    if session.state != State.PLANNED:
        return
    session.reservations.update(during=during_of(session))
    withdraw([mails.about(session.pk)])
    replan_reminders(session, now)
