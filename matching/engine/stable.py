"""Preferences first: deferred acceptance, the mentees proposing (Gale and Shapley 1962; with places, Roth
1985).

Everybody's order is strict: those whom they prefer in that order, then the others by points, then by the
order that settles ties. So there is one answer, the best stable one for every mentee at once. A mentee's list
is begun with their best and read to the end only where that was not enough.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from matching.engine import proving
from matching.engine.assignment import Assignment, Pair, Problem
from matching.engine.auction import put_for_least
from matching.engine.edges import Int32s, Int64s, lay_out
from matching.engine.proving import Cohort, candidates_of, formed_of
from matching.engine.solver import bonus_for

RANKS = 5
AT_ONCE = 1 << 20  # pairs held while whole lists are read

Triple = tuple[Int64s, Int64s, Int64s]  # places of mentees and of mentors, and points


@dataclass(frozen=True, eq=False)
class Orders:
    """Everybody's order as numbers, the larger the dearer; people by their places in the problem."""

    n: int
    m: int
    by_mentees: tuple[Int64s, Int64s]  # the keys i · m + j of preferred pairs, sorted, and how dear: RANKS..1
    by_mentors: tuple[Int64s, Int64s]

    def of_mentee(self, i: Int64s, j: Int64s, points: Int64s) -> Int64s:
        """How dear mentor j is to mentee i."""
        return (points << 32) + (self.m - 1 - j) + (_ranked(self.by_mentees, i * self.m + j) << 48)

    def of_mentor(self, i: Int64s, j: Int64s, points: Int64s) -> Int64s:
        """How dear mentee i is to mentor j."""
        return (points << 32) + (self.n - 1 - i) + (_ranked(self.by_mentors, i * self.m + j) << 48)


def _ranked(ranks: tuple[Int64s, Int64s], keys: Int64s) -> Int64s:
    if not ranks[0].size:
        return np.zeros(keys.shape, np.int64)
    at = np.minimum(np.searchsorted(ranks[0], keys), ranks[0].size - 1)
    return np.where(ranks[0][at] == keys, ranks[1][at], 0)


def _orders(cohort: Cohort) -> Orders:
    chosen = cohort.problem.preferences
    mentees = [(i, j, RANKS - r) for i, whom in chosen.mentees.items() for r, j in enumerate(whom[:RANKS])]
    mentors = [(i, j, RANKS - r) for j, whom in chosen.mentors.items() for r, i in enumerate(whom[:RANKS])]

    def ranks(triples: Sequence[tuple[int, int, int]]) -> tuple[Int64s, Int64s]:
        of = {
            int(cohort.place_of_row[i]) * cohort.m + int(cohort.place_of_column[j]): dear
            for i, j, dear in triples
        }
        keys = np.array(sorted(of), dtype=np.int64)
        return keys, np.array([of[key] for key in keys.tolist()], dtype=np.int64)

    return Orders(cohort.n, cohort.m, ranks(mentees), ranks(mentors))


@dataclass(eq=False)
class Lists:
    """Each mentee's list, dearest first: mentor[at[i] : stop[i]] is what is left of i's."""

    at: Int64s
    stop: Int64s
    mentor: Int32s
    dear: Int64s  # how dear the mentee is to that mentor

    def extend(self, orders: Orders, i: Int64s, j: Int64s, points: Int64s) -> None:
        """Give the mentees of i these lists, in whatever order they come, instead of what they had."""
        order = np.lexsort((-orders.of_mentee(i, j, points), i))
        i, j, points = i[order], j[order], points[order]
        owners, first, count = np.unique(i, return_index=True, return_counts=True)
        self.at[owners] = self.mentor.size + first
        self.stop[owners] = self.mentor.size + first + count
        self.mentor = np.concatenate([self.mentor, j.astype(np.int32)])
        self.dear = np.concatenate([self.dear, orders.of_mentor(i, j, points)])


@dataclass(frozen=True, eq=False)
class Held:
    """Mentor j's places are first[j]:first[j + 1]: who holds each, −1 nobody, and how dear they are, the
    least first, −1 while one is free. mate (n,): the mentees' view of the same."""

    first: Int64s
    least: Int64s
    holder: Int32s
    mate: Int32s

    def would_take(self, j: Int64s, dear: Int64s) -> NDArray[np.bool_]:
        has_places = self.first[j] < self.first[j + 1]
        least = np.append(self.least, 0)[self.first[j]]
        return has_places & (dear > least)


def solve_preferences(problem: Problem) -> Assignment:
    cohort = Cohort(problem)
    cohort.begin(until=0.6)
    orders = _orders(cohort)
    places = np.minimum(problem.places, cohort.n)
    first = np.concatenate([[0], np.cumsum(places)]).astype(np.int64)
    held = Held(
        first,
        np.full(first[-1], -1, np.int64),
        np.full(first[-1], -1, np.int32),
        np.full(cohort.n, -1, np.int32),
    )
    empty = np.zeros(cohort.n, np.int64)
    lists = Lists(empty, empty.copy(), np.zeros(0, np.int32), np.zeros(0, np.int64))
    beginnings = _beginnings(cohort, orders)
    lists.extend(orders, *beginnings)
    is_whole = cohort.is_whole.copy()
    waiting = np.flatnonzero(problem.is_free).astype(np.int32)
    while waiting.size:
        left = _propose(
            waiting, lists.at, lists.stop, lists.mentor, lists.dear, first, held.least, held.holder, held.mate
        )
        unread = np.sort(left[~is_whole[left]])
        waiting = unread[: max(1, AT_ONCE // max(1, cohort.m))]
        if waiting.size:
            cohort.rounds += 1
            problem.say(
                0.6 + 0.3 * cohort.fraction, "Reading on in the lists of those still without a mentor"
            )
            lists.extend(orders, *_whole_lists(cohort, orders, held, waiting))
            is_whole[waiting] = True
            waiting = unread
    return _assignment(cohort, orders, beginnings, held)


def _beginnings(cohort: Cohort, orders: Orders) -> Triple:
    """The beginning of each mentee's list: whom they prefer, and their best by points as far as that is sure.

    A list that is cut ends before those who tie with the last: others, not among the candidates, may tie too.
    """
    edges = cohort.edges
    i = np.repeat(np.arange(cohort.n), np.diff(edges.of_mentee))
    j, points = edges.mentor.astype(np.int64), edges.points.astype(np.int64)
    last = np.full(cohort.n, -1, np.int64)
    cut = np.flatnonzero(~cohort.is_whole)
    last[cut] = points[edges.of_mentee[cut] + proving.PER_MENTEE - 1]
    sure = points > last[i]
    keys = orders.by_mentees[0]
    preferred_i, preferred_j = keys // cohort.m, keys % cohort.m
    own = _points_of(cohort, preferred_i, preferred_j)
    able = (own >= 0) & cohort.problem.is_free[preferred_i]
    return _once(
        cohort.m,
        np.concatenate([i[sure], preferred_i[able]]),
        np.concatenate([j[sure], preferred_j[able]]),
        np.concatenate([points[sure], own[able]]),
    )


def _once(m: int, i: Int64s, j: Int64s, points: Int64s) -> Triple:
    _, at = np.unique(i * m + j, return_index=True)
    return i[at], j[at], points[at]


def _points_of(cohort: Cohort, i: Int64s, j: Int64s) -> Int64s:
    """Points of pairs of places, −1 where infeasible or forbidden."""
    problem = cohort.problem
    rows, columns = problem.rows[i], problem.columns[j]
    points = problem.scoring.pair_points(rows, columns).astype(np.int64)
    barred = np.array([row * cohort.m + column for row, column in problem.forbidden], dtype=np.int64)
    return np.where(np.isin(rows * cohort.m + columns, barred), -1, points)


def _rows_of(cohort: Cohort, i: Int32s) -> NDArray[np.int16]:
    """(k, m) points of whole lists, by places, −1 where infeasible or forbidden."""
    problem = cohort.problem
    rows = problem.rows[i]
    points = problem.scoring.points(rows)
    at = {row: k for k, row in enumerate(rows.tolist())}
    for row, column in problem.forbidden:
        if row in at:
            points[at[row], column] = -1
    return points[:, problem.columns]


def _whole_lists(cohort: Cohort, orders: Orders, held: Held, i: Int32s) -> Triple:
    """Who would take them now. Whoever would not never will: mentors only ever change for the better."""
    points = _rows_of(cohort, i)
    at, j = np.nonzero(points >= 0)
    row, own = i[at].astype(np.int64), points[at, j].astype(np.int64)
    willing = held.would_take(j, orders.of_mentor(row, j, own))
    return row[willing], j[willing], own[willing]


@njit(nogil=True, cache=True)
def _propose(
    waiting: Int32s,
    at: Int64s,
    stop: Int64s,
    mentor: Int32s,
    dear: Int64s,
    first: Int64s,
    least: Int64s,
    holder: Int32s,
    mate: Int32s,
) -> Int32s:
    """Let all who wait propose down their lists, and whoever is put out, until nobody can; returns who is
    left."""
    stack = np.empty(mate.size, np.int32)
    size = 0
    for i in waiting[::-1]:
        if mate[i] < 0:
            stack[size] = i
            size += 1
    left, count = np.empty(mate.size, np.int32), 0
    while size > 0:
        size -= 1
        i = stack[size]
        while at[i] < stop[i] and mate[i] < 0:
            e = at[i]
            at[i] += 1
            own = slice(first[mentor[e]], first[mentor[e] + 1])
            if own.start < own.stop and dear[e] > least[own.start]:
                out = put_for_least(least[own], holder[own], dear[e], i)
                mate[i] = mentor[e]
                if out >= 0:
                    mate[out] = -1
                    stack[size] = out
                    size += 1
        if mate[i] < 0:
            left[count] = i
            count += 1
    return left[:count].copy()


def _assignment(cohort: Cohort, orders: Orders, beginnings: Triple, held: Held) -> Assignment:
    problem = cohort.problem
    pairs, points, unmatched = formed_of(problem, held.mate)
    i = np.flatnonzero(held.mate >= 0)
    own = i, held.mate[i].astype(np.int64), _points_of(cohort, i, held.mate[i].astype(np.int64))
    known = _once(cohort.m, *(np.concatenate(parts) for parts in zip(beginnings, own, strict=True)))
    return Assignment(
        pairs=pairs,
        points=points,
        unmatched=unmatched,
        rounds=cohort.rounds + 1,
        pairs_seen=0,
        is_proved=True,
        gap=0,
        gap_matched=0,
        floor=0,
        bonus=bonus_for(cohort.n, problem.places),
        surplus=np.zeros(cohort.n, np.int64),
        price=np.zeros(cohort.m, np.int64),
        blocking=_blocking(cohort, orders, held) if problem.locked else (),
        candidates=candidates_of(problem, lay_out(cohort.n, cohort.m, *known)),
    )


def _blocking(cohort: Cohort, orders: Orders, held: Held) -> tuple[Pair, ...]:
    """The feasible pairs of whom both would rather have the other, in rows and columns, sorted.

    Each of them has a locked mentee, or a mentor whose least dear mentee is locked: the others proposed to
    all mentors dearer than their own, and were put out for dearer ones.
    """
    problem = cohort.problem
    free = np.flatnonzero(held.mate >= 0)
    mates = held.mate[free].astype(np.int64)
    locked = np.array([(*pair, own) for pair, own in problem.locked.items()], dtype=np.int64)
    bound = cohort.place_of_row[locked[:, 0]].astype(np.int64)
    binding = cohort.place_of_column[locked[:, 1]].astype(np.int64)
    points = locked[:, 2]
    got = np.full(cohort.n, -1, np.int64)  # how dear their own is to each mentee
    got[free] = orders.of_mentee(free, mates, _points_of(cohort, free, mates))
    got[bound] = orders.of_mentee(bound, binding, points)

    worst = np.full(cohort.m, np.iinfo(np.int64).max)  # the least dear of each mentor's, −1: a free place
    has_places = np.flatnonzero(np.diff(held.first))
    worst[has_places] = held.least[held.first[has_places]]
    without = worst.copy()
    np.minimum.at(worst, binding, orders.of_mentor(bound, binding, points))

    found: list[Pair] = []
    for i, j, points in _doubtful(cohort, np.flatnonzero(worst < without)):
        rather = (orders.of_mentee(i, j, points) > got[i]) & (orders.of_mentor(i, j, points) > worst[j])
        rather &= points >= 0
        rows, columns = problem.rows[i[rather]], problem.columns[j[rather]]
        found += zip(rows.tolist(), columns.tolist(), strict=True)
    return tuple(sorted(found))


def _doubtful(cohort: Cohort, bound: NDArray[np.intp]) -> Iterator[Triple]:
    """Pairs of a locked mentee and anybody, or of another and one of the `bound` mentors; some at a time."""
    tied = np.flatnonzero(~cohort.problem.is_free)
    high = max(1, AT_ONCE // max(1, cohort.m))
    for some in (tied[top : top + high] for top in range(0, tied.size, high)):
        points = _rows_of(cohort, some.astype(np.int32)).astype(np.int64)
        i, j = np.broadcast_arrays(some[:, np.newaxis], np.arange(cohort.m))
        yield i.ravel(), j.ravel(), points.ravel()
    others = np.flatnonzero(cohort.problem.is_free)
    wide = max(1, AT_ONCE // max(1, others.size))
    for some in (bound[left : left + wide] for left in range(0, bound.size, wide)):
        i, j = (grid.ravel() for grid in np.broadcast_arrays(others[:, np.newaxis], some))
        yield i, j, _points_of(cohort, i, j)
