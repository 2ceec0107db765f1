"""The worker's side of a match run: from the people in the database to results that an admin can review."""

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Case, Value, When
from django.utils import timezone

from matching.attempts import Attempt, AttemptLost, Course, State, beating, take_over
from matching.cohort import load_cohort
from matching.engine import AssignmentError
from matching.models import Candidates, LeftOut, MatchRun, Pairing
from matching.results import Results, results_of
from matching.services import SOLVE
from matching.tiles import forget_abandoned_tiles, forget_tiles
from mentoring.celery import publish

log = logging.getLogger(__name__)
MOST_ATTEMPTS = 5


def resume_runs(now: datetime) -> int:
    """Wake workers for runs that wait or were left by a worker that died; returns for how many."""
    forget_abandoned_tiles()
    claimable = MatchRun.objects.claimable(now)
    claimable.filter(attempts__gte=MOST_ATTEMPTS).update(
        state=Case(When(finished_at__isnull=True, then=Value(State.FAILED)), default=Value(State.READY)),
        attempt=None,
        error="The computation stopped unexpectedly, several times over.",
    )
    ids = list(claimable.values_list("pk", flat=True))
    for pk in ids:
        publish(SOLVE, str(pk))
    return len(ids)


def solve_run(run_id: uuid.UUID) -> None:
    attempt = take_over(run_id, timezone.now())
    if attempt is None:
        return
    with beating(attempt):
        try:
            _solve(attempt)
        except AttemptLost:
            log.info("match run %s was taken over or cancelled", run_id)
        except AssignmentError as error:
            attempt.give_up(str(error))
        except SoftTimeLimitExceeded:
            attempt.give_up("The computation took too long and was stopped.")
        finally:
            forget_tiles(attempt)


def _solve(attempt: Attempt) -> None:
    run = MatchRun.objects.select_related("program").get(pk=attempt.run_id)
    course = Course(attempt)
    with course.stage("read", 0, 15):
        course.say(0, "Reading who takes part")
        cohort = load_cohort(run, timezone.now().date())
    results = results_of(run, cohort, course)
    with course.stage("save", 95, 100):
        course.say(0, "Saving")
        _save(attempt, results, course)


@transaction.atomic
def _save(attempt: Attempt, results: Results, course: Course) -> None:
    """All results or none, and only while the attempt holds; its first UPDATE locks the run until then."""
    if not attempt.rows().update(state=State.READY, progress=100, stage=""):
        raise AttemptLost
    run = MatchRun.objects.filter(pk=attempt.run_id)
    before = Pairing.objects.unpublished().filter(run_id=attempt.run_id)
    gone = set(before.values_list("pk", flat=True)) - set(results.staying)
    Pairing.objects.filter(pk__in=gone).delete()
    LeftOut.objects.filter(run_id=attempt.run_id).delete()
    Pairing.objects.bulk_create(results.pairings, batch_size=1000)
    LeftOut.objects.bulk_create(results.left_out, batch_size=1000)
    Candidates.objects.update_or_create(run_id=attempt.run_id, defaults={"packed": results.candidates})
    run.update(
        **results.counts,
        attempt=None,
        finished_at=timezone.now(),
        proof=results.proof | {"seconds": course.seconds_so_far()},
        error=_said_of_dropped(results.dropped),
    )


def _said_of_dropped(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"No longer to be matched, so the lock was dropped: {', '.join(names)}."[:300]
