"""A run as it stands, as arrays: what its solver worked on, and what admins have changed by hand since.

It is read for one reader, whose own place in the run is left out altogether: nothing that is reckoned with it
can move them, name them, or count them.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from accounts.models import User
from matching.candidates import Kept, kept_by
from matching.engine import Pairs
from matching.models import MatchRun, Pairing
from mentoring.programs.models import Membership

if TYPE_CHECKING:
    from matching.engine.costs import Costs

NOBODY = -1


@dataclass(frozen=True, eq=False)
class Standing:
    """A run as it stands, for one reader. Row i is a mentee, column j a mentor, both by membership."""

    mentees: tuple[uuid.UUID, ...]
    mentors: tuple[uuid.UUID, ...]
    pairs: Pairs
    capacity: NDArray[np.int64]
    mate: NDArray[np.int32]
    points: NDArray[np.int64]
    locked: tuple[int, ...]
    removed: tuple[tuple[int, int], ...]
    is_stable: bool  # by preferences, where re-solving for points would say nothing true
    kept: Kept

    @cached_property
    def costs(self) -> "Costs":
        from matching.engine.costs import Costs  # numba, which most pages do without

        return Costs(
            self.pairs,
            self.capacity,
            self.mate,
            self.points,
            self.kept.price,
            self.kept.bonus,
            locked=self.locked,
            floor=self.kept.floor,
        )

    @cached_property
    def row(self) -> dict[uuid.UUID, int]:
        return {mentee: i for i, mentee in enumerate(self.mentees)}

    @cached_property
    def column(self) -> dict[uuid.UUID, int]:
        return {mentor: j for j, mentor in enumerate(self.mentors)}

    @cached_property
    def free(self) -> NDArray[np.int64]:
        """(m,) places that nobody fills."""
        held = np.bincount(self.mate[self.mate >= 0], minlength=len(self.mentors))
        return np.maximum(self.capacity - held, 0)

    def candidates_of(self, mentee: uuid.UUID) -> dict[int, int]:
        """Columns that the mentee could have, with points; removed ones are not among them."""
        i = self.row[mentee]
        own = self.pairs.i == i
        removed = {j for row, j in self.removed if row == i}
        found = zip(self.pairs.j[own].tolist(), self.pairs.points[own].tolist(), strict=True)
        return {j: points for j, points in found if j not in removed}

    def have_somebody(self, mentees: Iterable[uuid.UUID]) -> set[uuid.UUID]:
        """Of these mentees those who fit with anybody at all, full or not."""
        removed = {i * len(self.mentors) + j for i, j in self.removed}
        codes = self.pairs.i.astype(np.int64) * len(self.mentors) + self.pairs.j
        able = set(self.pairs.i[~np.isin(codes, list(removed))].tolist())
        return {mentee for mentee in mentees if self.row.get(mentee) in able}


def standing_of(run: MatchRun, reader: User) -> Standing | None:
    """None for a run whose solver left nothing to reckon with: one that was made by an earlier release."""
    kept = kept_by(run)
    if kept is None:
        return None
    members = Membership.objects.filter(program=run.program_id)
    own = set(members.filter(person=reader).values_list("pk", flat=True))
    # Nobody is moved to, or from, somebody who has left or pauses since; what stands with them stands.
    gone = set(kept.mentors) - set(members.proposable().values_list("pk", flat=True))
    gone |= set(kept.mentees) - set(members.mentees().values_list("pk", flat=True))
    mate, points, locked, removed = _as_it_stands(run, kept, own)
    return Standing(
        mentees=kept.mentees,
        mentors=kept.mentors,
        pairs=_pairs(kept, own | gone, mate, points),
        capacity=_capacity(kept, own, gone, mate),
        mate=mate,
        points=points,
        locked=tuple(locked),
        removed=tuple(removed),
        is_stable=run.objective == MatchRun.Objective.PREFERENCES,
        kept=kept,
    )


def _as_it_stands(
    run: MatchRun, kept: Kept, own: set[uuid.UUID]
) -> tuple[NDArray[np.int32], NDArray[np.int64], list[int], list[tuple[int, int]]]:
    row = {mentee: i for i, mentee in enumerate(kept.mentees)}
    column = {mentor: j for j, mentor in enumerate(kept.mentors)}
    mate = np.full(len(row), NOBODY, np.int32)
    points = np.zeros(len(row), np.int64)
    locked, removed = [], []
    for mentee, mentor, scored, is_locked, is_removed, request, at in run.pairings.values_list(
        "mentee", "mentor", "points", "is_locked", "is_removed", "request", "publish_at"
    ):
        i, j = row.get(mentee), column.get(mentor)
        if i is None or j is None or mentee in own or mentor in own:
            continue
        if is_removed:
            removed.append((i, j))
            continue
        mate[i], points[i] = j, scored
        if is_locked or request or at:
            locked.append(i)
    return mate, points, locked, removed


def standing_around(pairing: Pairing, reader: User) -> Standing | None:
    """As standing_of; None too where the two were not in the run when it was solved last."""
    standing = standing_of(pairing.run, reader)
    if standing is None or pairing.mentee_id not in standing.row or pairing.mentor_id not in standing.column:
        return None
    return standing


def _pairs(kept: Kept, apart: set[uuid.UUID], mate: NDArray[np.int32], points: NDArray[np.int64]) -> Pairs:
    """The candidates of all but those apart, and the standing pairs that were formed by hand outside them."""
    others_i = np.array([mentee not in apart for mentee in kept.mentees], dtype=bool)
    others_j = np.array([mentor not in apart for mentor in kept.mentors], dtype=bool)
    others = others_i[kept.pairs.i] & others_j[kept.pairs.j]
    i, j, scored = kept.pairs.i[others], kept.pairs.j[others], kept.pairs.points[others]
    m = len(kept.mentors)
    rows = np.flatnonzero(mate >= 0)
    added = rows[~np.isin(rows * m + mate[rows], i.astype(np.int64) * m + j)]
    return Pairs(
        np.concatenate([i, added]).astype(np.int32),
        np.concatenate([j, mate[added]]).astype(np.int32),
        np.concatenate([scored, points[added]]).astype(np.int16),
    )


def _capacity(
    kept: Kept, own: set[uuid.UUID], gone: set[uuid.UUID], mate: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Of those who are gone as many places as stand filled."""
    held = np.bincount(mate[mate >= 0], minlength=len(kept.mentors))
    absent = np.array([mentor in gone for mentor in kept.mentors], dtype=bool)
    capacity = np.where(absent, held, kept.places).astype(np.int64)
    capacity[[j for j, mentor in enumerate(kept.mentors) if mentor in own]] = 0
    return capacity
