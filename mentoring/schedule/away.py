"""Time away: what it covers, in every program, and what becomes of that."""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby

from django.db import transaction

from accounts.models import User
from mentoring.outbox.services import withdraw
from mentoring.schedule import mails, mails_series
from mentoring.schedule.models import Reservation, Series, Session, TimeAway
from mentoring.schedule.moves import length_of, propose_move
from mentoring.schedule.reminders import replan_reminders
from mentoring.schedule.services import ScheduleError, during_of, give_up, lock_people, reserve
from mentoring.schedule.slots import find_free
from mentoring.schedule.taken import away_between, away_of
from mentoring.schedule.times import resolve

ANOTHER_WITHIN = timedelta(days=10)  # of the time that it stands for
ANOTHER_NOT_BEFORE = timedelta(days=1)  # from now
AT_MOST = 20  # times away ahead of a person


@dataclass
class Outcome:
    """What became of the sessions that a time away covers, or covered."""

    skipped: list[Session] = field(default_factory=list)
    asked: list[Session] = field(default_factory=list)
    restored: list[Session] = field(default_factory=list)
    taken: list[Session] = field(default_factory=list)  # whose time is not free any more


def covered_sessions(person: User, starts_on: date, ends_on: date, now: datetime) -> list[Session]:
    """The sessions ahead, of all engagements under way, that fall on these days in the person's zone."""
    away = away_of(TimeAway(person=person, starts_on=starts_on, ends_on=ends_on))
    rows = Session.objects.visible_to(person).under_way().planned().filter(starts_at__gt=now)
    inside = rows.filter(starts_at__lt=away.is_over_at, ends_at__gt=away.begins_at)
    return list(inside.with_pair().order_by("starts_at"))


def key_of(sessions: Sequence[Session]) -> str:
    """Names what is shown, so that a yes can say to what."""
    shown = " ".join(f"{session.pk} {session.starts_at.isoformat()}" for session in sessions)
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


def take_time_away(
    *, person: User, starts_on: date, ends_on: date, asks: bool, now: datetime, seen: str | None = None
) -> tuple[TimeAway, Outcome]:
    """Note the days. What they cover is skipped; with `asks` another time is proposed where there is one.

    `seen` is the key of what the person was shown: no session is skipped that was reserved meanwhile.
    """
    with transaction.atomic():
        _lock_partners(person)
        if TimeAway.objects.filter(person=person, starts_on=starts_on, ends_on=ends_on).exists():
            raise ScheduleError("You have noted these days already.")
        if TimeAway.objects.filter(person=person, ends_on__gte=now.date()).count() >= AT_MOST:
            raise ScheduleError(f"You have noted time away {AT_MOST} times. Remove one that you do not need.")
        covered = covered_sessions(person, starts_on, ends_on, now)
        if seen is not None and seen != key_of(covered):
            raise ScheduleError("Your sessions on these days have changed meanwhile. They are as follows.")
        away = TimeAway.objects.create(person=person, starts_on=starts_on, ends_on=ends_on, created_at=now)
        sessions = _locked(one.pk for one in covered)
        outcome = Outcome()
        chosen: list[tuple[datetime, datetime]] = []
        for session in sessions:
            was_asked = asks and _ask_for_another(session, person, chosen, now)
            (outcome.asked if was_asked else outcome.skipped).append(session)
        _skip(outcome.skipped, away, now)
        _tell(away, outcome, now)
    return away, outcome


def restorable(away: TimeAway, now: datetime) -> list[Session]:
    """What was skipped for this time away and still lies ahead, in a series that is in force."""
    rows = Session.objects.under_way().filter(away=away, state=Session.State.SKIPPED, starts_at__gt=now)
    return list(rows.in_force().with_pair().order_by("starts_at"))


@transaction.atomic
def remove_time_away(*, away_id: uuid.UUID, person: User, restores: bool, now: datetime) -> Outcome:
    """Forget the days. With `restores` what they had skipped is reserved again where that time is free."""
    _lock_partners(person)
    away = TimeAway.objects.owned_by(person).select_related("person").filter(pk=away_id).first()
    if away is None:
        raise ScheduleError("These days are removed already.")
    sessions = _locked(one.pk for one in restorable(away, now)) if restores else []
    invited = mails.invited_to([session.pk for session in sessions])
    away.delete()
    outcome = Outcome()
    for session in sessions:
        (outcome.restored if _restore(session, now) else outcome.taken).append(session)
    if outcome.restored and not outcome.taken:
        withdraw([mails_series.about_time_away(away_id)])
    mails.sessions_reserved(outcome.restored, now, invited=invited)
    for series, restored in _by_series(outcome.restored):
        mails_series.is_not_away(away_id, person, series, restored, now)
    return outcome


def _lock_partners(person: User) -> None:
    """Lock the person and everybody whom they meet, as whoever reserves for two of them does.

    While we waited they may have come to meet somebody else, whom it is too late to lock then, as the locks
    have an order: so all are given back, with the savepoint, and taken anew. Under the person's own lock
    nobody is added any more.
    """
    people = _partners(person)
    while True:
        before = transaction.savepoint()
        lock_people(people)
        if (meanwhile := _partners(person)) <= people:
            return transaction.savepoint_commit(before)
        transaction.savepoint_rollback(before)
        people = meanwhile


def _partners(person: User) -> set[uuid.UUID]:
    """The person and everybody whom they meet."""
    series = Series.objects.visible_to(person).under_way()
    return {person.pk}.union(*series.values_list("mentor_id", "mentee_id"))


def _locked(ids: Iterable[uuid.UUID]) -> list[Session]:
    rows = Session.objects.filter(pk__in=list(ids)).with_pair()
    return sorted(rows.order_by("pk").select_for_update(of=("self",)), key=lambda one: one.starts_at)


def _ask_for_another(
    session: Session, person: User, chosen: list[tuple[datetime, datetime]], now: datetime
) -> bool:
    """Propose the free time nearest to the session's, inside both people's protected time if there is one."""
    series, length = session.series, length_of(session)
    free = find_free(
        series.mentor, series.mentee, around=session.starts_at, length=length,
        now=max(now + ANOTHER_NOT_BEFORE, session.starts_at - ANOTHER_WITHIN),
        until=session.starts_at + ANOTHER_WITHIN, besides=session.pk,
    )  # fmt: skip
    for part in (free.protected, free.others):
        for at in sorted(part, key=lambda one: abs(one - session.starts_at)):
            if any(at < upper and lower < at + length for lower, upper in chosen):
                continue
            try:
                propose_move(session_id=session.pk, by=person, starts_at=at, now=now)
            except ScheduleError:
                return False
            chosen.append((at, at + length))
            return True
    return False


def _skip(sessions: Sequence[Session], away: TimeAway, now: datetime) -> None:
    ids = [session.pk for session in sessions]
    give_up(ids, now, state=Session.State.SKIPPED, skipped_by=away.person, away=away)


def _restore(session: Session, now: datetime) -> bool:
    """Reserve a skipped session again, at the time that its date has now, unless somebody else has it."""
    series = session.series
    if not session.is_moved:
        occurrence = resolve(session.on, series.at, series.zone)
        session.starts_at, session.shift = occurrence.starts_at, occurrence.shift
        session.ends_at = session.starts_at + series.terms.length
    people = [series.mentor_id, series.mentee_id]
    live = Reservation.objects.filter(person_id__in=people, is_live=True, during__overlap=during_of(session))
    for other in away_between(people, session.starts_at, session.ends_at):
        if other.overlaps(session.starts_at, session.ends_at):
            # From now on it is skipped for that one, whose removal can restore it.
            session.away_id, session.skipped_by_id = other.away_id, other.person_id
            session.save(update_fields=["away", "skipped_by"])
            return False
    if live.exists():
        return False
    session.state, session.skipped_by, session.away = Session.State.PLANNED, None, None
    session.sequence += 1
    session.save(update_fields=["state", "skipped_by", "away", "sequence", "starts_at", "ends_at", "shift"])
    session.reservations.all().delete()
    withdraw([mails.about(session.pk)])  # that it was cancelled
    reserve([session])
    replan_reminders(session, now)
    return True


def _tell(away: TimeAway, outcome: Outcome, now: datetime) -> None:
    skipped = _reread(outcome.skipped)
    for series, sessions in _by_series(skipped):
        was_asked = any(session.series_id == series.pk for session in outcome.asked)
        mails_series.is_away(away, series, sessions, now, was_asked=was_asked)
    if skipped or outcome.asked:
        mails_series.time_away_noted(away, skipped, outcome.asked, now)


def _reread(sessions: Sequence[Session]) -> list[Session]:
    rows = Session.objects.filter(pk__in=[session.pk for session in sessions])
    return list(rows.with_pair().order_by("starts_at"))


def _by_series(sessions: Sequence[Session]) -> list[tuple[Series, list[Session]]]:
    ordered = sorted(sessions, key=lambda one: (str(one.series_id), one.starts_at))
    grouped = [list(group) for _, group in groupby(ordered, key=lambda one: one.series_id)]
    return [(group[0].series, group) for group in grouped]
