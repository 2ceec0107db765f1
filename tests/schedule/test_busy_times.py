"""Reading busy times out of a calendar, in the process that does it, and what that process refuses."""

import resource
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from mentoring.schedule import busy
from mentoring.schedule.busy_times import busy_times
from mentoring.schedule.fetching import FetchError
from tests.factories import instant
from tests.schedule.hostile import ICS

NOW = instant(2031, 2, 1, 12)
TOO_MUCH = "The calendar takes more to read than Holdfast can give."
TOO_OFTEN = "An event in the calendar repeats more often than can be read."


@pytest.fixture(autouse=True)
def patience(monkeypatch) -> None:
    """The bounds are the processor's and memory's; how long that takes is up to what else runs here."""
    monkeypatch.setattr(busy, "PARSE_SECONDS", 300)


def ics(*events: str, head: str = "") -> bytes:
    written = "".join(
        f"BEGIN:VEVENT\r\nUID:{number}@elsewhere\r\nDTSTAMP:20310101T000000Z\r\n{event}\r\nEND:VEVENT\r\n"
        for number, event in enumerate(events)
    )
    text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n{head}{written}END:VCALENDAR\r\n"
    return text.encode()


def read(body: bytes, *, zone: str = "Europe/London", own: tuple[str, ...] = ()):
    """In this process, for what a calendar means."""
    return busy_times(
        body.decode("utf-8", "replace"),
        since=NOW - busy.PAST,
        until=NOW + busy.AHEAD,
        zone=ZoneInfo(zone),
        own=frozenset(own),
    )


def read_apart(body: bytes):
    """In a process of its own, as it is done."""
    return busy.parse(body, now=NOW, zone="Europe/London", own=["0@ours"])


def refused(body: bytes) -> str:
    with pytest.raises(FetchError) as caught:
        read_apart(body)
    return str(caught.value)


TENTH = (instant(2031, 2, 10, 9), instant(2031, 2, 10, 10))
AT_NINE = "DTSTART:20310210T090000Z\r\nDTEND:20310210T100000Z"


def test_event_is_busy_and_nothing_else_is_known_of_it() -> None:
    assert read(ICS) == read_apart(ICS) == [TENTH]
    assert read_apart(ICS.replace(b"a@elsewhere", b"0@ours")) == []


def test_event_with_a_length_is_busy() -> None:
    assert read(ics("DTSTART:20310210T090000Z\r\nDURATION:PT1H")) == [TENTH]


def test_event_in_a_zone_is_busy_there() -> None:
    event = "DTSTART;TZID=America/New_York:20310210T040000\r\nDTEND;TZID=America/New_York:20310210T050000"
    assert read(ics(event)) == [TENTH]


def test_event_without_a_zone_is_in_the_persons_own() -> None:
    event = "DTSTART:20310210T140000\r\nDTEND:20310210T150000"
    assert read(ics(event), zone="Indian/Maldives") == [TENTH]


def test_whole_day_is_busy_from_midnight_in_the_persons_zone() -> None:
    event = "DTSTART;VALUE=DATE:20310210\r\nDTEND;VALUE=DATE:20310212"
    assert read(ics(event), zone="Asia/Kolkata") == [
        (instant(2031, 2, 9, 18, 30), instant(2031, 2, 11, 18, 30))
    ]


def test_weekly_event_keeps_its_wall_time_over_a_clock_change() -> None:
    event = (
        "DTSTART;TZID=Europe/London:20310318T090000\r\nDTEND;TZID=Europe/London:20310318T100000\r\n"
        "RRULE:FREQ=WEEKLY;COUNT=3"
    )
    assert [start for start, _ in read(ics(event))] == [
        instant(2031, 3, 18, 9),
        instant(2031, 3, 25, 9),
        instant(2031, 4, 1, 8),
    ]


@pytest.mark.parametrize(
    "free",
    [
        "TRANSP:TRANSPARENT",
        "STATUS:CANCELLED",
        "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
        "X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE",
    ],
)
def test_event_that_takes_no_time_is_not_busy(free: str) -> None:
    assert read(ics(f"{AT_NINE}\r\n{free}")) == []


def test_only_events_are_busy() -> None:
    others = (
        "BEGIN:VTODO\r\nUID:t@x\r\nDTSTART:20310210T090000Z\r\nDUE:20310210T100000Z\r\nEND:VTODO\r\n"
        "BEGIN:VJOURNAL\r\nUID:j@x\r\nDTSTART:20310210T090000Z\r\nEND:VJOURNAL\r\n"
    )
    assert read(ics(head=others)) == []


def test_own_sessions_are_left_out() -> None:
    assert read(ics(AT_NINE), own=("0@elsewhere",)) == []


def test_one_date_of_a_series_may_be_moved_or_cancelled() -> None:
    series = "DTSTART:20310210T090000Z\r\nDTEND:20310210T100000Z\r\nRRULE:FREQ=DAILY;COUNT=3"
    moved = "RECURRENCE-ID:20310211T090000Z\r\nDTSTART:20310211T150000Z\r\nDTEND:20310211T160000Z"
    gone = "RECURRENCE-ID:20310212T090000Z\r\nSTATUS:CANCELLED\r\nDTSTART:20310212T090000Z"
    body = ics(series, moved, gone).replace(b"1@elsewhere", b"0@elsewhere").replace(b"2@else", b"0@else")
    assert read(body) == [TENTH, (instant(2031, 2, 11, 15), instant(2031, 2, 11, 16))]


def test_overlapping_and_adjoining_times_become_one() -> None:
    body = ics(
        AT_NINE,
        "DTSTART:20310210T093000Z\r\nDTEND:20310210T103000Z",
        "DTSTART:20310210T103000Z\r\nDTEND:20310210T110000Z",
    )
    assert read(body) == [(TENTH[0], instant(2031, 2, 10, 11))]


def test_what_is_past_or_far_off_is_cut_away() -> None:
    body = ics(
        "DTSTART:20200101T000000Z\r\nDTEND:20200101T010000Z",
        "DTSTART:20400101T000000Z\r\nDTEND:20400101T010000Z",
        "DTSTART:20200101T000000Z\r\nDTEND:20400101T010000Z",
    )
    assert read(body) == [(NOW - timedelta(days=1), NOW + timedelta(days=180))]


@pytest.mark.parametrize(
    "odd",
    [
        "DTSTART:99991231T235959Z\r\nDURATION:P9999999W",
        "DTSTART:00010101T000000\r\nDTEND:00010101T010000",
        "DTSTART:20310230T090000Z\r\nDTEND:20310230T100000Z",
        "DTSTART:20310210T100000Z\r\nDTEND:20310210T090000Z",
        "DTSTART;TZID=Nowhere/At-All:20310211T090000\r\nRRULE:FREQ=NEVER",
        f"{AT_NINE}\r\nRRULE:FREQ=DAILY;UNTIL=x",
        "SUMMARY:no start",
    ],
)
def test_odd_event_spoils_no_other(odd: str) -> None:
    assert TENTH in read(ics(odd, AT_NINE))


# What is made to cost


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY;COUNT=1000000000",
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=1",
        "FREQ=HOURLY;BYMINUTE=0,10,20,30,40,50",
        "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7;BYMINUTE=0,5,10,15,20,25,30",
        "FREQ=YEARLY;BYSECOND=" + ",".join(map(str, range(60))),
        "freq=secondly",
    ],
)
def test_billion_recurrences_are_refused_before_one_is_counted(rule: str) -> None:
    assert refused(ics(f"DTSTART:19700101T000000Z\r\nDURATION:PT1S\r\nRRULE:{rule}")) == TOO_OFTEN


def test_recurrences_in_a_zones_definition_are_refused() -> None:
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Mine\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\n"
        "TZOFFSETTO:+0100\r\nRRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    assert refused(ics("DTSTART;TZID=Mine:20310210T090000\r\nDURATION:PT1H", head=zone)) in (
        TOO_OFTEN,
        TOO_MUCH,
    )


def test_many_slow_rules_end_the_process_and_nothing_else(monkeypatch) -> None:
    """Each rule is allowed; together they would take minutes."""
    monkeypatch.setattr(busy, "CPU_SECONDS", 2)
    rule = "DTSTART:00010101T000000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=HOURLY"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert refused(ics(*[rule] * 200)) == TOO_MUCH
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 4


def test_memory_ends_the_process_and_nothing_else(monkeypatch) -> None:
    monkeypatch.setattr(busy, "MEMORY_BYTES", 60_000_000)
    assert read_apart(ICS) == [TENTH]
    assert refused(ics(*[AT_NINE] * 12_000)) == TOO_MUCH


def test_too_many_times_are_cut_off() -> None:
    often = "DTSTART:20310131T120000Z\r\nDURATION:PT5M\r\nRRULE:FREQ=DAILY;BYHOUR=" + ",".join(
        map(str, range(24))
    )
    found = read_apart(ics(f"{often};BYMINUTE=0,20", f"{often};BYMINUTE=10,30".replace("120000", "121000")))
    assert len(found) == 5_000
    assert found == sorted(found)


def test_five_megabytes_of_events_are_read() -> None:
    event = f"{AT_NINE}\r\nSUMMARY:Round table\r\nDESCRIPTION:{'words ' * 180}"
    body = ics(*[event] * 3_800)
    assert 4_000_000 < len(body) <= 5_000_000
    assert read_apart(body) == [TENTH]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "What stands at the address is not a calendar"),
        (b"<html>BEGIN:VCALENDAR", "What stands at the address is not a calendar"),
        (b"\0" * 1_000_000, "What stands at the address is not a calendar"),
        (ICS[:-20], "The calendar breaks off before its end"),
        (b"BEGIN:VCALENDAR\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", "What stands at the address is not a cal"),
    ],
)
def test_what_is_no_calendar_is_said_in_words(body: bytes, words: str) -> None:
    assert refused(body).startswith(words)


def test_calendar_with_a_byte_order_mark_and_bad_bytes_is_read() -> None:
    assert read_apart(b"\xef\xbb\xbf" + ICS.replace(b"secret", b"\xff\xfe\x00")) == [TENTH]


def test_process_is_given_nothing_of_ours(monkeypatch, tmp_path) -> None:
    """Neither our variables nor the folder it is started in say what it imports."""
    (tmp_path / "icalendar.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert read_apart(ICS) == [TENTH]


def test_process_does_not_have_our_environment(monkeypatch, tmp_path) -> None:
    """In which the key ring and the database's password stand."""
    spy = tmp_path / "spy.py"
    spy.write_text("import json, os\nprint(json.dumps({'error': ' '.join(os.environ)}))\n")
    monkeypatch.setattr(busy, "CHILD", spy)
    monkeypatch.setenv("CONFIDENTIAL_KEYS", "mine")
    assert not {"CONFIDENTIAL_KEYS", "DATABASE_URL"} & set(refused(ICS).split())
