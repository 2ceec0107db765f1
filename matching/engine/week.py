"""A week of half hours: from somebody's own zone to UTC, where weeks are compared, and back into words."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

HALF_HOURS = 7 * 48  # of a week; index 0 is Monday 00:00
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PARTS = ("mornings", "afternoons", "evenings", "nights")
MANY = 10  # parts of days; beyond that a list says less than "many days"


def week_to_utc(mask: NDArray[np.bool_], zone: str, on: date) -> NDArray[np.bool_]:
    """Half hours (336,) of a week on the wall clock of an IANA zone, as half hours of UTC.

    Index 0 is Monday 00:00, on the wall in mask and of UTC in the answer. The UTC offsets are those of the
    week that contains `on`, hour by hour, so a week with a clock change is right on both sides of it. A UTC
    half hour counts only if every minute of it is free: in zones 15 or 45 minutes off, a run of free time
    loses its two ragged ends rather than promise a quarter that is not there.
    """
    if mask.shape != (HALF_HOURS,):
        raise ValueError(f"a week is {HALF_HOURS} half hours, not {mask.shape}")
    wall = _wall_minutes(zone, on - timedelta(days=on.weekday())) // 30
    return mask[wall[:, 0]] & mask[wall[:, 1]]


@lru_cache(maxsize=2048)
def _wall_minutes(zone: str, monday: date) -> NDArray[np.int64]:
    """(336, 2): the wall clock's minute of the week at the first and last minute of each UTC half hour.

    Two samples are enough: no zone changes its clocks inside a half hour of UTC.
    """
    tz = ZoneInfo(zone)
    start = datetime.combine(monday, time(), tzinfo=UTC)
    minutes = np.empty((HALF_HOURS, 2), dtype=np.int64)
    for half_hour in range(HALF_HOURS):
        for end, minute in enumerate((0, 29)):
            wall = (start + timedelta(minutes=30 * half_hour + minute)).astimezone(tz)
            minutes[half_hour, end] = (wall.weekday() * 24 + wall.hour) * 60 + wall.minute
    minutes.flags.writeable = False
    return minutes


def session_starts(free: NDArray[np.bool_], half_hours: int) -> NDArray[np.bool_]:
    """(336,) bool: the half hours at which a session of that many half hours can start and stay in free time.

    The week is a ring: Sunday's last half hour is followed by Monday's first.
    """
    starts = free.copy()
    for later in range(1, half_hours):
        starts &= np.roll(free, -later)
    return starts


def say_times(starts: NDArray[np.bool_], zone: str, on: date) -> str:
    """'Tuesday and Thursday mornings, and Friday afternoons': when sessions can start, in the reader's zone.

    starts (336,) bool in UTC, at least one true. Mornings are 6 to 12, afternoons to 17, evenings to 22;
    nights are named only if there is nothing else.
    """
    parts_of_days = _parts_of_days(zone, on - timedelta(days=on.weekday()))
    found = {divmod(number, 7) for number in set(parts_of_days[starts].tolist())}
    waking = {(p, day) for p, day in found if p < 3}
    if len(waking) > MANY:
        return "many days of the week"
    groups: dict[int, list[int]] = {}
    for p, day in sorted(waking or found):
        groups.setdefault(p, []).append(day)
    return join_words([f"{_say_days(days)} {PARTS[p]}" for p, days in groups.items()], ", and ")


@lru_cache(maxsize=2048)
def _parts_of_days(zone: str, monday: date) -> NDArray[np.int64]:
    """(336,): 7 × the part of the day + the day, on the wall, of each half hour of UTC."""
    minutes = _wall_minutes(zone, monday)[:, 0]
    hours = minutes // 60 % 24
    part = np.select(
        [(hours >= 6) & (hours < 12), (hours >= 12) & (hours < 17), (hours >= 17) & (hours < 22)],
        [0, 1, 2],
        3,
    )
    return 7 * part + minutes // 1440


def _say_days(days: Sequence[int]) -> str:
    named: dict[tuple[int, ...], str] = {
        (0, 1, 2, 3, 4): "weekday",
        (5, 6): "weekend",
        (0, 1, 2, 3, 4, 5, 6): "most",
    }
    return named.get(tuple(days)) or join_words([DAYS[day] for day in days])


def join_words(words: Sequence[str], last: str = " and ") -> str:
    """'a', 'a and b', 'a, b and c'."""
    return last.join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
