"""What the two say of a session that is over: held, missed, or each something else."""

import uuid
from datetime import datetime, timedelta
from itertools import groupby

from django.db import transaction

from accounts.models import User
from mentoring.schedule import mails
from mentoring.schedule.models import Mark, Series, Session, SessionQuerySet
from mentoring.schedule.moves import lock_session, why_off
from mentoring.schedule.services import ScheduleError

Outcome = Session.Outcome
OPEN_FOR = timedelta(days=14)  # so long after its end a mark can be set and changed
IN_A_ROW = 2


def is_markable(session: Session, now: datetime) -> bool:
    return not _why_not(session, now)


def to_mark(person: User, now: datetime) -> SessionQuerySet:
    """Sessions that this person can still mark and has not, the latest first."""
    over = Session.objects.visible_to(person).under_way().planned()
    over = over.filter(ends_at__lte=now, ends_at__gt=now - OPEN_FOR)
    return over.exclude(marks__person=person).order_by("-starts_at")


@transaction.atomic
def mark_session(*, session_id: uuid.UUID, by: User, was_held: bool, now: datetime) -> Session:
    """Note what one of the two says; the session's outcome follows from what both say.

    Where they differ both are told, once a session. Where a second session in a row was missed, both are
    asked whether the time still suits, once a row.
    """
    # The series first: of two sessions that are marked at the same moment, one sees the other's outcome.
    Series.objects.select_for_update(no_key=True).get(sessions=session_id)
    session = lock_session(session_id)
    if reason := _why_not(session, now):
        raise ScheduleError(reason)
    Mark.objects.update_or_create(
        session=session, person=by, defaults={"was_held": was_held, "marked_at": now}
    )
    was, session.outcome = session.outcome, _outcome(session)
    session.save(update_fields=["outcome"])
    if was != session.outcome:
        mails.withdraw_outcome(session)
    if session.outcome == Outcome.UNCLEAR:
        mails.session_unclear(session, now)
    elif session.outcome == Outcome.MISSED:
        _ask_whether_it_suits(session, now)
    return session


def missed_in_a_row(session: Session) -> list[Session]:
    """The run of missed sessions of its series that this one is part of; skipped ones are left out."""
    said = session.series.sessions.planned().order_by("number")
    for is_missed, run in groupby(said, key=lambda one: one.outcome == Outcome.MISSED):
        sessions = list(run)
        if is_missed and session in sessions:
            return sessions
    return []


def asks_whether_it_suits(session: Session) -> bool:
    """Whether the two are asked if the time still suits: this one was missed, and another beside it."""
    is_missed = session.outcome == Outcome.MISSED and session.series.is_under_way
    return is_missed and len(missed_in_a_row(session)) >= IN_A_ROW


def _ask_whether_it_suits(session: Session, now: datetime) -> None:
    run = missed_in_a_row(session)
    if len(run) >= IN_A_ROW and not mails.has_asked_whether_it_suits(run):
        mails.missed_twice(session, now)


def _outcome(session: Session) -> str:
    said = set(session.marks.values_list("was_held", flat=True))
    if len(said) > 1:
        return Outcome.UNCLEAR
    return Outcome.HELD if said == {True} else Outcome.MISSED


def _why_not(session: Session, now: datetime) -> str:
    """Why it cannot be marked, in words to show; empty if it can."""
    if reason := why_off(session):
        return reason
    if now < session.ends_at:
        return "This session is not over yet."
    if now >= session.ends_at + OPEN_FOR:
        return f"This can be said for {OPEN_FOR.days} days after a session."
    return ""
