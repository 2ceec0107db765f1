"""What a change to solved pairs costs everybody else: exactly by solving again, at least by the prices."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from matching.engine.assignment import Pair
from matching.engine.edges import Int32s, Int64s, bar, lay_out
from matching.engine.people import Ints
from matching.engine.scoring import Pairs
from matching.engine.solver import POINTS, Solution, least_prices, solve, split


class Moved(NamedTuple):
    """A mentee who goes from one mentor to another, −1 for nobody, and what that is to them in points."""

    mentee: int
    before: int
    after: int
    points: int


class Change(NamedTuple):
    """So many more matched (fewer below 0), so many points more in total, the points of the worst pair
    afterwards, and everybody who moves, by number."""

    matched: int
    points: int
    worst_points: int
    moves: tuple[Moved, ...]


class Worth(NamedTuple):
    """For every mentor, (m,) each: how many more would be matched, and the points more in total."""

    matched: Int64s
    points: Int64s


class Costs:
    """The standing pairs of n mentees and m mentors, and what changes to them would cost.

    candidates: the pairs that are considered, as the run held them; capacity (m,): all places; mate (n,) and
    points (n,): the standing mentor of each mentee, −1 where none, and the points of that pair; price (m,)
    and bonus: from the run that they came from. locked: mentees who stay with their standing mentor. floor:
    pairs below it are not formed anew. Costs are exact among the candidates; that nobody else could do better
    after the change is proved only by a run.
    """

    def __init__(
        self,
        candidates: Pairs,
        capacity: Ints,
        mate: Ints,
        points: Ints,
        price: Int64s,
        bonus: int,
        *,
        locked: Iterable[int] = (),
        floor: int = 0,
    ) -> None:
        self.mate, self.points = mate.astype(np.int32), points.astype(np.int64)
        self.capacity, self.price, self.bonus = capacity.astype(np.int64), price, bonus
        self.locked = {i: (int(mate[i]), int(points[i])) for i in locked}
        self.candidates = candidates
        is_free = np.ones(len(mate), bool)
        is_free[list(self.locked)] = False
        kept = is_free[candidates.i] & (candidates.points >= floor)
        self._edges = lay_out(
            len(mate), len(capacity), candidates.i[kept], candidates.j[kept], candidates.points[kept]
        )
        self._best: Solution | None = None

    def cost_of(self, force: Sequence[tuple[int, int, int]] = (), forbid: Sequence[Pair] = ()) -> Change:
        """What is had when these pairs (mentee, mentor, points) are formed and those are not, the others are
        paired as well as can be and the locks are kept, against what stands.

        A mentee who is forced counts as no longer locked to somebody else. ValueError where a mentor has too
        few places for those who are locked or forced to them, or a mentee is forced to two.
        """
        fixed = self.locked | {i: (j, points) for i, j, points in force}
        if len({i for i, _, _ in force}) < len(force):
            raise ValueError("a mentee cannot be forced to two mentors")
        for i, j in forbid:
            if fixed.get(i, (-1, 0))[0] == j:
                raise ValueError("a pair cannot be both forced or locked and forbidden")
        barred = [(i, -1) for i, _, _ in force] + list(forbid)
        solution = self._solve(fixed, barred)
        mate, points = solution.mate.copy(), self.points.copy()
        moved = np.flatnonzero(mate != self.mate)
        for i in moved.tolist():
            points[i] = self._points_of(i, int(mate[i]))
        for i, (j, own) in fixed.items():
            mate[i], points[i] = j, own
        return self._change(mate, points)

    def effect_of(self, moves: Sequence[tuple[int, int, int]]) -> Change:
        """What is had when mentees go to mentors by hand, (mentee, mentor or −1, points), and nobody else
        moves.

        A swap is two moves. Places are not looked at.
        """
        mate, points = self.mate.copy(), self.points.copy()
        for i, j, own in moves:
            mate[i], points[i] = j, own if j >= 0 else 0
        return self._change(mate, points)

    def worth_of_places(self) -> Worth:
        """What one more place with each mentor would add, exactly."""
        lowest = least_prices(self._edges, self.bonus, self._solved())
        matched, points = split(lowest.price, self.bonus)
        return Worth(matched, points)

    def at_least(self, i: int, j: int, points: int) -> tuple[int, int]:
        """(matched, points): forcing this pair, of so many points, takes at least so much from the whole.

        In no time: what the pair falls short of the two's prices. The first counts before the second.
        """
        solution = self._solved()
        return split(int(solution.surplus[i] + solution.price[j]) - self.bonus - points, self.bonus)

    def _solved(self) -> Solution:
        if self._best is None:
            self._best = self._solve(self.locked, [])
        return self._best

    def _solve(self, fixed: dict[int, tuple[int, int]], barred: Sequence[Pair]) -> Solution:
        places = self.capacity.copy()
        mate = self.mate.copy()
        for row, (column, _) in fixed.items():
            places[column] -= 1
            mate[row] = -1
        if (places < 0).any():
            raise ValueError("more are locked or forced to a mentor than there are places")
        i, j = np.array(barred, dtype=np.int32).reshape(-1, 2).T
        start = Solution(mate, self.price, self.price)
        return solve(bar(self._edges, i, j), places, self.bonus, start)

    def _points_of(self, i: int, j: int) -> int:
        own = slice(self._edges.of_mentee[i], self._edges.of_mentee[i + 1])
        return int(self._edges.points[own][self._edges.mentor[own] == j][0]) if j >= 0 else 0

    def _change(self, mate: Int32s, points: Int64s) -> Change:
        moved = np.flatnonzero(mate != self.mate)
        return Change(
            matched=int((mate >= 0).sum() - (self.mate >= 0).sum()),
            points=int((points - self.points).sum()),
            worst_points=int(points[mate >= 0].min(initial=POINTS)) if (mate >= 0).any() else 0,
            moves=tuple(
                Moved(i, int(self.mate[i]), int(mate[i]), int(points[i] - self.points[i]))
                for i in moved.tolist()
            ),
        )
