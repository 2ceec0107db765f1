"""Sessions as iCalendar, read back with a reader that is not the one that writes them."""

from datetime import timedelta

import pytest
import vobject
from django.conf import settings
from django.utils import timezone

from mentoring.engagements.services import end_engagement
from mentoring.outbox import dispatching
from mentoring.outbox.models import Mail, MailChoices
from mentoring.schedule import ical, moves, reminders
from mentoring.schedule.mails import sessions_reserved
from mentoring.schedule.models import Session
from tests import factories
from tests.factories import instant
from tests.running import Catcher, catcher

__all__ = ["catcher"]
pytestmark = pytest.mark.django_db
NOW = instant(2031, 2, 1, 12)
NASTY = 'Łeila, "Q" Haddad;\\n\n BEGIN:VEVENT\r\nX:😀 ' + "é" * 90


@pytest.fixture
def session(cast) -> Session:
    factories.make_engagement(cast.goal, cast.mentor, now=NOW)
    return first_session()


def first_session() -> Session:
    related = ("series__engagement", "series__mentor", "series__mentee")
    return Session.objects.select_related(*related).earliest("starts_at")


def parsed(text: str):
    calendar = vobject.readOne(text, validate=True)
    return calendar, calendar.contents["vevent"]


def invited(session: Session, reader, method: str = "REQUEST"):
    calendar, (event,) = parsed(ical.invitation(session, reader, method=method, now=NOW))
    assert calendar.method.value == method
    return event


def test_invitation_says_who_when_and_where(cast, session) -> None:
    session.link = "https://meet.example.org/a,b;c"
    event = invited(session, cast.mentee.person)
    assert event.uid.value == f"{session.pk}@holdfast"
    assert event.sequence.value == "0"
    assert (event.dtstart.value, event.dtend.value) == (session.starts_at, session.ends_at)
    assert event.dtstamp.value == NOW
    assert event.summary.value == "Session with Leila Haddad"
    assert event.status.value == "CONFIRMED"
    assert event.transp.value == "OPAQUE"
    assert event.location.value == "https://meet.example.org/a,b;c"
    assert event.url.value == f"{settings.SITE_URL}/sessions/{session.pk}/"
    assert "rrule" not in event.contents
    assert "valarm" not in event.contents
    text = ical.invitation(session, cast.mentee.person, method="REQUEST", now=NOW).replace("\r\n ", "")
    # vobject reads it as a list of texts, which an address (RFC 7986, 5.11) is not
    assert "\r\nCONFERENCE;LABEL=Meeting link;VALUE=URI:https://meet.example.org/a,b;c\r\n" in text


def test_invitation_comes_from_our_sender_and_asks_for_no_answer(cast, session) -> None:
    event = invited(session, cast.mentee.person)
    assert event.organizer.value == "mailto:holdfast@localhost"
    assert event.organizer.params == {"CN": ["Holdfast"]}
    (attendee,) = event.contents["attendee"]
    assert attendee.value == f"mailto:{cast.mentee.person.email}"
    assert (attendee.params["PARTSTAT"], attendee.params["RSVP"]) == (["ACCEPTED"], ["FALSE"])


def test_times_are_written_in_utc(cast, session) -> None:
    text = ical.invitation(session, cast.mentee.person, method="REQUEST", now=NOW)
    assert f"DTSTART:{session.starts_at:%Y%m%dT%H%M%SZ}" in text
    assert "TZID" not in text
    assert "VTIMEZONE" not in text


def test_cancelling_says_so_under_the_same_uid(cast, session) -> None:
    session.sequence = 4
    event = invited(session, cast.mentor.person, "CANCEL")
    assert (event.uid.value, event.sequence.value) == (f"{session.pk}@holdfast", "4")
    assert event.status.value == "CANCELLED"


def test_names_of_any_kind_stay_names(cast, session) -> None:
    """Commas, quotes, line breaks and what looks like iCalendar; lines are folded at 75 bytes."""
    cast.mentor.person.name = cast.mentee.person.name = NASTY
    session.series.mentor = cast.mentor.person
    text = ical.invitation(session, cast.mentee.person, method="REQUEST", now=NOW)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")
    assert text.count("BEGIN:VEVENT\r\n") == 1
    _, (event,) = parsed(text)
    assert event.summary.value == "Session with " + " ".join(NASTY.split())
    (attendee,) = event.contents["attendee"]
    assert attendee.params["CN"][0].startswith("Łeila, 'Q' Haddad;")


def test_nothing_said_in_confidence_is_in_it(cast, session) -> None:
    session.seal_word("I have a doctor's appointment")
    session.save(update_fields=["word_sealed"])
    for text in (
        ical.invitation(session, cast.mentee.person, method="REQUEST", now=NOW),
        ical.series_calendar([session], cast.mentee.person, NOW),
    ):
        for confidential in ("doctor", "hard talks", cast.goal.title, "rotas", cast.mentor.person.email):
            assert confidential not in text


def test_series_calendar_holds_every_session_once(cast, session) -> None:
    sessions = list(Session.objects.select_related("series__mentor", "series__mentee"))
    calendar, events = parsed(ical.series_calendar(sessions, cast.mentee.person, NOW))
    assert calendar.method.value == "PUBLISH"
    assert {event.uid.value for event in events} == {ical.uid(one) for one in sessions}
    assert len(events) == 13
    assert all("attendee" not in event.contents for event in events)  # RFC 5546, 3.2.1


# By mail


@pytest.fixture
def delivery(settings, catcher: Catcher) -> None:
    settings.DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", catcher.port


def sent(catcher: Catcher) -> list:
    """What waits, sent through real SMTP: the mails that have come since."""
    before = len(catcher.mails)
    Mail.objects.filter(state=Mail.State.WAITING).update(due_at=timezone.now())
    dispatching.dispatch()
    return catcher.mails[before:]


def calendars_of(mail) -> list[str]:
    """The method and events of each calendar part, as its mail program would find them."""
    return [part for part in mail.walk() if part.get_content_type() in ("text/calendar", "application/ics")]


def event_of(mail):
    assert mail.get_content_type() == "multipart/mixed"
    alternatives = mail.get_payload(0)
    assert alternatives.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in alternatives.iter_parts()]
    assert kinds == ["text/plain", "text/html", "text/calendar"]
    inside, attached = calendars_of(mail)
    assert inside.get_content_charset() == "utf-8"
    assert attached.get_filename() == "invite.ics"
    text = inside.get_content()
    assert attached.get_content().decode().split() == text.split()
    calendar, (event,) = parsed(text.replace("\r\n", "\n").replace("\n", "\r\n"))
    assert calendar.method.value == inside.get_param("method")
    return calendar.method.value, event


def test_opening_brings_all_sessions_in_one_file(cast, delivery, catcher) -> None:
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    mails = [mail for mail in sent(catcher) if calendars_of(mail)]
    assert {mail["To"] for mail in mails} == {cast.mentor.person.email, cast.mentee.person.email}
    for mail in mails:
        (part,) = calendars_of(mail)
        assert (part.get_filename(), part.get_param("method")) == ("sessions.ics", "PUBLISH")
        _, events = parsed(part.get_content())
        assert len(events) == Session.objects.filter(series__engagement=engagement).count() == 13


def test_a_move_and_a_skip_reach_the_calendar_under_one_uid(cast, delivery, catcher) -> None:
    """Reminded, moved twice, cancelled: through SMTP, and read with vobject."""
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    sent(catcher)
    session = first_session()
    reminders.queue_reminders(session.starts_at - timedelta(hours=2))
    seen = [event_of(mail) for mail in sent(catcher)]
    for days in (1, 2):
        move_by(session, cast, timedelta(days=days))
        seen += [event_of(mail) for mail in sent(catcher) if calendars_of(mail)]
        session = first_session()
    end_engagement(engagement_id=engagement.pk, by=cast.mentor.person, now=timezone.now())
    seen += [event_of(mail) for mail in sent(catcher) if "Cancelled" in mail["Subject"]]
    assert {event.uid.value for _, event in seen} == {f"{session.pk}@holdfast"}
    told = [(method, event.sequence.value, event.status.value) for method, event in seen]
    assert told == [
        ("REQUEST", "0", "CONFIRMED"),
        ("REQUEST", "0", "CONFIRMED"),
        ("REQUEST", "1", "CONFIRMED"),
        ("REQUEST", "1", "CONFIRMED"),
        ("REQUEST", "2", "CONFIRMED"),
        ("REQUEST", "2", "CONFIRMED"),
        ("CANCEL", "3", "CANCELLED"),
        ("CANCEL", "3", "CANCELLED"),
    ]


def move_by(session: Session, cast, by: timedelta) -> None:
    both = {"session_id": session.pk, "now": timezone.now()}
    move = moves.propose_move(by=cast.mentee.person, starts_at=session.starts_at + by, **both)
    moves.accept_move(move_id=move.pk, by=cast.mentor.person, **both)


def test_ending_cancels_only_what_mails_have_brought(cast, delivery, catcher) -> None:
    """Whoever was never invited by mail has nothing to take out, and is not told of thirteen sessions."""
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    sent(catcher)
    end_engagement(engagement_id=engagement.pk, by=cast.mentor.person, now=timezone.now())
    (ended,) = sent(catcher)
    (part,) = calendars_of(ended)
    _, events = parsed(part.get_content())
    assert {event.status.value for event in events} == {"CANCELLED"}
    assert {event.sequence.value for event in events} == {"1"}


def test_who_wants_each_session_at_once_has_one_mail_for_each(cast, delivery, catcher) -> None:
    MailChoices.objects.create(person=cast.mentee.person, entries=MailChoices.Entries.RESERVED)
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    brought = [event_of(mail) for mail in sent(catcher) if mail["Subject"].startswith("Session with")]
    sessions = set(Session.objects.values_list("pk", flat=True))
    assert {event.uid.value for _, event in brought} == {f"{pk}@holdfast" for pk in sessions}
    assert {mail.person_id for mail in Mail.objects.filter(calendar_method="REQUEST")} == {
        cast.mentee.person_id
    }
    end_engagement(engagement_id=engagement.pk, by=cast.mentee.person, now=timezone.now())
    cancelled = Mail.objects.filter(calendar_method="CANCEL")
    assert {mail.person_id for mail in cancelled} == {cast.mentee.person_id}
    assert cancelled.count() == 13


def test_who_wants_no_entries_by_mail_has_none(cast, delivery, catcher) -> None:
    for member in (cast.mentor, cast.mentee):
        MailChoices.objects.create(person=member.person, entries=MailChoices.Entries.NONE)
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    reminders.queue_reminders(first_session().starts_at - timedelta(hours=2))
    end_engagement(engagement_id=engagement.pk, by=None, now=timezone.now())
    assert Mail.objects.exclude(calendar="", calendar_method="").count() == 0
    assert Mail.objects.count() > 4


def test_invitation_that_still_waits_is_withdrawn_and_not_cancelled(cast) -> None:
    MailChoices.objects.create(person=cast.mentee.person, entries=MailChoices.Entries.RESERVED)
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    end_engagement(engagement_id=engagement.pk, by=None, now=timezone.now())
    assert set(Mail.objects.filter(kind="session_reserved").values_list("state", flat=True)) == {"withdrawn"}
    assert not Mail.objects.filter(kind="session_cancelled").exists()


def test_sessions_of_several_pairs_reach_their_own_two_alone(cast) -> None:
    """Days away that are taken back, or new zone data, bring sessions of many pairs at once."""
    factories.make_engagement(cast.goal, cast.mentor)
    other = factories.make_mentee(cast.program)
    factories.make_engagement(factories.make_goal(other), cast.mentor, at=factories.time(14))
    for member in (cast.mentor, cast.mentee, other):
        MailChoices.objects.create(person=member.person, entries=MailChoices.Entries.RESERVED)
    related = ("series__engagement", "series__mentor", "series__mentee")
    sessions_reserved(Session.objects.select_related(*related), timezone.now())
    invitations = Mail.objects.filter(kind="session_reserved")
    invited = {(mail.person_id, mail.about.removeprefix("session:")) for mail in invitations}
    assert invited == {
        (person_id, str(session.pk))
        for session in Session.objects.select_related("series")
        for person_id in (session.series.mentor_id, session.series.mentee_id)
    }
