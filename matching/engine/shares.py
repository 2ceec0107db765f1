"""How much of the whole each criterion makes up, for each kind of mentee and class of mentors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.engine.criteria import CRITERIA
from matching.engine.terms import WHOLE, Term

Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Shares:
    """Few sets of shares serve many pairs: they depend on what applies and on the mentee's emphasis alone.

    table (kinds, classes, C) int64 in steps of 1 / WHOLE, together WHOLE, or 0 where nothing that counts
    applies. kind (n,) and mentor_class (m,) say which of them is a pair's. of_kind (kinds, C) and of_class
    (classes, C): does the criterion apply?
    """

    table: NDArray[np.int64]
    kind: Indices
    mentor_class: Indices
    of_kind: NDArray[np.bool_]
    of_class: NDArray[np.bool_]

    def of(self, i: Indices, j: Indices) -> NDArray[np.int64]:
        """(..., C) of rows and columns that broadcast."""
        return self.table[self.kind[i], self.mentor_class[j]]

    def applies(self, c: int, i: Indices, j: Indices) -> NDArray[np.bool_]:
        return self.of_kind[self.kind[i], c] & self.of_class[self.mentor_class[j], c]

    def classes(self) -> list[Indices]:
        """The columns of each class of mentors."""
        return [np.flatnonzero(self.mentor_class == number) for number in range(len(self.of_class))]


def shares_of(
    terms: Sequence[Term],
    weights: Mapping[str, float],
    emphasis: NDArray[np.int8] | None,
    tilt: int,
    n: int,
    m: int,
) -> Shares:
    """The weight of a criterion that does not apply goes to those of its group that do, in proportion to
    their weights; if there is none, to all other groups in proportion to theirs.

    emphasis multiplies a mentee's own weights by 1 ± tilt / 100 first. Raising a weight never lowers that
    criterion's share of any pair.
    """
    size = len(terms)
    if emphasis is None or not tilt:
        emphasis = np.zeros((n, size), dtype=np.int8)
    if emphasis.shape[1] != size:
        raise ValueError(f"emphasis has {emphasis.shape[1]} columns, expected {size}, one for each criterion")
    of_mentees = np.stack(
        [np.ones(n, bool) if term.mentees is None else term.mentees for term in terms], axis=1
    )
    of_mentors = np.stack(
        [np.ones(m, bool) if term.mentors is None else term.mentors for term in terms], axis=1
    )
    first, kind = _distinct(np.concatenate([of_mentees, emphasis + 1], axis=1))
    first_mentor, mentor_class = _distinct(of_mentors)
    of_kind, of_class = of_mentees[first], of_mentors[first_mentor]
    own = np.array([weights[criterion.name] for criterion in CRITERIA]) * (
        100 + emphasis[first] * float(tilt)
    )
    applies = of_kind[:, np.newaxis] & of_class
    return Shares(_table(applies, own[:, np.newaxis]), kind, mentor_class, of_kind, of_class)


def _table(applies: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """applies (kinds, classes, C), weights (kinds, 1, C)."""
    groups: dict[str, list[int]] = {}
    for c, criterion in enumerate(CRITERIA):
        groups.setdefault(criterion.group, []).append(c)
    applying = np.where(applies, weights, 0.0)
    within = np.zeros(applies.shape)
    present = np.zeros(applies.shape)
    for members in groups.values():
        inside = applying[..., members].sum(axis=-1, keepdims=True)
        within[..., members] = inside
        present[..., members] = np.where(inside > 0, weights[..., members].sum(axis=-1, keepdims=True), 0.0)
    leaders = [members[0] for members in groups.values()]
    whole = present[..., leaders].sum(axis=-1, keepdims=True)
    # a weight over nothing is 0: np.where would still divide and warn
    below = np.where(within > 0, within, 1.0) * np.where(whole > 0, whole, 1.0)
    return _rounded(applying * present / below)


def _rounded(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """In steps of 1 / WHOLE, the largest remainders rounded up, so that what added up to 1 still does."""
    exact = shares * WHOLE
    rounded = np.floor(exact)
    missing = np.rint(exact.sum(axis=-1, keepdims=True) - rounded.sum(axis=-1, keepdims=True))
    rank = np.argsort(np.argsort(rounded - exact, axis=-1, kind="stable"), axis=-1)
    return (rounded + (rank < missing)).astype(np.int64)


def _distinct(rows: NDArray[np.integer | np.bool_]) -> tuple[Indices, Indices]:
    """(a row of each sort, which sort each row is of); the figures are 0, 1 or 2."""
    code = np.zeros(len(rows), dtype=np.int64)
    for column in rows.T:
        code = code * 3 + column
    _, first, sort = np.unique(code, return_index=True, return_inverse=True)
    return first, sort
