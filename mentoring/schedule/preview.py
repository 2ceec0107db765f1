"""What two people should know of terms before they agree: how often, when first, and which dates differ."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format

from accounts.models import User
from mentoring.schedule.models import Session
from mentoring.schedule.taken import away_at, away_during
from mentoring.schedule.times import Occurrence, Shift, Terms


@dataclass(frozen=True)
class Touched:
    """A date on which a series does not simply keep its time."""

    occurrence: Occurrence
    terms: Terms
    away: User | None  # who is away; the session is skipped
    reader: User | None

    def __str__(self) -> str:
        day, at, zone = date_format(self.occurrence.on, "l j F Y"), f"{self.terms.at:%H:%M}", self.terms.zone
        if self.away:
            is_own = self.reader is not None and self.reader.pk == self.away.pk
            who = "you are" if is_own else f"{self.away.name} is"
            return f"{day}: {who} away, and this session is skipped."
        if self.occurrence.shift == Shift.REPEAT:
            return f"{day}: {at} comes twice in {zone}, as the clocks go back. The first is meant."
        local = self.occurrence.starts_at.astimezone(self.terms.zone_info)
        return f"{day}: the clocks in {zone} go forward and skip {at}. You meet at {local:%H:%M}."


@dataclass(frozen=True)
class Preview:
    terms: Terms
    sessions: int  # how many will be reserved
    first: Occurrence | None
    touched: Sequence[Touched]

    @property
    def key(self) -> str:
        """Names the terms and the dates that differ, so that a yes can say to what; the same for both."""
        differ = [(one.occurrence.starts_at, one.away and one.away.pk) for one in self.touched]
        return hashlib.sha256(repr((self.terms, differ)).encode()).hexdigest()[:16]


def preview(terms: Terms, mentor: User, mentee: User, *, reader: User | None = None) -> Preview:
    """The sessions of a series with these terms. Time away is told to the two alone."""
    names = {person.pk: person for person in (mentor, mentee)}
    away = away_during(names, terms) if reader is None or reader.pk in names else []
    occurrences = terms.occurrences()
    skipped = {
        occurrence.on: names[covered.person_id]
        for occurrence in occurrences
        if (covered := away_at(away, occurrence, terms))
    }
    reserved = [occurrence for occurrence in occurrences if occurrence.on not in skipped]
    return Preview(
        terms=terms,
        sessions=len(reserved),
        first=reserved[0] if reserved else None,
        touched=[
            Touched(occurrence, terms, skipped.get(occurrence.on), reader)
            for occurrence in occurrences
            if occurrence.shift or occurrence.on in skipped
        ],
    )


def skipped_from_the_start(engagement_id: uuid.UUID) -> list[date]:
    """The dates of the series in force that time away has kept from being reserved."""
    skipped = Session.objects.filter(series__engagement_id=engagement_id, state=Session.State.SKIPPED)
    in_force = skipped.in_force().filter(away__isnull=False)
    return list(in_force.order_by("on").values_list("on", flat=True))
