"""The worker's side of a match run.

A run may be delivered twice, and its worker may die at any moment. Whoever works on it holds an attempt: a
token in the run's row. A run is taken over, by one conditional UPDATE, when it waits or when its attempt has
not said for a while that it is alive; from then on the attempt before can write nothing, since all it writes
is conditional on its token.
"""

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from matching.cohort import load_cohort
from matching.engine import AssignmentError
from matching.models import Candidates, LeftOut, MatchRun, MatchRunQuerySet, Pairing
from matching.results import Results, results_of
from mentoring.celery import publish

log = logging.getLogger(__name__)
State = MatchRun.State
BEATS = 6.0  # signs of life in the time after which a run is left to another worker
MOST_ATTEMPTS = 5
SAY_EVERY = 0.25  # seconds; in between nobody is told, and nobody asks whether the attempt still holds


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


@dataclass
class Course:
    """How far an attempt is, for the admin who waits, and how long each stage took."""

    attempt: Attempt
    seconds: Counter[str] = field(default_factory=Counter)
    _stage: str = ""
    _first: float = 0
    _last: float = 0
    _began: float = 0
    _said: tuple[float, str] = (0.0, "")

    @contextmanager
    def stage(self, name: str, first: int, last: int) -> Iterator[None]:
        """Within it, say(0) is `first` percent of the run and say(1) is `last`."""
        self._stage, self._first, self._last, self._began = name, first, last, time.monotonic()
        yield
        self.seconds[name] += time.monotonic() - self._began

    def say(self, fraction: float, words: str) -> None:
        """Raises AttemptLost once the run is somebody else's, or nobody's. Cheap enough to call at will."""
        now = time.monotonic()
        at, before = self._said
        if words == before and now - at < SAY_EVERY:
            return
        self._said = (now, words)
        self.attempt.say(int(self._first + fraction * (self._last - self._first)), words)

    def seconds_so_far(self) -> dict[str, float]:
        """By stage, the one under way counted up to now."""
        now = Counter({self._stage: time.monotonic() - self._began})
        return {name: round(seconds, 2) for name, seconds in (self.seconds + now).items()}


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
            stage=Case(
                When(attempts=0, then=Value("Starting")),
                default=Value("Starting again, since the worker before stopped"),
            ),
        )
    )
    return attempt if taken else None


@contextmanager
def _beating(attempt: Attempt) -> Iterator[None]:
    """Says every few seconds that the attempt is alive, on a connection of its own."""
    done = threading.Event()

    def beat() -> None:
        try:
            while not done.wait(settings.MATCH_STALE_AFTER.total_seconds() / BEATS):
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
    Pairing.objects.unpublished().filter(run_id=attempt.run_id).delete()
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
