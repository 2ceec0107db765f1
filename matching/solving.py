"""The worker's side of a match run.

A run may be delivered twice, and its worker may die at any moment. Whoever works on it holds an attempt: a
token in the run's row. A run is taken over, by one conditional UPDATE, when it waits or when its attempt has
not said for a while that it is alive; from then on the attempt before can write nothing, since all it writes
is conditional on its token.
"""

import logging
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from matching.cohort import NO_GOAL, NO_TIME, Cohort, load_cohort
from matching.engine import Assignment, AssignmentError, Feasibility, Infeasible, assign, why_unmatched
from matching.engine.assignment import Pair
from matching.fits import Fits, shown
from matching.models import LeftOut, MatchRun, MatchRunQuerySet, Pairing
from mentoring.celery import publish

log = logging.getLogger(__name__)
State = MatchRun.State
BEAT_EVERY = 5.0  # seconds
MOST_ATTEMPTS = 5
EXPLAINED_AT_ONCE = 200


class AttemptLost(Exception):
    """Another attempt has taken the run over, or an admin has cancelled it."""


@dataclass(frozen=True)
class Attempt:
    run_id: uuid.UUID
    token: uuid.UUID

    def rows(self) -> MatchRunQuerySet:
        """The run, as long as this attempt may write it."""
        return MatchRun.objects.filter(pk=self.run_id, attempt=self.token, state=State.RUNNING)

    def say(self, progress: int, stage: str) -> None:
        if not self.rows().update(progress=progress, stage=stage, beat_at=timezone.now()):
            raise AttemptLost

    def give_up(self, error: str) -> None:
        """End without results; those of an earlier solving stand."""
        after = State.READY if self.rows().filter(finished_at__isnull=False).exists() else State.FAILED
        self.rows().update(state=after, attempt=None, error=error[:300])


@dataclass(frozen=True)
class Solved:
    pairings: list[Pairing]
    left_out: list[LeftOut]
    counts: dict[str, int]
    dropped: list[str]


def resume_runs(now: datetime) -> int:
    """Wake workers for runs that wait or were left by a worker that died; returns for how many."""
    claimable = MatchRun.objects.claimable(now)
    claimable.filter(attempts__gte=MOST_ATTEMPTS).update(
        state=Case(When(finished_at__isnull=True, then=Value(State.FAILED)), default=Value(State.READY)),
        attempt=None,
        error="The computation stopped unexpectedly, several times over.",
    )
    ids = list(claimable.values_list("pk", flat=True))
    for pk in ids:
        publish("matching.solve_match_run", str(pk))
    return len(ids)


def solve_run(run_id: uuid.UUID) -> None:
    attempt = take_over(run_id, timezone.now())
    if attempt is None:
        return
    with _beating(attempt):
        try:
            _solve(attempt)
        except AttemptLost:
            log.info("match run %s was taken over or cancelled", run_id)
        except AssignmentError as error:
            attempt.give_up(str(error))
        except SoftTimeLimitExceeded:
            attempt.give_up("The computation took too long and was stopped.")


def take_over(run_id: uuid.UUID, now: datetime) -> Attempt | None:
    attempt = Attempt(run_id, uuid.uuid4())
    taken = (
        MatchRun.objects.claimable(now)
        .filter(pk=run_id)
        .update(
            state=State.RUNNING,
            attempt=attempt.token,
            beat_at=now,
            attempts=F("attempts") + 1,
            progress=0,
            stage="Starting",
        )
    )
    return attempt if taken else None


@contextmanager
def _beating(attempt: Attempt) -> Iterator[None]:
    """Says every few seconds that the attempt is alive, on a connection of its own."""
    done = threading.Event()

    def beat() -> None:
        try:
            while not done.wait(BEAT_EVERY):
                attempt.rows().update(beat_at=timezone.now())
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name="match-run-beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _solve(attempt: Attempt) -> None:
    run = MatchRun.objects.select_related("program").get(pk=attempt.run_id)
    attempt.say(5, "Reading who takes part")
    cohort = load_cohort(run.program, run.weights, timezone.now().date())
    attempt.say(40, "Finding the best pairs")
    locked, forbidden, dropped = _by_hand(run, cohort)
    fits = cohort.fits
    mentees, mentors = fits.mentees.arrays, fits.mentors.arrays
    formable = _formable(fits, locked)
    assignment = assign(
        fits.scores.points,
        formable.feasible,
        mentors.capacity,
        mentee_ids=mentees.ids,
        mentor_ids=mentors.ids,
        locked=locked,
        forbidden=forbidden,
        mentee_names=mentees.names,
        mentor_names=mentors.names,
    )
    pairings = _pairings(attempt, run, cohort, assignment, set(locked))
    attempt.say(90, "Saying who is left out, and why")
    left_out = _left_out(run, cohort, assignment, formable, forbidden)
    able = [row for row in fits.mentors.rows if not row.is_paused and row.places_free]
    counts = {
        "mentees": len(mentees),
        "mentors": len(able),
        "places": sum(row.places_free for row in able),
        "feasible_pairs": int(formable.feasible.sum()),
    }
    attempt.say(95, "Saving")
    _save(attempt, Solved(pairings, left_out, counts, dropped))


def _formable(fits: Fits, locked: Sequence[Pair]) -> Feasibility:
    """Possible pairs that have a half hour of the week in common: without one nothing could be published.

    What an admin has locked stays as it is.
    """
    without_time = fits.possible.feasible & (fits.scores.parts["time"] == 0)
    for pair in locked:
        without_time[pair] = False
    reasons = np.where(without_time, int(Infeasible.NOT_ALLOWED), fits.possible.reasons).astype(np.uint8)
    return Feasibility(reasons == 0, reasons)


def _by_hand(run: MatchRun, cohort: Cohort) -> tuple[list[Pair], list[Pair], list[str]]:
    """Locked and forbidden pairs of an earlier review, and the mentees whose lock no longer has a meaning."""
    row = {member: i for i, member in enumerate(cohort.members)}
    column = {mentor.membership: j for j, mentor in enumerate(cohort.fits.mentors.rows)}
    locked: list[Pair] = []
    forbidden: list[Pair] = []
    dropped: list[str] = []
    decided = run.pairings.filter(is_locked=True) | run.pairings.filter(is_removed=True)
    for mentee, mentor, is_locked, name in decided.order_by("pk").values_list(
        "mentee_id", "mentor_id", "is_locked", "mentee__person__name"
    ):
        if mentee in row and mentor in column:
            (locked if is_locked else forbidden).append((row[mentee], column[mentor]))
        elif is_locked:
            dropped.append(name)
    return locked, forbidden, dropped


def _pairings(
    attempt: Attempt, run: MatchRun, cohort: Cohort, assignment: Assignment, locked: set[Pair]
) -> list[Pairing]:
    fits = cohort.fits
    pairings = []
    for n, (i, j) in enumerate(assignment.pairs):
        if n % EXPLAINED_AT_ONCE == 0:
            attempt.say(60 + 30 * n // len(assignment.pairs), "Putting the reasons into words")
        pairings.append(
            Pairing(
                run=run,
                mentee_id=cohort.members[i],
                mentor_id=fits.mentors.rows[j].membership,
                goal_id=fits.mentees.rows[i].goal,
                points=int(fits.scores.points[i, j]),
                parts=shown(fits.explanation(i, j, voice="admin", zone=run.zone)),
                is_locked=(i, j) in locked,
            )
        )
    return pairings


def _left_out(
    run: MatchRun,
    cohort: Cohort,
    assignment: Assignment,
    formable: Feasibility,
    forbidden: Sequence[Pair],
) -> list[LeftOut]:
    left_out = [
        LeftOut(run=run, mentee_id=member, reason=NO_GOAL.format(name=name))
        for member, name in cohort.without_goal
    ]
    for i in assignment.unmatched:
        goal_id = cohort.fits.mentees.rows[i].goal
        reason = _why_left_out(i, cohort.fits, assignment, formable, forbidden)
        left_out.append(LeftOut(run=run, mentee_id=cohort.members[i], goal_id=goal_id, reason=reason[:500]))
    return left_out


def _why_left_out(
    i: int, fits: Fits, assignment: Assignment, formable: Feasibility, forbidden: Sequence[Pair]
) -> str:
    possible, with_time = fits.possible.feasible[i].copy(), formable.feasible[i].copy()
    barred = [j for row, j in forbidden if row == i]
    possible[barred] = with_time[barred] = False
    if possible.any() and not with_time.any():
        return NO_TIME.format(name=fits.mentees.rows[i].name)
    # where nobody is possible at all, the reason is not time
    feasibility = formable if with_time.any() else fits.possible
    mentees, mentors = fits.mentees.arrays, fits.mentors.arrays
    return why_unmatched(i, mentees, mentors, feasibility, mentors.capacity, assignment, forbidden=forbidden)


@transaction.atomic
def _save(attempt: Attempt, solved: Solved) -> None:
    """All results or none, and only while the attempt holds; this UPDATE locks the run until then."""
    fields: dict[str, Any] = {
        **solved.counts,
        "state": State.READY,
        "attempt": None,
        "progress": 100,
        "stage": "",
        "finished_at": timezone.now(),
        "error": _said_of_dropped(solved.dropped),
    }
    if not attempt.rows().update(**fields):
        raise AttemptLost
    Pairing.objects.standing().filter(run_id=attempt.run_id).delete()
    LeftOut.objects.filter(run_id=attempt.run_id).delete()
    Pairing.objects.bulk_create(solved.pairings, batch_size=1000)
    LeftOut.objects.bulk_create(solved.left_out, batch_size=1000)


def _said_of_dropped(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"No longer to be matched, so the lock was dropped: {', '.join(names)}."[:300]
