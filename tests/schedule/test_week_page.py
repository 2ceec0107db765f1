from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.urls import reverse
from django.utils import timezone

from accounts.models import Profile, User
from accounts.week import EMPTY_WEEK
from mentoring.schedule import moves
from mentoring.schedule.models import Busy, Session, TimeAway
from tests import factories
from tests.pages import queries_of

pytestmark = pytest.mark.django_db
WEEK = reverse("schedule:week")


def of(instant: datetime) -> str:
    return f"{WEEK}?of={timezone.localtime(instant):%G-W%V}"


def first_session(person: User) -> Session:
    return Session.objects.visible_to(person).ahead(timezone.now()).first()


@pytest.fixture
def engaged(cast):
    factories.make_engagement(cast.goal, cast.mentor)
    return cast


def test_week_lists_a_session_with_whom_where_and_when(engaged, client_of):
    session = first_session(engaged.mentor.person)

    page = client_of(engaged.mentor.person).get(of(session.starts_at)).text

    assert "09:00</time>–10:00 with Amara Eze</a>" in page
    assert "<title>09:00–10:00 with Amara Eze</title>" in page  # in the picture
    assert reverse("schedule:session-detail", args=[session.pk]) in page
    assert "Times in Europe/London" in page
    assert "1 h <small>of 60 h</small>" in page
    assert "Crossways, 1 session" in page
    assert "Where this week is too much" not in page


def test_week_is_of_the_reader_s_own_zone(engaged, client_of):
    User.objects.filter(pk=engaged.mentee.person_id).update(zone="Asia/Manila")
    session = first_session(engaged.mentee.person)

    page = client_of(engaged.mentee.person).get(of(session.starts_at)).text

    local = session.starts_at.astimezone(ZoneInfo("Asia/Manila"))
    assert f"{local:%H:%M}–{local + timedelta(hours=1):%H:%M} with Leila Haddad" in page
    assert f"{session.starts_at.astimezone(ZoneInfo('Europe/London')):%H:%M} for Leila" in page
    assert "Times in Asia/Manila" in page


def test_week_of_another_person_s_sessions_is_empty(engaged, client_of):
    session = first_session(engaged.mentor.person)

    for reader in (engaged.admin.person, engaged.stranger):
        page = client_of(reader).get(of(session.starts_at)).text
        assert "Amara Eze" not in page
        assert "Leila Haddad" not in page


def test_week_leaves_out_what_is_cancelled_and_says_what_is_skipped(engaged, client_of):
    session = first_session(engaged.mentor.person)
    client = client_of(engaged.mentor.person)

    moves.skip_session(session_id=session.pk, by=engaged.mentee.person, word="", now=timezone.now())
    page = client.get(of(session.starts_at)).text
    assert "badge--skipped" in page
    assert "0 h <small>of 60 h</small>" in page

    Session.objects.filter(pk=session.pk).update(state=Session.State.CANCELLED)
    assert "Amara Eze" not in client.get(of(session.starts_at)).text


def test_week_shows_a_proposed_time_to_both(engaged, client_of):
    session = first_session(engaged.mentor.person)
    proposed = session.starts_at + timedelta(days=1, hours=2)
    moves.propose_move(
        session_id=session.pk, by=engaged.mentee.person, starts_at=proposed, now=timezone.now()
    )

    mentor_s = client_of(engaged.mentor.person).get(of(proposed)).text
    mentee_s = client_of(engaged.mentee.person).get(of(proposed)).text

    assert "Amara proposes it instead of" in mentor_s
    assert "waits for your answer" in mentor_s
    assert "You propose it instead of" in mentee_s
    assert "waits for an answer" in mentee_s


def test_week_says_what_is_too_much_and_what_to_do(engaged, client_of):
    session = first_session(engaged.mentor.person)
    person = engaged.mentor.person
    during = DateTimeTZRange(session.starts_at + timedelta(minutes=30), session.ends_at + timedelta(hours=1))
    Busy.objects.create(person=person, during=during)
    move = reverse("schedule:session-move", args=[session.pk])
    client = client_of(person)

    page = client.get(of(session.starts_at)).text
    assert "Tuesday, 09:00 with Amara Eze" in page
    assert "you are busy there from 09:30 to 11:00" in page
    assert "Busy elsewhere" in page
    assert f'href="{move}"' in page

    Profile.objects.filter(person=person).update(week=EMPTY_WEEK)
    assert (
        "Sessions take 1 hour of this week, and you protect no time in it."
        in client.get(of(session.starts_at)).text
    )


def test_nobody_sees_when_the_other_is_busy_or_away(engaged, client_of):
    session = first_session(engaged.mentor.person)
    Busy.objects.create(
        person=engaged.mentor.person, during=DateTimeTZRange(session.starts_at, session.ends_at)
    )
    on = session.starts_at.date()
    TimeAway.objects.create(person=engaged.mentor.person, starts_on=on, ends_on=on, created_at=timezone.now())

    assert "You are away." in client_of(engaged.mentor.person).get(of(session.starts_at)).text
    page = client_of(engaged.mentee.person).get(of(session.starts_at)).text
    assert "You are away." not in page
    assert "Busy elsewhere" not in page


@pytest.mark.parametrize(
    ("name", "words"),
    [("2027-W12", "The clocks go forward on Sunday 28 March: the day has 23 hours."),
     ("2026-W43", "The clocks go back on Sunday 25 October: the day has 25 hours.")],
)  # fmt: skip
def test_week_says_when_the_clocks_change(engaged, client_of, name, words):
    assert words in client_of(engaged.mentor.person).get(WEEK, {"of": name}).text


def test_week_links_the_weeks_beside_it(engaged, client_of):
    page = client_of(engaged.mentor.person).get(WEEK, {"of": "2026-W53"}).text

    assert "28 December to 3 January 2027" in page
    assert f'href="{WEEK}?of=2026-W52"' in page
    assert f'href="{WEEK}?of=2027-W01"' in page


def test_week_without_a_name_is_this_one(engaged, client_of):
    today = timezone.localdate()
    monday = today - timedelta(days=today.weekday())
    client = client_of(engaged.mentor.person)

    for page in (client.get(WEEK), client.get(WEEK, {"of": ""})):
        assert f"Week of {monday.day} {monday:%B %Y}" in page.text
        assert "· today" in page.text


@pytest.mark.parametrize(
    "name",
    ["0001-W01", "9999-W52", "1900-W01", "2026-W54", "2026-W00", "2026-11-22", "W48", "\x00", "9" * 400],
)  # fmt: skip
def test_week_that_is_far_off_or_none_is_not_found(engaged, client_of, name):
    assert client_of(engaged.mentor.person).get(WEEK, {"of": name}).status_code == 404


def test_week_at_the_end_of_what_can_be_seen_links_no_further(engaged, client_of):
    this = date.today() - timedelta(days=date.today().weekday())
    page = client_of(engaged.mentor.person).get(WEEK, {"of": f"{this + timedelta(weeks=520):%G-W%V}"})

    assert page.status_code == 200
    assert 'rel="next"' not in page.text
    assert 'rel="prev"' in page.text


def test_week_costs_the_same_however_much_is_in_it(engaged, client_of):
    mentor = engaged.mentor
    mentor.capacity = 5
    mentor.save(update_fields=["capacity"])
    first = first_session(mentor.person)
    client = client_of(mentor.person)
    alone = queries_of(client, of(first.starts_at))

    for hour in (11, 13, 15):
        other = factories.make_mentee(factories.make_program())
        factories.make_member(other.program, mentor.person, is_mentor=True, is_mentee=False)
        mentor_there = other.program.memberships.get(person=mentor.person)
        factories.make_engagement(factories.make_goal(other), mentor_there, at=time(hour))
    for session in Session.objects.visible_to(mentor.person).ahead(timezone.now())[:4]:
        later = session.starts_at + timedelta(minutes=60)
        moves.propose_move(session_id=session.pk, by=mentor.person, starts_at=later, now=timezone.now())

    page = client.get(of(first.starts_at)).text
    assert "4 sessions on Tuesday" in page
    assert queries_of(client, of(first.starts_at)) == alone
