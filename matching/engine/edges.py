"""Pairs worth considering, laid out for the inner loops: grouped by mentee and by mentor, strongest first."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from matching.engine.people import Ints

Int16s = NDArray[np.int16]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

BARRED = np.int16(-1)  # points of an edge that may not be formed


class Edges(NamedTuple):
    """Mentee i's edges are of_mentee[i]:of_mentee[i + 1] of (mentor, points), mentor j's are
    of_mentor[j]:of_mentor[j + 1] of (mentee, points_back): the same edges twice, each group by falling points
    and then by number. points 0..10,000, or BARRED in place, where the order is kept as it was.
    """

    of_mentee: Int64s  # (n + 1,)
    mentor: Int32s  # (E,)
    points: Int16s  # (E,)
    of_mentor: Int64s  # (m + 1,)
    mentee: Int32s  # (E,)
    points_back: Int16s  # (E,)

    @property
    def n(self) -> int:
        return len(self.of_mentee) - 1

    @property
    def m(self) -> int:
        return len(self.of_mentor) - 1


def lay_out(n: int, m: int, i: Ints, j: Ints, points: Ints) -> Edges:
    """The edges (i, j, points), in any order, each pair once, between n mentees and m mentors."""
    own, other = np.ascontiguousarray(i, dtype=np.int32), np.ascontiguousarray(j, dtype=np.int32)
    gained = np.ascontiguousarray(points, dtype=np.int16)
    return Edges(*_grouped(own, other, gained, n), *_grouped(other, own, gained, m))


def bar(edges: Edges, i: Ints, j: Ints) -> Edges:
    """The same edges without the pairs (i, j), which need not be among them; j = −1 stands for all of i's."""
    barred = edges._replace(points=edges.points.copy(), points_back=edges.points_back.copy())
    for row, column in zip(i.tolist(), j.tolist(), strict=True):
        own = slice(edges.of_mentee[row], edges.of_mentee[row + 1])
        hit = np.ones(own.stop - own.start, bool) if column < 0 else edges.mentor[own] == column
        barred.points[own][hit] = BARRED
        for other in edges.mentor[own][hit].tolist():
            back = slice(edges.of_mentor[other], edges.of_mentor[other + 1])
            barred.points_back[back][edges.mentee[back] == row] = BARRED
    return barred


def joined(edges: Edges, more: Edges) -> Edges:
    """The edges of both."""
    return Edges(
        *_merged(edges.of_mentee, edges.mentor, edges.points, more.of_mentee, more.mentor, more.points),
        *_merged(
            edges.of_mentor, edges.mentee, edges.points_back, more.of_mentor, more.mentee, more.points_back
        ),
    )


def at_least(edges: Edges, floor: int) -> Edges:
    """The edges of at least `floor` points."""
    return Edges(
        *_cut(edges.of_mentee, edges.mentor, edges.points, floor),
        *_cut(edges.of_mentor, edges.mentee, edges.points_back, floor),
    )


@njit(nogil=True, cache=True)
def _grouped(key: Int32s, other: Int32s, points: Int16s, size: int) -> tuple[Int64s, Int32s, Int16s]:
    """The edges grouped by key, in each group by falling points and then by the other end's number."""
    start = np.zeros(size + 1, np.int64)
    for e in range(key.size):
        start[key[e] + 1] += 1
    for k in range(size):
        start[k + 1] += start[k]
    packed = np.empty(key.size, np.int64)
    at = start[:-1].copy()
    for e in range(key.size):
        packed[at[key[e]]] = (np.int64(32767 - points[e]) << 32) | other[e]
        at[key[e]] += 1
    others, ordered = np.empty(key.size, np.int32), np.empty(key.size, np.int16)
    for k in range(size):
        packed[start[k] : start[k + 1]].sort()
    for e in range(key.size):
        others[e] = packed[e] & 0xFFFFFFFF
        ordered[e] = 32767 - (packed[e] >> 32)
    return start, others, ordered


@njit(nogil=True, cache=True)
def _merged(
    start: Int64s, other: Int32s, points: Int16s, new_start: Int64s, new_other: Int32s, new_points: Int16s
) -> tuple[Int64s, Int32s, Int16s]:
    both = np.zeros(start.size, np.int64)
    others = np.empty(start[-1] + new_start[-1], np.int32)
    ordered = np.empty(others.size, np.int16)
    at = 0
    for k in range(start.size - 1):
        old, new = start[k], new_start[k]
        while old < start[k + 1] or new < new_start[k + 1]:
            is_old = new == new_start[k + 1]
            if not is_old and old < start[k + 1]:
                is_old = points[old] > new_points[new] or (
                    points[old] == new_points[new] and other[old] <= new_other[new]
                )
            if is_old:
                if new < new_start[k + 1] and other[old] == new_other[new]:
                    new += 1
                others[at], ordered[at] = other[old], points[old]
                old += 1
            else:
                others[at], ordered[at] = new_other[new], new_points[new]
                new += 1
            at += 1
        both[k + 1] = at
    return both, others[:at].copy(), ordered[:at].copy()


@njit(nogil=True, cache=True)
def _cut(start: Int64s, other: Int32s, points: Int16s, floor: int) -> tuple[Int64s, Int32s, Int16s]:
    kept = np.zeros(start.size, np.int64)
    others, ordered = np.empty(other.size, np.int32), np.empty(other.size, np.int16)
    count = 0
    for k in range(start.size - 1):
        for e in range(start[k], start[k + 1]):
            if points[e] < floor:
                break
            others[count], ordered[count] = other[e], points[e]
            count += 1
        kept[k + 1] = count
    return kept, others[:count].copy(), ordered[:count].copy()
