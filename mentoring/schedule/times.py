"""When a series meets: from an agreed local time to instants, each date resolved for itself."""

import calendar
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import models

from mentoring.programs.cadences import ORDINALS, Cadence

DAYS_A_WEEK = 7


class Length(models.IntegerChoices):
    """How long a session may be, in minutes, as the forms offer it."""

    QUARTER = 15, "15 minutes"
    HALF_HOUR = 30, "30 minutes"
    THREE_QUARTERS = 45, "45 minutes"
    HOUR = 60, "1 hour"
    HOUR_AND_HALF = 90, "1½ hours"
    TWO_HOURS = 120, "2 hours"
    THREE_HOURS = 180, "3 hours"


class Shift(models.TextChoices):
    """What a clock change did to the local time of a date."""

    NONE = "", "as agreed"
    GAP = "gap", "the clock skips the agreed time; moved later by as much"
    REPEAT = "repeat", "the agreed time comes twice; the first is meant"


@dataclass(frozen=True)
class Occurrence:
    on: date  # local, in the zone of the series
    starts_at: datetime  # aware, UTC
    shift: Shift


@dataclass(frozen=True)
class Terms:
    """When two people meet: the first date sets the weekday, `at` is local time in `zone`."""

    starts_on: date
    ends_on: date
    at: time
    zone: str
    cadence: str  # one of Cadence
    minutes: int

    @classmethod
    def of(cls, row: object) -> "Terms":
        """The terms of a series, a change or a request, which hold them under the same names."""
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})

    def occurrences(self) -> list[Occurrence]:
        dates = series_dates(self.starts_on, self.ends_on, self.cadence)
        return [resolve(on, self.at, self.zone) for on in dates]

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    @property
    def rhythm(self) -> str:
        """How often, in words: "every two weeks, on Tuesdays", "on the second Tuesday of each month"."""
        cadence, day = Cadence(self.cadence), calendar.day_name[self.starts_on.weekday()]
        if cadence.nth:
            return f"on the {ORDINALS[cadence.nth]} {day} of each month"
        return f"{cadence.label}, on {day}s"

    @property
    def length_in_words(self) -> str:
        return str(Length(self.minutes).label) if self.minutes in Length.values else f"{self.minutes} minutes"


def resolve(on: date, at: time, zone: str) -> Occurrence:
    """The instant of a local time on a date.

    A time that a clock change skips moves later by the gap; one that comes twice means the first
    (RFC 5545, section 3.3.5, and `datetime.fold` of PEP 495).
    """
    local = datetime.combine(on, at, ZoneInfo(zone))
    instant = local.astimezone(UTC)
    if instant.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        # With fold=0 a skipped time is read with the offset from before the gap, which lands after it.
        return Occurrence(on, instant, Shift.GAP)
    if local.replace(fold=1).utcoffset() != local.utcoffset():
        return Occurrence(on, instant, Shift.REPEAT)
    return Occurrence(on, instant, Shift.NONE)


def series_dates(starts_on: date, ends_on: date, cadence: str) -> list[date]:
    """Dates of a series, up to and including the end date.

    By weeks the first is `starts_on`. By months it is the first such weekday of a month on or after it:
    nobody has to know the date in order to meet on each month's last Friday.
    """
    weeks, nth = Cadence(cadence).weeks, Cadence(cadence).nth
    if nth:
        return _monthly(starts_on, ends_on, nth)
    count = (ends_on - starts_on).days // (DAYS_A_WEEK * weeks) + 1
    return [starts_on + timedelta(weeks=weeks * n) for n in range(count)]


def next_date(on: date, cadence: str) -> date:
    """The first date of such a series on or after `on`, on the same weekday: `on` itself by weeks."""
    return series_dates(on, on + timedelta(days=10 * DAYS_A_WEEK), cadence)[0]


def _monthly(starts_on: date, ends_on: date, nth: int) -> list[date]:
    dates = []
    year, month = starts_on.year, starts_on.month
    while (year, month) <= (ends_on.year, ends_on.month):
        on = _nth_weekday(year, month, starts_on.weekday(), nth)
        if starts_on <= on <= ends_on:
            dates.append(on)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return dates


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first_weekday, days = calendar.monthrange(year, month)
    day = 1 + (weekday - first_weekday) % DAYS_A_WEEK + DAYS_A_WEEK * (nth - 1)
    return date(year, month, day if day <= days else day - DAYS_A_WEEK)
