"""The best pairs for a whole cohort, exactly: most mentees matched, then the highest total of points."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from matching.engine.people import Bools, Ints

Pair = tuple[int, int]

_COST_LIMIT = 1 << 61  # the solver multiplies costs by the number of nodes, in 64 bits
_TIE_LIMIT = 1 << 32


class AssignmentError(Exception):
    """The locks contradict each other, the places or what is possible. The text is fit to show."""


@dataclass(frozen=True)
class Assignment:
    """pairs: (row, column), by row, the locked ones among them; unmatched: the rows left out."""

    pairs: tuple[Pair, ...]
    unmatched: tuple[int, ...]
    matched: int
    total_points: int


def assign(
    points: Ints,
    feasible: Bools,
    capacity: Ints,
    *,
    mentee_ids: Sequence[str],
    mentor_ids: Sequence[str],
    locked: Sequence[Pair] = (),
    forbidden: Sequence[Pair] = (),
    mentee_names: Sequence[str] | None = None,
    mentor_names: Sequence[str] | None = None,
) -> Assignment:
    """Pair each mentee with at most one mentor and each mentor j with at most capacity[j] mentees.

    points (n, m) whole numbers; feasible (n, m); capacity (m,). Locked pairs are kept and count towards
    capacity, forbidden ones are never formed. Among all such pairings the answer has the most mentees matched
    and, among those, the highest total; both exactly, since the solver adds whole numbers.

    Ties: among pairings equal in both, the one with the least sum of a number in [0, T) that is made from
    the two ids of each pair; it favours nobody. The points are scaled up so that this sum never outweighs one
    of them. The people are put in the order of their ids first, so the order of the input changes nothing at
    all. On another release of the solver or another machine, the pairs could differ only if two of the best
    pairings also had the same sum. T is a billion or more at a few hundred mentees; since the scaled numbers
    have to fit 64 bits, it falls to about a million at 10,000 mentees and 4,000 mentors.

    Names, ids where missing, appear in AssignmentError. ValueError for arrays that do not fit together.
    """
    n, m = points.shape
    if feasible.shape != (n, m) or capacity.shape != (m,) or (len(mentee_ids), len(mentor_ids)) != (n, m):
        raise ValueError("points, feasible, capacity and ids do not fit together")
    if len(set(mentee_ids)) < n or len(set(mentor_ids)) < m:
        raise ValueError("ids must differ from one another")
    kept = set(locked)
    _check_locks(kept, forbidden, feasible, capacity, mentee_names or mentee_ids, mentor_names or mentor_ids)
    free, places = feasible.copy(), np.maximum(capacity, 0).astype(np.int64)
    for pair in forbidden:
        free[pair] = False
    for row, column in kept:
        free[row, :] = False
        places[column] -= 1
    free[:, places <= 0] = False

    rows = np.array(sorted(range(n), key=mentee_ids.__getitem__), dtype=np.intp)
    columns = np.array(sorted(range(m), key=mentor_ids.__getitem__), dtype=np.intp)
    # from here to the answer, i and j number the people in the order of their ids
    i, j = np.nonzero(free[np.ix_(rows, columns)])
    chosen = _solve(
        i,
        j,
        points[rows[i], columns[j]].astype(np.int64),
        places[columns],
        [mentee_ids[row] for row in rows],
        [mentor_ids[column] for column in columns],
    )
    formed = zip(rows[i[chosen]].tolist(), columns[j[chosen]].tolist(), strict=True)
    pairs = sorted({*kept, *formed})
    matched = {row for row, _ in pairs}
    return Assignment(
        pairs=tuple(pairs),
        unmatched=tuple(row for row in range(n) if row not in matched),
        matched=len(pairs),
        total_points=sum(int(points[pair]) for pair in pairs),
    )


def _solve(
    i: NDArray[np.intp],
    j: NDArray[np.intp],
    points: NDArray[np.int64],
    places: NDArray[np.int64],
    mentee_ids: Sequence[str],
    mentor_ids: Sequence[str],
) -> Bools:
    """Which of the possible pairs (i, j) to form: a flow from a source by mentees and mentors to a sink."""
    if not i.size:
        return np.zeros(0, dtype=bool)
    n, m = len(mentee_ids), len(mentor_ids)
    mentees, mentors = np.unique(i), np.unique(j)
    source, sink = n + m, n + m + 1
    most = min(mentees.size, int(places[mentors].sum()))
    worst = int(points.max()) - points
    scale, ties = _scale(int(worst.max()), most, n + m + 2)
    cost = worst * scale + _tie_breaks(i, j, mentee_ids, mentor_ids, ties)

    flow = min_cost_flow.SimpleMinCostFlow()
    pair_arcs = flow.add_arcs_with_capacity_and_unit_cost(
        i.astype(np.int32), (n + j).astype(np.int32), np.ones(i.size, np.int64), cost
    )
    flow.add_arcs_with_capacity_and_unit_cost(
        np.full(mentees.size, source, np.int32),
        mentees.astype(np.int32),
        np.ones(mentees.size, np.int64),
        np.zeros(mentees.size, np.int64),
    )
    flow.add_arcs_with_capacity_and_unit_cost(
        (n + mentors).astype(np.int32),
        np.full(mentors.size, sink, np.int32),
        places[mentors],
        np.zeros(mentors.size, np.int64),
    )
    flow.set_nodes_supplies(np.array([source, sink], np.int32), np.array([most, -most], np.int64))
    status = flow.solve_max_flow_with_min_cost()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"the solver ended with {status.name}")
    return np.asarray(flow.flows(pair_arcs)) > 0


def _scale(worst: int, most: int, nodes: int) -> tuple[int, int]:
    """(what a point costs, T): as large a T as fits, and a point that outweighs `most` tie-breaks below T."""
    ties = min(_TIE_LIMIT, _COST_LIMIT // ((worst + 1) * (most + 1) * (nodes + 1)))
    if ties < 1:
        raise ValueError("too many people, or too many points a pair, to solve exactly in 64 bits")
    return most * ties + 1, ties


def _tie_breaks(
    i: NDArray[np.intp], j: NDArray[np.intp], mentee_ids: Sequence[str], mentor_ids: Sequence[str], ties: int
) -> NDArray[np.int64]:
    """A number in [0, ties) for each pair, made from the two ids alone, the same on every machine."""
    mixed = _id_numbers("mentee", mentee_ids)[i] ^ _id_numbers("mentor", mentor_ids)[j]
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64's finish
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return ((mixed ^ (mixed >> np.uint64(31))) % np.uint64(ties)).astype(np.int64)


def _id_numbers(role: str, ids: Sequence[str]) -> NDArray[np.uint64]:
    digests = [hashlib.blake2b(f"{role} {one}".encode(), digest_size=8).digest() for one in ids]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def _check_locks(
    locked: set[Pair],
    forbidden: Sequence[Pair],
    feasible: Bools,
    capacity: Ints,
    mentee_names: Sequence[str],
    mentor_names: Sequence[str],
) -> None:
    n, m = feasible.shape
    for i, j in (*locked, *forbidden):
        if not (0 <= i < n and 0 <= j < m):
            raise ValueError(f"there is no pair {i}, {j}")
    for i, j in sorted(locked):
        if (i, j) in set(forbidden):
            raise AssignmentError(
                f"{mentee_names[i]} and {mentor_names[j]} are both locked and forbidden. Keep one of the two."
            )
        if not feasible[i, j]:
            raise AssignmentError(
                f"{mentee_names[i]} and {mentor_names[j]} cannot be paired, so their lock cannot be kept."
            )
    for i, count in sorted(Counter(i for i, _ in locked).items()):
        if count > 1:
            raise AssignmentError(f"{mentee_names[i]} is locked to {count} mentors. Keep one of the locks.")
    for j, count in sorted(Counter(j for _, j in locked).items()):
        if count > capacity[j]:
            raise AssignmentError(
                f"{mentor_names[j]} has {places_in_words(int(capacity[j]))}, but {count} "
                f"{'pair is' if count == 1 else 'pairs are'} locked to them."
            )


def places_in_words(places: int) -> str:
    return "no free place" if places <= 0 else "1 free place" if places == 1 else f"{places} free places"
