"""Reserving a series for two people, giving it back, and what stands in the way."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mentoring.engagements.services import EngagementError, accept_request, end_engagement
from mentoring.schedule import services
from mentoring.schedule.models import Reminder, Reservation, Series, Session
from mentoring.schedule.services import ScheduleError
from mentoring.schedule.times import Cadence, Terms
from tests import factories
from tests.factories import instant

pytestmark = pytest.mark.django_db
NOW = instant(2031, 2, 1, 12)
HOUR = timedelta(hours=1)


def terms(**over) -> Terms:
    """Twelve Tuesdays at 09:00 in London, over the change of 30 March."""
    fields = {
        "starts_on": date(2031, 2, 18),
        "ends_on": date(2031, 5, 6),
        "at": time(9),
        "zone": "Europe/London",
        "cadence": Cadence.WEEKLY,
        "minutes": 60,
    }
    return Terms(**fields | over)


def engage(cast, now=NOW, **over):
    return factories.make_engagement(cast.goal, cast.mentor, now=now, **vars(terms(**over)))


def test_reserve_series_reserves_every_session_for_both(cast) -> None:
    engagement = engage(cast)
    series = Series.objects.get(engagement=engagement)
    sessions = list(series.sessions.order_by("starts_at"))
    assert [session.number for session in sessions] == list(range(1, 13))
    london = ZoneInfo("Europe/London")
    assert {session.starts_at.astimezone(london).time() for session in sessions} == {time(9)}
    assert {session.ends_at - session.starts_at for session in sessions} == {HOUR}
    assert {session.starts_at.hour for session in sessions} == {8, 9}
    held = set(Reservation.objects.filter(is_live=True).values_list("person", "during"))
    assert held == {
        (person.pk, Reservation._meta.get_field("during").range_type(session.starts_at, session.ends_at))
        for session in sessions
        for person in (cast.mentor.person, cast.mentee.person)
    }


def test_reserve_series_plans_two_reminders_for_each(cast) -> None:
    engage(cast)
    before = {"early": timedelta(hours=24), "late": timedelta(hours=1)}
    reminders = Reminder.objects.select_related("session")
    assert reminders.count() == 12 * 2 * 2
    assert all(one.due_at == one.session.starts_at - before[one.kind] for one in reminders)


def test_reserve_series_plans_no_reminder_for_a_time_that_has_passed(cast) -> None:
    first = instant(2031, 2, 18, 9)
    engage(cast, now=first - 3 * HOUR)
    kinds = Reminder.objects.filter(session__starts_at=first).values_list("kind", flat=True)
    assert sorted(kinds) == ["late", "late"]


def test_reserve_series_leaves_out_sessions_that_have_passed(cast) -> None:
    engage(cast, now=instant(2031, 3, 1))
    sessions = Session.objects.order_by("starts_at")
    assert sessions[0].starts_at == instant(2031, 3, 4, 9)
    assert [session.number for session in sessions] == list(range(1, 11))


def test_reserve_series_refuses_when_nothing_lies_ahead(cast) -> None:
    only_one = vars(terms(cadence=Cadence.FOUR_WEEKS, ends_on=date(2031, 2, 28)))
    request = factories.make_request(cast.goal, cast.mentor, now=instant(2031, 2, 17), **only_one)
    with pytest.raises(EngagementError, match="No session of this series lies ahead"):
        accept_request(request_id=request.pk, by=cast.mentor.person, now=instant(2031, 2, 18, 9))


def another_mentee(cast, now=NOW, **over):
    goal = factories.make_goal(factories.make_mentee(cast.program))
    return factories.make_request(goal, cast.mentor, now=now, **vars(terms(**over)))


@pytest.mark.parametrize(
    ("over", "count"),
    [
        ({}, 12),
        ({"at": time(9, 45)}, 12),
        ({"at": time(8, 15)}, 12),
        # 04:00 in New York is 09:00 in London, but for three weeks in March
        ({"at": time(4), "zone": "America/New_York"}, 9),
        ({"cadence": Cadence.FOUR_WEEKS}, 3),
        ({"starts_on": date(2031, 5, 6), "ends_on": date(2031, 6, 30)}, 1),
    ],
)
def test_accept_counts_what_collides(cast, over: dict, count: int) -> None:
    engage(cast)
    request = another_mentee(cast, **over)
    with pytest.raises(EngagementError, match=f"^{count} of .* sessions collide"):
        accept_request(request_id=request.pk, by=cast.mentor.person, now=NOW)
    assert Series.objects.count() == 1
    request.refresh_from_db()
    assert (request.state, request.mentor_yes_at) == ("open", None)


@pytest.mark.parametrize("at", [time(8), time(10)])
def test_accept_takes_what_adjoins(cast, at: time) -> None:
    engage(cast)
    request = another_mentee(cast, at=at)
    accept_request(request_id=request.pk, by=cast.mentor.person, now=NOW)
    assert Series.objects.count() == 2


def test_accept_does_not_mind_collisions_of_the_past(cast) -> None:
    """Held time stays reserved for the record; what lies ahead is what counts."""
    engage(cast, ends_on=date(2031, 2, 27))
    request = another_mentee(cast, now=instant(2031, 2, 26))
    accept_request(request_id=request.pk, by=cast.mentor.person, now=instant(2031, 3, 1))
    assert Series.objects.count() == 2


def test_cancel_series_gives_back_what_lies_ahead(cast) -> None:
    engagement = engage(cast)
    third = instant(2031, 3, 4, 9)
    assert services.cancel_series(engagement_id=engagement.pk, now=third) == 9
    states = Session.objects.order_by("starts_at").values_list("state", flat=True)
    assert list(states) == ["planned"] * 3 + ["cancelled"] * 9
    assert Reservation.objects.filter(is_live=True).count() == 6
    waiting = Reminder.objects.filter(state=Reminder.State.WAITING, session__starts_at__gt=third)
    assert not waiting.exists()
    assert services.cancel_series(engagement_id=engagement.pk, now=third) == 0


def test_cancelled_time_is_free_at_once(cast) -> None:
    end_engagement(engagement_id=engage(cast).pk, by=cast.mentee.person, now=NOW)
    request = another_mentee(cast)
    accept_request(request_id=request.pk, by=cast.mentor.person, now=NOW)
    assert Reservation.objects.filter(is_live=True).count() == 24


def test_reserve_series_refusal_writes_nothing(cast) -> None:
    engagement = engage(cast)
    with pytest.raises(ScheduleError):
        services.reserve_series(
            engagement_id=engagement.pk,
            mentor=cast.mentor.person,
            mentee=cast.mentee.person,
            terms=terms(at=time(9, 30)),
            now=NOW,
        )
    assert Session.objects.count() == 12
