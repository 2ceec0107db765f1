"""Who works on an import: one at a time, whatever is delivered twice and whoever dies.

A worker takes an import over by one conditional UPDATE, which writes its token; all that it writes to the
import's row afterwards is conditional on that token.
"""

import uuid
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from mentoring.database import every
from mentoring.transfer.models import Import, ImportQuerySet

BEAT_SECONDS = 1.0  # also how often the page hears how far it is


class AttemptLost(Exception):
    """Another worker has taken the import over, or an admin has cancelled it."""


@dataclass
class Attempt:
    import_id: uuid.UUID
    token: uuid.UUID
    state: str
    done: int = 0

    def rows(self) -> ImportQuerySet:
        """The import, as long as this attempt may write it."""
        return Import.objects.filter(pk=self.import_id, attempt=self.token, state=self.state)

    def write(self, **changes: Any) -> None:
        if not self.rows().update(**changes):
            raise AttemptLost

    def finish(self, state: str, **changes: Any) -> None:
        """On to the next state, in which nobody works on it yet."""
        self.write(state=state, attempt=None, attempts=0, beat_at=None, **changes)


def take_over(import_id: uuid.UUID, now: datetime) -> Attempt | None:
    token = uuid.uuid4()
    claimed = Import.objects.claimable(now).filter(pk=import_id)
    if not claimed.update(attempt=token, beat_at=now, attempts=F("attempts") + 1, rows_done=0):
        return None
    return Attempt(import_id, token, Import.objects.values_list("state", flat=True).get(pk=import_id))


def beating(attempt: Attempt) -> AbstractContextManager[None]:
    """Says every second how far it is."""
    return every(
        BEAT_SECONDS,
        lambda: attempt.rows().update(beat_at=timezone.now(), rows_done=attempt.done),
        "import-beat",
    )
