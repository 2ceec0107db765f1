"""When two people's weeks meet, told by the clocks of either.

A week is protected by local time, so that in which instants it is protected follows from the zone, clock
changes included. Both weeks are therefore looked at instant by instant, over the days of one week of one
reader; nothing is shifted by a difference of hours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from accounts.week import QUARTER, QUARTERS_A_DAY, WEEKDAYS, Week, index_of, runs_of, unpack

NIGHT = (time(22), time(7))


@dataclass(frozen=True)
class Common:
    """A stretch that both protect: by the reader's clock, and by the other's."""

    here: str  # "18:00–19:30"
    there: str  # "Wed 01:00–02:30": the day where it is another


@dataclass(frozen=True)
class MeetingDay:
    """One of the reader's days; stretches are (from, length) in quarter hours of the clock, for drawing."""

    weekday: str
    mine: list[tuple[int, int]]
    theirs: list[tuple[int, int]]
    common: list[tuple[int, int]]
    told: list[Common]
    mine_told: list[str]
    theirs_told: list[str]


@dataclass(frozen=True)
class Meeting:
    days: list[MeetingDay]
    quarters: int  # in common, in this week
    axis: list[tuple[str, str]]  # of every sixth hour of the reader's day: the two clocks, as they stand now

    @property
    def hours(self) -> str:
        return f"{self.quarters / 4:g}"


def instants_of_week(zone: ZoneInfo, now: datetime) -> list[datetime]:
    """Every quarter hour of the week from Monday to Sunday that holds `now` in a zone, in UTC, in order.

    672 of them, or those of an hour more or less where the clocks change.
    """
    here = now.astimezone(zone)
    monday = here.date() - timedelta(days=here.weekday())
    first, last = (
        datetime.combine(day, time(), zone).astimezone(UTC) for day in (monday, monday + timedelta(weeks=1))
    )
    return [first + n * QUARTER for n in range((last - first) // QUARTER)]


def protected_at(
    packed: bytes | memoryview, home: ZoneInfo, instants: Sequence[datetime]
) -> NDArray[np.bool_]:
    """Whether a week at `home` is protected in each of these quarter hours."""
    week = unpack(packed)
    local = [instant.astimezone(home) for instant in instants]
    return week[[index_of(at.weekday(), at.time()) for at in local]]


def clock_of(protected: Week, zone: ZoneInfo, instants: Sequence[datetime]) -> NDArray[np.bool_]:
    """(7, 96): the same by the clock. An hour that comes twice is protected when it is so once."""
    clock = np.zeros((7, QUARTERS_A_DAY), dtype=bool)
    for is_protected, instant in zip(protected.tolist(), instants, strict=True):
        at = instant.astimezone(zone)
        clock[at.weekday(), at.hour * 4 + at.minute // 15] |= is_protected
    return clock


def meeting(
    mine: bytes | memoryview, theirs: bytes | memoryview, *, zone: ZoneInfo, other: ZoneInfo, now: datetime
) -> Meeting:
    """The reader's week in the reader's `zone` beside the week of somebody in `other`."""
    instants = instants_of_week(zone, now)
    own, others = protected_at(mine, zone, instants), protected_at(theirs, other, instants)
    common = own & others
    clocks = [clock_of(each, zone, instants) for each in (own, others, common)]
    told: list[list[Common]] = [[] for _ in WEEKDAYS]
    for weekday, stretch in _by_day(common, instants, zone):
        told[weekday].append(_common(stretch, zone, other))
    drawn = [[_stretches(day) for day in clock] for clock in clocks]
    days = [
        MeetingDay(
            weekday=name,
            mine=drawn[0][n],
            theirs=drawn[1][n],
            common=drawn[2][n],
            told=told[n],
            mine_told=[_clocks(*stretch) for stretch in drawn[0][n]],
            theirs_told=[_clocks(*stretch) for stretch in drawn[1][n]],
        )
        for n, name in enumerate(WEEKDAYS)
    ]
    return Meeting(days, int(common.sum()), axis(zone, other, now))


def axis(zone: ZoneInfo, other: ZoneInfo, now: datetime) -> list[tuple[str, str]]:
    ahead = (now.astimezone(other).utcoffset() or timedelta()) - (
        now.astimezone(zone).utcoffset() or timedelta()
    )
    midnight = datetime(2000, 1, 3, tzinfo=UTC)
    hours = [midnight + timedelta(hours=hour) for hour in range(0, 25, 6)]
    return [(f"{at:%H}" if n < 4 else "24", _short(at + ahead)) for n, at in enumerate(hours)]


def _short(at: datetime) -> str:
    return f"{at:%H:%M}" if at.minute else f"{at:%H}"


def hours_at_night(packed: bytes | memoryview, *, home: ZoneInfo, zone: ZoneInfo, now: datetime) -> float:
    """How many hours of a week at `home` lie between 22:00 and 07:00 in `zone`."""
    instants = instants_of_week(home, now)
    late = [_is_night(instant.astimezone(zone).time()) for instant in instants]
    return float((protected_at(packed, home, instants) & np.array(late)).sum()) / 4


def _is_night(at: time) -> bool:
    return at >= NIGHT[0] or at < NIGHT[1]


def _by_day(
    common: NDArray[np.bool_], instants: Sequence[datetime], zone: ZoneInfo
) -> list[tuple[int, tuple[datetime, datetime]]]:
    """Stretches in common as (weekday, (from, to)), each within one day of the zone."""
    found: list[tuple[int, tuple[datetime, datetime]]] = []
    for is_common, instant in zip(common.tolist(), instants, strict=True):
        if not is_common:
            continue
        weekday = instant.astimezone(zone).weekday()
        if found and found[-1][0] == weekday and found[-1][1][1] == instant:
            found[-1] = (weekday, (found[-1][1][0], instant + QUARTER))
        else:
            found.append((weekday, (instant, instant + QUARTER)))
    return found


def _common(stretch: tuple[datetime, datetime], zone: ZoneInfo, other: ZoneInfo) -> Common:
    here, there = ([at.astimezone(where) for at in stretch] for where in (zone, other))
    day = f"{there[0]:%a} " if there[0].weekday() != here[0].weekday() else ""
    return Common(f"{here[0]:%H:%M}–{here[1]:%H:%M}", f"{day}{there[0]:%H:%M}–{there[1]:%H:%M}")


def _stretches(day: NDArray[np.bool_]) -> list[tuple[int, int]]:
    return [(start, stop - start) for start, stop in runs_of(day)]


def _clocks(first: int, length: int) -> str:
    since, until = (f"{quarter // 4 % 24:02}:{quarter % 4 * 15:02}" for quarter in (first, first + length))
    return f"{since}–{until}"
