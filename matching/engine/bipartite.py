"""As many pairs as can be (Hopcroft and Karp 1973, with places), and a cover that proves it."""

from typing import NamedTuple

import numpy as np
from numba import njit

from matching.engine.edges import Edges, Int32s, Int64s
from matching.engine.people import Bools


class Cover(NamedTuple):
    """mate (n,) of a largest matching, −1 where none; and the proof that it is the largest (König): every
    edge has a mentee outside `short` or a mentor inside `scarce`, and there are as many of the former, and
    places of the latter, as pairs. The mentees of `short` want the scarce mentors alone, and more of them
    than places.
    """

    mate: Int32s
    short: Bools
    scarce: Bools


def largest(edges: Edges, places: Int64s, floor: int = 0, mate: Int32s | None = None) -> Cover:
    """A largest matching over the edges of at least `floor` points, begun from `mate` where that is
    allowed."""
    begun = np.full(edges.n, -1, np.int32) if mate is None else mate.astype(np.int32)
    return Cover(*_largest(edges, places, max(floor, 0), begun))


@njit(nogil=True, cache=True)
def _largest(edges: Edges, places: Int64s, floor: int, begun: Int32s) -> tuple[Int32s, Bools, Bools]:
    n, m = begun.size, places.size
    mate, at = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    first = np.zeros(m + 1, np.int64)  # mentor j's mates are held[first[j] : first[j] + count[j]]
    for j in range(m):
        first[j + 1] = first[j] + min(places[j], edges.of_mentor[j + 1] - edges.of_mentor[j])
    held, count = np.empty(first[m], np.int32), np.zeros(m, np.int64)
    for i in range(n):
        for e in range(edges.of_mentee[i], edges.of_mentee[i + 1]):
            if edges.mentor[e] == begun[i] and edges.points[e] >= floor and mate[i] < 0:
                _take(i, edges.mentor[e], first, mate, at, held, count)
    for i in range(n):
        for e in range(edges.of_mentee[i], edges.of_mentee[i + 1]):
            if mate[i] >= 0 or 0 <= edges.points[e] < floor:
                break
            if edges.points[e] >= floor:
                _take(i, edges.mentor[e], first, mate, at, held, count)
    level, seen = np.empty(m, np.int32), np.empty(n, np.bool_)
    queue, path = np.empty(n, np.int32), np.empty(n, np.int32)
    while _layers(edges, floor, first, mate, held, count, level, seen, queue):
        next_edge, next_held = edges.of_mentee[:-1].copy(), first[:-1].copy()
        for i in range(n):
            if mate[i] < 0:
                _augment(i, edges, floor, first, mate, at, held, count, level, next_edge, next_held, path)
    return mate, seen, level >= 0


@njit(nogil=True, cache=True)
def _take(i: int, j: int, first: Int64s, mate: Int32s, at: Int32s, held: Int32s, count: Int64s) -> bool:
    """Seat mentee i with mentor j if there is a place."""
    if first[j] + count[j] >= first[j + 1]:
        return False
    at[i] = count[j]
    held[first[j] + count[j]] = i
    count[j] += 1
    mate[i] = j
    return True


@njit(nogil=True, cache=True)
def _layers(
    edges: Edges,
    floor: int,
    first: Int64s,
    mate: Int32s,
    held: Int32s,
    count: Int64s,
    level: Int32s,
    seen: Bools,
    queue: Int32s,
) -> bool:
    """Number the mentors by their distance from the mentees without one; is a free place within reach?"""
    level[:] = -1
    seen[:] = False
    head = tail = 0
    for i in range(mate.size):
        if mate[i] < 0:
            seen[i] = True
            queue[tail] = i
            tail += 1
    depth, found = 0, False
    while head < tail and not found:
        end = tail
        while head < end:
            i = queue[head]
            head += 1
            for e in range(edges.of_mentee[i], edges.of_mentee[i + 1]):
                if edges.points[e] < floor:
                    if edges.points[e] < 0:
                        continue
                    break
                j = edges.mentor[e]
                if level[j] >= 0:
                    continue
                level[j] = depth
                if first[j] + count[j] < first[j + 1]:
                    found = True
                    continue
                for s in range(first[j], first[j] + count[j]):
                    if not seen[held[s]]:
                        seen[held[s]] = True
                        queue[tail] = held[s]
                        tail += 1
        depth += 1
    return found


@njit(nogil=True, cache=True)
def _augment(
    root: int,
    edges: Edges,
    floor: int,
    first: Int64s,
    mate: Int32s,
    at: Int32s,
    held: Int32s,
    count: Int64s,
    level: Int32s,
    next_edge: Int64s,
    next_held: Int64s,
    path: Int32s,
) -> bool:
    """Seat mentee `root` along a shortest path through the layers, if there is still one; depth first, each
    edge and each seat looked at once in a phase."""
    depth = 0
    path[0] = root
    while depth >= 0:
        i = path[depth]
        e = next_edge[i]
        if e >= edges.of_mentee[i + 1] or 0 <= edges.points[e] < floor:
            depth -= 1
            continue
        j = edges.mentor[e]
        if edges.points[e] < 0 or level[j] != depth:
            next_edge[i] += 1
        elif first[j] + count[j] < first[j + 1]:
            break
        elif next_held[j] < first[j + 1]:
            path[depth + 1] = held[next_held[j]]
            next_held[j] += 1
            depth += 1
        else:
            next_edge[i] += 1
    if depth < 0:
        return False
    to, seat = j, count[j]
    count[j] += 1
    while depth >= 0:  # each moves into the seat that the next one on the path has left
        i = path[depth]
        left, left_seat = mate[i], at[i]
        mate[i], at[i] = to, seat
        held[first[to] + seat] = i
        to, seat = left, left_seat
        depth -= 1
    return True
