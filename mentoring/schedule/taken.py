"""When people cannot meet: what is reserved for them, and their time away."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from mentoring.schedule.models import Reservation, Series, TimeAway
from mentoring.schedule.times import Occurrence, Terms, resolve

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Away:
    """A person's time away as instants: from the first midnight to the last, in their own zone."""

    away_id: uuid.UUID
    person_id: uuid.UUID
    begins_at: datetime
    is_over_at: datetime

    def overlaps(self, starts_at: datetime, ends_at: datetime) -> bool:
        return self.begins_at < ends_at and starts_at < self.is_over_at


def reserved(
    people: Sequence[uuid.UUID], terms: Terms, *, replacing: Series | None = None
) -> list[DateTimeTZRange]:
    """What is reserved for any of the people between the first and the last date of `terms`.

    Of a series that is to be replaced, what `terms` would take the place of is left out.
    """
    live = Reservation.objects.filter(person_id__in=people, is_live=True, during__overlap=span_of(terms))
    if replacing is not None:
        live = live.exclude(session__series=replacing, session__on__gte=terms.starts_on)
    return list(live.values_list("during", flat=True))


def collisions(taken: Sequence[DateTimeTZRange], terms: Terms, away: Sequence[Away] = ()) -> list[datetime]:
    """Starts of the occurrences of `terms` that overlap something taken; one in time away never does."""
    return [
        occurrence.starts_at
        for occurrence in terms.occurrences()
        if away_at(away, occurrence, terms) is None
        and any(
            during.lower < occurrence.starts_at + terms.length and occurrence.starts_at < during.upper
            for during in taken
        )
    ]


def away_during(people: Collection[uuid.UUID], terms: Terms) -> list[Away]:
    """When any of the people is away between the first and the last date of `terms`."""
    return away_between(people, span_of(terms).lower, span_of(terms).upper)


def away_between(people: Collection[uuid.UUID], begins_at: datetime, ends_at: datetime) -> list[Away]:
    rows = TimeAway.objects.filter(
        person_id__in=people,
        ends_on__gte=(begins_at - ONE_DAY).date(),
        starts_on__lte=(ends_at + ONE_DAY).date(),
    )
    return [away_of(row) for row in rows.select_related("person")]


def away_of(row: TimeAway) -> Away:
    zone = row.person.zone
    return Away(
        away_id=row.pk,
        person_id=row.person_id,
        begins_at=resolve(row.starts_on, time.min, zone).starts_at,
        is_over_at=resolve(row.ends_on + ONE_DAY, time.min, zone).starts_at,
    )


def away_at(away: Iterable[Away], occurrence: Occurrence, terms: Terms) -> Away | None:
    """The time away in which an occurrence falls, if any."""
    ends_at = occurrence.starts_at + terms.length
    return next((one for one in away if one.overlaps(occurrence.starts_at, ends_at)), None)


def span_of(terms: Terms) -> DateTimeTZRange:
    """From a day before the first date to a day after the last."""
    return DateTimeTZRange(
        resolve(terms.starts_on, time.min, terms.zone).starts_at - ONE_DAY,
        resolve(terms.ends_on, time.max, terms.zone).starts_at + ONE_DAY,
    )
