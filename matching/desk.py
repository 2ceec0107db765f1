"""The review desk: what an admin changes in a run by hand.

Each function locks the run, checks, writes, and leaves a record. That the pairing is not the admin's own is
for whoever calls to see to, by fetching through `reviewable_by`.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from django.db import transaction

from accounts.models import User
from matching.engine import Infeasible
from matching.fits import Fits, fits, shown
from matching.models import LeftOut, MatchRun, Pairing, RunChange
from matching.services import MatchingError, lock_for_review, record, settle_state
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership

Action = RunChange.Action


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
    pairing = _standing(pairing_id)
    pairing.is_removed, pairing.is_locked = True, False
    pairing.save(update_fields=["is_removed", "is_locked"])
    LeftOut.objects.create(
        run=pairing.run,
        mentee=pairing.mentee,
        goal=pairing.goal,
        # Not with whom: an admin who is that mentor reads this too, and sees nothing of their own pairings.
        reason=f"{by.name} removed the pairing.",
    )
    record(pairing.run, by, Action.REMOVE, f"Removed {_names(pairing)}", now, concerns=_persons(pairing))
    settle_state(pairing.run, now)
    return pairing


@transaction.atomic
def swap_mentors(
    *, pairing_id: uuid.UUID, other_id: uuid.UUID, by: User, now: datetime
) -> tuple[Pairing, Pairing]:
    """Give each of two mentees the other's mentor; both are locked, so that solving again keeps them."""
    first, second = _standing(pairing_id), _standing(other_id)
    if first.run_id != second.run_id or first.mentor_id == second.mentor_id:
        raise MatchingError("Choose a pairing with another mentor.")
    for pairing in (first, second):
        if pairing.is_locked:
            raise MatchingError(f"{_names(pairing)} are locked. Unlock them first.")
    found = _fits_of(first.run, [first.goal_id, second.goal_id], now.date())
    first_now, second_now = first.mentor, second.mentor
    _settle(first, second_now, found)
    _settle(second, first_now, found)
    _forget_removed(first.run, [(first.mentee_id, second_now.pk), (second.mentee_id, first_now.pk)])
    for pairing in (first, second):
        pairing.save(update_fields=["mentor", "points", "parts", "is_locked"])
    words = f"Swapped the mentors of {first.mentee.person.name} and {second.mentee.person.name}"
    record(first.run, by, Action.SWAP, words, now, concerns=[*_persons(first), *_persons(second)])
    return first, second


@transaction.atomic
def assign_mentor(
    *, run_id: uuid.UUID, mentee_id: uuid.UUID, mentor_id: uuid.UUID, by: User, now: datetime
) -> Pairing:
    """Pair a mentee who is left out with a mentor who has a place, both by membership; it is locked."""
    run = lock_for_review(run_id)
    left_out = run.left_out.select_related("mentee__person", "goal").filter(mentee_id=mentee_id).first()
    if left_out is None or left_out.goal is None:
        raise MatchingError("This mentee is not left out any more, or has no open goal.")
    found = _fits_of(run, [left_out.goal.pk], now.date())
    column = next((j for j, row in enumerate(found.mentors.rows) if row.membership == mentor_id), None)
    if column is None or column not in assignable(run, found):
        raise MatchingError("This mentor has no place left, or may not be proposed to this mentee.")
    _forget_removed(run, [(mentee_id, mentor_id)])
    pairing = Pairing.objects.create(
        run=run,
        mentee=left_out.mentee,
        mentor_id=mentor_id,
        goal=left_out.goal,
        points=int(found.scores.points[0, column]),
        parts=shown(found.explanation(0, column, voice="admin", zone=run.zone)),
        is_locked=True,
    )
    left_out.delete()
    names = f"{left_out.mentee.person.name} to {found.mentors.rows[column].name}"
    concerns = [left_out.mentee.person_id, found.mentors.rows[column].person]
    record(run, by, Action.ASSIGN, f"Assigned {names}", now, concerns=concerns)
    settle_state(run, now)
    return pairing


def assignable(run: MatchRun, found: Fits) -> list[int]:
    """Columns of the mentors whom row 0 could have and who have a place left in this run, best first."""
    used: dict[uuid.UUID, int] = {}
    for mentor in run.pairings.standing().values_list("mentor_id", flat=True):
        used[mentor] = used.get(mentor, 0) + 1
    return [
        j
        for j in np.argsort(-found.scores.points[0], kind="stable").tolist()
        if found.possible.feasible[0, j]
        and found.mentors.rows[j].places_free > used.get(found.mentors.rows[j].membership, 0)
    ]


@dataclass(frozen=True)
class Swap:
    """What swapping with another pairing would do, in points of 100."""

    other: Pairing
    own_points: float
    other_points: float
    change: float

    @property
    def change_in_words(self) -> str:
        return f"{self.change:+.1f}".replace("-", "−")


def possible_swaps(pairing: Pairing, others: Collection[Pairing], today: date) -> list[Swap]:
    """Of the other pairings those whose mentor can be swapped with this one's, the best for both first."""
    found = _fits_of(pairing.run, [pairing.goal_id, *(other.goal_id for other in others)], today)
    column = {row.membership: j for j, row in enumerate(found.mentors.rows)}
    row = {loaded.goal: i for i, loaded in enumerate(found.mentees.rows)}
    swaps = []
    for other in others:
        ends = (
            (row.get(pairing.goal_id), column.get(other.mentor_id)),
            (
                row.get(other.goal_id),
                column.get(pairing.mentor_id),
            ),
        )
        if any(None in end or not found.possible.feasible[end] for end in ends):
            continue
        own, theirs = (int(found.scores.points[end]) for end in ends)
        change = own + theirs - pairing.points - other.points
        swaps.append(Swap(other, own / 100, theirs / 100, change / 100))
    return sorted(swaps, key=lambda swap: -swap.change)


def _fits_of(run: MatchRun, goals: Collection[uuid.UUID], today: date) -> Fits:
    return fits(run.program, Goal.objects.filter(pk__in=goals), today, run.weights)


def _standing(pairing_id: uuid.UUID) -> Pairing:
    """The pairing as it is once its run is locked; refused where it is, or is about to be, published."""
    run = lock_for_review(Pairing.objects.only("run_id").get(pk=pairing_id).run_id)
    pairing = (
        run.pairings.standing()
        .select_related("mentee__person", "mentor__person", "goal")
        .filter(pk=pairing_id)
        .first()
    )
    if pairing is None:
        raise MatchingError("This pairing has been removed.")
    if pairing.request_id is not None:
        raise MatchingError(f"{_names(pairing)} are published already. Take that back first.")
    if pairing.publish_at is not None:
        raise MatchingError(f"{_names(pairing)} are about to be published. Cancel that first.")
    pairing.run = run
    return pairing


def _set_lock(pairing: Pairing, is_locked: bool) -> None:
    pairing.is_locked = is_locked
    pairing.save(update_fields=["is_locked"])


def _settle(pairing: Pairing, mentor: Membership, found: Fits) -> None:
    """Give the pairing another mentor, in memory; refused where the two may not be proposed."""
    row, column = found.row_of(pairing.goal_id), found.column_of(mentor.person_id)
    mentee = pairing.mentee.person.name
    if row is None or column is None:
        raise MatchingError(f"{mentor.person.name} is no longer a mentor of this program.")
    why = found.possible.why(row, column)
    if Infeasible.NO_LANGUAGE in why:
        raise MatchingError(f"{mentee} and {mentor.person.name} share no language that both can work in.")
    if why:
        raise MatchingError(f"{mentor.person.name} may not be proposed to {mentee}.")
    pairing.mentor, pairing.is_locked = mentor, True
    pairing.points = int(found.scores.points[row, column])
    pairing.parts = shown(found.explanation(row, column, voice="admin", zone=pairing.run.zone))


def _forget_removed(run: MatchRun, pairs: Collection[tuple[uuid.UUID, uuid.UUID]]) -> None:
    """Somebody has formed by hand what was removed before."""
    for mentee, mentor in pairs:
        run.pairings.filter(mentee_id=mentee, mentor_id=mentor, is_removed=True).delete()


def _names(pairing: Pairing) -> str:
    return f"{pairing.mentee.person.name} and {pairing.mentor.person.name}"


def _persons(pairing: Pairing) -> list[uuid.UUID]:
    return [pairing.mentee.person_id, pairing.mentor.person_id]
