"""Sessions as iCalendar (RFC 5545; by mail RFC 5546): one event each, never a recurrence rule.

What stands in it is seen by whoever sees the calendar: a name, a time, a link to the session's page and
the meeting link. Nothing that the two have written is ever in it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.urls import reverse
from icalendar import Alarm, Calendar, Event, vCalAddress, vDuration, vText, vUri

from accounts.models import User
from mentoring.schedule.models import Session

PRODUCT = "-//Holdfast//Sessions//EN"
REFRESH = timedelta(hours=1)  # how often a subscriber should look; most look less often


def uid(session: Session) -> str:
    """The same for ever, whatever address the site moves to: by it calendars find the entry again."""
    return f"{session.pk}@holdfast"


def invitation(session: Session, reader: User, *, method: str, now: datetime) -> str:
    """The iCalendar object that goes with a mail about one session; `method` is REQUEST or CANCEL."""
    event = _event(session, reader, now)
    if method == "CANCEL":
        event["STATUS"] = vText("CANCELLED")
    event.add("attendee", _attendee(reader), encode=False)
    return _written(_calendar(method), [event])


def series_calendar(sessions: Iterable[Session], reader: User, now: datetime) -> str:
    """All sessions as one file to be opened once (METHOD:PUBLISH); later mails change its entries."""
    return _written(_calendar("PUBLISH"), [_event(session, reader, now) for session in sessions])


def feed_calendar(sessions: Iterable[Session], reader: User, *, alarms: Sequence[int], now: datetime) -> str:
    """What a calendar program subscribes to; `alarms` are minutes before each session."""
    calendar = _calendar("PUBLISH")
    calendar.add("x-wr-calname", "Holdfast sessions")
    calendar.add("name", "Holdfast sessions")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH), encode=False)
    events = []
    for session in sessions:
        event = _event(session, reader, now)
        for minutes in alarms:
            event.add_component(_alarm(minutes, str(event["SUMMARY"])))
        events.append(event)
    return _written(calendar, events)


def _alarm(minutes: int, summary: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", -timedelta(minutes=minutes))
    return alarm


def _calendar(method: str = "") -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    if method:
        calendar.add("method", method)
    return calendar


def _event(session: Session, reader: User, now: datetime) -> Event:
    page = settings.SITE_URL + reverse("schedule:session-detail", args=[session.pk])
    event = Event()
    event.add("uid", uid(session))
    event.add("sequence", session.sequence)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", session.starts_at.astimezone(UTC))
    event.add("dtend", session.ends_at.astimezone(UTC))
    event.add("summary", f"Session with {_one_line(session.series.other(reader).name)}")
    event.add("description", f"Agenda, notes and other times: {page}")
    event.add("url", vUri(page), encode=False)
    event.add("organizer", _organizer(), encode=False)
    event.add("status", "CONFIRMED" if session.state == Session.State.PLANNED else "CANCELLED")
    event.add("transp", "OPAQUE")
    if link := session.meeting_link:
        event.add("location", link)
        conference = vUri(link)
        conference.params["VALUE"] = "URI"
        conference.params["LABEL"] = "Meeting link"
        event.add("conference", conference, encode=False)
    return event


def _organizer() -> vCalAddress:
    """The sender of our mails: calendars take a change only from the address that an entry came from."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    organizer = vCalAddress(f"mailto:{address}")
    organizer.params["CN"] = _plain(name) or "Holdfast"
    return organizer


def _attendee(reader: User) -> vCalAddress:
    """The reader, who has said yes already: no calendar need ask them, or answer us."""
    attendee = vCalAddress(f"mailto:{reader.email}")
    attendee.params["CN"] = _plain(reader.name)
    attendee.params["CUTYPE"] = "INDIVIDUAL"
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "ACCEPTED"
    attendee.params["RSVP"] = "FALSE"
    return attendee


def _one_line(name: str) -> str:
    return " ".join(name.split())


def _plain(name: str) -> str:
    """A name as a parameter's value, in which quotes and control characters cannot be written."""
    kept = "".join(char for char in name.replace('"', "'") if char.isprintable() or char == " ")
    return _one_line(kept)


def _written(calendar: Calendar, events: Iterable[Event]) -> str:
    for event in events:
        calendar.add_component(event)
    return calendar.to_ical().decode()
