"""When somebody is busy, out of a calendar that anybody may have written. Run as a process of its own.

It reads one line of JSON and then the calendar on stdin, and writes JSON on stdout. What it may use of the
processor and of memory is bounded, so that a calendar made to cost as much as it can ends this process
and nothing else. It knows neither Django nor the database, and of the calendar only the lines that say when.
"""

import json
import re
import resource
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component

MOST_RANGES = 5_000
# How often an event may take place on one day.
MOST_TIMES_A_DAY = 48
TIMES_A_DAY = {"SECONDLY": 86_400, "MINUTELY": 1_440, "HOURLY": 24}
FREE = frozenset({"FREE", "WORKINGELSEWHERE"})
FOLD = re.compile(r"\r?\n[ \t]")
LINES = re.compile(
    r"^(?:BEGIN|END|UID|SEQUENCE|DTSTAMP|DTSTART|DTEND|DURATION|RRULE|RDATE|EXDATE|RECURRENCE-ID|STATUS|TRANSP"
    r"|X-MICROSOFT-CDO-BUSYSTATUS|TZID|TZOFFSETFROM|TZOFFSETTO|X-WR-TIMEZONE|VERSION|PRODID)[;:][^\r\n]*",
    re.IGNORECASE | re.MULTILINE,
)
# What reading a single event that means nothing may end in.
NONSENSE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

Range = tuple[datetime, datetime]


class ReadError(Exception):
    """The calendar was not read; the text is fit to show."""


def busy_times(
    text: str, *, since: datetime, until: datetime, zone: ZoneInfo, own: frozenset[str]
) -> list[Range]:
    """When the calendar says busy between two instants, merged, soonest first, at most MOST_RANGES.

    `zone` is meant where the calendar names none; events with a UID among `own` are left out.
    """
    busy = [
        during
        for series in _series(text)
        for event in _events(series, since, until)
        if _is_busy(event) and str(event.get("UID", "")) not in own
        for during in _during(event, zone)
    ]
    clipped = [(max(start, since), min(end, until)) for start, end in busy]
    return _merged(during for during in clipped if during[0] < during[1])[:MOST_RANGES]


def _series(text: str) -> list[Calendar]:
    """The events of one UID each, so that one that means nothing spoils no other."""
    text = text.lstrip("\ufeff \t\r\n")
    if not text[:15].upper().startswith("BEGIN:VCALENDAR"):
        raise ReadError("What stands at the address is not a calendar (iCalendar, .ics).")
    if "END:VCALENDAR" not in text[-500:].upper():
        raise ReadError("The calendar breaks off before its end.")
    lines = "\r\n".join(LINES.findall(FOLD.sub("", text)))
    try:
        calendars = Calendar.from_ical(lines, multiple=True)
    except ValueError as error:
        raise ReadError("What stands at the address is not a calendar that can be read.") from error
    series: dict[str, Calendar] = defaultdict(Calendar)
    for calendar in calendars:
        for component in calendar.walk():
            _check_rules(component)
            if component.name == "VEVENT":
                series[str(component.get("UID", ""))].add_component(component)
    return list(series.values())


def _check_rules(component: Component) -> None:
    """Refuse what repeats without measure before anything counts the repetitions."""
    rules = component.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if not isinstance(rule, dict):
            continue
        times = TIMES_A_DAY.get(str(*rule.get("FREQ", [""])[:1]).upper(), 1)
        for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
            if part == "BYHOUR" and times > 1:
                continue  # it narrows what is hourly
            times *= max(len(rule.get(part, [])), 1)
        if times > MOST_TIMES_A_DAY:
            raise ReadError("An event in the calendar repeats more often than can be read.")


def _events(series: Calendar, since: datetime, until: datetime) -> list[Component]:
    try:
        found: list[Component] = recurring_ical_events.of(series).between(since, until)
    except NONSENSE:
        return []
    return found


def _is_busy(event: Component) -> bool:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return False
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return False
    return str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() not in FREE


def _during(event: Component, zone: ZoneInfo) -> Iterator[Range]:
    """The event's time, or nothing when it lies outside of all calendars."""
    try:
        yield _instant(event["DTSTART"], zone), _instant(event["DTEND"], zone)
    except NONSENSE:
        return


def _instant(value: object, zone: ZoneInfo) -> datetime:
    at = getattr(value, "dt", None)
    if not isinstance(at, date):
        raise TypeError("neither a date nor a date and a time")
    if not isinstance(at, datetime):
        at = datetime.combine(at, time.min)
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone)
    return at.astimezone(UTC)


def _merged(ranges: Iterable[Range]) -> list[Range]:
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _limit(cpu_seconds: int, memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(asked: dict[str, Any], body: bytes) -> dict[str, Any]:
    try:
        busy = busy_times(
            body.decode("utf-8", "replace"),
            since=datetime.fromtimestamp(asked["since"], UTC),
            until=datetime.fromtimestamp(asked["until"], UTC),
            zone=ZoneInfo(asked["zone"]),
            own=frozenset(asked["own"]),
        )
    except ReadError as error:
        return {"error": str(error)}
    return {"busy": [[int(start.timestamp()), int(end.timestamp())] for start, end in busy]}


def main() -> None:
    asked = json.loads(sys.stdin.buffer.readline())
    _limit(asked["cpu_seconds"], asked["memory_bytes"])
    json.dump(_answer(asked, sys.stdin.buffer.read()), sys.stdout)


if __name__ == "__main__":
    main()
