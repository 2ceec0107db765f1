"""One person's week across programs: what is reserved, protected, busy elsewhere, and what is too much.

Plain values in, plain values out. Days are those of the person's own zone; each begins and ends at an
instant, so that a day on which the clocks change has 23 or 25 hours.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from accounts.week import windows
from mentoring.schedule.times import resolve

A_DAY = timedelta(days=1)
A_SECOND = timedelta(seconds=1)
BREAK = timedelta(minutes=10)  # less than this between two sessions is no break
MANY_A_DAY = 3  # more sessions than this in a day are too many
NOTHING = timedelta(0)


@dataclass(frozen=True, order=True)
class Span:
    """From an instant up to another, which is no longer part of it."""

    starts_at: datetime
    ends_at: datetime

    @property
    def length(self) -> timedelta:
        return self.ends_at - self.starts_at

    def within(self, other: "Span") -> "Span | None":
        """The part of it that lies in the other."""
        starts_at, ends_at = max(self.starts_at, other.starts_at), min(self.ends_at, other.ends_at)
        return Span(starts_at, ends_at) if starts_at < ends_at else None


@dataclass(frozen=True)
class Entry:
    """A session, or a proposed time for one, as the week reckons with it."""

    span: Span
    program: str
    row: object  # what stands for it on the page
    is_planned: bool = True  # and not skipped


@dataclass(frozen=True)
class Piece:
    """Part of a day throughout which the clock is `offset` ahead of UTC."""

    span: Span
    offset: timedelta


@dataclass(frozen=True)
class Day:
    on: date
    span: Span
    pieces: tuple[Piece, ...]
    protected: tuple[Span, ...]
    busy: tuple[Span, ...]
    entries: tuple[Entry, ...]  # that begin on it
    proposed: tuple[Entry, ...]  # what may yet come to lie on it
    is_away: bool

    @property
    def change(self) -> timedelta:
        """How far the clocks go forward on it; negative where they go back."""
        return A_DAY - self.span.length


class Kind(StrEnum):
    """What may be too much, the whole week's first."""

    OVER = "over"  # more is reserved than protected
    MANY = "many"  # sessions in one day
    AWAY = "away"  # a session on a day away
    BUSY = "busy"  # a session while busy elsewhere
    OUTSIDE = "outside"  # a session not within protected time
    CLOSE = "close"  # two with no break between them


@dataclass(frozen=True)
class Concern:
    kind: Kind
    entries: tuple[Entry, ...]
    busy: Span | None = None
    between: timedelta | None = None


@dataclass(frozen=True)
class Share:
    """What one program has of the week."""

    program: str
    sessions: int
    reserved: timedelta


@dataclass(frozen=True)
class Week:
    days: tuple[Day, ...]
    concerns: tuple[Concern, ...]

    @property
    def entries(self) -> list[Entry]:
        return [entry for day in self.days for entry in day.entries]

    @property
    def has_busy(self) -> bool:
        return any(day.busy for day in self.days)

    @property
    def has_proposed(self) -> bool:
        return any(day.proposed for day in self.days)

    @property
    def reserved(self) -> timedelta:
        return total(entry.span for entry in self.entries if entry.is_planned)

    @property
    def protected(self) -> timedelta:
        return total(span for day in self.days for span in day.protected)

    def is_of_concern(self, entry: Entry) -> bool:
        """Whether something is the matter with this one, and not with the week as a whole."""
        return any(entry in each.entries for each in self.concerns if each.kind != Kind.OVER)

    @property
    def shares(self) -> list[Share]:
        programs = sorted({entry.program for entry in self.entries if entry.is_planned})
        return [_share(name, self.entries) for name in programs]


def bounds(monday: date, zone: ZoneInfo) -> Span:
    return Span(_midnight(monday, zone), _midnight(monday + 7 * A_DAY, zone))


def week_of(
    monday: date,
    zone: ZoneInfo,
    now: datetime,
    *,
    entries: Sequence[Entry] = (),
    proposed: Sequence[Entry] = (),
    protected: bytes | memoryview,
    busy: Sequence[Span] = (),
    away: Sequence[tuple[date, date]] = (),
) -> Week:
    """The week from `monday`. `protected` is packed as accounts/week.py says; `away` are first and last days.

    An entry belongs to the day on which it begins. Concerns are about what is not over yet.
    """
    runs = windows(protected)
    # The eighth day too: a session on Sunday night may last into it.
    *days, next_day = [_day(monday + n * A_DAY, zone, entries, proposed, runs, busy, away) for n in range(8)]
    return Week(tuple(days), tuple(_concerns(days, next_day, busy, now)))


def total(spans: Iterable[Span]) -> timedelta:
    return sum((span.length for span in spans), NOTHING)


def _day(
    on: date,
    zone: ZoneInfo,
    entries: Sequence[Entry],
    proposed: Sequence[Entry],
    runs: Sequence[tuple[int, time, time]],
    busy: Sequence[Span],
    away: Sequence[tuple[date, date]],
) -> Day:
    span = Span(_midnight(on, zone), _midnight(on + A_DAY, zone))
    pieces = _pieces(span, zone)
    is_away = any(first <= on <= last for first, last in away)
    return Day(
        on=on,
        span=span,
        pieces=pieces,
        # A day away protects nothing, whatever the usual week says.
        protected=() if is_away else tuple(_protected(on, pieces, runs)),
        busy=tuple(part for each in merged(busy) if (part := each.within(span))),
        entries=_beginning_in(span, entries),
        proposed=_beginning_in(span, proposed),
        is_away=is_away,
    )


def _beginning_in(day: Span, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    inside = (each for each in entries if day.starts_at <= each.span.starts_at < day.ends_at)
    return tuple(sorted(inside, key=lambda each: each.span))


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return resolve(on, time.min, zone.key).starts_at


def _pieces(day: Span, zone: ZoneInfo) -> tuple[Piece, ...]:
    """One piece, or two where the clocks change on that day (nowhere do they change twice)."""
    if day.length <= NOTHING:  # a date that the zone left out
        return ()
    low, high = day.starts_at, day.ends_at - A_SECOND
    before, after = _offset(low, zone), _offset(high, zone)
    if before == after:
        return (Piece(day, before),)
    while high - low > A_SECOND:
        middle = low + (high - low) // 2
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    change = high.replace(microsecond=0)
    return (
        Piece(Span(day.starts_at, change), before),
        Piece(Span(change, day.ends_at), after),
    )


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or NOTHING


def _protected(on: date, pieces: Iterable[Piece], runs: Sequence[tuple[int, time, time]]) -> list[Span]:
    """What the usual week protects of a day: local times, so an hour that comes twice is protected twice."""
    found = []
    for piece in pieces:
        midnight = datetime.combine(on, time.min, UTC) - piece.offset
        for weekday, first, last in runs:
            if weekday != on.weekday():
                continue
            run = Span(midnight + _since_midnight(first), midnight + (_since_midnight(last) or A_DAY))
            if part := run.within(piece.span):
                found.append(part)
    return merged(found)


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time, with what overlaps or touches made one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.starts_at <= found[-1].ends_at:
            found[-1] = Span(found[-1].starts_at, max(found[-1].ends_at, span.ends_at))
        else:
            found.append(span)
    return found


def _share(program: str, entries: Sequence[Entry]) -> Share:
    spans = [each.span for each in entries if each.is_planned and each.program == program]
    return Share(program, len(spans), total(spans))


def _concerns(days: Sequence[Day], next_day: Day, busy: Sequence[Span], now: datetime) -> list[Concern]:
    planned = [[each for each in day.entries if each.is_planned] for day in days]
    ahead = [each for entries in planned for each in entries if each.span.ends_at > now]
    if not ahead:
        return []
    reserved = total(each.span for entries in planned for each in entries)
    found = []
    if reserved > total(span for day in days for span in day.protected):
        found.append(Concern(Kind.OVER, tuple(ahead)))
    found += [
        Concern(Kind.MANY, tuple(entries))
        for entries in planned
        if len(entries) > MANY_A_DAY and entries[-1] in ahead
    ]
    protected = merged(span for day in [*days, next_day] for span in day.protected)
    for day in days:
        for each in day.entries:
            if each in ahead:
                found += _concerns_of(each, day, protected, busy)
    return found + _without_a_break([each for entries in planned for each in entries], ahead)


def _concerns_of(each: Entry, day: Day, protected: Sequence[Span], busy: Sequence[Span]) -> list[Concern]:
    if day.is_away:
        return [Concern(Kind.AWAY, (each,))]
    found = []
    if clash := next((span for span in merged(busy) if span.within(each.span)), None):
        found.append(Concern(Kind.BUSY, (each,), busy=clash))
    # Whoever protects nothing is told so once, not with each session.
    if protected and total(part for span in protected if (part := span.within(each.span))) < each.span.length:
        found.append(Concern(Kind.OUTSIDE, (each,)))
    return found


def _without_a_break(planned: Sequence[Entry], ahead: Sequence[Entry]) -> list[Concern]:
    return [
        Concern(Kind.CLOSE, (one, next_one), between=next_one.span.starts_at - one.span.ends_at)
        for one, next_one in itertools.pairwise(planned)
        if next_one.span.starts_at - one.span.ends_at < BREAK and next_one in ahead
    ]
