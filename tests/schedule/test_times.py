"""Local times over clock changes: 09:00 stays 09:00, what is skipped moves later, of two the first counts."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring.schedule.times import Cadence, Shift, Terms, resolve, series_dates
from tests.factories import instant

ZONES = sorted(available_timezones() - {"Factory", "localtime"})
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        # London: the last Sundays of March and October; New York: second of March, first of November
        ("Europe/London", [date(2031, 3, 30), date(2031, 10, 26)]),
        ("America/New_York", [date(2031, 3, 9), date(2031, 11, 2)]),
    ],
)
def test_weekly_nine_o_clock_stays_nine_over_both_changes(zone: str, changes: list[date]) -> None:
    year = Terms(date(2031, 1, 6), date(2031, 12, 31), time(9), zone, Cadence.WEEKLY, 60).occurrences()
    local = [one.starts_at.astimezone(ZoneInfo(zone)) for one in year]
    assert [at.date() for at in local] == [date(2031, 1, 6) + timedelta(weeks=n) for n in range(52)]
    assert {at.time() for at in local} == {time(9)}
    assert {one.shift for one in year} == {Shift.NONE}
    # the instants do move, each time with the first session after the change
    offsets = [at.utcoffset() for at in local]
    moved = [local[n].date() for n in range(1, 52) if offsets[n] != offsets[n - 1]]
    assert [min(at.date() for at in local if at.date() > change) for change in changes] == moved


@pytest.mark.parametrize(
    ("zone", "on", "at", "starts_at", "shift"),
    [
        ("Europe/London", date(2031, 3, 30), time(1, 30), instant(2031, 3, 30, 1, 30), Shift.GAP),
        ("Europe/London", date(2031, 3, 30), time(1), instant(2031, 3, 30, 1), Shift.GAP),
        ("Europe/London", date(2031, 3, 30), time(2), instant(2031, 3, 30, 1), Shift.NONE),
        ("Europe/London", date(2031, 3, 30), time(0, 59), instant(2031, 3, 30, 0, 59), Shift.NONE),
        ("Europe/London", date(2031, 10, 26), time(1, 30), instant(2031, 10, 26, 0, 30), Shift.REPEAT),
        ("Europe/London", date(2031, 10, 26), time(2), instant(2031, 10, 26, 2), Shift.NONE),
        ("America/New_York", date(2031, 3, 9), time(2, 15), instant(2031, 3, 9, 7, 15), Shift.GAP),
        ("America/New_York", date(2031, 11, 2), time(1), instant(2031, 11, 2, 5), Shift.REPEAT),
        # half an hour at a time, and a whole day that was skipped
        ("Australia/Lord_Howe", date(2031, 10, 5), time(2, 10), instant(2031, 10, 4, 15, 40), Shift.GAP),
        ("Australia/Lord_Howe", date(2031, 4, 6), time(1, 45), instant(2031, 4, 5, 14, 45), Shift.REPEAT),
        ("Pacific/Apia", date(2011, 12, 30), time(9), instant(2011, 12, 30, 19), Shift.GAP),
        ("Asia/Kathmandu", date(2031, 7, 1), time(9), instant(2031, 7, 1, 3, 15), Shift.NONE),
    ],
)
def test_resolve_at_a_change(zone: str, on: date, at: time, starts_at: datetime, shift: str) -> None:
    resolved = resolve(on, at, zone)
    assert (resolved.starts_at, resolved.shift) == (starts_at, shift)


@settings(max_examples=400, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    on=st.dates(date(1990, 1, 1), date(2037, 12, 31)),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0)),
)
def test_resolve_is_the_first_instant_that_reads_so(zone: str, on: date, at: time) -> None:
    check_resolve(zone, on, at)


@settings(max_examples=400, deadline=None)
@given(data=st.data(), zone=st.sampled_from(ZONES))
def test_resolve_near_clock_changes(data: st.DataObject, zone: str) -> None:
    """Dates at random seldom meet a change; these are looked for."""
    year = data.draw(st.integers(1990, 2037))
    tz = ZoneInfo(zone)
    noons = [datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(366)]
    offsets = [noon.astimezone(tz).utcoffset() for noon in noons]
    changes = [n for n in range(1, 366) if offsets[n] != offsets[n - 1]]
    if not changes:
        return
    day = noons[data.draw(st.sampled_from(changes))].astimezone(tz).date()
    day -= timedelta(days=data.draw(st.integers(0, 1)))
    minutes = data.draw(st.integers(0, 24 * 60 - 1))
    check_resolve(zone, day, time(minutes // 60, minutes % 60))


def check_resolve(zone: str, on: date, at: time) -> None:
    """By trying every offset that the zone has around that date, without `fold`."""
    tz = ZoneInfo(zone)
    wall = datetime.combine(on, at)
    around = [wall.replace(tzinfo=UTC) + timedelta(hours=h) for h in range(-50, 51)]
    offsets = sorted({one.astimezone(tz).utcoffset() for one in around})
    reading = sorted(
        wall.replace(tzinfo=UTC) - offset
        for offset in offsets
        if (wall.replace(tzinfo=UTC) - offset).astimezone(tz).replace(tzinfo=None) == wall
    )
    resolved = resolve(on, at, zone)
    if reading:
        assert resolved.starts_at == reading[0]
        assert resolved.shift == (Shift.REPEAT if len(reading) > 1 else Shift.NONE)
        return
    # skipped: read with the offset from before the gap, and so later by the gap
    assert resolved.shift == Shift.GAP
    gap = resolved.starts_at.astimezone(tz).replace(tzinfo=None) - wall
    assert gap > timedelta(0)
    before = (resolved.starts_at - gap).astimezone(tz).utcoffset()
    assert wall.replace(tzinfo=UTC) - resolved.starts_at == before


@pytest.mark.parametrize(("every", "count"), [("1w", 13), ("2w", 7), ("4w", 4)])
def test_series_dates_run_to_the_end_date(every: str, count: int) -> None:
    first = date(2031, 5, 6)
    dates = series_dates(first, first + timedelta(weeks=12), Cadence(every))
    assert len(dates) == count
    assert dates[-1] == first + timedelta(weeks=12)
    assert len(series_dates(first, first + timedelta(weeks=12, days=-1), Cadence(every))) == count - 1
