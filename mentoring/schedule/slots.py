"""Times that are protected by both people and free for both: weekly ones, and ones for a single session."""

import math
import uuid
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts import week
from accounts.models import Profile, User
from mentoring.schedule.models import Busy, Reservation, Series
from mentoring.schedule.taken import away_between, away_during, collisions, reserved, span_of
from mentoring.schedule.times import Terms, resolve, series_dates

HALF_HOUR = timedelta(minutes=30)
# Where another time for one session is looked for, from the time that it has.
SEARCHED_BEFORE, SEARCHED_AFTER = timedelta(weeks=1), timedelta(weeks=3)
WAKING = (time(7), time(22))
_Range = tuple[datetime, datetime]


@dataclass(frozen=True)
class Start:
    """A first date and local time from which a series could run, and on how many of its dates it would not
    lie inside both people's protected time (a clock change in one zone alone shifts it) or meet one of them
    busy elsewhere."""

    on: date
    at: time
    zone: str
    outside: int

    @property
    def starts_at(self) -> datetime:
        return resolve(self.on, self.at, self.zone).starts_at


@dataclass(frozen=True)
class _Protected:
    week: week.Week
    zone: ZoneInfo

    def covers(self, starts_at: datetime, length: timedelta) -> bool:
        """Whether every half hour that the session touches is protected, in this person's own zone."""
        local = starts_at.astimezone(self.zone)
        first = week.index_of(local.weekday(), local.time())
        into_first = timedelta(minutes=local.minute % 30, seconds=local.second)
        touched = math.ceil((into_first + length) / HALF_HOUR)
        return all(self.week[(first + n) % week.HALF_HOURS_A_WEEK] for n in range(touched))


def common_starts(
    mentor: User, mentee: User, terms: Terms, *, replacing: Series | None = None
) -> list[Start]:
    """Starts for a series with these terms that are protected by both and collide with nothing reserved.

    `terms.at` and the weekday of `terms.starts_on` are left open: each half hour of the seven days from
    `terms.starts_on` is tried. The first session is never inside either's time away, nor when one is busy
    elsewhere; later ones that are away will be skipped. In the order of time.
    """
    people = [mentor.pk, mentee.pk]
    whole = replace(terms, ends_on=terms.ends_on + timedelta(days=1))
    taken, away = reserved(people, whole, replacing=replacing), away_during(people, whole)
    busy = _merged(_busy([mentor, mentee], span_of(whole)))
    protected = _protected_weeks([mentor, mentee])
    starts = []
    for tried in _week_of(terms):
        first = resolve(tried.starts_on, tried.at, tried.zone).starts_at
        if not all(person.covers(first, tried.length) for person in protected):
            continue
        if any(one.overlaps(first, first + tried.length) for one in away) or collisions(taken, tried, away):
            continue
        if _overlaps(busy, first, tried.length):
            continue
        outside = sum(
            _overlaps(busy, occurrence.starts_at, tried.length)
            or not all(person.covers(occurrence.starts_at, tried.length) for person in protected)
            for occurrence in tried.occurrences()
        )
        starts.append(Start(tried.starts_on, tried.at, tried.zone, outside))
    return sorted(starts, key=lambda start: (start.on, start.at))


@dataclass(frozen=True)
class Free:
    """Instants free for both, soonest first."""

    protected: list[datetime]  # inside both people's protected time
    others: list[datetime]  # within both people's waking hours


def find_free(
    mentor: User,
    mentee: User,
    *,
    around: datetime,
    length: timedelta,
    now: datetime,
    until: datetime,
    besides: uuid.UUID | None = None,
) -> Free:
    """Instants at which both are free for so long, inside both people's protected time and outside it.

    Looked at are the half hours from a week before `around` to three weeks after it that lie ahead of `now`
    and begin before `until`. The time that the session `besides` itself holds is free.
    """
    people = [mentor, mentee]
    first = _next_half_hour(max(now, around - SEARCHED_BEFORE), mentor.zone_info)
    last = min(until, around + SEARCHED_AFTER)
    if first >= last:
        return Free([], [])
    window = DateTimeTZRange(first, last + length)
    away = away_between([mentor.pk, mentee.pk], window.lower, window.upper)
    taken = [*_held(people, window, besides), *_busy(people, window)]
    taken += [(each.begins_at, each.is_over_at) for each in away]
    weeks = _protected_weeks(people)
    free = Free([], [])
    for starts_at in _free_half_hours(first, last, length, _merged(taken)):
        if all(week.covers(starts_at, length) for week in weeks):
            free.protected.append(starts_at)
        elif all(_is_awake(starts_at, length, week.zone) for week in weeks):
            free.others.append(starts_at)
    return free


def _held(people: list[User], window: DateTimeTZRange, besides: uuid.UUID | None) -> list[_Range]:
    live = Reservation.objects.filter(person__in=people, is_live=True, during__overlap=window)
    if besides is not None:
        live = live.exclude(session_id=besides)
    return list(live.values_list("during__startswith", "during__endswith"))


def _busy(people: list[User], window: DateTimeTZRange) -> list[_Range]:
    rows = Busy.objects.filter(person__in=people, during__overlap=window)
    return list(rows.values_list("during__startswith", "during__endswith"))


def _merged(ranges: list[_Range]) -> list[_Range]:
    """The same time as ranges that do not touch, in order."""
    merged: list[_Range] = []
    for lower, upper in sorted(ranges):
        if merged and lower <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(upper, merged[-1][1]))
        else:
            merged.append((lower, upper))
    return merged


def _overlaps(merged: list[_Range], starts_at: datetime, length: timedelta) -> bool:
    before = bisect_left(merged, starts_at + length, key=lambda during: during[0])
    return before > 0 and starts_at < merged[before - 1][1]


def _free_half_hours(
    first: datetime, last: datetime, length: timedelta, taken: list[_Range]
) -> Iterator[datetime]:
    at, index = first, 0
    while at < last:
        while index < len(taken) and taken[index][1] <= at:
            index += 1
        if index == len(taken) or at + length <= taken[index][0]:
            yield at
        at += HALF_HOUR


def _next_half_hour(after: datetime, zone: ZoneInfo) -> datetime:
    """The first half hour of a clock in that zone that begins later."""
    local = after.astimezone(zone)
    into = timedelta(minutes=local.minute % 30, seconds=local.second, microseconds=local.microsecond)
    return after.astimezone(UTC) - into + HALF_HOUR


def _is_awake(starts_at: datetime, length: timedelta, zone: ZoneInfo) -> bool:
    local, until = starts_at.astimezone(zone), (starts_at + length).astimezone(zone)
    return local.date() == until.date() and WAKING[0] <= local.time() and until.time() <= WAKING[1]


def _week_of(terms: Terms) -> Iterator[Terms]:
    for day in range(7):
        on = terms.starts_on + timedelta(days=day)
        if not (dates := series_dates(on, terms.ends_on, terms.cadence)):
            continue
        for half_hour in range(week.HALF_HOURS_A_DAY):
            yield replace(terms, starts_on=dates[0], at=time(half_hour // 2, half_hour % 2 * 30))


def _protected_weeks(people: list[User]) -> list[_Protected]:
    weeks = dict(Profile.objects.filter(person__in=people).values_list("person_id", "week"))
    return [
        _Protected(week.unpack(weeks.get(person.pk, week.EMPTY_WEEK)), person.zone_info) for person in people
    ]
