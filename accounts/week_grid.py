"""The week of half hours as the table of checkboxes that components/week.html draws."""

from collections.abc import Collection
from dataclasses import dataclass

from accounts.week import HALF_HOURS_A_DAY, WEEKDAYS

# (label, first half hour of the day, the one after the last); the part that most people need stands open.
PARTS = (
    ("Night, 00:00 to 06:00", 0, 12),
    ("Day, 06:00 to 22:00", 12, 44),
    ("Late evening, 22:00 to 24:00", 44, 48),
)
DAY = 1


@dataclass(frozen=True)
class Cell:
    value: int  # index of the half hour in the week
    label: str
    checked: bool


@dataclass(frozen=True)
class Row:
    label: str  # on the hour only
    cells: list[Cell]


@dataclass(frozen=True)
class Part:
    label: str
    open: bool
    rows: list[Row]


@dataclass(frozen=True)
class WeekGrid:
    days: tuple[str, ...]
    parts: list[Part]


def week_grid(chosen: Collection[int]) -> WeekGrid:
    """`chosen` are indices 0..335; a part of the day that holds one of them is open."""
    parts = []
    for place, (label, first, stop) in enumerate(PARTS):
        rows = [_row(half_hour, chosen) for half_hour in range(first, stop)]
        is_open = place == DAY or any(cell.checked for row in rows for cell in row.cells)
        parts.append(Part(label, is_open, rows))
    return WeekGrid(WEEKDAYS, parts)


def _row(half_hour: int, chosen: Collection[int]) -> Row:
    clock = f"{half_hour // 2:02}:{half_hour % 2 * 30:02}"
    indices = [weekday * HALF_HOURS_A_DAY + half_hour for weekday in range(7)]
    cells = [
        Cell(index, f"{day} {clock}", index in chosen) for index, day in zip(indices, WEEKDAYS, strict=True)
    ]
    return Row(clock if half_hour % 2 == 0 else "", cells)
