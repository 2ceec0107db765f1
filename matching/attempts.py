"""Who may write a match run: an attempt at it, one at a time.

A run may be delivered twice, and its worker may die at any moment. Whoever works on it holds an attempt: a
token in the run's row. A run is taken over, by one conditional UPDATE, when it waits or when its attempt has
not said for a while that it is alive; from then on the attempt before can write nothing, since all it writes
is conditional on its token.
"""

import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Case, F, Value, When
from django.utils import timezone

from matching.models import MatchRun, MatchRunQuerySet
from mentoring.database import every

State = MatchRun.State
BEATS = 6.0  # signs of life in the time after which a run is left to another worker
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
        if not self.rows().update(progress=progress, stage=stage[:80], beat_at=timezone.now()):
            raise AttemptLost

    def give_up(self, error: str) -> None:
        """End without results; those of an earlier solving stand."""
        after = State.READY if self.rows().filter(finished_at__isnull=False).exists() else State.FAILED
        self.rows().update(state=after, attempt=None, error=error[:300])


@dataclass
class Course:
    """How far an attempt is, for the admin who waits, and how long each stage took."""

    attempt: Attempt
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
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
        now = self.seconds | {self._stage: self.seconds[self._stage] + time.monotonic() - self._began}
        return {name: round(seconds, 2) for name, seconds in now.items()}


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


def beating(attempt: Attempt) -> AbstractContextManager[None]:
    """Says every few seconds that the attempt is alive."""
    return every(
        settings.MATCH_STALE_AFTER.total_seconds() / BEATS,
        lambda: attempt.rows().update(beat_at=timezone.now()),
        "match-run-beat",
    )
