"""A week of half hours as 336 bits: what of a person's week is protected for mentoring.

Index 0 is Monday 00:00–00:30 in the person's own zone, index 335 Sunday 23:30–24:00. Packed with
NumPy's big-endian bit order into 42 bytes.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

HALF_HOURS_A_DAY = 48
HALF_HOURS_A_WEEK = 7 * HALF_HOURS_A_DAY
QUARTER = timedelta(minutes=15)  # zones differ by as little
QUARTERS_A_DAY = 96
WEEK_BYTES = HALF_HOURS_A_WEEK // 8
EMPTY_WEEK = bytes(WEEK_BYTES)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Week = NDArray[np.bool_]  # (336,)


def unpack(packed: bytes | memoryview) -> Week:
    return np.unpackbits(np.frombuffer(packed, dtype=np.uint8)).astype(bool)


def pack(week: Week) -> bytes:
    return np.packbits(week).tobytes()


def from_indices(indices: Iterable[int]) -> bytes:
    """Pack the half hours with these indices, each 0..335."""
    week = np.zeros(HALF_HOURS_A_WEEK, dtype=bool)
    week[list(indices)] = True
    return pack(week)


def index_of(weekday: int, at: time) -> int:
    """Index of the half hour that holds a local time on a weekday (Monday 0)."""
    return weekday * HALF_HOURS_A_DAY + at.hour * 2 + at.minute // 30


def windows(packed: bytes | memoryview) -> list[tuple[int, time, time]]:
    """Runs of protected half hours as (weekday, from, to); "to" is 00:00 where a run ends with the day."""
    week = unpack(packed).reshape(7, HALF_HOURS_A_DAY)
    return [
        (weekday, _clock(start), _clock(stop % HALF_HOURS_A_DAY))
        for weekday, day in enumerate(week)
        for start, stop in runs_of(day)
    ]


def runs_of(day: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """What is True in a row, as (its first place, the one after its last)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], day, [False])).astype(np.int8))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _clock(half_hour: int) -> time:
    return time(half_hour // 2, half_hour % 2 * 30)


def to_utc(week: Week, zone: str, monday: date) -> Week:
    """A week on the wall clock of a zone as half hours of UTC, in the week that begins on this Monday.

    A half hour of UTC counts if all of it is protected; a week in which clocks change is right on both sides.
    As matching's engine, which imports nothing of the project, does it for itself.
    """
    whole: Week = np.all(week[_on_the_wall(zone, monday)], axis=1)
    return whole


@lru_cache(maxsize=2048)
def _on_the_wall(zone: str, monday: date) -> NDArray[np.intp]:
    """(336, 2): the half hours on the wall at the first and the last minute of each half hour of UTC."""
    start, there = datetime.combine(monday, time(), UTC), ZoneInfo(zone)
    minutes = (30 * n + minute for n in range(HALF_HOURS_A_WEEK) for minute in (0, 29))
    walls = [(start + timedelta(minutes=minute)).astimezone(there) for minute in minutes]
    return np.array([index_of(wall.weekday(), wall.time()) for wall in walls], dtype=np.intp).reshape(-1, 2)
