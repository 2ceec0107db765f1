"""Solve over few pairs, look among all for one that its prices do not rule out, add what is found, again.

When a look at all pairs finds none, surplus + price >= worth holds for every one of them: the proof of
solver.py over all pairs, not only over those that were held.
"""

import time

import numpy as np
from numpy.typing import NDArray

from matching.engine.assignment import Assignment, Pair, Problem
from matching.engine.bipartite import largest
from matching.engine.edges import Edges, Int32s, Int64s, at_least, joined, lay_out
from matching.engine.people import Bools
from matching.engine.scoring import Pairs
from matching.engine.solver import POINTS, Solution, bonus_for, least_prices, solve, split

PER_MENTEE, PER_MENTOR = 30, 50  # candidates to begin with; many a mentor, or the less wanted would have none
PER_ROUND = 20  # added for a mentee in a round, at most
MARGIN = 300  # points: pairs so near to being better are taken along, since prices still move a little
FEW = 0.5  # of those whom the prices leave open: so few who had something better are looked at before all
MOST = 0.8  # of the mentees: instead of so many all are looked at, which costs hardly more
UNKNOWN = 1 << 40
NEARLY = 0.01  # of the mentees: when no more than these had something better, the rest is settled

Rows = NDArray[np.intp]


class Cohort:
    """The candidates of a problem, as edges between places in its order; none of locked mentees."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.n, self.m = len(problem.rows), len(problem.columns)
        self.place_of_row, self.place_of_column = np.empty(self.n, np.int32), np.empty(self.m, np.int32)
        self.place_of_row[problem.rows] = np.arange(self.n, dtype=np.int32)
        self.place_of_column[problem.columns] = np.arange(self.m, dtype=np.int32)
        self.edges = self._edges(NO_PAIRS)
        self.is_whole = np.zeros(self.n, bool)  # all feasible pairs of the mentee are candidates
        self.rounds = self.pairs_seen = 0
        self.has_seen_all = False
        self.began = time.monotonic()

    def begin(self, until: float) -> None:
        """Take each mentee's and each mentor's best as candidates."""
        words = "Comparing everybody with everybody"
        self.problem.say(0.0, words)
        found = self.problem.scoring.best(
            PER_MENTEE,
            PER_MENTOR,
            forbidden=self.problem.forbidden,
            say=lambda done: self.problem.say(done * until, words),
        )
        self.edges = self._edges(found)
        self.is_whole = np.diff(self.edges.of_mentee) < PER_MENTEE

    def begin_with(self, known: Pairs) -> None:
        """Take these as candidates, but for forbidden ones."""
        keys = known.i.astype(np.int64) * self.m + known.j
        barred = np.array([i * self.m + j for i, j in self.problem.forbidden], dtype=np.int64)
        kept = ~np.isin(keys, barred) & (known.points >= 0)
        self.edges = self._edges(Pairs(known.i[kept], known.j[kept], known.points[kept]))

    def look(
        self, surplus: Int64s, price: Int64s, bonus: int, floor: int, words: str, among: Rows | None = None
    ) -> Pairs:
        """Add to the candidates what the prices do not rule out, of all feasible pairs (of the mentees
        `among`); returns what was added, in rows and columns. surplus and price in the problem's order."""
        by_row, by_column = np.empty(self.n, np.int64), np.empty(self.m, np.int64)
        by_row[self.problem.rows] = np.where(self.problem.is_free, surplus, bonus + POINTS)
        by_column[self.problem.columns] = price
        at = self.fraction
        self.problem.say(at, words)
        found, feasible = self.problem.scoring.improving(
            by_row,
            by_column,
            bonus,
            floor,
            PER_ROUND,
            rows=None if among is None else np.sort(self.problem.rows[among]),
            forbidden=self.problem.forbidden,
            say=lambda done: self.problem.say(at + done * (1 - at) / 3, words),
        )
        self.rounds += 1
        if among is None:
            self.pairs_seen, self.has_seen_all = feasible, True
        if len(found):
            self.edges = joined(self.edges, self._edges(found))
        return found

    @property
    def fraction(self) -> float:
        """How far it is, by a guess: each look does a third of what is left."""
        return 1 - 0.5 * 0.67**self.rounds

    def _edges(self, found: Pairs) -> Edges:
        i, j = self.place_of_row[found.i], self.place_of_column[found.j]
        free = self.problem.is_free[i]
        return lay_out(self.n, self.m, i[free], j[free], found.points[free])

    def is_late(self) -> bool:
        seconds = self.problem.seconds
        return seconds is not None and time.monotonic() - self.began >= seconds


NO_PAIRS = Pairs(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int16))


class Totals:
    """Most matched, then the highest total, of the pairs with at least a floor of points: what is known so
    far.

    margin (n,): by how much, at least, surplus + price exceeds the worth of each pair of the mentee that is
    no candidate. It is found by looking at those pairs, and shrinks as the prices move; while it is 0 or more
    nobody need look again. short_of (n,): how much more, at most, any of the mentee's pairs could be worth.
    """

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort
        self.bonus = bonus_for(cohort.n, cohort.problem.places)
        self.solution = Solution(
            np.full(cohort.n, -1, np.int32), np.zeros(cohort.n, np.int64), np.zeros(cohort.m, np.int64)
        )
        self.floor = 0
        self.is_stale = True  # the candidates have something better than the solution
        self.margin = self.short_of = np.zeros(0, np.int64)
        self.missed = np.zeros(0, np.intp)  # mentees who had something better when last looked at

    def step(self, floor: int) -> None:
        """Solve again where that is called for, and look once more where the prices leave it open."""
        self._solve(floor)
        among = self._doubtful()
        self.missed = np.zeros(0, np.intp)
        if among.size or not self.cohort.has_seen_all:
            self._look(among)

    @property
    def is_proved(self) -> bool:
        return not self.missed.size and not self._open().any()

    @property
    def gap(self) -> tuple[int, int]:
        """(matched, points): by how much at most a better choice could be better."""
        return split(int(self.short_of.sum()), self.bonus)

    def _solve(self, floor: int) -> None:
        """The best pairs of the candidates, with the least prices: they say what one more place is worth."""
        if not self.is_stale and floor == self.floor:
            return
        edges = at_least(self.cohort.edges, floor) if floor > 0 else self.cohort.edges
        before, is_first = self.solution, not self.margin.size
        found = solve(edges, self.cohort.problem.places, self.bonus, None if is_first else before)
        self.solution = least_prices(edges, self.bonus, found)
        if is_first or floor < self.floor:
            self.margin = np.full(self.cohort.n, -UNKNOWN)
            self.missed = np.zeros(0, np.intp)
        else:
            fall = int((before.price - self.solution.price).max(initial=0))
            self.margin = self.margin - (before.surplus - self.solution.surplus) - fall
        self.short_of = np.where(self._open(), -self.margin, 0)
        self.floor, self.is_stale = floor, False

    def _open(self) -> Bools:
        return (self.margin < 0) & self.cohort.problem.is_free & ~self.cohort.is_whole

    def _doubtful(self) -> Rows:
        """Whom to look at: first those who have just had something better, if they are few among those whom
        the prices leave open, since their prices will move again."""
        doubtful = np.flatnonzero(self._open())
        return self.missed if 0 < self.missed.size <= FEW * doubtful.size else doubtful

    def _look(self, among: Rows) -> None:
        cohort, solution = self.cohort, self.solution
        words = f"Looking among all pairs for better ones, round {cohort.rounds + 1}"
        is_all = not cohort.has_seen_all or among.size > MOST * cohort.n
        near = cohort.look(
            solution.surplus - MARGIN,
            solution.price,
            self.bonus,
            self.floor,
            words,
            None if is_all else among,
        )
        i, j = cohort.place_of_row[near.i], cohort.place_of_column[near.j]
        spare = solution.surplus[i] + solution.price[j] - self.bonus - near.points
        looked_at = np.ones(cohort.n, bool)
        if not is_all:
            looked_at[:] = False
            looked_at[among] = True
        self.margin[looked_at] = MARGIN
        self.short_of[looked_at] = 0
        # of whom as many were found as were asked for, there may be more, though none nearer than the last
        cut = np.bincount(i, minlength=cohort.n) >= PER_ROUND
        self.margin[cut] = -UNKNOWN
        np.maximum.at(self.margin, i[cut[i]], spare[cut[i]])
        np.maximum.at(self.short_of, i, -spare)
        self.missed = np.unique(i[spare < 0]).astype(np.intp)
        self.is_stale = bool(self.missed.size)


def _begun(problem: Problem) -> Cohort:
    cohort = Cohort(problem)
    if problem.known is None:
        cohort.begin(until=0.5)
    else:
        cohort.begin_with(problem.known)
    return cohort


def prove_most(problem: Problem) -> Assignment:
    cohort = _begun(problem)
    totals = Totals(cohort)
    while True:
        totals.step(0)
        if totals.is_proved or cohort.is_late():
            return _assignment(totals, totals.is_proved)


def _assignment(totals: Totals, is_proved: bool) -> Assignment:
    cohort, solution, bonus = totals.cohort, totals.solution, totals.bonus
    problem = cohort.problem
    pairs, points, unmatched = formed_of(problem, solution.mate)
    gap_matched, gap = totals.gap
    surplus, price = np.empty(cohort.n, np.int64), np.empty(cohort.m, np.int64)
    surplus[problem.rows] = np.where(problem.is_free, solution.surplus, bonus + POINTS)
    price[problem.columns] = solution.price
    return Assignment(
        pairs=pairs,
        points=points,
        unmatched=unmatched,
        rounds=cohort.rounds,
        pairs_seen=cohort.pairs_seen,
        is_proved=is_proved,
        gap=gap,
        gap_matched=gap_matched,
        floor=totals.floor,
        bonus=bonus,
        surplus=surplus,
        price=price,
        blocking=(),
        candidates=candidates_of(problem, cohort.edges),
    )


def formed_of(problem: Problem, mate: Int32s) -> tuple[tuple[Pair, ...], Int64s, tuple[int, ...]]:
    """(pairs with the locked ones, by row; their points; the rows without one) of the mates by place."""
    i = np.flatnonzero(mate >= 0)
    rows, columns = problem.rows[i], problem.columns[mate[i]]
    points = problem.scoring.pair_points(rows, columns).tolist()
    formed = dict(problem.locked)
    formed.update(zip(zip(rows.tolist(), columns.tolist(), strict=True), points, strict=True))
    pairs = tuple(sorted(formed))
    matched = {row for row, _ in pairs}
    unmatched = tuple(row for row in range(len(mate)) if row not in matched)
    return pairs, np.array([formed[pair] for pair in pairs], dtype=np.int64), unmatched


def candidates_of(problem: Problem, edges: Edges) -> Pairs:
    """In rows and columns, by row, then column; with the locked pairs that may be formed."""
    at = np.array(sorted(problem.locked), dtype=np.intp).reshape(-1, 2)
    own = problem.scoring.pair_points(at[:, 0], at[:, 1])
    at, own = at[own >= 0], own[own >= 0]
    i = np.repeat(np.arange(edges.n), np.diff(edges.of_mentee))
    rows = np.concatenate([problem.rows[i], at[:, 0]])
    columns = np.concatenate([problem.columns[edges.mentor], at[:, 1]])
    points = np.concatenate([edges.points, own])
    order = np.argsort(rows * edges.m + columns, kind="stable")
    return Pairs(rows[order].astype(np.int32), columns[order].astype(np.int32), points[order])


def prove_fair(problem: Problem) -> Assignment:
    """The highest floor at which as many can be matched as without one, then as above.

    Both the number and the floor are first guessed from the candidates, which grow by the prices; when those
    are nearly right, covers prove them over all pairs.
    """
    cohort = _begun(problem)
    totals = Totals(cohort)
    mate = np.full(cohort.n, -1, np.int32)
    is_sure = False
    while True:
        if not is_sure:
            most, floor, mate = _highest_floor(cohort, mate)
        totals.step(floor)
        if not is_sure and totals.missed.size <= NEARLY * cohort.n:
            if _can_match(cohort, most + 1, 0, mate) or (most and _can_match(cohort, most, floor + 1, mate)):
                totals.is_stale = True
                continue
            is_sure = True
        if (is_sure and totals.is_proved) or cohort.is_late():
            return _assignment(totals, is_sure and totals.is_proved)


def _can_match(cohort: Cohort, wanted: int, floor: int, mate: Int32s) -> bool:
    """Can so many be matched over all feasible pairs of at least `floor` points?

    If not, a cover is the proof: a pair of a mentee who is short and a mentor who is not scarce would not be
    in it. Where such pairs are found, they become candidates; those of mentors with a free place first.
    """
    problem = cohort.problem
    while True:
        cover = largest(cohort.edges, problem.places, floor, mate)
        mate = cover.mate
        if (mate >= 0).sum() >= wanted:
            return True
        short = cover.short & problem.is_free
        unsure = np.flatnonzero(short & ~cohort.is_whole)
        is_open = ~cover.scarce & (problem.places > 0)
        if not unsure.size or not is_open.any():
            return False
        has_free = np.bincount(mate[mate >= 0], minlength=cohort.m) < problem.places
        surplus = np.where(short, -POINTS - 2, POINTS)
        price = np.where(is_open, np.where(has_free, 0, POINTS + 1), 2 * POINTS + 3)
        if not len(cohort.look(surplus, price, 0, floor, "Looking after the worst off", unsure)):
            return False


def _highest_floor(cohort: Cohort, mate: Int32s) -> tuple[int, int, Int32s]:
    """Among the candidates: (how many can be matched, the most points that all of them can have, the
    matching)."""
    edges, places = cohort.edges, cohort.problem.places
    mate = largest(edges, places, 0, mate).mate
    most = int((mate >= 0).sum())
    if not most:
        return 0, 0, mate
    levels = np.unique(edges.points)
    best = np.full(cohort.n, -1, np.int64)
    has_some = edges.of_mentee[:-1] < edges.of_mentee[1:]
    best[has_some] = edges.points[edges.of_mentee[:-1][has_some]]
    low = int(np.searchsorted(levels, _lowest(edges, mate)))
    high = int(np.searchsorted(levels, np.sort(best)[-most]))
    while low < high:
        middle = (low + high + 1) // 2
        cover = largest(edges, places, int(levels[middle]), mate)
        if (cover.mate >= 0).sum() == most:
            mate = cover.mate
            low = int(np.searchsorted(levels, _lowest(edges, mate)))
        else:
            high = middle - 1
    return most, int(levels[low]), mate


def _lowest(edges: Edges, mate: Int32s) -> int:
    rows = np.repeat(np.arange(edges.n), np.diff(edges.of_mentee))
    return int(edges.points[edges.mentor == mate[rows]].min())
