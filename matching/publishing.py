"""Publishing a run: from pairings that admins alone see to proposals that both people can answer."""

import uuid
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from accounts.models import User
from matching.models import MatchRun, Pairing, RunChange
from matching.services import MatchingError, record
from mentoring.engagements.models import Request
from mentoring.engagements.services import EngagementError, propose_pairing, terms_of
from mentoring.programs.models import Program
from mentoring.schedule.services import Terms, collisions
from mentoring.schedule.slots import common_starts

State = MatchRun.State
EVERY_WEEKS = 1
LENGTHS = (60, 30)  # minutes of a session, the first that both have time for
NO_TIME = "No weekly half hour is free for both beside what is reserved or proposed already."
LONGEST_WAIT = 14  # days before the first session; both have to answer first

Taken = dict[uuid.UUID, list[DateTimeTZRange]]  # times that open requests already propose, by person


@dataclass(frozen=True)
class Published:
    sent: int
    kept_back: int


@transaction.atomic
def publish_run(*, run_id: uuid.UUID, by: User, now: datetime) -> Published:
    """Propose every pairing that is not published yet; the run's row is locked, so that twice does once.

    An admin's own pairing is left for another admin, and so is one that cannot be proposed, with a note that
    says why; publishing the run once more tries those again.
    """
    run = MatchRun.objects.select_for_update(of=("self",)).select_related("program").get(pk=run_id)
    if run.state not in (State.READY, State.PUBLISHED):
        raise MatchingError(f"This match run is {run.get_state_display()}; there is nothing to publish.")
    # in one order for everybody, since each proposal locks the mentee's membership
    pairings = list(
        run.pairings.unpublished()
        .reviewable_by(by)
        .select_related("mentee__person", "mentor__person", "goal")
        .order_by("mentee_id")
    )
    taken = _proposed_times(run.program)
    sent = sum(_propose(pairing, run.program, taken, now) for pairing in pairings)
    if sent:
        run.state, run.published_at = State.PUBLISHED, run.published_at or now
        run.save(update_fields=["state", "published_at"])
        record(run, by, RunChange.Action.PUBLISH, f"Published {sent} of {len(pairings)} pairings", now)
    return Published(sent, len(pairings) - sent)


def _propose(pairing: Pairing, program: Program, taken: Taken, now: datetime) -> bool:
    mentor, mentee = pairing.mentor.person, pairing.mentee.person
    terms = best_terms(mentor, mentee, program, taken, now.date())
    if terms is None:
        pairing.note = NO_TIME
        pairing.save(update_fields=["note"])
        return False
    try:
        with transaction.atomic():
            request = propose_pairing(
                program=program, mentor=mentor, mentee=mentee, goal=pairing.goal, terms=terms, now=now
            )
    except EngagementError as error:
        pairing.note = f"It could not be proposed: {error}"[:300]
        pairing.save(update_fields=["note"])
        return False
    for person in (mentor.pk, mentee.pk):
        taken[person] += _ranges(terms)
    pairing.request, pairing.note = request, ""
    pairing.save(update_fields=["request", "note"])
    return True


def best_terms(mentor: User, mentee: User, program: Program, taken: Taken, today: date) -> Terms | None:
    """A weekly time that both protect and that nothing reserved or already proposed takes."""
    first = today + timedelta(days=min(program.request_days, LONGEST_WAIT) + 1)
    # as many sessions as weeks, on whichever day of the first week they begin
    last = first + timedelta(weeks=program.usual_weeks, days=-1)
    proposed = [*taken[mentor.pk], *taken[mentee.pk]]
    for minutes in LENGTHS:
        terms = Terms(first, last, time(), mentor.zone, EVERY_WEEKS, minutes)
        # Those first that stay inside both people's protected time across clock changes.
        for start in sorted(common_starts(mentor, mentee, terms), key=lambda start: start.outside):
            found = replace(terms, starts_on=start.on, at=start.at)
            if not collisions(proposed, found):
                return found
    return None


def _proposed_times(program: Program) -> Taken:
    """Of all open requests of the program's people; two proposals at one time could not both be accepted."""
    taken: Taken = defaultdict(list)
    members = program.memberships.values("person")
    concerned = Request.objects.open().filter(Q(mentor__in=members) | Q(mentee__in=members))
    for request in concerned:
        for person in (request.mentor_id, request.mentee_id):
            taken[person] += _ranges(terms_of(request))
    return taken


def _ranges(terms: Terms) -> list[DateTimeTZRange]:
    return [
        DateTimeTZRange(occurrence.starts_at, occurrence.starts_at + terms.length)
        for occurrence in terms.occurrences()
    ]
