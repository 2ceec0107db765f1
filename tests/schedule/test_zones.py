"""Every zone over 24 months, at every cadence: wall time kept, number right, each gap and repeat flagged.

The oracle never asks the zone for a local time. It walks along UTC, notes where the offset changes, and
finds the instants that read as the wall time agreed; dates it finds by looking at every single day.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring.schedule.times import Cadence, Shift, Terms

ZONES = sorted(available_timezones() - {"localtime"})
MONTHS_24 = timedelta(days=731)
DAY, HOUR, MINUTE, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
WEEKS = {Cadence.WEEKLY: 1, Cadence.TWO_WEEKS: 2, Cadence.FOUR_WEEKS: 4}
NTH = {Cadence.FIRST: 1, Cadence.SECOND: 2, Cadence.THIRD: 3, Cadence.FOURTH: 4, Cadence.LAST: None}


@dataclass(frozen=True)
class Change:
    """A clock change, seen on the wall: from `before` the hands go to `after`."""

    before: datetime
    after: datetime

    @property
    def walls(self) -> list[datetime]:
        """The ends and the middle of what is skipped or comes twice, and the minutes next to it."""
        low, high = sorted([self.before, self.after])
        middle = (low + (high - low) / 2).replace(second=0, microsecond=0)
        return [low - MINUTE, low, middle, high - MINUTE, high]


class Clock:
    """A zone as stretches of UTC with one offset each."""

    def __init__(self, zone: str, first: date, last: date) -> None:
        tz = ZoneInfo(zone)

        def offset_at(naive: datetime) -> timedelta:
            return naive.replace(tzinfo=UTC).astimezone(tz).utcoffset() or timedelta(0)

        at, end = datetime.combine(first, time.min) - 3 * DAY, datetime.combine(last, time.min) + 4 * DAY
        self.begins, self.offsets = [at], [offset_at(at)]
        while at < end:
            step = at + 6 * HOUR
            if offset_at(step) != self.offsets[-1]:
                low, high = at, step
                while high - low > SECOND:
                    middle = low + timedelta(seconds=(high - low) // SECOND // 2)
                    low, high = (low, middle) if offset_at(middle) != self.offsets[-1] else (middle, high)
                self.begins.append(high)
                self.offsets.append(offset_at(high))
            at = step
        self.ends = [*self.begins[1:], end]

    def changes(self) -> list[Change]:
        return [
            Change(at + old, at + new)
            for at, (old, new) in zip(self.begins[1:], pairwise(self.offsets), strict=True)
        ]

    def read(self, wall: datetime) -> tuple[datetime, Shift]:
        """The instant meant by a wall time, and what a clock change did to it."""
        stretches = list(zip(self.begins, self.ends, self.offsets, strict=True))
        instants = [wall - offset for begin, end, offset in stretches if begin <= wall - offset < end]
        if instants:
            return instants[0], Shift.REPEAT if len(instants) > 1 else Shift.NONE
        # No clock ever shows it: what was to come after so much time on the old clock.
        skipped = [offset for _, end, offset in stretches if end + offset <= wall]
        return wall - skipped[-1], Shift.GAP


def days_of(starts_on: date, ends_on: date, cadence: Cadence) -> list[date]:
    days = [starts_on + n * DAY for n in range((ends_on - starts_on).days + 1)]
    if cadence in WEEKS:
        return days[:: 7 * WEEKS[cadence]]
    of_weekday = [day for day in days if day.weekday() == starts_on.weekday()]
    if cadence == Cadence.LAST:
        return [day for day in of_weekday if (day + 7 * DAY).month != day.month]
    return [day for day in of_weekday if (day.day + 6) // 7 == NTH[cadence]]


def check(zone: str, clock: Clock, starts_on: date, ends_on: date, at: time, cadence: Cadence) -> set[date]:
    """Compare a whole series with the oracle; returns the dates that a clock change touches."""
    found = Terms(starts_on, ends_on, at, zone, cadence, 60).occurrences()
    days = days_of(starts_on, ends_on, cadence)
    expected = [(day, *clock.read(datetime.combine(day, at))) for day in days]
    where = f"{zone} {at} {cadence} from {starts_on}"
    assert [(one.on, one.starts_at.replace(tzinfo=None), one.shift) for one in found] == expected, where
    assert all(one.starts_at.tzinfo is UTC for one in found), where
    return {one.on for one in found if one.shift}


def meeting(day: date, first: date, cadence: Cadence) -> date | None:
    """The first date of a series at this cadence, not before `first`, that has a session on `day`."""
    if cadence in WEEKS:
        return day - (day - first).days // (7 * WEEKS[cadence]) * (7 * WEEKS[cadence]) * DAY
    start = first + (day - first).days % 7 * DAY
    return start if day in days_of(start, day, cadence) else None


def check_zone(zone: str, first: date) -> tuple[int, int]:
    """A zone over 24 months from `first`; returns how many gaps and how many repeats a series met."""
    last = first + MONTHS_24
    clock = Clock(zone, first, last)
    for cadence in Cadence:
        check(zone, clock, first, last, time(9), cadence)
        check(zone, clock, first + 2 * DAY, last, time(23, 50), cadence)
    met = {Shift.GAP: 0, Shift.REPEAT: 0}
    for change in clock.changes():
        for wall in change.walls:
            if not first <= wall.date() <= last:
                continue
            kind = clock.read(wall)[1]
            for cadence in Cadence:
                if start := meeting(wall.date(), first, cadence):
                    touched = check(zone, clock, start, last, wall.time(), cadence)
                    assert (wall.date() in touched) == (kind != Shift.NONE)
                    met[kind] = met.get(kind, 0) + 1
    return met[Shift.GAP], met[Shift.REPEAT]


def test_every_zone_keeps_its_wall_time_over_24_months() -> None:
    met = {zone: check_zone(zone, date(2027, 1, 4)) for zone in ZONES}
    assert len(met) > 590
    # About a third of the world changes its clocks; there each gap and repeat was met and flagged.
    assert sum(gaps > 0 for gaps, _ in met.values()) > 150
    assert all((gaps > 0) == (repeats > 0) for gaps, repeats in met.values())


@settings(max_examples=60, deadline=None)
@given(zone=st.sampled_from(ZONES), first=st.dates(date(1975, 1, 1), date(2060, 1, 1)))
def test_any_zone_keeps_its_wall_time_in_other_years(zone: str, first: date) -> None:
    check_zone(zone, first)
