"""Moving one session: one of the two proposes another time, the other answers.

Every function locks the session's row before it reads what stands in it. Accepting takes both people's
locks before that, as everything does that reserves.
"""

import uuid
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.formats import date_format

from accounts.models import User
from mentoring.outbox.services import locked_about, withdraw
from mentoring.schedule import mails
from mentoring.schedule.models import Move, Reservation, Series, Session
from mentoring.schedule.reminders import replan_reminders
from mentoring.schedule.services import ScheduleError, free_time, lock_people
from mentoring.schedule.taken import away_between
from mentoring.schedule.times import resolve

State = Move.State
CLOSED = {
    State.ACCEPTED: "This time is agreed already.",
    State.DECLINED: "This proposal has been declined already.",
    State.WITHDRAWN: "This proposal has been taken back.",
    State.REPLACED: "Another time has been proposed meanwhile.",
    State.LAPSED: "This proposal has lapsed.",
}


@transaction.atomic
def propose_move(*, session_id: uuid.UUID, by: User, starts_at: datetime, now: datetime) -> Move:
    """Propose another time, which replaces a proposal that waits, of either. The old time stays reserved.

    Twice does once: the proposal that waits already is given back, and nobody hears of it again.
    """
    session = lock_session(session_id)
    other = session.series.other(by)
    waiting = Move.objects.open().filter(session=session).first()
    check_time(session, starts_at, now)
    if waiting and waiting.starts_at == starts_at:
        if waiting.by_id == by.pk:
            return waiting
        raise ScheduleError(f"This is the time that {other.name} proposes. You can accept it.")
    if session.moves.filter(by=by, created_at__gt=now - timedelta(days=1)).count() >= Move.A_DAY:
        raise ScheduleError("You have proposed many times for this session today. Give it until tomorrow.")
    if waiting:
        _close(waiting, State.REPLACED, now)
    move = Move.objects.create(
        session=session, by=by, starts_at=starts_at, ends_at=starts_at + length_of(session), created_at=now
    )
    mails.move_proposed(move, session, other, now)
    return move


@transaction.atomic
def accept_move(*, session_id: uuid.UUID, move_id: uuid.UUID, by: User, now: datetime) -> Session:
    """Move the session to the time that the other proposes, if it is still free for both."""
    series = Session.objects.select_related("series").get(pk=session_id).series
    lock_people([series.mentor_id, series.mentee_id])
    session = lock_session(session_id)
    move = _open_move(session, move_id)
    if move.by_id == by.pk:
        raise ScheduleError("You proposed this time. It is for the other to accept.")
    check_time(session, move.starts_at, now)
    _close(move, State.ACCEPTED, now)
    withdraw([mails.about(session.pk)])
    was_at = session.starts_at
    session.starts_at, session.ends_at = move.starts_at, move.ends_at
    session.is_moved, session.shift = True, ""
    session.sequence += 1
    session.save(update_fields=["starts_at", "ends_at", "is_moved", "shift", "sequence"])
    session.reservations.update(during=DateTimeTZRange(session.starts_at, session.ends_at))
    replan_reminders(session, now)
    mails.session_moved(session, was_at, now)
    return session


@transaction.atomic
def decline_move(*, session_id: uuid.UUID, move_id: uuid.UUID, by: User, now: datetime) -> Move:
    """The other says no: the session stays where it is, and the proposer is told."""
    session = lock_session(session_id)
    move = _open_move(session, move_id)
    if move.by_id == by.pk:
        raise ScheduleError("You proposed this time. You can take it back.")
    check_ahead(session, now)
    _close(move, State.DECLINED, now)
    mails.move_declined(move, session, now)
    return move


@transaction.atomic
def withdraw_move(*, session_id: uuid.UUID, move_id: uuid.UUID, by: User, now: datetime) -> Move:
    """The proposer takes it back. The other is told if the proposal has reached them, or may have."""
    session = lock_session(session_id)
    move = _open_move(session, move_id)
    if move.by_id != by.pk:
        raise ScheduleError("Only the one who proposed it can take it back. You can decline it.")
    check_ahead(session, now)
    key = mails.proposal_key(move)
    has_been_told = any(
        mail.key == key and mail.is_on_its_way for mail in locked_about(mails.about(session.pk))
    )
    _close(move, State.WITHDRAWN, now)
    if has_been_told:
        mails.move_withdrawn(move, session, now)
    return move


@transaction.atomic
def skip_session(*, session_id: uuid.UUID, by: User, word: str, now: datetime) -> Session:
    """Leave one session out and give its time back, with a word to the other, which is sealed."""
    session = lock_session(session_id)
    check_ahead(session, now)
    session.state, session.skipped_by = Session.State.SKIPPED, by
    session.seal_word(word)
    session.sequence += 1
    session.save(update_fields=["state", "skipped_by", "word_sealed", "sequence"])
    free_time([session.pk], now)
    mails.session_skipped(session, now)
    return session


def lock_session(session_id: uuid.UUID) -> Session:
    """The session, locked until the transaction ends, with its series, the two, and the engagement."""
    return Session.objects.with_pair().select_for_update(of=("self",)).get(pk=session_id)


def length_of(session: Session) -> timedelta:
    return session.ends_at - session.starts_at


def last_midnight(series: Series) -> datetime:
    """The end of the engagement's last day, in the zone of the series: no session begins then or later."""
    return resolve(series.engagement.ends_on + timedelta(days=1), time.min, series.zone).starts_at


def why_not_ahead(session: Session, now: datetime) -> str:
    """Why it cannot be moved or skipped any more, in words to show; empty if it can."""
    if reason := why_off(session):
        return reason
    return "This session has begun." if session.starts_at <= now else ""


def why_off(session: Session) -> str:
    """Why it does not take place, or nobody has a hand in it any more; empty if that is not so."""
    if not session.series.is_under_way:
        return "The engagement has ended."
    if session.state != Session.State.PLANNED:
        return f"This session has been {session.get_state_display()}."
    return ""


def is_ahead(session: Session, now: datetime) -> bool:
    """Whether it can still be moved or skipped."""
    return not why_not_ahead(session, now)


def check_ahead(session: Session, now: datetime) -> None:
    """Refuse a session that cannot be moved or skipped any more."""
    if reason := why_not_ahead(session, now):
        raise ScheduleError(reason)


def check_time(session: Session, starts_at: datetime, now: datetime) -> None:
    """Refuse a time that the session cannot have. It stays true until the write if both people are locked."""
    check_ahead(session, now)
    series = session.series
    if starts_at <= now:
        raise ScheduleError("This time has passed.")
    if starts_at == session.starts_at:
        raise ScheduleError("The session is at this time already.")
    if starts_at >= last_midnight(series):
        raise ScheduleError(
            f"The engagement ends on {date_format(series.engagement.ends_on, 'j F Y')}, before this time."
        )
    ends_at = starts_at + length_of(session)
    during = DateTimeTZRange(starts_at, ends_at)
    people = [series.mentor_id, series.mentee_id]
    taken = Reservation.objects.filter(person_id__in=people, is_live=True, during__overlap=during)
    if taken.exclude(session=session).exists():
        raise ScheduleError("This time is not free any more: one of you has another session then.")
    for away in away_between(people, starts_at, ends_at):
        if away.overlaps(starts_at, ends_at):
            raise ScheduleError("This time is not free any more: one of you is away on that day.")


def why_not(session: Session, move: Move, now: datetime) -> str:
    """Why a move cannot be accepted any more, in words to show; empty if it can, as things stand."""
    try:
        check_time(session, move.starts_at, now)
    except ScheduleError as error:
        return str(error)
    return ""


def _open_move(session: Session, move_id: uuid.UUID) -> Move:
    """The open move of that id; the session must be locked, as whoever closes one holds that lock."""
    move = session.moves.select_related("by").filter(pk=move_id).first()
    if move is None:
        raise ScheduleError("There is no such proposal.")
    if move.state != State.OPEN:
        raise ScheduleError(CLOSED[State(move.state)])
    return move


def _close(move: Move, state: str, now: datetime) -> None:
    """Close it, and send nothing any more that asks for an answer."""
    withdraw([mails.about(move.session_id)], kind="move_proposed")
    move.state, move.closed_at = state, now
    move.save(update_fields=["state", "closed_at"])
