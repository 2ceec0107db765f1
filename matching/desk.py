"""The review desk: what an admin changes in a run by hand.

Each function locks the run, checks, writes, and leaves a record. That the pairing is not the admin's own is
for whoever calls to see to, by fetching through `reviewable_by`.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from accounts.models import User
from matching import forecast
from matching.engine import Infeasible
from matching.fits import Fits, fits, shown
from matching.forecast import Forecast, Step
from matching.models import LeftOut, MatchRun, Pairing, RunChange
from matching.services import MatchingError, lock_for_review, record, settle_state
from matching.standing import standing_of
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership

Action = RunChange.Action
CHANGED = "The run has changed meanwhile. Look again at what this would do now."


@transaction.atomic
def lock_pairing(*, pairing_id: uuid.UUID, by: User, now: datetime) -> Pairing:
    """Keep the pairing when the run is solved again. Twice does once."""
    pairing = _standing(pairing_id)
    if not pairing.is_locked:
        _set_lock(pairing, True)
        record(pairing.run, by, Action.LOCK, f"Locked {_names(pairing)}", now, concerns=_persons(pairing))
    return pairing


@transaction.atomic
def unlock_pairing(*, pairing_id: uuid.UUID, by: User, now: datetime) -> Pairing:
    pairing = _standing(pairing_id)
    if pairing.is_locked:
        _set_lock(pairing, False)
        record(pairing.run, by, Action.UNLOCK, f"Unlocked {_names(pairing)}", now, concerns=_persons(pairing))
    return pairing


@transaction.atomic
def remove_pairing(*, pairing_id: uuid.UUID, by: User, now: datetime) -> Pairing:
    """Take the pairing out: it is not published, and not formed again when the run is solved again."""
    pairing = _unlocked(pairing_id)
    _remove(pairing)
    # Not with whom: an admin who is that mentor reads this too, and sees nothing of their own pairings.
    _leave_out(pairing, f"{by.name} removed the pairing.")
    record(pairing.run, by, Action.REMOVE, f"Removed {_names(pairing)}", now, concerns=_persons(pairing))
    settle_state(pairing.run, now)
    return pairing


@transaction.atomic
def remove_and_solve(*, pairing_id: uuid.UUID, by: User, now: datetime, key: str) -> Pairing:
    """Take the pairing out and pair everybody else as well as can be, by the moves that `key` names."""
    pairing = _unlocked(pairing_id)
    standing = standing_of(pairing.run, by)
    found = standing and forecast.solved_without(standing, pairing)
    _check(found, key)
    _remove(pairing)
    _leave_out(pairing, f"{by.name} removed the pairing.")
    others = _carry_out(pairing.run, found, by, now.date())
    words = f"Removed {_names(pairing)}, and solved the rest anew{_said(others, pairing.mentee_id)}"
    record(pairing.run, by, Action.REMOVE, words, now, concerns=[*_persons(pairing), *others.persons])
    settle_state(pairing.run, now)
    return pairing
