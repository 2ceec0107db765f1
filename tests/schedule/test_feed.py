"""The private feed: who makes it, who reads it, what stands in it, and how it ends."""

import logging
import re
from datetime import timedelta

import pytest
import vobject
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mentoring.engagements.services import end_engagement
from mentoring.outbox.models import MailChoices
from mentoring.schedule import feeds, ical
from mentoring.schedule.models import Feed, Session
from tests import factories

pytestmark = pytest.mark.django_db
PAGE = "/calendar/feed/"


@pytest.fixture
def engagement(cast):
    return factories.make_engagement(cast.goal, cast.mentor)


@pytest.fixture
def address(cast, engagement) -> str:
    return make_feed(cast.mentee.person)


def make_feed(person) -> str:
    feeds.make_feed(person, timezone.now())
    return feeds.address_of(person).https.removeprefix(settings.SITE_URL)


def events_at(address: str) -> list:
    calendar = vobject.readOne(Client().get(address).content.decode(), validate=True)
    return calendar.contents.get("vevent", [])


# The page


def test_feed_page_makes_shows_replaces_and_stops(cast, client_of) -> None:
    client = client_of(cast.mentee.person)
    assert "/feeds/" not in client.get(PAGE).content.decode()
    assert client.post(f"{PAGE}make/").url == PAGE
    first = shown(client)
    assert re.fullmatch(re.escape(settings.SITE_URL) + r"/feeds/[A-Za-z0-9_-]{43}\.ics", first)
    client.post(f"{PAGE}make/")
    second = shown(client)
    assert first != second
    assert [Client().get(path(one)).status_code for one in (first, second)] == [404, 200]
    client.post(f"{PAGE}stop/")
    assert "/feeds/" not in client.get(PAGE).content.decode()
    assert Client().get(path(second)).status_code == 404
    assert not Feed.objects.exists()


def shown(client) -> str:
    page = client.get(PAGE)
    assert "no-store" in page["Cache-Control"]
    (https,) = re.findall(r'value="(http[^"]+/feeds/[^"]+)"', page.content.decode())
    (webcal,) = re.findall(r'href="(webcal:[^"]+)"', page.content.decode())
    assert webcal.partition(":")[2] == https.partition(":")[2]
    return https


def path(address: str) -> str:
    return address.removeprefix(settings.SITE_URL)


def test_feed_page_shows_ones_own_alone(cast, client_of, address) -> None:
    assert address not in client_of(cast.mentor.person).get(PAGE).content.decode()


def test_token_is_kept_as_digest_and_sealed(cast, address) -> None:
    token = address.rpartition("/")[2].removesuffix(".ics")
    feed = Feed.objects.get()
    assert len(bytes(feed.token_digest)) == 32
    for kept in (feed.token_digest, feed.token_sealed):
        assert token.encode() not in bytes(kept)


# What stands at the address


def test_feed_needs_no_sign_in_and_sets_no_cookie(address) -> None:
    answer = Client().get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert "private" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert not answer.cookies


def test_feed_holds_every_session_with_alarms(cast, address) -> None:
    events = events_at(address)
    assert {event.uid.value for event in events} == {ical.uid(one) for one in Session.objects.all()}
    for event in events:
        assert event.summary.value == "Session with Leila Haddad"
        triggers = sorted(alarm.trigger.value for alarm in event.contents["valarm"])
        assert triggers == [timedelta(days=-1), timedelta(hours=-1)]


@pytest.mark.parametrize(
    ("early", "late", "alarms"),
    [(None, None, []), (180, None, [180]), (None, 0, [0]), (2880, 15, [2880, 15])],
)
def test_alarms_are_as_the_person_has_chosen(cast, address, early, late, alarms: list[int]) -> None:
    MailChoices.objects.create(person=cast.mentee.person, early_minutes=early, late_minutes=late)
    event = events_at(address)[0]
    found = [alarm.trigger.value for alarm in event.contents.get("valarm", [])]
    assert found == [-timedelta(minutes=minutes) for minutes in alarms]


def test_feed_goes_ninety_days_back(cast, address) -> None:
    now = timezone.now()
    old, recent, *rest = Session.objects.order_by("starts_at")
    for session, days in ((old, 91), (recent, 89)):
        ends_at = now - timedelta(days=days)
        Session.objects.filter(pk=session.pk).update(starts_at=ends_at - timedelta(hours=1), ends_at=ends_at)
    assert {event.uid.value for event in events_at(address)} == {ical.uid(one) for one in (recent, *rest)}


def test_feed_leaves_out_what_is_skipped_or_cancelled(cast, address) -> None:
    skipped, cancelled, *rest = Session.objects.order_by("starts_at")
    Session.objects.filter(pk=skipped.pk).update(state="skipped")
    Session.objects.filter(pk=cancelled.pk).update(state="cancelled")
    assert {event.uid.value for event in events_at(address)} == {ical.uid(one) for one in rest}


def test_feed_shows_a_move_with_its_sequence(cast, address) -> None:
    session = Session.objects.earliest("starts_at")
    at = session.starts_at - timedelta(hours=3)
    Session.objects.filter(pk=session.pk).update(starts_at=at, sequence=2)
    event = events_at(address)[0]
    assert (event.uid.value, event.dtstart.value) == (ical.uid(session), at)
    assert event.sequence.value == "2"


def test_ended_engagement_is_gone_at_the_next_look(cast, engagement, address) -> None:
    Session.objects.filter(number=1).update(
        starts_at=timezone.now() - timedelta(hours=2), ends_at=timezone.now() - timedelta(hours=1)
    )
    assert len(events_at(address)) == 13
    end_engagement(engagement_id=engagement.pk, by=cast.mentor.person, now=timezone.now())
    assert events_at(address) == []


def test_feed_holds_ones_own_sessions_alone(cast, address) -> None:
    other = factories.make_goal(factories.make_mentee(cast.program))
    factories.make_engagement(other, cast.mentor, at=factories.time(14))
    assert len(events_at(address)) == 13
    assert len(events_at(make_feed(cast.mentor.person))) == 26


def test_nothing_said_in_confidence_is_in_it(cast, address) -> None:
    session = Session.objects.select_related("series").earliest("starts_at")
    session.seal_word("I have a doctor's appointment")
    session.save(update_fields=["word_sealed"])
    text = Client().get(address).content.decode()
    for confidential in ("doctor", "hard talks", cast.goal.title, "rotas", cast.mentor.person.email):
        assert confidential not in text


def test_feed_takes_as_many_queries_at_one_session_as_at_thirteen(
    cast, address, django_assert_num_queries
) -> None:
    with django_assert_num_queries(3):
        Client().get(address)
    Session.objects.exclude(number=1).update(state="skipped")
    with django_assert_num_queries(3):
        Client().get(address)


def test_feed_that_has_not_changed_is_not_sent_again(cast, address) -> None:
    first = Client().get(address)
    again = Client().get(address, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    Session.objects.filter(number=1).update(sequence=1)
    changed = Client().get(address, HTTP_IF_NONE_MATCH=first["ETag"])
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


# Who has no token


@pytest.mark.parametrize(
    "token", ["x", "A" * 43, "A" * 5000, "é", "%00", "%FF", "..", "a%2Fb", "A" * 42 + "%0A", " " * 43]
)
def test_wrong_token_is_not_found(address, token: str) -> None:
    assert Client().get(f"/feeds/{token}.ics").status_code == 404


def test_wrong_token_is_looked_up_like_a_right_one(address, django_assert_num_queries) -> None:
    for token in ("x", "A" * 43):
        with django_assert_num_queries(1):
            assert feeds.feed_at(token) is None


def test_feed_of_an_inactive_person_is_not_found(cast, address) -> None:
    cast.mentee.person.is_active = False
    cast.mentee.person.save(update_fields=["is_active"])
    assert Client().get(address).status_code == 404


def test_feed_is_read_and_nothing_else(address) -> None:
    assert Client().head(address).status_code == 200
    for method in ("post", "put", "delete", "patch"):
        assert getattr(Client(), method)(address).status_code == 405


def test_token_does_not_reach_the_log(cast, address, caplog) -> None:
    """Not when it is refused either: somebody may have it still, and be active again tomorrow."""
    cast.mentee.person.is_active = False
    cast.mentee.person.save(update_fields=["is_active"])
    token = address.rpartition("/")[2].removesuffix(".ics")
    with caplog.at_level(logging.DEBUG):
        Client().get(address)
        Client().post(address)
    assert "/feeds/" in caplog.text
    assert token not in caplog.text


def test_links_of_the_page_are_there(cast, client_of) -> None:
    page = client_of(cast.mentee.person).get(PAGE).content.decode()
    assert reverse("schedule:busy") in page
