"""Quiet hours, reminders that avoid them and the next digest, over zones and clock changes."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from accounts.zones import zone_names
from mentoring.outbox.hours import NOTICE, Quiet, fit, next_at
from tests.factories import instant

MINUTE = timedelta(minutes=1)
LONDON = ZoneInfo("Europe/London")

zones = st.sampled_from(zone_names()).map(ZoneInfo)
clocks = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))
instants = st.integers(0, 4 * 365 * 24 * 60).map(lambda minutes: instant(2030, 1, 1) + minutes * MINUTE)
quiets = st.builds(Quiet, clocks, clocks, zones).filter(lambda quiet: quiet.begins != quiet.ends)
# London's clocks go forward at 01:00 on 31 March 2030, and back at 02:00 on 27 October.
SPRING, AUTUMN = instant(2030, 3, 31, 1), instant(2030, 10, 27, 1)


def walk(quiet: Quiet, at: datetime, step: timedelta) -> datetime:
    """The first minute on the way from `at` that is not quiet."""
    while quiet.holds(at):
        at += step
    return at


@given(quiets, instants)
@example(Quiet(time(22), time(1, 30), LONDON), SPRING - MINUTE)
@example(Quiet(time(22), time(1, 30), LONDON), AUTUMN - 40 * MINUTE)
@example(Quiet(time(22), time(1, 30), LONDON), AUTUMN + 10 * MINUTE)
@settings(max_examples=300, deadline=None)
def test_quiet_hours_end_and_begin_where_a_walk_by_minutes_finds_them(quiet: Quiet, at: datetime) -> None:
    end = quiet.end(at)
    assert end == walk(quiet, at, MINUTE)
    if quiet.holds(at):
        assert quiet.begin(at) - MINUTE == walk(quiet, at, -MINUTE)
    else:
        assert end == at


@given(quiets, instants, st.integers(-3 * 24 * 60, 8 * 24 * 60), st.integers(1, 8 * 24 * 60))
@settings(max_examples=500, deadline=None)
def test_reminder_is_never_in_quiet_hours_where_another_instant_is_left(
    quiet: Quiet, now: datetime, until_wanted: int, length: int
) -> None:
    wanted = now + until_wanted * MINUTE
    starts_at = wanted + length * MINUTE
    assume(starts_at > now)
    at = fit(wanted, now=now, starts_at=starts_at, quiet=quiet)
    assert now <= at < starts_at
    if quiet.holds(at):
        assert walk(quiet, now, MINUTE) >= starts_at


@given(quiets, instants, st.integers(1, 24 * 60), st.integers(1, 24 * 60))
@settings(max_examples=300, deadline=None)
def test_reminder_outside_quiet_hours_is_left_where_it_is(
    quiet: Quiet, now: datetime, until_wanted: int, length: int
) -> None:
    wanted = now + until_wanted * MINUTE
    starts_at = wanted + length * MINUTE
    at = fit(wanted, now=now, starts_at=starts_at, quiet=quiet)
    assert (at == wanted) or quiet.holds(wanted)


NIGHT = Quiet(time(22), time(7), LONDON)


@pytest.mark.parametrize(
    ("wanted", "starts_at", "now", "fitted"),
    [
        # in the afternoon: as wanted
        ("2030-06-10 14:00", "2030-06-11 14:00", "2030-06-01 12:00", "2030-06-10 14:00"),
        # at night, for an afternoon: when the night is over
        ("2030-06-10 23:30", "2030-06-11 23:30", "2030-06-01 12:00", "2030-06-11 07:00"),
        # for half past six, and for a quarter past seven: the evening before
        ("2030-06-11 05:30", "2030-06-11 06:30", "2030-06-01 12:00", "2030-06-10 21:55"),
        ("2030-06-11 06:15", "2030-06-11 07:14", "2030-06-01 12:00", "2030-06-10 21:55"),
        # there is notice enough after the night
        ("2030-06-11 06:15", "2030-06-11 07:15", "2030-06-01 12:00", "2030-06-11 07:00"),
        # four minutes before the night: now
        ("2030-06-11 05:30", "2030-06-11 06:30", "2030-06-10 21:56", "2030-06-10 21:56"),
        # it is night already: at its end even so, or else now
        ("2030-06-11 05:30", "2030-06-11 07:05", "2030-06-10 23:00", "2030-06-11 07:00"),
        ("2030-06-11 05:30", "2030-06-11 06:30", "2030-06-11 05:31", "2030-06-11 05:31"),
    ],
)
def test_fit_by_the_clock_of_london(wanted: str, starts_at: str, now: str, fitted: str) -> None:
    def there(words: str) -> datetime:
        return datetime.fromisoformat(words).replace(tzinfo=LONDON)

    at = fit(there(wanted), now=there(now), starts_at=there(starts_at), quiet=NIGHT)
    assert at == there(fitted)
    assert timedelta(minutes=15) == NOTICE


def test_quiet_hours_that_nearly_meet_leave_the_minutes_between() -> None:
    nearly_all_day = Quiet(time(22), time(21, 58), ZoneInfo("UTC"))
    night = instant(2030, 6, 10, 23)
    at = fit(night, now=night - timedelta(days=2), starts_at=night + timedelta(hours=2), quiet=nearly_all_day)
    assert at == instant(2030, 6, 10, 21, 58)


@given(clocks, zones, instants)
@settings(max_examples=300, deadline=None)
def test_next_digest_is_the_next_time_the_wall_clock_shows_it(
    at: time, zone: ZoneInfo, now: datetime
) -> None:
    found = next_at(at, zone=zone, now=now)
    assert now < found <= now + timedelta(hours=26)
    shown = found.astimezone(zone)
    if shown.time() != at:  # only where a clock change has skipped it
        before = (found - timedelta(hours=3)).astimezone(zone).utcoffset()
        assert shown.utcoffset() > before
    assert found.tzinfo == UTC


def test_next_digest_after_one_is_tomorrow() -> None:
    at = next_at(time(8), zone=LONDON, now=instant(2030, 6, 10, 7))
    assert at == instant(2030, 6, 11, 7)
