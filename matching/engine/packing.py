"""A Scoring's terms laid out for tiles.py: sparse on the mentees' side, by columns on the mentors'."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.engine.terms import WHOLE, Closeness, Common, Figure, Mean, Shared, Sum, weight_of

if TYPE_CHECKING:
    from matching.engine.scoring import Scoring

Longs = NDArray[np.int64]
S = TypeVar("S")


class Entries(NamedTuple):
    """Mentee i has starts[i]:starts[i + 1] of these; feature is a row of Packed.features."""

    starts: Longs
    feature: NDArray[np.int32]
    value: NDArray[np.int32]


class Sums(NamedTuple):
    """Of several criteria of one shape: their numbers, and where in `entries` mentee i's begin for each."""

    criteria: Longs
    starts: Longs  # (criteria, n + 1)
    feature: NDArray[np.int32]
    value: NDArray[np.int32]


class Commons(NamedTuple):
    criteria: Longs
    left: NDArray[np.uint64]  # (criteria, n, W)
    right: NDArray[np.uint64]  # (T, criteria, W, columns of a tile)
    needed: Longs  # (criteria, n)


class Closes(NamedTuple):
    criteria: Longs
    left: NDArray[np.int8]  # (criteria, n, D)
    right: NDArray[np.int8]  # (criteria, M, D)
    left_unit: Longs  # (criteria, n)
    right_unit: Longs  # (criteria, M)
    low: Longs  # (criteria,)
    slope: Longs


class Packed(NamedTuple):
    """What the loops read. Columns are mentors who may be proposed, class by class (shares.py).

    A tile is some neighbouring columns of one class. What is read for a whole tile lies tile by tile, each as
    wide as the widest, with zeros at the end.
    """

    order: Longs  # (M,) the mentor of each column
    tiles: Longs  # (T, 3) first column, last + 1, class
    features: NDArray[np.int16]  # (T, F, columns of a tile) a row for each skill, wish, language and figure
    kind: Longs  # (n,)
    table: Longs  # (kinds, classes, C) shares
    least: Longs  # (kinds, classes, C) least part in steps of 1 / ONE, 0 where there is none
    means: Entries  # all of Mean and Figure in one; value (classes, entries)
    checks: Sums  # those among them that have a least part, with weights of their own
    sums: Sums
    shareds: Sums
    commons: Commons
    closes: Closes


def pack(scoring: "Scoring", tile: int) -> Packed:
    """tile: at most so many columns in each."""
    shares, lefts = scoring.shares, _lefts(scoring)
    order, tiles = _columns(scoring, _quality(scoring, lefts), tile)
    rights = {c: np.atleast_2d(scoring.terms[c].shape.right) for c in lefts}
    first = dict(zip(rights, np.cumsum([0, *map(len, rights.values())]).tolist(), strict=False))
    least = np.zeros(shares.table.shape, dtype=np.int64)
    for c, most, _ in scoring.rules:
        np.maximum(least[..., c], most, out=least[..., c])
    least *= shares.of_kind[:, np.newaxis] & shares.of_class
    means = [c for c, _ in (*_of(scoring, Mean), *_of(scoring, Figure))]
    checked = sorted({c for c, _, _ in scoring.rules}.intersection(means))
    return Packed(
        order,
        tiles,
        _tiled(list(rights.values()), order, tiles, np.int16),
        shares.kind.astype(np.int64),
        shares.table,
        least,
        _means(scoring, lefts, first, means),
        _sums(scoring, {c: lefts[c].weighed(np.array([WHOLE]))[:, 0] for c in checked}, lefts, first),
        _sums(scoring, {c: lefts[c].value for c, _ in _of(scoring, Sum)}, lefts, first),
        _sums(scoring, {c: lefts[c].value for c, _ in _of(scoring, Shared)}, lefts, first),
        _commons(scoring, order, tiles),
        _closes(scoring, order),
    )


def _of(scoring: "Scoring", shape: type[S]) -> list[tuple[int, S]]:
    """The criteria of a shape."""
    return [(c, term.shape) for c, term in enumerate(scoring.terms) if isinstance(term.shape, shape)]


class Left(NamedTuple):
    """What is not 0 on the mentees' side of a criterion, by mentee; whole: the sum of the mentee's values."""

    mentee: Longs
    column: Longs
    value: Longs
    whole: Longs

    def weighed(self, share: Longs) -> Longs:
        """(entries, classes) of a Mean; share broadcasts to that."""
        return weight_of(self.value[:, np.newaxis], self.whole[:, np.newaxis], share)


def _lefts(scoring: "Scoring") -> dict[int, Left]:
    """Of the criteria whose right side is rows of features; everybody wants a figure alike."""
    lefts = {}
    for c, shape in enumerate(term.shape for term in scoring.terms):
        if isinstance(shape, Figure):
            one = np.ones(scoring.n, dtype=np.int64)
            lefts[c] = Left(np.arange(scoring.n), np.zeros_like(one), one, one)
        elif isinstance(shape, Mean | Sum | Shared):
            mentee, column = np.nonzero(shape.left)
            whole = shape.left.sum(axis=1, dtype=np.int64)[mentee]
            lefts[c] = Left(mentee, column, shape.left[mentee, column].astype(np.int64), whole)
    return lefts


def _quality(scoring: "Scoring", lefts: dict[int, Left]) -> NDArray[np.float64]:
    """(m,): roughly what each mentor gives the mentees. Those who come first raise the bars for the others,
    so that fewer of these are looked at; it changes no result."""
    quality = np.zeros(scoring.m)
    for group, columns in enumerate(scoring.shares.classes()):
        for c, left in lefts.items():
            right = np.atleast_2d(scoring.terms[c].shape.right)
            share = scoring.shares.table[scoring.shares.kind[left.mentee], group, c]
            most = left.whole if isinstance(scoring.terms[c].shape, Mean) else left.value.max(initial=1)
            wanted = np.bincount(left.column, weights=share * left.value / most, minlength=len(right))
            for row in np.flatnonzero(wanted).tolist():
                quality[columns] += wanted[row] * right[row, columns]
    return quality


def _columns(scoring: "Scoring", quality: NDArray[np.float64], tile: int) -> tuple[Longs, Longs]:
    """Packed.order and Packed.tiles."""
    order, tiles, stop = [np.zeros(0, np.int64)], [], 0
    for group, columns in enumerate(scoring.shares.classes()):
        some = columns[scoring.allowed.proposable[columns]]
        order.append(some[np.argsort(-quality[some], kind="stable")])
        pieces = -(-some.size // tile)
        edges = stop + np.linspace(0, some.size, pieces + 1).astype(np.int64)
        tiles += [(a, b, group) for a, b in itertools.pairwise(edges.tolist()) if b > a]
        stop += some.size
    best_first = quality[np.concatenate(order)]
    tiles.sort(key=lambda tile: -float(best_first[tile[0] : tile[1]].mean()))
    return np.concatenate(order), np.array(tiles, dtype=np.int64).reshape(-1, 3)


def _tiled(rows: Sequence[NDArray[Any]], order: Longs, tiles: Longs, dtype: Any) -> NDArray[Any]:
    """(T, sum of the rows, columns of a tile) of arrays (rows, m)."""
    width = int((tiles[:, 1] - tiles[:, 0]).max(initial=0))
    tiled = np.zeros((len(tiles), sum(map(len, rows)), width), dtype=dtype)
    for own, (start, stop, _) in zip(tiled, tiles.tolist(), strict=True):
        top = 0
        for some in rows:
            own[top : top + len(some), : stop - start] = some[:, order[start:stop]]
            top += len(some)
    return tiled


def _means(scoring: "Scoring", lefts: dict[int, Left], first: dict[int, int], criteria: list[int]) -> Entries:
    table, kind = scoring.shares.table, scoring.shares.kind
    mentee, feature = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    value = [np.zeros((0, table.shape[1]), np.int64)]
    for c in criteria:
        left = lefts[c]
        weight = left.weighed(table[kind[left.mentee], :, c])
        used = weight.any(axis=1)
        mentee.append(left.mentee[used])
        feature.append(first[c] + left.column[used])
        value.append(weight[used])
    together = np.concatenate(mentee)
    order = np.argsort(together, kind="stable")
    return Entries(
        _starts(together, scoring.n),
        np.concatenate(feature)[order].astype(np.int32),
        np.ascontiguousarray(np.concatenate(value)[order].T.astype(np.int32)),
    )


def _sums(
    scoring: "Scoring", values: dict[int, Longs], lefts: dict[int, Left], first: dict[int, int]
) -> Sums:
    starts, stop = [np.zeros((0, scoring.n + 1), np.int64)], 0
    for c in values:
        starts.append(stop + _starts(lefts[c].mentee, scoring.n)[np.newaxis])
        stop += lefts[c].mentee.size
    empty = np.zeros(0, np.int64)
    return Sums(
        np.array(list(values), dtype=np.int64),
        np.concatenate(starts),
        np.concatenate([empty, *(first[c] + lefts[c].column for c in values)]).astype(np.int32),
        np.concatenate([empty, *values.values()]).astype(np.int32),
    )


def _starts(mentee: Longs, n: int) -> Longs:
    return np.concatenate([[0], np.cumsum(np.bincount(mentee, minlength=n))]).astype(np.int64)


def _commons(scoring: "Scoring", order: Longs, tiles: Longs) -> Commons:
    found = _of(scoring, Common)
    words = max((len(shape.right) for _, shape in found), default=0)
    left = np.zeros((len(found), scoring.n, words), dtype=np.uint64)
    needed = np.zeros((len(found), scoring.n), dtype=np.int64)
    for q, (_, shape) in enumerate(found):
        left[q, :, : len(shape.right)] = shape.left
        needed[q] = shape.needed
    right = [np.pad(shape.right, ((0, words - len(shape.right)), (0, 0))) for _, shape in found]
    tiled = _tiled(right, order, tiles, np.uint64)
    return Commons(
        np.array([c for c, _ in found], dtype=np.int64),
        left,
        tiled.reshape(len(tiles), len(found), words, tiled.shape[2]),
        needed,
    )


def _closes(scoring: "Scoring", order: Longs) -> Closes:
    found = _of(scoring, Closeness)
    size = max((shape.left.shape[1] for _, shape in found), default=0)
    right = np.zeros((len(found), order.size, size), dtype=np.int8)
    left_unit = np.zeros((len(found), scoring.n), dtype=np.int64)
    right_unit = np.zeros(right.shape[:2], dtype=np.int64)
    if len(found) == 1:
        # the largest array of all, so not copied unless the loops would be compiled anew for it
        left = np.require(found[0][1].left, requirements=["C", "W"])[np.newaxis]
    else:
        left = np.zeros((len(found), scoring.n, size), dtype=np.int8)
    for q, (_, shape) in enumerate(found):
        if len(found) > 1:
            left[q, :, : shape.left.shape[1]] = shape.left
        right[q, :, : shape.right.shape[1]] = shape.right[order]
        left_unit[q], right_unit[q] = shape.left_unit, shape.right_unit[order]
    criteria, low, slope = (
        np.array(figures, dtype=np.int64)
        for figures in (
            [c for c, _ in found],
            [shape.low for _, shape in found],
            [shape.slope for _, shape in found],
        )
    )
    return Closes(criteria, left, right, left_unit, right_unit, low, slope)
