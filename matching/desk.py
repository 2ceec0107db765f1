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
from matching.services import (
    MatchingError,
    lock_for_review,
    names_of,
    persons_of,
    record,
    settle_state,
)
from matching.standing import standing_around, standing_of
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
        record(pairing.run, by, Action.LOCK, f"Locked {names_of(pairing)}", now, concerns=persons_of(pairing))
    return pairing


@transaction.atomic
def unlock_pairing(*, pairing_id: uuid.UUID, by: User, now: datetime) -> Pairing:
    pairing = _standing(pairing_id)
    if pairing.is_locked:
        _set_lock(pairing, False)
        words = f"Unlocked {names_of(pairing)}"
        record(pairing.run, by, Action.UNLOCK, words, now, concerns=persons_of(pairing))
    return pairing


@transaction.atomic
def remove_pairing(*, pairing_id: uuid.UUID, by: User, now: datetime) -> Pairing:
    """Take the pairing out: it is not published, and not formed again when the run is solved again."""
    pairing = _unlocked(pairing_id)
    _remove(pairing)
    # Not with whom: an admin who is that mentor reads this too, and sees nothing of their own pairings.
    _leave_out(pairing, f"{by.name} removed the pairing.")
    record(pairing.run, by, Action.REMOVE, f"Removed {names_of(pairing)}", now, concerns=persons_of(pairing))
    settle_state(pairing.run, now)
    return pairing


@transaction.atomic
def remove_and_solve(*, pairing_id: uuid.UUID, by: User, now: datetime, key: str) -> Pairing:
    """Take the pairing out and pair everybody else as well as can be, by the moves that `key` names."""
    pairing = _unlocked(pairing_id)
    standing = standing_around(pairing, by)
    found = _check(forecast.solved_without(standing, pairing) if standing else None, key)
    _remove(pairing)
    _leave_out(pairing, f"{by.name} removed the pairing.")
    carried = _carry_out(pairing.run, found, by, now.date())
    words = f"Removed {names_of(pairing)}, and solved the rest anew{carried.said}"
    record(pairing.run, by, Action.REMOVE, words, now, concerns=[*persons_of(pairing), *carried.persons])
    settle_state(pairing.run, now)
    return pairing


@transaction.atomic
def swap_mentors(
    *, pairing_id: uuid.UUID, other_id: uuid.UUID, by: User, now: datetime
) -> tuple[Pairing, Pairing]:
    """Give each of two mentees the other's mentor; both are locked, so that solving again keeps them."""
    first, second = _unlocked(pairing_id), _unlocked(other_id)
    if first.run_id != second.run_id or first.mentor_id == second.mentor_id:
        raise MatchingError("Choose a pairing with another mentor.")
    found = _fits_of(first.run, [first.goal_id, second.goal_id], now.date())
    first_now, second_now = first.mentor, second.mentor
    _settle(first, second_now, found, is_locked=True)
    _settle(second, first_now, found, is_locked=True)
    _forget_removed(first.run, [(first.mentee_id, second_now.pk), (second.mentee_id, first_now.pk)])
    for pairing in (first, second):
        pairing.save(update_fields=["mentor", "points", "parts", "is_locked"])
    words = f"Swapped the mentors of {first.mentee.person.name} and {second.mentee.person.name}"
    record(first.run, by, Action.SWAP, words, now, concerns=[*persons_of(first), *persons_of(second)])
    return first, second


@transaction.atomic
def assign_mentor(
    *, run_id: uuid.UUID, mentee_id: uuid.UUID, mentor_id: uuid.UUID, by: User, now: datetime, key: str
) -> Pairing:
    """Give a mentee this mentor, both by membership, by the moves that `key` names; the pairing is locked."""
    run = lock_for_review(run_id)
    standing = standing_of(run, by)
    if standing is None or mentee_id not in standing.row or mentor_id not in standing.column:
        raise MatchingError("This mentee is not in this run any more, or has no open goal.")
    found = forecast.given(standing, mentee_id, mentor_id)
    if found is None:
        raise MatchingError("This mentor has no place left, or may not be proposed to this mentee.")
    _check(found, key)
    if (current := run.pairings.standing().filter(mentee=mentee_id).first()) is not None:
        _unlocked(current.pk)
    carried = _carry_out(run, found, by, now.date(), locked={mentee_id})
    pairing = run.pairings.standing().select_related("mentee__person", "mentor__person").get(mentee=mentee_id)
    words = f"Assigned {pairing.mentee.person.name} to {pairing.mentor.person.name}{carried.said}"
    record(run, by, Action.ASSIGN, words, now, concerns=carried.persons)
    settle_state(run, now)
    return pairing


@dataclass(frozen=True)
class Carried:
    """Whom the steps concern, and how many mentees beside the first, in words."""

    persons: list[uuid.UUID]
    said: str


def _carry_out(
    run: MatchRun, found: Forecast, by: User, today: date, *, locked: Collection[uuid.UUID] = ()
) -> Carried:
    """Make the moves, as far as the profiles of today allow them; all or, by MatchingError, none."""
    mentees = [step.mentee for step in found.steps]
    left_out = {
        left.mentee_id: Pairing(run=run, mentee=left.mentee, goal=left.goal)
        for left in run.left_out.select_related("mentee__person", "goal").filter(mentee__in=mentees)
    }
    standing = run.pairings.standing().select_related("mentee__person", "mentor__person", "goal")
    rows = left_out | {pairing.mentee_id: pairing for pairing in standing.filter(mentee__in=mentees)}
    fits_now = _fits_of(run, [pairing.goal_id for pairing in rows.values()], today)
    mentors = _mentors_of(found.steps)
    persons = [person for pairing in rows.values() for person in persons_of(pairing)]
    for step in found.steps:
        pairing = rows[step.mentee]
        pairing.run = run
        if step.mentor is not None:
            _forget_removed(run, [(step.mentee, step.mentor)])
            _settle(pairing, mentors[step.mentor], fits_now, is_locked=step.mentee in locked)
            pairing.save()
            run.left_out.filter(mentee=step.mentee).delete()
        elif step.mentee not in left_out:
            _leave_out(pairing, f"{by.name} gave the place to somebody else.")
            pairing.delete()
    others = len(found.steps) - 1
    said = f"; {others} other{' changes' if others == 1 else 's change'} with it" if others > 0 else ""
    return Carried([*persons, *(mentor.person_id for mentor in mentors.values())], said)


def _mentors_of(steps: Sequence[Step]) -> dict[uuid.UUID, Membership]:
    ids = [step.mentor for step in steps if step.mentor is not None]
    return Membership.objects.select_related("person").in_bulk(ids)


def _check(found: Forecast | None, key: str) -> Forecast:
    """What is carried out is what was read."""
    if found is None or found.key != key:
        raise MatchingError(CHANGED)
    return found


def _fits_of(run: MatchRun, goals: Collection[uuid.UUID], today: date) -> Fits:
    return fits(run.program, Goal.objects.filter(pk__in=goals), today, run)


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
        raise MatchingError(f"{names_of(pairing)} are published already. Take that back first.")
    if pairing.publish_at is not None:
        raise MatchingError(f"{names_of(pairing)} are about to be published. Cancel that first.")
    pairing.run = run
    return pairing


def _unlocked(pairing_id: uuid.UUID) -> Pairing:
    pairing = _standing(pairing_id)
    if pairing.is_locked:
        raise MatchingError(f"{names_of(pairing)} are locked. Unlock them first.")
    return pairing


def _set_lock(pairing: Pairing, is_locked: bool) -> None:
    pairing.is_locked = is_locked
    pairing.save(update_fields=["is_locked"])


def _remove(pairing: Pairing) -> None:
    pairing.is_removed = True
    pairing.save(update_fields=["is_removed"])


def _leave_out(pairing: Pairing, reason: str) -> None:
    LeftOut.objects.create(run=pairing.run, mentee=pairing.mentee, goal=pairing.goal, reason=reason)


def _settle(pairing: Pairing, mentor: Membership, found: Fits, *, is_locked: bool) -> None:
    """Give the pairing another mentor, in memory; refused where the two may not be proposed."""
    row, column = found.row_of(pairing.goal_id), found.column_of(mentor.person_id)
    mentee = pairing.mentee.person.name
    if row is None or column is None:
        raise MatchingError(f"{mentor.person.name} is no longer a mentor of this program.")
    why = found.why_not(row, column)
    if Infeasible.NO_LANGUAGE in why:
        raise MatchingError(f"{mentee} and {mentor.person.name} share no language that both can work in.")
    if Infeasible.MUST_HAVE in why:
        raise MatchingError(f"{mentee} with {mentor.person.name} would be below a must-have of this run.")
    if why:
        raise MatchingError(f"{mentor.person.name} may not be proposed to {mentee}.")
    pairing.mentor, pairing.is_locked = mentor, is_locked
    pairing.points = int(found.points[row, column])
    pairing.parts = shown(found.explanation(row, column, voice="admin", zone=pairing.run.zone))


def _forget_removed(run: MatchRun, pairs: Collection[tuple[uuid.UUID, uuid.UUID]]) -> None:
    """Somebody has formed by hand what was removed before."""
    for mentee, mentor in pairs:
        run.pairings.filter(mentee_id=mentee, mentor_id=mentor, is_removed=True).delete()
