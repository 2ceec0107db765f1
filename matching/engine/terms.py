"""The few shapes that a criterion's score can have, in whole numbers.

A part, a criterion's score of 0..1, is counted in steps of 1 / ONE; a share, a criterion's part of the whole,
in steps of 1 / WHOLE; so what a criterion adds to a pair is share × part, in steps of 1 / FULL. Whole numbers
add up to the same on every machine and in any order of people, tiles and threads.

Every shape has one function:

    weighed(i, j, share) -> float64 or int64, whole numbers of 0..share × ONE

for rows i and columns j that broadcast against each other: (k, 1) and (l,) give a grid, (k,) and (k,) single
pairs; j may be a slice. share has the shape of i, in 0..WHOLE. A Mean may exceed share × ONE by its rounding,
ONE / 2 for each thing wanted. None falls when right rises. tiles.py has the same sums as loops; the tests
hold the two together, bit for bit.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.engine.people import Bools, Floats

ONE = 1 << 12
WHOLE = 1 << 18
FULL = ONE * WHOLE
UNIT = 1 << 28  # see Closeness

Rows = NDArray[np.intp]
Columns = NDArray[np.intp] | slice
Weighed = NDArray[Any]


def on_grid(values: Floats | Bools) -> NDArray[np.int16]:
    """The nearest whole numbers of steps of 1 / ONE; values lie in 0..7."""
    return np.rint(np.multiply(values, ONE, dtype=np.float32)).astype(np.int16)


def by_column(values: Floats | Bools, columns: NDArray[np.intp]) -> NDArray[np.int16]:
    """(columns, rows): some columns of an array on the grid, turned; some rows at a time, to save memory."""
    turned = np.empty((columns.size, len(values)), dtype=np.int16)
    for first in range(0, len(values), 2048):
        turned[:, first : first + 2048] = on_grid(values[first : first + 2048][:, columns]).T
    return turned


@dataclass(frozen=True, eq=False)
class Mean:
    """Σ_s left(i,s) · right(s,j) / Σ_s left(i,s): what j has of the things that i wants, by importance.

    left (n, K) whole numbers in any unit, right (K, m) in steps of 1 / ONE, up to 1. 0 where left is 0
    throughout.
    """

    left: NDArray[np.integer[Any]]
    right: NDArray[np.int16]

    def weighed(self, i: Rows, j: Columns, share: NDArray[np.int64]) -> Weighed:
        left = self.left[i].astype(np.int64)
        weight = weight_of(left, left.sum(axis=-1, keepdims=True), share[..., np.newaxis])
        right = self.right[:, j].astype(np.float64)
        return np.einsum("...s,s...->...", weight.astype(np.float64), right)


def weight_of(
    left: NDArray[np.int64], whole: NDArray[np.int64], share: NDArray[np.int64]
) -> NDArray[np.int64]:
    """share · left / whole, rounded: what one of the things wanted adds, in steps of 1 / WHOLE."""
    return (share * left + whole // 2) // np.maximum(whole, 1)


@dataclass(frozen=True, eq=False)
class Sum:
    """min(1, Σ_s left(i,s) · right(s,j)); left (n, K) and right (K, m) in steps of 1 / ONE, up to 1."""

    left: NDArray[np.int16]
    right: NDArray[np.int16]

    def weighed(self, i: Rows, j: Columns, share: NDArray[np.int64]) -> Weighed:
        left, right = self.left[i].astype(np.float64), self.right[:, j].astype(np.float64)
        added = np.einsum("...s,s...->...", left, right)
        return share * (np.minimum(added, ONE * ONE).astype(np.int64) // ONE)


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure of the mentor alone, (m,) in steps of 1 / ONE."""

    right: NDArray[np.int16]

    def weighed(self, i: Rows, j: Columns, share: NDArray[np.int64]) -> Weighed:
        return share * self.right[j].astype(np.int64)


@dataclass(frozen=True, eq=False)
class Common:
    """min(1, bits that both have / bits needed); left (n, W) and right (W, m) uint64, needed (n,) from 1."""

    left: NDArray[np.uint64]
    right: NDArray[np.uint64]
    needed: NDArray[np.int64]

    def weighed(self, i: Rows, j: Columns, share: NDArray[np.int64]) -> Weighed:
        needed, left = self.needed[i], self.left[i]
        common = sum(
            np.bitwise_count(left[..., word] & self.right[word, j]).astype(np.int64)
            for word in range(len(self.right))
        )
        return np.minimum(np.minimum(common, needed) * step(share, needed), share * ONE)


def step(share: NDArray[np.int64], needed: NDArray[np.int64]) -> NDArray[np.int64]:
    """What each bit needed adds, in steps of 1 / FULL, rounded up so that all together add the share."""
    return (share * ONE + needed - 1) // needed


@dataclass(frozen=True, eq=False)
class Shared:
    """max_l min(left(i,l), right(l,j)), the best that both share; left (n, L) and right (L, m), 1 / ONE."""

    left: NDArray[np.int16]
    right: NDArray[np.int16]

    def weighed(self, i: Rows, j: Columns, share: NDArray[np.int64]) -> Weighed:
        left = self.left[i]
        best = np.zeros(np.broadcast_shapes(i.shape, np.arange(self.right.shape[1])[j].shape), dtype=np.int16)
        for column in np.flatnonzero(left.reshape(-1, left.shape[-1]).any(axis=0)).tolist():
            np.maximum(best, np.minimum(left[..., column], self.right[column, j]), out=best)
        return share * best.astype(np.int64)


@dataclass(frozen=True, eq=False)
class Closeness:
    """(cosine(i,j) - low) / (high - low), kept in 0..1; left (n, D) and right (m, D) int8 of any length.

    The cosine is dot · unit(i) · unit(j) / UNIT², with unit = UNIT / length, rounded (0 for a row of zeros,
    whose part is 0). low is a cosine in steps of 1 / GRAIN; slope, which multiplies what lies above it, is
    ONE / (high - low), rounded up.
    """

    left: NDArray[np.int8]
    right: NDArray[np.int8]
    left_unit: NDArray[np.int64]
    right_unit: NDArray[np.int64]
    low: int
    slope: int

    @classmethod
    def of(cls, left: NDArray[np.int8], right: NDArray[np.int8], low: float, high: float) -> "Closeness":
        first, last = round(low * GRAIN), round(high * GRAIN)
        slope = -(-ONE * GRAIN // max(last - first, 1))
        return cls(left, right, units(left), units(right), first, slope)

    def weighed(self, i: Rows, j: Columns, share: NDArray[np.int64]) -> Weighed:
        # every partial sum is a whole number below 2^24, so float32 is exact
        left, right = self.left[i].astype(np.float32), self.right[j].astype(np.float32)
        dot = np.einsum("...d,...d->...", left, right).astype(np.int64)
        cosine = (dot * self.left_unit[i] * self.right_unit[j]) >> COSINE_SHIFT
        part = np.minimum((np.maximum(cosine - self.low, 0) * self.slope) >> GRAIN_BITS, ONE)
        said = (self.left_unit[i] > 0) & (self.right_unit[j] > 0)
        return share * np.where(said, part, 0)


GRAIN_BITS = 24
GRAIN = 1 << GRAIN_BITS
COSINE_SHIFT = 32  # UNIT * UNIT / GRAIN


def units(vectors: NDArray[np.int8]) -> NDArray[np.int64]:
    """(rows,): UNIT / length of each row, rounded; 0 for a row of zeros."""
    square = np.zeros(len(vectors), dtype=np.float64)
    for first in range(0, len(vectors), 4096):
        some = vectors[first : first + 4096].astype(np.float32)
        square[first : first + 4096] = np.einsum("id,id->i", some, some)
    return np.rint(np.where(square > 0, UNIT / np.sqrt(np.maximum(square, 1)), 0)).astype(np.int64)


Shape = Mean | Sum | Figure | Common | Shared | Closeness


@dataclass(frozen=True, eq=False)
class Term:
    """A criterion's score of every pair, and whom it applies to: mentees (n,), mentors (m,); None: to all."""

    shape: Shape
    mentees: Bools | None = None
    mentors: Bools | None = None
