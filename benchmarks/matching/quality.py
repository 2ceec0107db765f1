"""How good some pairs are, from the points alone: nobody's own word is taken for it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TILE = 512  # mentees at a time

Points = NDArray[np.int16]


@dataclass(frozen=True)
class Quality:
    """matched mentees; total and least points of their pairs; pairs who would both rather have each other."""

    matched: int
    total: int
    worst: int
    blocking: int


def judge(points: Points, capacity: NDArray[np.integer[Any]], pairs: NDArray[np.int64]) -> Quality:
    """ValueError where the pairs may not be formed: impossible, twice the same mentee, or beyond the places.

    A blocking pair is possible, the mentee unmatched or with fewer points, and the mentor with a place to
    spare or with a mentee of fewer points. Equal points block nothing.
    """
    n, m = points.shape
    i, j = pairs[:, 0], pairs[:, 1]
    own = points[i, j].astype(np.int32)
    if np.any(own < 0):
        raise ValueError("a pair that cannot be was formed")
    if len(np.unique(i)) < len(i):
        raise ValueError("a mentee was paired twice")
    load = np.bincount(j, minlength=m)
    if np.any(load > capacity):
        raise ValueError("a mentor has more pairs than places")
    mentee_has = np.full(n, -1, np.int32)
    mentee_has[i] = own
    mentor_has = np.full(m, 2**15, np.int32)
    np.minimum.at(mentor_has, j, own)
    mentor_has[load < capacity] = -1
    mentor_has[capacity <= 0] = 2**15
    blocking = 0
    for first in range(0, n, TILE):
        tile = points[first : first + TILE]
        blocking += int(
            np.count_nonzero(
                (tile > mentee_has[first : first + TILE, None]) & (tile > mentor_has) & (tile >= 0)
            )
        )
    return Quality(len(i), int(own.sum()), int(own.min(initial=10_000)), blocking)
