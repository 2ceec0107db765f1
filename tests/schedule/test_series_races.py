"""Changes, time away, endings and acceptances at once; each race has a twin with the guard off."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from mentoring.engagements.models import Engagement, Request
from mentoring.engagements.services import accept_request, end_engagement
from mentoring.outbox.models import Mail
from mentoring.schedule import away, changes, mails
from mentoring.schedule.models import Change, Reservation, Series, Session
from mentoring.schedule.services import ScheduleError
from mentoring.schedule.times import Terms
from tests import factories
from tests.racing import race, refusals, without_locks

pytestmark = pytest.mark.django_db(transaction=True)


def pairs(count: int, **over: object) -> Iterator[Series]:
    """Engagements of pairs of their own."""
    for _ in range(count):
        program = factories.make_program()
        goal = factories.make_goal(factories.make_mentee(program))
        engagement = factories.make_engagement(goal, factories.make_mentor(program), **over)
        yield engagement.series.get()


def proposed(series: Series, **over: object) -> Change:
    starts_on = factories.next_weekday(3, series.starts_on + timedelta(days=7))
    terms = Terms(**vars(series.terms) | {"starts_on": starts_on, "minutes": 30} | over)
    return changes.propose_change(series_id=series.pk, by=series.mentee, terms=terms, now=timezone.now())


def accept(change: Change):
    return lambda: changes.accept_change(change_id=change.pk, by=change.series.mentor, now=timezone.now())


def live() -> int:
    return Reservation.objects.filter(is_live=True).count()


def test_accepting_a_change_at_once_reserves_one_series() -> None:
    (series,) = pairs(1)
    finishes = race([accept(proposed(series))] * 8)
    assert refusals(finishes) == {"ScheduleError: These terms are agreed already.": 7}
    assert Series.objects.count() == 2
    assert live() == 2 * Session.objects.planned().count()
    assert Mail.objects.filter(kind="series_changed").count() == 2


def test_accepting_declining_and_taking_back_at_once_end_in_one_way() -> None:
    for series in pairs(6):
        change = proposed(series)
        answer = {"change_id": change.pk, "now": timezone.now()}
        finishes = race(
            [
                accept(change),
                lambda answer=answer, by=series.mentor: changes.decline_change(by=by, **answer),
                lambda answer=answer, by=series.mentee: changes.withdraw_change(by=by, **answer),
            ]
        )
        change.refresh_from_db()
        assert sum(refusals(finishes).values()) == 2
        assert {type(finish.raised) for finish in finishes} == {type(None), ScheduleError}
        assert (change.state == "accepted") is Series.objects.filter(replaces=series).exists()


def test_ending_and_accepting_a_change_at_once_leaves_nothing_reserved() -> None:
    for series in pairs(8):
        end = {"engagement_id": series.engagement_id, "by": None, "now": timezone.now()}
        finishes = race([accept(proposed(series)), lambda end=end: end_engagement(**end)])
        assert {type(finish.raised) for finish in finishes} <= {type(None), ScheduleError}
    assert live() == 0
    assert not Change.objects.open().exists()
    assert not Session.objects.planned().exists()


def test_ending_without_the_locks_leaves_a_series_reserved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both look before either has written."""
    (series,) = pairs(1)
    change = proposed(series)
    both = Barrier(2)
    for module in ("changes", "services"):
        monkeypatch.setattr(f"mentoring.schedule.{module}.lock_people", lambda ids: None)
    monkeypatch.setattr(changes, "_check_terms", _then(changes._check_terms, both))
    monkeypatch.setattr(mails, "sessions_cancelled", _then(mails.sessions_cancelled, both, times=1))
    end = {"engagement_id": series.engagement_id, "by": None, "now": timezone.now()}
    with without_locks(monkeypatch, Change):
        finishes = race([accept(change), lambda: end_engagement(**end)])
    assert refusals(finishes) == {}
    assert Engagement.objects.get().state == "ended"
    assert live() > 0


def _then(work, barrier: Barrier, times: int | None = None):
    """What `work` does, and then waiting for the other lane, at the first so many calls."""
    left = [times]

    def done(*args, **kwargs):
        result = work(*args, **kwargs)
        if left[0] is None or left[0] > 0:
            left[0] = left[0] and left[0] - 1
            barrier.wait(timeout=20)
        return result

    return done


def asked(mentor) -> Request:
    goal = factories.make_goal(factories.make_mentee(mentor.program))
    return factories.make_request(goal, mentor)


def holiday(mentor):
    today = timezone.now().date()
    return lambda: away.take_time_away(
        person=mentor.person, starts_on=today + timedelta(days=10), ends_on=today + timedelta(days=30),
        asks=False, now=timezone.now(),
    )  # fmt: skip


def test_no_session_is_reserved_in_time_away_that_is_taken_at_once() -> None:
    for _ in range(6):
        mentor = factories.make_mentor(factories.make_program(), capacity=5)
        request = asked(mentor)
        accepting = {"request_id": request.pk, "by": mentor.person, "now": timezone.now()}
        finishes = race([lambda a=accepting: accept_request(**a), holiday(mentor)])
        assert refusals(finishes) == {}
        covered = away.covered_sessions(
            mentor.person, *_days_of(mentor.person.times_away.get()), timezone.now()
        )
        assert covered == []
        assert Session.objects.filter(series__mentor=mentor.person, state="skipped").count() >= 2


def _days_of(row):
    return row.starts_on, row.ends_on


def test_without_the_locks_a_session_is_reserved_in_time_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: each has looked and written before the other's change can be seen."""
    mentor = factories.make_mentor(factories.make_program(), capacity=5)
    request = asked(mentor)
    both = Barrier(2)
    for module in ("away", "services"):
        monkeypatch.setattr(f"mentoring.schedule.{module}.lock_people", lambda ids: None)
    monkeypatch.setattr(mails, "sessions_reserved", _then(mails.sessions_reserved, both))
    monkeypatch.setattr(away, "_tell", _then(away._tell, both))
    accepting = {"request_id": request.pk, "by": mentor.person, "now": timezone.now()}
    finishes = race([lambda: accept_request(**accepting), holiday(mentor)])
    assert refusals(finishes) == {}
    row = mentor.person.times_away.get()
    assert away.covered_sessions(mentor.person, *_days_of(row), timezone.now()) != []


def test_time_away_of_both_and_of_others_at_once_never_deadlocks() -> None:
    """Everybody meets everybody: locks are asked for from all ends."""
    program = factories.make_program()
    members = [factories.make_mentor(program, capacity=9, is_mentee=True) for _ in range(5)]
    hour = iter(range(8, 30))
    for mentee in members:
        for mentor in members:
            if mentee != mentor and mentee.pk < mentor.pk:
                at = factories.time(next(hour) % 24)
                factories.make_engagement(factories.make_goal(mentee), mentor, at=at)
    finishes = race([holiday(member) for member in members] * 2)
    assert refusals(finishes) == {"ScheduleError: You have noted these days already.": 5}
    skipped = Session.objects.filter(state="skipped")
    assert skipped.count() > 0
    assert not Reservation.objects.filter(session__in=skipped, is_live=True).exists()


def test_whoever_one_comes_to_meet_meanwhile_is_locked_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is added between looking whom to lock and locking: all locks are given back and taken anew."""
    mentor = factories.make_mentor(factories.make_program(), capacity=5)
    goal = factories.make_goal(factories.make_mentee(mentor.program))
    factories.make_engagement(goal, mentor, at=factories.time(15))
    request, taken, real = asked(mentor), [], away.lock_people
    accepting = {"request_id": request.pk, "by": mentor.person, "now": timezone.now()}

    def lock(ids) -> None:
        if not taken:
            assert refusals(race([lambda: accept_request(**accepting)])) == {}
        taken.append((set(ids), _locks_held()))
        real(ids)

    monkeypatch.setattr(away, "lock_people", lock)
    holiday(mentor)()
    (first, _), (second, held_between) = taken
    assert second == first | {request.mentee_id}
    assert held_between == 0


def _locks_held() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        return cursor.fetchone()[0]
