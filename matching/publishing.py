"""Publishing a run: from pairings that admins alone see to proposals that both people can answer, and back.

An admin decides, which is a field of the pairing; a worker does it, a few pairings a transaction with the run
locked. So publishing may be delivered twice, or die half way, and each pairing is proposed once.
"""

import uuid
from collections.abc import Callable, Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import User
from matching.models import MatchRun, Pairing, PairingQuerySet, RunChange
from matching.proposing import NO_TIME, Taken, best_terms, proposed_times, ranges_of
from matching.services import (
    REVIEWABLE,
    MatchingError,
    lock_for_review,
    names_of,
    persons_of,
    record,
    settle_state,
)
from mentoring.celery import publish_on_commit
from mentoring.engagements.services import EngagementError, propose_pairing, take_back_proposal
from mentoring.programs.models import Membership

PUBLISH = "matching.publish_due"
BATCH = 10  # pairings in one transaction, for which the run is locked
ENDS = ("mentee__person", "mentor__person", "goal")
Action = RunChange.Action


@transaction.atomic
def plan_publishing(
    *,
    run_id: uuid.UUID,
    by: User,
    now: datetime,
    at: datetime | None = None,
    chosen: Collection[uuid.UUID] | None = None,
) -> int:
    """Decide to publish what is not published yet, or the chosen ones of it, at once or at an hour.

    Returns how many. An admin's own pairing is left for another admin. Planned once more, a pairing has the
    later decision's hour.
    """
    run = lock_for_review(run_id)
    waiting = run.pairings.unpublished().reviewable_by(by)
    if chosen is not None:
        waiting = waiting.filter(pk__in=chosen)
    when = f"on {_hour(at, by)}" if at else "at once"
    _record(run, by, Action.PUBLISH, f"{{}} to be published {when}", waiting, now)
    count = waiting.update(publish_at=at or now, publish_by=by, note="")
    if count:
        publish_on_commit(PUBLISH)
    return count


@transaction.atomic
def cancel_publishing(*, run_id: uuid.UUID, by: User, now: datetime, at: datetime | None = None) -> int:
    """Publish none of what is planned (for that instant) and not published yet; returns how many."""
    run = lock_for_review(run_id)
    planned = run.pairings.planned().reviewable_by(by)
    if at is not None:
        planned = planned.filter(publish_at=at)
    _record(run, by, Action.CANCEL, "{} not to be published after all", planned, now)
    return planned.update(publish_at=None, publish_by=None)


def publish_some(now: datetime) -> int:
    """Propose the pairings of one run that are due, a batch; returns how many were dealt with."""
    return _some(Pairing.objects.due(now), lambda run: _publish_batch(run, now))


def _publish_batch(run: MatchRun, now: datetime) -> int:
    """What cannot be proposed is left unpublished, with a note that says why."""
    due = _batch(run.pairings.due(now).order_by("publish_at", "mentee_id"))
    taken = proposed_times([end for pairing in due for end in persons_of(pairing)])
    for pairing in due:
        _propose(pairing, run, taken, now)
    settle_state(run, now)
    return len(due)


def _propose(pairing: Pairing, run: MatchRun, taken: Taken, now: datetime) -> None:
    mentor, mentee = pairing.mentor.person, pairing.mentee.person
    terms = best_terms(mentor, mentee, run.program, taken, now.date())
    if terms is None:
        return _keep_back(pairing, NO_TIME)
    try:
        with transaction.atomic():
            request = propose_pairing(
                program=run.program, mentor=mentor, mentee=mentee, goal=pairing.goal, terms=terms, now=now
            )
    except EngagementError as error:
        return _keep_back(pairing, f"It could not be proposed: {error}")
    for person in persons_of(pairing):
        taken[person] += ranges_of(terms)
    pairing.request, pairing.note = request, ""
    pairing.save(update_fields=["request", "note"])
    return None


def _keep_back(pairing: Pairing, why: str) -> None:
    pairing.note, pairing.publish_at, pairing.publish_by = why[:300], None, None
    pairing.save(update_fields=["note", "publish_at", "publish_by"])


@transaction.atomic
def take_back_pairing(*, pairing_id: uuid.UUID, by: User, now: datetime) -> Pairing:
    """Undo the publishing of one pairing; refused from the first answer on."""
    run = lock_for_review(Pairing.objects.only("run_id").get(pk=pairing_id).run_id)
    pairing = run.pairings.published().select_related(*ENDS).filter(pk=pairing_id).first()
    if pairing is None:
        raise MatchingError("This pairing is not published any more.")
    try:
        _take_back(pairing, now)
    except EngagementError as error:
        raise MatchingError(f"It cannot be taken back: {error}") from error
    _record(run, by, Action.UNDO, "{} taken back", run.pairings.filter(pk=pairing_id), now)
    settle_state(run, now)
    return pairing


@transaction.atomic
def take_back_all(
    *, run_id: uuid.UUID, by: User, now: datetime, chosen: Collection[uuid.UUID] | None = None
) -> int:
    """Have a worker undo what is published and not answered, or the chosen of it; returns how many."""
    run = lock_for_review(run_id)
    unanswered = run.pairings.unanswered().reviewable_by(by)
    if chosen is not None:
        unanswered = unanswered.filter(pk__in=chosen)
    _record(run, by, Action.UNDO, "{} to be taken back", unanswered, now)
    count = Pairing.objects.filter(pk__in=unanswered.values("pk")).update(undo_at=now)
    if count:
        publish_on_commit(PUBLISH)
    return count


def take_back_some(now: datetime) -> int:
    """Undo what admins have asked to take back, a batch of one run; returns how many were dealt with."""
    return _some(Pairing.objects.filter(undo_at__isnull=False), lambda run: _take_back_batch(run, now))


def _take_back_batch(run: MatchRun, now: datetime) -> int:
    asked = _batch(run.pairings.filter(undo_at__isnull=False).order_by("pk"))
    for pairing in asked:
        try:
            _take_back(pairing, now)
        except EngagementError as error:
            pairing.note, pairing.undo_at = f"It was not taken back: {error}"[:300], None
            pairing.save(update_fields=["note", "undo_at"])
    settle_state(run, now)
    return len(asked)


def _take_back(pairing: Pairing, now: datetime) -> None:
    """Unpublished again, as if it had never been; EngagementError once somebody has answered."""
    if pairing.request_id is not None:
        take_back_proposal(request_id=pairing.request_id, now=now)
    pairing.request = pairing.publish_at = pairing.publish_by = pairing.undo_at = None
    pairing.note = ""
    pairing.save(update_fields=["request", "publish_at", "publish_by", "undo_at", "note"])


def _some(waiting: PairingQuerySet, do: Callable[[MatchRun], int]) -> int:
    """Do a batch of a run, which is locked; 0 where there is none, or where another worker is at it.

    Runs that are being solved are let be until they are reviewable again.
    """
    runs = MatchRun.objects.filter(pk__in=waiting.values("run"), state__in=REVIEWABLE)
    with transaction.atomic():
        locked = runs.select_for_update(of=("self",), skip_locked=True).select_related("program")
        run = locked.order_by("created_at").first()
        return 0 if run is None else do(run)


def _batch(pairings: PairingQuerySet) -> list[Pairing]:
    """A few, in one order for everybody: each proposal locks the mentee's membership."""
    return sorted(pairings.select_related(*ENDS)[:BATCH], key=lambda pairing: pairing.mentee_id)


def _record(
    run: MatchRun, by: User, action: RunChange.Action, words: str, pairings: PairingQuerySet, now: datetime
) -> None:
    """Of one pairing the record names the two, of several their number.

    Those of the program's admins have a record each, which the admin concerned is not shown: a number that
    counts their own would tell them of it.
    """
    rows = pairings.select_related(*ENDS)
    admins = Membership.objects.current().filter(program=run.program_id, is_admin=True).values("person")
    of_admins = Q(mentee__person__in=admins) | Q(mentor__person__in=admins)
    own = list(rows.filter(of_admins))
    others = rows.exclude(pk__in=[one.pk for one in own])
    if (count := others.count()) > 1:
        record(run, by, action, words.format(f"{count} pairings"), now)
    for pairing in [*own, *(others if count == 1 else ())]:
        record(run, by, action, words.format(names_of(pairing)), now, concerns=persons_of(pairing))


def _hour(at: datetime, by: User) -> str:
    return f"{date_format(timezone.localtime(at, by.zone_info), 'j F Y, H:i')} ({by.zone})"
