"""When a series meets: from an agreed local time to instants, each date resolved for itself."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mentoring.schedule.models import Session

Shift = Session.Shift


@dataclass(frozen=True)
class Occurrence:
    starts_at: datetime  # aware, UTC
    shift: Shift


def resolve(on: date, at: time, zone: str) -> Occurrence:
    """The instant of a local time on a date.

    A time that a clock change skips moves later by the gap; one that comes twice means the first
    (RFC 5545, section 3.3.5, and `datetime.fold` of PEP 495).
    """
    local = datetime.combine(on, at, ZoneInfo(zone))
    instant = local.astimezone(UTC)
    if instant.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        # With fold=0 a skipped time is read with the offset from before the gap, which lands after it.
        return Occurrence(instant, Shift.GAP)
    if local.replace(fold=1).utcoffset() != local.utcoffset():
        return Occurrence(instant, Shift.REPEAT)
    return Occurrence(instant, Shift.NONE)


def series_dates(starts_on: date, ends_on: date, every_weeks: int) -> list[date]:
    """Dates of a series: the first, then every so many weeks, up to and including the end date."""
    count = (ends_on - starts_on).days // (7 * every_weeks) + 1
    return [starts_on + timedelta(weeks=every_weeks * n) for n in range(count)]


def occurrences(*, starts_on: date, ends_on: date, every_weeks: int, at: time, zone: str) -> list[Occurrence]:
    return [resolve(on, at, zone) for on in series_dates(starts_on, ends_on, every_weeks)]
