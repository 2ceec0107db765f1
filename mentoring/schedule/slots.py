"""Weekly times that are protected by both people and free for both."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accounts import week
from accounts.models import Profile, User
from mentoring.schedule.services import collisions, reserved
from mentoring.schedule.times import Terms, resolve, series_dates

HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Start:
    """A first date and local time from which a series could run, and on how many of its dates it would not
    lie inside both people's protected time (a clock change in one zone alone shifts it)."""

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


def common_starts(mentor: User, mentee: User, terms: Terms) -> list[Start]:
    """Starts for a series with these terms that are protected by both and collide with nothing reserved.

    `terms.at` and the weekday of `terms.starts_on` are left open: each half hour of the seven days from
    `terms.starts_on` is tried. In the order of time.
    """
    taken = reserved([mentor.pk, mentee.pk], replace(terms, ends_on=terms.ends_on + timedelta(days=1)))
    protected = _protected_weeks([mentor, mentee])
    starts = []
    for tried in _week_of(terms):
        first = resolve(tried.starts_on, tried.at, tried.zone).starts_at
        if not all(person.covers(first, tried.length) for person in protected):
            continue
        if collisions(taken, tried):
            continue
        outside = sum(
            not all(person.covers(occurrence.starts_at, tried.length) for person in protected)
            for occurrence in tried.occurrences()
        )
        starts.append(Start(tried.starts_on, tried.at, tried.zone, outside))
    return starts


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
