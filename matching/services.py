"""The course of a match run, as admins steer it: started, solved again, cancelled."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import User
from matching.cohort import first_goals
from matching.engine import DEFAULT_WEIGHTS
from matching.fits import known_weights
from matching.models import MatchRun, Pairing, RunChange
from mentoring.celery import publish_on_commit
from mentoring.engagements.models import Request
from mentoring.programs.models import Program

SOLVE = "matching.solve_match_run"
State = MatchRun.State
REVIEWABLE = (State.READY, State.PUBLISHED)


@dataclass(frozen=True)
class RunSettings:
    """Weights and least scores by criterion; how far what matters to a mentee moves their weights."""

    weights: Mapping[str, float]
    must_haves: Mapping[str, float]
    tilt: int


class MatchingError(Exception):
    """What was asked of a match run is refused; the text is fit to show."""


@transaction.atomic
def start_run(
    *,
    program: Program,
    by: User,
    now: datetime,
    objective: str = MatchRun.Objective.MOST,
    settings: RunSettings | None = None,
) -> MatchRun:
    """Queue a run and wake a worker. Should no worker hear of it, beat's next wake-up finds the row.

    Without settings it is made under the program's own.
    """
    settings = settings or RunSettings(program.weights, program.must_haves, program.tilt)
    if not first_goals(program).exists():
        raise MatchingError("Nobody with an open goal waits for a mentor at present.")
    run = MatchRun(
        program=program,
        started_by=by,
        objective=objective,
        weights=DEFAULT_WEIGHTS | known_weights(settings.weights),
        must_haves=known_weights(settings.must_haves),
        tilt=settings.tilt,
        zone=by.zone,
        created_at=now,
    )
    _one_at_a_time(lambda: run.save(force_insert=True))
    publish_on_commit(SOLVE, str(run.pk))
    return run


@transaction.atomic
def solve_again(*, run_id: uuid.UUID, by: User, now: datetime) -> MatchRun:
    """Solve a reviewed run anew: locked pairings stay, removed ones are not formed, the rest is open."""
    run = lock_for_review(run_id)
    if run.pairings.planned().exists():
        raise MatchingError("Some pairings are about to be published. Cancel that first, or wait.")
    _give_up_refused(run)
    run.state, run.progress, run.stage, run.attempts, run.error = State.QUEUED, 0, "", 0, ""
    _one_at_a_time(lambda: run.save(update_fields=["state", "progress", "stage", "attempts", "error"]))
    record(run, by, RunChange.Action.SOLVE, "Solved again, keeping what is locked", now)
    publish_on_commit(SOLVE, str(run.pk))
    return run


@transaction.atomic
def cancel_run(*, run_id: uuid.UUID, by: User, now: datetime) -> MatchRun:
    """Stop a run that waits or works; results of an earlier solving stand. Twice does once."""
    run = MatchRun.objects.select_for_update(of=("self",)).get(pk=run_id)
    if run.state in (State.QUEUED, State.RUNNING):
        # without the attempt's token its worker can write nothing more
        run.state, run.attempt = State.READY if run.finished_at else State.CANCELLED, None
        run.save(update_fields=["state", "attempt"])
        record(run, by, RunChange.Action.CANCEL, "Cancelled while it was under way", now)
    return run


def lock_for_review(run_id: uuid.UUID) -> MatchRun:
    """The run, locked until the transaction ends, so that two admins change it one after the other."""
    run = MatchRun.objects.select_for_update(of=("self",)).select_related("program").get(pk=run_id)
    if run.state not in REVIEWABLE:
        raise MatchingError(f"This match run is {run.get_state_display()}; it cannot be changed now.")
    return run


def settle_state(run: MatchRun, now: datetime) -> None:
    """Published is a run of which nothing is left to publish; the run has to be locked.

    To be called after whatever publishes, takes back, adds or removes pairings.
    """
    is_begun = run.pairings.published().exists()
    is_done = is_begun and not run.pairings.unpublished().exists()
    run.state = State.PUBLISHED if is_done else State.READY
    run.published_at = (run.published_at or now) if is_begun else None
    run.save(update_fields=["state", "published_at"])


def record(
    run: MatchRun,
    by: User,
    action: RunChange.Action,
    words: str,
    now: datetime,
    *,
    concerns: Sequence[uuid.UUID] = (),
) -> None:
    """`concerns`: the persons whom the words name."""
    RunChange.objects.create(
        run=run, by=by, action=action, words=words[:300], concerns=list(concerns), at=now
    )


def names_of(pairing: Pairing) -> str:
    return f"{pairing.mentee.person.name} and {pairing.mentor.person.name}"


def persons_of(pairing: Pairing) -> list[uuid.UUID]:
    """Of a pairing that has no mentor yet, the mentee alone."""
    mentor = [pairing.mentor.person_id] if pairing.mentor_id else []
    return [pairing.mentee.person_id, *mentor]


def _give_up_refused(run: MatchRun) -> None:
    """Remove published pairings that came to nothing: nobody is proposed the same person twice."""
    refused = [Request.State.DECLINED, Request.State.WITHDRAWN, Request.State.EXPIRED]
    run.pairings.published().filter(request__state__in=refused).update(
        is_removed=True, is_locked=False, publish_at=None
    )


def _one_at_a_time(save: Callable[[], None]) -> None:
    try:
        with transaction.atomic():
            save()
    except IntegrityError as error:
        if "match_run_one_at_a_time" not in str(error):
            raise
        raise MatchingError("A match run is already under way in this program.") from error
