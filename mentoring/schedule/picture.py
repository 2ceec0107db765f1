"""The week as a drawing: seven columns of hours, in the units of the page's SVG.

The hours run down one axis for all seven days. Where the clocks go back, the hour that comes twice is on the
axis twice, and only the day that has it is open there; where they go forward, that day is closed for the hour
that it lacks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mentoring.schedule.week import Day, Entry, Span, Week

A_MINUTE = timedelta(minutes=1)
DAY_MINUTES = 24 * 60
HOUR = 44  # units
USUAL = (9 * 60, 17 * 60)  # drawn in any case
HEAD = 30
GUTTER, WIDTH = 5.0, 95.0 / 7  # per cent of the width


@dataclass(frozen=True)
class Block:
    y: float
    height: float
    entry: Entry | None = None
    is_of_concern: bool = False

    @property
    def inner(self) -> float:
        """Its height without a line above and below, so that two in a row stay apart."""
        return max(round(self.height - 2, 1), 1)

    @property
    def has_room(self) -> bool:
        """For a second line."""
        return self.height >= HOUR * 0.8

    @property
    def has_words(self) -> bool:
        return self.height >= HOUR * 0.4


@dataclass(frozen=True)
class Column:
    day: Day
    x: float
    closed: tuple[Block, ...]  # hours that this day does not have
    protected: tuple[Block, ...]
    busy: tuple[Block, ...]
    entries: tuple[Block, ...]
    proposed: tuple[Block, ...]


@dataclass(frozen=True)
class Line:
    y: float
    label: str
    is_again: bool  # the hour that comes twice, for the second time


@dataclass(frozen=True)
class Picture:
    height: float
    lines: tuple[Line, ...]
    columns: tuple[Column, ...]
    width: float  # of a column, in per cent
    now: tuple[float, float] | None  # x of the column, y


@dataclass(frozen=True)
class _Twice:
    """On a day, the minutes before `until` come a second time."""

    day: Day
    until: float
    minutes: float


class _Axis:
    """Places of instants, in minutes from the top of the whole day."""

    def __init__(self, days: Iterable[Day]) -> None:
        self.days = list(days)
        self.twice = [twice for day in self.days if (twice := _twice(day))]
        self.length = DAY_MINUTES + sum(twice.minutes for twice in self.twice)

    def at(self, day: Day, instant: datetime, *, is_end: bool = False) -> float:
        minutes = _wall(day, instant, is_end)
        return minutes + sum(
            twice.minutes
            for twice in self.twice
            if twice.day is not day and (minutes > twice.until or (minutes == twice.until and not is_end))
        )

    def of_clock(self, minutes: float) -> float:
        return minutes + sum(twice.minutes for twice in self.twice if minutes >= twice.until)

    def closed(self, day: Day) -> list[tuple[float, float]]:
        """Stretches of the axis that the day does not have."""
        open_parts = [
            (self.at(day, piece.span.starts_at), self.at(day, piece.span.ends_at, is_end=True))
            for piece in day.pieces
        ]
        edges = [0.0, *(edge for part in open_parts for edge in part), float(self.length)]
        lacking = [(edges[n], edges[n + 1]) for n in range(0, len(edges), 2)]
        others = [
            (self.of_clock(twice.until) - twice.minutes, self.of_clock(twice.until))
            for twice in self.twice
            if twice.day is not day
        ]
        return [(first, last) for first, last in [*lacking, *others] if last > first]


def draw(week: Week, now: datetime) -> Picture:
    axis = _Axis(week.days)
    top, bottom = _shown(axis, week)
    frame = _Frame(week, axis, top, bottom)
    columns = tuple(
        Column(
            day=day,
            x=GUTTER + n * WIDTH,
            closed=tuple(frame.between(*part) for part in axis.closed(day) if frame.shows(*part)),
            protected=frame.blocks(day, day.protected),
            busy=frame.blocks(day, day.busy),
            entries=frame.entries(day, (each for each in week.entries if each.is_planned)),
            proposed=frame.entries(day, (each for other in week.days for each in other.proposed)),
        )
        for n, day in enumerate(week.days)
    )
    return Picture(
        height=frame.y(bottom) + 8,
        lines=tuple(
            Line(frame.y(at), label, again) for at, label, again in _hours(axis) if top <= at <= bottom
        ),
        columns=columns,
        width=WIDTH,
        now=_now(columns, frame, now),
    )


@dataclass(frozen=True)
class _Frame:
    """What is shown of the axis, and where on the page."""

    week: Week
    axis: _Axis
    top: float
    bottom: float

    def y(self, minutes: float) -> float:
        return round(HEAD + (minutes - self.top) * HOUR / 60, 1)

    def shows(self, first: float, last: float) -> bool:
        return first < self.bottom and last > self.top

    def between(self, first: float, last: float, entry: Entry | None = None) -> Block:
        first, last = max(first, self.top), min(last, self.bottom)
        is_of_concern = entry is not None and self.week.is_of_concern(entry)
        return Block(self.y(first), round((last - first) * HOUR / 60, 1), entry, is_of_concern)

    def blocks(self, day: Day, spans: Iterable[Span]) -> tuple[Block, ...]:
        parts = [(self.axis.at(day, s.starts_at), self.axis.at(day, s.ends_at, is_end=True)) for s in spans]
        return tuple(self.between(*part) for part in parts if self.shows(*part))

    def entries(self, day: Day, entries: Iterable[Entry]) -> tuple[Block, ...]:
        """Those of the day, and what lasts into it of the day before."""
        parts = [(each, part) for each in entries if (part := each.span.within(day.span))]
        return tuple(
            self.between(
                self.axis.at(day, part.starts_at), self.axis.at(day, part.ends_at, is_end=True), each
            )
            for each, part in parts
        )


def _wall(day: Day, instant: datetime, is_end: bool) -> float:
    """Minutes from the midnight of the clock, an hour that comes twice counted twice."""
    if not day.pieces:
        return 0.0
    first = day.pieces[0]
    begins = first.span.starts_at + first.offset
    minutes = (begins.hour * 60 + begins.minute) + (instant - day.span.starts_at) / A_MINUTE
    for earlier, later in zip(day.pieces, day.pieces[1:], strict=False):
        has_passed = instant > later.span.starts_at or (instant == later.span.starts_at and not is_end)
        if has_passed and later.offset > earlier.offset:
            minutes += (later.offset - earlier.offset) / A_MINUTE
    return minutes


def _twice(day: Day) -> _Twice | None:
    if len(day.pieces) < 2 or day.pieces[1].offset > day.pieces[0].offset:
        return None
    back = (day.pieces[0].offset - day.pieces[1].offset) / A_MINUTE
    return _Twice(day, _wall(day, day.pieces[1].span.starts_at, is_end=True), back)


def _shown(axis: _Axis, week: Week) -> tuple[float, float]:
    """From the whole hour before the earliest to the one after the latest that is protected or reserved."""
    spans = [(day, span) for day in week.days for span in day.protected]
    entries = [each for each in week.entries if each.is_planned]
    entries += [each for day in week.days for each in day.proposed]
    spans += [(day, part) for day in week.days for each in entries if (part := each.span.within(day.span))]
    first = min([axis.of_clock(USUAL[0]), *(axis.at(day, span.starts_at) for day, span in spans)])
    last = max([axis.of_clock(USUAL[1]), *(axis.at(day, s.ends_at, is_end=True) for day, s in spans)])
    hours = [0.0, *(at for at, *_ in _hours(axis)), float(axis.length)]
    return max(at for at in hours if at <= first), min(at for at in hours if at >= last)


def _hours(axis: _Axis) -> list[tuple[float, str, bool]]:
    """Place, clock time, and whether it is the second of two."""
    hours = [(axis.of_clock(hour * 60), f"{hour % 24:02}:00", False) for hour in range(25)]
    again = [
        (axis.of_clock(twice.until) - twice.minutes, _clock(twice.until - twice.minutes), True)
        for twice in axis.twice
    ]
    return sorted([*hours, *again])


def _clock(minutes: float) -> str:
    return "{:02}:{:02}".format(*divmod(round(minutes), 60))


def _now(columns: Iterable[Column], frame: _Frame, now: datetime) -> tuple[float, float] | None:
    for column in columns:
        if column.day.span.starts_at <= now < column.day.span.ends_at:
            at = frame.axis.at(column.day, now)
            return (column.x, frame.y(at)) if frame.top <= at <= frame.bottom else None
    return None
