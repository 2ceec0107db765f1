"""Hours of the day in a person's zone: when they are left alone, when their digest comes. Pure functions."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
# What is moved to before quiet hours comes so long before they begin.
LEAD = timedelta(minutes=5)
# What is moved to their end has to leave so much time before what it speaks of.
NOTICE = timedelta(minutes=15)


@dataclass(frozen=True)
class Quiet:
    """Hours by the wall clock of a zone, from `begins` up to `ends`, over midnight where that is earlier.

    Clock changes are those of the wall: an hour that comes twice is quiet twice, one that is skipped never.
    """

    begins: time
    ends: time
    zone: ZoneInfo

    def holds(self, at: datetime) -> bool:
        wall = at.astimezone(self.zone).time()
        if self.begins < self.ends:
            return self.begins <= wall < self.ends
        return wall >= self.begins or wall < self.ends

    def end(self, at: datetime) -> datetime:
        """The first instant from `at` on that is not quiet; `at` itself where it is not."""
        at = at.astimezone(UTC)  # in its own zone Python would add by the wall clock
        while self.holds(at):
            found = at + _ahead(self._wall(at), self.ends)
            at = _change(at, found, self.zone) if self._differs(at, found) else found
        return at

    def begin(self, at: datetime) -> datetime:
        """The first instant of the quiet stretch that holds `at`."""
        at = at.astimezone(UTC)
        while True:
            found = at - _ahead(self.begins, self._wall(at))
            if not self._differs(found, at):
                return found
            changed = _change(found, at, self.zone)
            at = changed - timedelta.resolution
            if not self.holds(at):
                return changed

    def _wall(self, at: datetime) -> time:
        return at.astimezone(self.zone).time()

    def _differs(self, one: datetime, other: datetime) -> bool:
        return _offset(one, self.zone) != _offset(other, self.zone)


def fit(wanted: datetime, *, now: datetime, starts_at: datetime, quiet: Quiet | None) -> datetime:
    """When to remind somebody of what begins at `starts_at`, which lies after `wanted` and `now`.

    At the wanted instant, or now if that has passed. In quiet hours: when they end, if that leaves NOTICE;
    else just before they begin; else at their end even so. It falls into quiet hours only when nothing else
    lies between now and the start, and never after the start.
    """
    at = max(wanted, now).astimezone(UTC)
    if quiet is None or not quiet.holds(at):
        return at
    end, begin = quiet.end(at), quiet.begin(at)
    if end + NOTICE <= starts_at:
        return end
    if now < begin:
        # The end of an earlier stretch, if these hours nearly meet themselves.
        return max(quiet.end(begin - LEAD), now.astimezone(UTC))
    return end if end < starts_at else at


def next_at(at: time, *, zone: ZoneInfo, now: datetime) -> datetime:
    """The next instant after `now` at which a wall clock of the zone shows `at`.

    A time that a clock change skips moves later by the gap; of one that comes twice the first is meant.
    """
    on = now.astimezone(zone).date()
    while (found := datetime.combine(on, at, zone).astimezone(UTC)) <= now:
        on += DAY
    return found


def _ahead(wall: time, to: time) -> timedelta:
    """How far a clock that shows `wall` is from showing `to`: less than a day."""
    day = datetime.min
    return (datetime.combine(day, to) - datetime.combine(day, wall)) % DAY


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The first instant after `low` with another offset than it has, given that `high` has another."""
    before = _offset(low, zone)
    first, last = int(low.timestamp()), int(high.timestamp()) + 1
    while last - first > 1:
        middle = (first + last) // 2
        if _offset(datetime.fromtimestamp(middle, UTC), zone) == before:
            first = middle
        else:
            last = middle
    return datetime.fromtimestamp(last, UTC)
