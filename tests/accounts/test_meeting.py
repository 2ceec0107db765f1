from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.meeting import (
    QUARTER,
    Common,
    axis,
    clock_of,
    hours_at_night,
    instants_of_week,
    meeting,
    protected_at,
)
from accounts.week import EMPTY_WEEK, HALF_HOURS_A_WEEK, from_indices, index_of, unpack
from accounts.zones import zone_names

WINTER = datetime(2026, 1, 14, 12, tzinfo=UTC)
LONDON, KATHMANDU, BEIRUT = ZoneInfo("Europe/London"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("Asia/Beirut")
weeks = st.sets(st.integers(0, HALF_HOURS_A_WEEK - 1), max_size=40).map(from_indices)
zones = st.sampled_from(zone_names()).map(ZoneInfo)
# quarter-hour and half-hour zones, one that changes by half an hour, and one that has left a day out
odd_zones = st.sampled_from(
    [
        "Asia/Kathmandu",
        "Pacific/Chatham",
        "Australia/Eucla",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "Pacific/Apia",
    ]
).map(ZoneInfo)
moments = st.datetimes(datetime(2024, 1, 8), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


def at(weekday: int, hour: int, half: int = 0) -> int:
    return weekday * 48 + hour * 2 + half


def days_with_common(met) -> dict[str, list[Common]]:
    return {day.weekday: day.told for day in met.days if day.told}


@given(weeks, weeks, zones | odd_zones, zones | odd_zones, moments)
def test_meeting_is_when_the_local_times_of_both_are_protected(mine, theirs, zone, other, now):
    met = meeting(mine, theirs, zone=zone, other=other, now=now)

    expected = [
        instant
        for instant in instants_of_week(zone, now)
        if all(
            unpack(week)[index_of(instant.astimezone(home).weekday(), instant.astimezone(home).time())]
            for week, home in ((mine, zone), (theirs, other))
        )
    ]
    assert met.quarters == len(expected)
    drawn = {
        (n, quarter) for n, day in enumerate(met.days) for a, b in day.common for quarter in range(a, a + b)
    }
    local = [instant.astimezone(zone) for instant in expected]
    assert drawn == {(here.weekday(), here.hour * 4 + here.minute // 15) for here in local}


@given(weeks, weeks, zones, zones, moments)
def test_meeting_of_oneself_is_all_of_ones_week_and_of_an_empty_week_nothing(mine, theirs, zone, other, now):
    own = meeting(mine, mine, zone=zone, other=zone, now=now)

    assert (
        [day.common for day in own.days] == [day.mine for day in own.days] == [day.theirs for day in own.days]
    )
    assert meeting(EMPTY_WEEK, theirs, zone=zone, other=other, now=now).quarters == 0


@given(weeks, weeks, zones | odd_zones, zones | odd_zones, moments)
def test_both_see_the_same_instants_in_common(mine, theirs, zone, other, now):
    """Over the days that lie in the week of both."""
    shared = sorted(set(instants_of_week(zone, now)) & set(instants_of_week(other, now)))

    seen = protected_at(mine, zone, shared) & protected_at(theirs, other, shared)

    for where in (zone, other):
        inside = np.isin(instants_of_week(where, now), shared)
        instants = instants_of_week(where, now)
        common = protected_at(mine, zone, instants) & protected_at(theirs, other, instants)
        assert common[inside].tolist() == seen.tolist()


@given(zones | odd_zones, moments)
def test_instants_of_week_are_every_quarter_from_monday_to_sunday(zone, now):
    instants = instants_of_week(zone, now)

    assert instants[0] <= now < instants[-1] + QUARTER
    assert {later - earlier for earlier, later in pairwise(instants)} == {QUARTER}
    assert abs(len(instants) - 672) <= 8
    assert {instant.astimezone(zone).weekday() for instant in instants} == set(range(7))


@pytest.mark.parametrize(
    ("now", "quarters"),
    [
        (datetime(2026, 3, 25, tzinfo=UTC), 4 * 7 - 4),  # forward on Sunday: an hour of it does not come
        (datetime(2026, 10, 21, tzinfo=UTC), 4 * 7 + 4),  # back: it comes twice
        (WINTER, 4 * 7),
    ],
)
def test_meeting_knows_the_hour_that_is_lacking_and_the_one_that_comes_twice(now, quarters):
    nights = from_indices(at(day, 1, half) for day in range(7) for half in (0, 1))

    met = meeting(nights, nights, zone=LONDON, other=LONDON, now=now)

    assert met.quarters == quarters
    assert met.days[6].common == ([] if quarters == 24 else [(4, 4)])


def test_meeting_tells_each_stretch_by_both_clocks_and_the_day_where_it_is_another():
    evenings = from_indices(at(2, hour, half) for hour in (17, 18, 22) for half in (0, 1))
    late = from_indices([at(2, 23, 0), at(2, 23, 1), at(3, 4, 0), at(3, 4, 1)])

    met = meeting(evenings, late, zone=LONDON, other=KATHMANDU, now=WINTER)

    assert days_with_common(met) == {
        "Wednesday": [Common("17:15–18:15", "23:00–00:00"), Common("22:15–23:00", "Thu 04:00–04:45")]
    }
    assert met.hours == "1.75"
    assert met.days[2].mine_told == ["17:00–19:00", "22:00–23:00"]
    assert met.days[2].theirs_told == ["17:15–18:15", "22:15–23:15"]


def test_meeting_ends_a_stretch_with_the_readers_day():
    around_midnight = from_indices([at(0, 23, 1), at(1, 0, 0)])

    met = meeting(around_midnight, around_midnight, zone=LONDON, other=LONDON, now=WINTER)

    assert days_with_common(met) == {
        "Monday": [Common("23:30–00:00", "23:30–00:00")],
        "Tuesday": [Common("00:00–00:30", "00:00–00:30")],
    }


def test_clock_of_shows_an_hour_that_comes_twice_once():
    instants = instants_of_week(LONDON, datetime(2026, 10, 21, tzinfo=UTC))

    assert clock_of(np.ones(len(instants), dtype=bool), LONDON, instants).all()


def test_axis_names_the_hours_of_both_clocks():
    assert axis(LONDON, KATHMANDU, WINTER) == [
        ("00", "05:45"),
        ("06", "11:45"),
        ("12", "17:45"),
        ("18", "23:45"),
        ("24", "05:45"),
    ]
    assert [there for _, there in axis(LONDON, BEIRUT, WINTER)] == ["02", "08", "14", "20", "02"]


def test_hours_at_night_counts_what_lies_between_ten_and_seven_elsewhere():
    week = from_indices([at(0, 19, 1), at(0, 20, 0), at(1, 4, 1), at(1, 5, 0)])

    assert hours_at_night(week, home=LONDON, zone=BEIRUT, now=WINTER) == 1.0
    assert hours_at_night(week, home=LONDON, zone=LONDON, now=WINTER) == 1.0
    assert hours_at_night(EMPTY_WEEK, home=LONDON, zone=BEIRUT, now=WINTER + timedelta(days=1)) == 0
