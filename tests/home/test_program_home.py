from datetime import time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Profile
from accounts.week import EMPTY_WEEK
from mentoring.engagements.services import end_engagement
from mentoring.schedule import moves
from mentoring.schedule.marks import mark_session
from mentoring.schedule.models import Change, Session
from tests import factories
from tests.pages import queries_of

pytestmark = pytest.mark.django_db


def home_of(cast) -> str:
    return reverse("home:program-home", args=[cast.program.slug])


def propose_terms(session: Session, by) -> Change:
    series, now = session.series, timezone.now()
    return Change.objects.create(
        series=series,
        by=by,
        created_at=now,
        zone=series.zone,
        at=time(16),
        cadence="2w",
        minutes=45,
        starts_on=series.ends_on - timedelta(weeks=3),
        ends_on=series.ends_on,
    )


@pytest.fixture
def sessions(cast) -> list[Session]:
    """Twelve weeks of them, of which some are over."""
    long_ago = timezone.now() - timedelta(weeks=5)
    engagement = factories.make_engagement(cast.goal, cast.mentor, now=long_ago)
    return list(Session.objects.filter(series__engagement=engagement))


def test_program_home_is_there_for_a_person_without_profile(cast, client_of):
    Profile.objects.filter(person=cast.mentee.person).delete()

    response = client_of(cast.mentee.person).get(home_of(cast))

    assert "Say who you are" in response.text
    assert "Protect some time" in response.text


@pytest.mark.parametrize(("week", "is_asked"), [(EMPTY_WEEK, True), (factories.WORKING_WEEK, False)])
def test_home_asks_for_hours_of_whoever_has_none(cast, client_of, week, is_asked):
    Profile.objects.filter(person=cast.mentee.person).update(week=week)

    assert ("Protect some time" in client_of(cast.mentee.person).get(home_of(cast)).text) == is_asked


def test_home_asks_for_an_answer_to_a_move_and_to_other_terms(cast, client_of, sessions):
    ahead = next(session for session in sessions if session.starts_at > timezone.now())
    later = ahead.starts_at + timedelta(hours=3)
    moves.propose_move(session_id=ahead.pk, by=cast.mentee.person, starts_at=later, now=timezone.now())
    change = propose_terms(ahead, cast.mentee.person)

    asked = client_of(cast.mentor.person).get(home_of(cast)).text
    assert "proposes another time for a session" in asked
    assert f'href="{reverse("schedule:session-detail", args=[ahead.pk])}"' in asked
    assert "every two weeks, on Tuesdays" in asked
    assert f'href="{reverse("schedule:change-detail", args=[change.pk])}"' in asked

    for reader in (cast.mentee.person, cast.admin.person):
        page = client_of(reader).get(home_of(cast)).text
        assert "proposes another time for a session" not in page
        assert "proposes other terms" not in page


def test_home_asks_of_sessions_of_two_weeks_whether_they_were_held(cast, client_of, sessions):
    now = timezone.now()
    recent = [one for one in sessions if now - timedelta(days=14) < one.ends_at <= now]
    client, url = client_of(cast.mentor.person), home_of(cast)
    page = client.get(url).text
    asked = [one for one in sessions if f'action="{reverse("schedule:session-mark", args=[one.pk])}"' in page]
    assert asked == recent

    mark_session(session_id=recent[0].pk, by=cast.mentee.person, was_held=False, now=now)
    assert "Amara says that you did not meet." in client.get(url).text

    for one in recent:
        client.post(reverse("schedule:session-mark", args=[one.pk]), {"was_held": "yes"})
    assert "Did you meet?" not in client.get(url).text


def test_home_asks_nothing_of_an_engagement_that_has_ended(cast, client_of, sessions):
    ahead = next(session for session in sessions if session.starts_at > timezone.now())
    propose_terms(ahead, cast.mentee.person)
    end_engagement(engagement_id=ahead.series.engagement_id, by=None, now=timezone.now())

    page = client_of(cast.mentor.person).get(home_of(cast)).text

    assert "Did you meet?" not in page
    assert "proposes other terms" not in page
    assert "No session lies ahead" in page


def test_home_costs_the_same_however_much_waits(cast, client_of, sessions):
    cast.mentor.capacity = 5
    cast.mentor.save(update_fields=["capacity"])
    ahead = [session for session in sessions if session.starts_at > timezone.now()]
    propose_terms(ahead[0], cast.mentee.person)
    later = ahead[0].starts_at + timedelta(hours=3)
    moves.propose_move(session_id=ahead[0].pk, by=cast.mentee.person, starts_at=later, now=timezone.now())
    client = client_of(cast.mentor.person)
    client.get(home_of(cast))  # the first visit notes in which program one is
    alone = queries_of(client, home_of(cast))

    for hour in (11, 14):
        another = factories.make_mentee(cast.program)
        engagement = factories.make_engagement(
            factories.make_goal(another), cast.mentor, at=time(hour), now=timezone.now() - timedelta(weeks=5)
        )
        first = Session.objects.filter(series__engagement=engagement).ahead(timezone.now()).first()
        propose_terms(first, another.person)
        later = first.starts_at + timedelta(hours=1)
        moves.propose_move(session_id=first.pk, by=another.person, starts_at=later, now=timezone.now())

    assert client.get(home_of(cast)).text.count("proposes another time for a session") == 3
    assert queries_of(client, home_of(cast)) == alone
