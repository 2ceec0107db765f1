"""Sessions as iCalendar, read back with a reader that is not the one that writes them."""

from datetime import timedelta

import pytest
import vobject
from django.conf import settings

from mentoring.schedule import ical
from mentoring.schedule.models import Session
from tests import factories
from tests.factories import instant

pytestmark = pytest.mark.django_db
NOW = instant(2031, 2, 1, 12)


@pytest.fixture
def session(cast):
    factories.make_engagement(cast.goal, cast.mentor, now=NOW)
    return Session.objects.select_related("series__mentor", "series__mentee").earliest("starts_at")


def parsed(text: str):
    calendar = vobject.readOne(text, validate=True)
    return calendar, calendar.contents["vevent"]


def test_invitation_says_who_when_and_where(cast, session) -> None:
    session.link = "https://meet.example.org/a,b;c"
    calendar, (event,) = parsed(ical.invitation(session, cast.mentee.person, method="REQUEST", now=NOW))
    assert calendar.method.value == "REQUEST"
    assert event.uid.value == f"{session.pk}@holdfast"
    assert event.sequence.value == "0"
    assert (event.dtstart.value, event.dtend.value) == (session.starts_at, session.ends_at)
    assert event.dtstart.value.tzinfo.utcoffset(None) == timedelta(0)
    assert event.dtstamp.value == NOW
    assert event.summary.value == "Session with Leila Haddad"
    assert event.status.value == "CONFIRMED"
    assert event.transp.value == "OPAQUE"
    assert event.location.value == "https://meet.example.org/a,b;c"
    assert event.url.value == f"{settings.SITE_URL}/sessions/{session.pk}/"
    assert "rrule" not in event.contents
    assert "valarm" not in event.contents
