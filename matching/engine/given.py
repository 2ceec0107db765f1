"""A matrix of points with the face of Scoring, for tests and for getting the solver ready."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from matching.engine.people import Bools, Ints
from matching.engine.scoring import Pairs

Rows = slice | Sequence[int] | NDArray[np.intp] | None
_ROWS = 256  # looked at together


class Given:
    """points (n, m) of 0..10,000, and which pairs are feasible (all, where that is not given)."""

    def __init__(self, points: Ints, feasible: Bools | None = None) -> None:
        self.n, self.m = points.shape
        self._points = np.where(True if feasible is None else feasible, points, -1).astype(np.int16)

    def points(self, rows: Rows = None) -> NDArray[np.int16]:
        return self._points[slice(None) if rows is None else rows].copy()

    def pair_points(self, i: NDArray[np.intp], j: NDArray[np.intp]) -> NDArray[np.int16]:
        return self._points[np.asarray(i, np.intp), np.asarray(j, np.intp)]

    def best(
        self,
        per_mentee: int = 50,
        per_mentor: int = 10,
        rows: Rows = None,
        forbidden: Iterable[tuple[int, int]] = (),
        say: Callable[[float], None] | None = None,
    ) -> Pairs:
        chosen = np.arange(self.n)[slice(None) if rows is None else rows]
        points = _without(self._points, forbidden)[chosen]
        kept = _largest(points, per_mentee) | _largest(points.T, per_mentor).T
        at, j = np.nonzero(kept & (points >= 0))
        if say is not None:
            say(1.0)
        return Pairs(chosen[at].astype(np.int32), j.astype(np.int32), points[at, j])

    def improving(
        self,
        surplus: NDArray[np.int64],
        price: NDArray[np.int64],
        bonus: int,
        floor: int,
        per_mentee: int,
        rows: Rows = None,
        forbidden: Iterable[tuple[int, int]] = (),
        say: Callable[[float], None] | None = None,
    ) -> tuple[Pairs, int]:
        chosen = np.arange(self.n)[slice(None) if rows is None else rows]
        whole = _without(self._points, forbidden)
        found, feasible = [Pairs(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int16))], 0
        for first in range(0, chosen.size, _ROWS):
            some = chosen[first : first + _ROWS]
            points = whole[some]
            feasible += int((points >= 0).sum())
            gain = points + (bonus - price) - surplus[some, np.newaxis]
            gain[(points < 0) | (points < floor) | (gain <= 0)] = -1
            at, j = np.nonzero(_largest(gain, per_mentee) & (gain > 0))
            found.append(Pairs(some[at].astype(np.int32), j.astype(np.int32), points[at, j]))
            if say is not None:
                say(min(1.0, (first + _ROWS) / chosen.size))
        stacked = (np.concatenate([getattr(one, name) for one in found]) for name in ("i", "j", "points"))
        return Pairs(*stacked), feasible


def _without(points: NDArray[np.int16], forbidden: Iterable[tuple[int, int]]) -> NDArray[np.int16]:
    barred = np.array(sorted(forbidden), dtype=np.intp).reshape(-1, 2)
    if not barred.size:
        return points
    points = points.copy()
    points[barred[:, 0], barred[:, 1]] = -1
    return points


def _largest(values: Ints, count: int) -> Bools:
    """Where the `count` largest of each row lie, the first among equals."""
    if count >= values.shape[1]:
        return np.ones(values.shape, bool)
    order = np.argsort(-values.astype(np.int64), axis=1, kind="stable")[:, :count]
    kept = np.zeros(values.shape, bool)
    np.put_along_axis(kept, order, values=True, axis=1)
    return kept
