"""A scoring pass over a whole cohort."""

import time
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from matching.engine import Pairs, Scoring
from matching.engine.assignment import Pair, Rows


class Tiled:
    """A Scoring as assign() wants it, which counts the seconds of its passes."""

    def __init__(self, scoring: Scoring) -> None:
        self.scoring = scoring
        self.n, self.m = scoring.n, scoring.m
        self.seconds: Counter[str] = Counter()

    def points(self, rows: Rows = None) -> NDArray[np.int16]:
        return self.scoring.points(rows)

    def pair_points(self, i: NDArray[np.intp], j: NDArray[np.intp]) -> NDArray[np.int16]:
        return self.scoring.pair_points(i, j)

    def best(
        self,
        per_mentee: int,
        per_mentor: int,
        rows: Rows = None,
        forbidden: Iterable[Pair] = (),
        say: Callable[[float], None] | None = None,
    ) -> Pairs:
        began = time.perf_counter()
        try:
            return self.scoring.best(per_mentee, per_mentor, rows, forbidden, say)
        finally:
            self.seconds["score"] += time.perf_counter() - began

    def improving(
        self,
        surplus: NDArray[np.int64],
        price: NDArray[np.int64],
        bonus: int,
        floor: int,
        per_mentee: int,
        rows: Rows = None,
        forbidden: Iterable[Pair] = (),
        say: Callable[[float], None] | None = None,
    ) -> tuple[Pairs, int]:
        began = time.perf_counter()
        try:
            return self.scoring.improving(surplus, price, bonus, floor, per_mentee, rows, forbidden, say)
        finally:
            self.seconds["prove"] += time.perf_counter() - began
