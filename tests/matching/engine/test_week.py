from datetime import date
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import HALF_HOURS, say_times, session_starts, week_to_utc
from tests.matching.engine.cast import MONDAY, week

WINTER, SUMMER = date(2026, 1, 14), date(2026, 7, 15)


def utc_hours(mask):
    """[(day, start, end)] of the free runs, days as 0..6 and hours as numbers, a run cut at midnight."""
    runs = []
    for day in range(7):
        edges = np.flatnonzero(np.diff(np.r_[False, mask[day * 48 : day * 48 + 48], False].astype(int)))
        runs += [(day, start / 2, end / 2) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return runs


def test_week_to_utc_is_the_same_week_in_utc():
    mask = np.random.default_rng(1).random(HALF_HOURS) < 0.5
    assert np.array_equal(week_to_utc(mask, "UTC", WINTER), mask)


@pytest.mark.parametrize(
    ("zone", "on", "expected"),
    [
        ("Europe/London", WINTER, [(1, 9, 11)]),
        ("Europe/London", SUMMER, [(1, 8, 10)]),
        ("America/New_York", WINTER, [(1, 14, 16)]),
        ("America/New_York", SUMMER, [(1, 13, 15)]),
        ("Asia/Kolkata", WINTER, [(1, 3.5, 5.5)]),
        ("Pacific/Auckland", WINTER, [(0, 20, 22)]),
    ],
)
def test_week_to_utc_moves_by_the_offset_of_that_week(zone, on, expected):
    local = week(("Tue", 9, 11))[0]
    assert utc_hours(week_to_utc(local, zone, on)) == expected


@pytest.mark.parametrize(
    ("zone", "on", "expected"),
    [
        # 9:00 to 11:00 is 3:15 to 5:15 UTC, in which 3:30 to 5:00 are whole half hours
        ("Asia/Kathmandu", WINTER, [(1, 3.5, 5)]),
        # +13:45 in January, +12:45 in July
        ("Pacific/Chatham", WINTER, [(0, 19.5, 21)]),
        ("Pacific/Chatham", SUMMER, [(0, 20.5, 22)]),
        ("Australia/Eucla", WINTER, [(1, 0.5, 2)]),
    ],
)
def test_week_to_utc_gives_up_the_ragged_ends_of_quarter_hour_zones(zone, on, expected):
    local = week(("Tue", 9, 11))[0]
    assert utc_hours(week_to_utc(local, zone, on)) == expected


def test_week_to_utc_follows_a_clock_change_inside_the_week():
    local = week(("Sat", 9, 10), ("Sun", 9, 10))[0]
    # London's clocks go forward on Sunday 29 March 2026 and back on Sunday 25 October 2026
    assert utc_hours(week_to_utc(local, "Europe/London", date(2026, 3, 25))) == [(5, 9, 10), (6, 8, 9)]
    assert utc_hours(week_to_utc(local, "Europe/London", date(2026, 10, 25))) == [(5, 8, 9), (6, 9, 10)]


def test_week_to_utc_follows_a_half_hour_clock_change():
    local = week(("Sun", 9, 10))[0]
    # Lord Howe Island goes from +11 to +10:30 on Sunday 5 April 2026
    assert utc_hours(week_to_utc(local, "Australia/Lord_Howe", date(2026, 4, 4))) == [(5, 22.5, 23.5)]
    assert utc_hours(week_to_utc(local, "Australia/Lord_Howe", date(2026, 3, 28))) == [(5, 22, 23)]


def test_week_to_utc_wraps_around_the_ends_of_the_week():
    late_sunday = week(("Sun", 22, 24))[0]
    assert utc_hours(week_to_utc(late_sunday, "America/New_York", WINTER)) == [(0, 3, 5)]


def test_week_to_utc_refuses_another_length():
    with pytest.raises(ValueError, match="336"):
        week_to_utc(np.ones(168, bool), "UTC", WINTER)


ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc"))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    st.integers(0, 2**32 - 1),
)
def test_week_to_utc_never_promises_a_minute_that_is_not_free(zone, on, seed):
    from datetime import UTC, datetime, time, timedelta

    mask = np.random.default_rng(seed).random(HALF_HOURS) < 0.7
    utc = week_to_utc(mask, zone, on)
    start = datetime.combine(on - timedelta(days=on.weekday()), time(), UTC)
    for index in range(seed % 7, HALF_HOURS, 7):
        minutes = (start + timedelta(minutes=30 * index + minute) for minute in range(30))
        walls = (minute.astimezone(ZoneInfo(zone)) for minute in minutes)
        whole = all(mask[wall.weekday() * 48 + wall.hour * 2 + wall.minute // 30] for wall in walls)
        assert bool(utc[index]) == whole


def test_session_starts_need_the_whole_length_free():
    starts = session_starts(week(("Mon", 9, 10.5), ("Tue", 9, 9.5))[0], 2)
    assert np.flatnonzero(starts).tolist() == [18, 19]


def test_session_starts_run_over_the_end_of_the_week():
    starts = session_starts(week(("Sun", 23.5, 24), ("Mon", 0, 0.5))[0], 2)
    assert np.flatnonzero(starts).tolist() == [HALF_HOURS - 1]


@pytest.mark.parametrize(
    ("spans", "zone", "said"),
    [
        ([("Tue", 9, 10)], "UTC", "Tuesday mornings"),
        ([("Tue", 9, 10), ("Thu", 11, 12)], "UTC", "Tuesday and Thursday mornings"),
        ([("Tue", 9, 10), ("Thu", 13, 14)], "UTC", "Tuesday mornings, and Thursday afternoons"),
        ([("Tue", 9, 10)], "America/New_York", "Tuesday nights"),
        ([("Tue", 9, 10)], "Asia/Tokyo", "Tuesday evenings"),
        ([("Mon", 20, 21)], "Pacific/Auckland", "Tuesday mornings"),
        ([(day, 18, 19) for day in ("Mon", "Tue", "Wed", "Thu", "Fri")], "UTC", "weekday evenings"),
        ([("Sat", 9, 10), ("Sun", 9, 10)], "UTC", "weekend mornings"),
        ([("Mon", 3, 4), ("Mon", 12, 13), ("Mon", 20, 21)], "UTC", "Monday afternoons, and Monday evenings"),
        ([(day, 6, 22) for day in ("Mon", "Tue", "Wed", "Thu")], "UTC", "many days of the week"),
    ],
)
def test_say_times_in_the_readers_zone(spans, zone, said):
    assert say_times(week(*spans)[0], zone, MONDAY) == said
