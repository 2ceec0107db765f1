from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mentoring.schedule import moves
from mentoring.schedule.marks import mark_session
from mentoring.schedule.models import Session
from mentoring.schedule.views import PAST
from tests import factories
from tests.pages import queries_of

pytestmark = pytest.mark.django_db
CALENDAR = reverse("schedule:calendar")


@pytest.fixture
def sessions(cast) -> list[Session]:
    """Twelve weeks of them, of which five are over."""
    long_ago = timezone.now() - timedelta(weeks=5)
    engagement = factories.make_engagement(cast.goal, cast.mentor, now=long_ago)
    return list(Session.objects.filter(series__engagement=engagement))


def rows_of(page: str) -> list[str]:
    """The sessions on the page, each with all that is said of it."""
    return page.split('<li class="timeline__item')[1:]


def test_calendar_holds_every_session_ahead_soonest_first_then_the_past(cast, client_of, sessions):
    page = client_of(cast.mentor.person).get(CALENDAR).text

    rows = rows_of(page)
    ahead = [session for session in sessions if session.ends_at > timezone.now()]
    past = [session for session in reversed(sessions) if session.ends_at <= timezone.now()]
    assert len(ahead) > 5
    assert len(past) > 3
    assert len(rows) == len(sessions)
    for row, session in zip(rows, [*ahead, *past], strict=True):
        assert reverse("schedule:session-detail", args=[session.pk]) in row
    assert "timeline__item--next" in f"timeline__item{rows[0]}"


def test_calendar_says_the_state_of_each_session(cast, client_of, sessions):
    now = timezone.now()
    ahead = [session for session in sessions if session.starts_at > now]
    over = next(session for session in reversed(sessions) if session.ends_at <= now)
    moves.skip_session(session_id=ahead[0].pk, by=cast.mentee.person, word="", now=now)
    later = ahead[1].starts_at + timedelta(hours=3)
    moves.propose_move(session_id=ahead[1].pk, by=cast.mentee.person, starts_at=later, now=now)
    Session.objects.filter(pk=ahead[2].pk).update(is_moved=True)
    Session.objects.filter(pk=ahead[3].pk).update(state=Session.State.CANCELLED)
    for person in (cast.mentor.person, cast.mentee.person):
        mark_session(session_id=over.pk, by=person, was_held=False, now=now)

    page = client_of(cast.mentor.person).get(CALENDAR).text
    rows = {one.pk: row for one in sessions for row in rows_of(page) if str(one.pk) in row}

    assert "badge--skipped" in rows[ahead[0].pk]
    assert "waits for your answer" in rows[ahead[1].pk]
    assert "Amara proposes" in rows[ahead[1].pk]
    assert "badge--moved" in rows[ahead[2].pk]
    assert ahead[3].pk not in rows
    assert "badge--missed" in rows[over.pk]
    assert "badge" not in rows[ahead[4].pk]


def test_calendar_asks_for_no_answer_that_can_no_longer_be_given(cast, client_of, sessions):
    now = timezone.now()
    session = next(one for one in sessions if one.starts_at > now)
    later = session.starts_at + timedelta(hours=3)
    moves.propose_move(session_id=session.pk, by=cast.mentee.person, starts_at=later, now=now)
    reader = client_of(cast.mentor.person)
    assert "waits for your answer" in rows_of(reader.get(CALENDAR).text)[0]

    begun = {"starts_at": now - timedelta(minutes=5), "ends_at": now + timedelta(minutes=55)}
    Session.objects.filter(pk=session.pk).update(**begun)

    row = rows_of(reader.get(CALENDAR).text)[0]
    assert str(session.pk) in row
    assert "waits for your answer" not in row
    assert "Amara proposes" not in row


def test_calendar_names_the_other_s_time_where_the_zones_differ(cast, client_of, sessions):
    reader = client_of(cast.mentor.person)
    assert "for Amara" not in reader.get(CALENDAR).text

    User.objects.filter(pk=cast.mentee.person_id).update(zone="Asia/Tokyo")

    assert reader.get(CALENDAR).text.count("(Asia/Tokyo)") == len(sessions)


@pytest.mark.parametrize(("zone", "says"), [("Asia/Tokyo", "%H:%M"), ("Pacific/Pago_Pago", "%a %H:%M")])
def test_calendar_names_the_other_s_day_where_it_is_another(cast, client_of, sessions, zone, says):
    User.objects.filter(pk=cast.mentee.person_id).update(zone=zone)
    ahead = next(session for session in sessions if session.ends_at > timezone.now())

    row = rows_of(client_of(cast.mentor.person).get(CALENDAR).text)[0]

    assert f"<span>{ahead.starts_at.astimezone(ZoneInfo(zone)):{says}} for Amara" in row


def test_calendar_of_somebody_else_is_empty(cast, client_of, sessions):
    for reader in (cast.admin.person, cast.stranger):
        page = client_of(reader).get(CALENDAR).text
        assert rows_of(page) == []
        assert "No session lies ahead" in page


def test_calendar_shows_the_past_in_pages(cast, client_of, sessions):
    series, over = sessions[0].series, sessions[0].starts_at
    Session.objects.bulk_create(
        Session(
            series=series,
            number=100 + n,
            on=over.date(),
            starts_at=over - timedelta(days=n),
            ends_at=over - timedelta(days=n, hours=-1),
        )
        for n in range(1, PAST + 1)
    )
    client = client_of(cast.mentor.person)
    ahead = sum(session.ends_at > timezone.now() for session in sessions)

    assert len(rows_of(client.get(CALENDAR).text)) == ahead + PAST
    assert len(rows_of(client.get(CALENDAR, {"page": "2"}).text)) == len(sessions)


def test_calendar_costs_the_same_for_two_engagements(cast, client_of, sessions):
    client = client_of(cast.mentor.person)
    alone = queries_of(client, CALENDAR)

    second = factories.make_mentee(cast.program)
    factories.make_engagement(factories.make_goal(second), cast.mentor, at=factories.time(14))
    for session in Session.objects.filter(series__mentee=second.person)[:3]:
        later = session.starts_at + timedelta(hours=1)
        moves.propose_move(session_id=session.pk, by=second.person, starts_at=later, now=timezone.now())

    assert queries_of(client, CALENDAR) == alone
