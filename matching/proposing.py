"""The terms under which a pairing is proposed: a time that suits both, in the program's usual rhythm."""

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import date, time, timedelta

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from accounts.models import User
from mentoring.engagements.models import Request
from mentoring.programs.models import Program
from mentoring.schedule.slots import common_starts
from mentoring.schedule.taken import collisions
from mentoring.schedule.times import Terms

LENGTHS = (60, 30)  # minutes of a session, the first that both have time for
NO_TIME = "No half hour is free for both, in the usual rhythm, beside what is reserved or proposed already."
LONGEST_WAIT = 14  # days before the first session; both have to answer first

Taken = dict[uuid.UUID, list[DateTimeTZRange]]  # times that open requests already propose, by person


def best_terms(mentor: User, mentee: User, program: Program, taken: Taken, today: date) -> Terms | None:
    """A time that both protect and that nothing reserved or already proposed takes."""
    first = today + timedelta(days=min(program.request_days, LONGEST_WAIT) + 1)
    # by weeks as many sessions as weeks, on whichever day of the first week they begin
    last = first + timedelta(weeks=program.usual_weeks, days=-1)
    proposed = [*taken[mentor.pk], *taken[mentee.pk]]
    for minutes in LENGTHS:
        terms = Terms(first, last, time(), mentor.zone, program.usual_cadence, minutes)
        # Those first that stay inside both people's protected time across clock changes.
        for start in sorted(common_starts(mentor, mentee, terms), key=lambda start: start.outside):
            found = replace(terms, starts_on=start.on, at=start.at)
            # a month's such weekday may lie on the last day; an engagement ends after the day it begins
            if found.starts_on < last and not collisions(proposed, found):
                return found
    return None


def proposed_times(people: Collection[uuid.UUID]) -> Taken:
    """Of all open requests of these people; two proposals at one time could not both be accepted."""
    taken: Taken = defaultdict(list)
    for request in Request.objects.open().filter(Q(mentor__in=people) | Q(mentee__in=people)):
        for person in (request.mentor_id, request.mentee_id):
            taken[person] += ranges_of(request.terms)
    return taken


def ranges_of(terms: Terms) -> list[DateTimeTZRange]:
    return [
        DateTimeTZRange(occurrence.starts_at, occurrence.starts_at + terms.length)
        for occurrence in terms.occurrences()
    ]
