"""What a run's solver worked on at the end, as the row Candidates keeps it.

With it the review desk says what a change costs without reading anybody again.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.engine import Assignment, Pairs
from matching.models import Candidates, MatchRun
from matching.packing import Arrays, pack, unpack


@dataclass(frozen=True, eq=False)
class Kept:
    """Row i is mentees[i] with goals[i], column j is mentors[j]; both are memberships.

    pairs: those worth considering, by row, then column, the formed ones among them. places (m,) int64: what
    the mentors had for this run. mate (n,) int32: the column that the solver gave, -1 for none; what an admin
    has changed since stands in the pairings. surplus (n,), price (m,) int64 with bonus: the proof (see
    engine/solver.py), zeros under "preferences"; floor: the least points of "fair".
    """

    mentees: tuple[uuid.UUID, ...]
    goals: tuple[uuid.UUID, ...]
    mentors: tuple[uuid.UUID, ...]
    pairs: Pairs
    places: NDArray[np.int64]
    mate: NDArray[np.int32]
    surplus: NDArray[np.int64]
    price: NDArray[np.int64]
    bonus: int
    floor: int


def kept_of(
    assignment: Assignment,
    *,
    mentees: Sequence[uuid.UUID],
    goals: Sequence[uuid.UUID],
    mentors: Sequence[uuid.UUID],
    places: NDArray[np.int64],
) -> Kept:
    mate = np.full(len(mentees), -1, dtype=np.int32)
    for i, j in assignment.pairs:
        mate[i] = j
    return Kept(
        tuple(mentees),
        tuple(goals),
        tuple(mentors),
        assignment.candidates,
        places,
        mate,
        assignment.surplus,
        assignment.price,
        assignment.bonus,
        assignment.floor,
    )


def pack_kept(kept: Kept) -> bytes:
    count = np.bincount(kept.pairs.i, minlength=len(kept.mentees))
    small = len(kept.mentors) <= np.iinfo(np.uint16).max
    arrays: Arrays = {
        "mentees": _bytes_of(kept.mentees),
        "goals": _bytes_of(kept.goals),
        "mentors": _bytes_of(kept.mentors),
        "count": count.astype(np.int32),
        "j": kept.pairs.j.astype(np.uint16 if small else np.int32),
        "points": kept.pairs.points,
        "places": kept.places,
        "mate": kept.mate,
        "surplus": kept.surplus,
        "price": kept.price,
    }
    return pack(arrays, {"bonus": int(kept.bonus), "floor": int(kept.floor)})


def kept_by(run: MatchRun) -> Kept | None:
    """What the run keeps; None before its first results."""
    row = Candidates.objects.filter(run=run).first()
    return None if row is None else unpack_kept(row.packed)


def unpack_kept(packed: bytes | memoryview) -> Kept:
    arrays, facts = unpack(packed)
    i = np.repeat(np.arange(arrays["count"].size, dtype=np.int32), arrays["count"])
    return Kept(
        _uuids_of(arrays["mentees"]),
        _uuids_of(arrays["goals"]),
        _uuids_of(arrays["mentors"]),
        Pairs(i, arrays["j"].astype(np.int32), arrays["points"]),
        arrays["places"],
        arrays["mate"],
        arrays["surplus"],
        arrays["price"],
        facts["bonus"],
        facts["floor"],
    )


def _bytes_of(ids: Sequence[uuid.UUID]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(one.bytes for one in ids), dtype=np.uint8)


def _uuids_of(packed: NDArray[np.uint8]) -> tuple[uuid.UUID, ...]:
    held = packed.tobytes()
    return tuple(uuid.UUID(bytes=held[first : first + 16]) for first in range(0, len(held), 16))
