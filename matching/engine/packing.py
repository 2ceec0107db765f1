"""A Scoring's terms laid out for tiles.py: sparse on the mentees' side, by columns on the mentors'."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.engine.terms import WHOLE, Closeness, Common, Figure, Mean, Shared, Sum, weight_of

if TYPE_CHECKING:
    from matching.engine.scoring import Scoring

Longs = NDArray[np.int64]


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
    order, tiles = _columns(scoring, tile)
    features, first = _features(scoring, order, tiles)
    shares = scoring.shares
    least = np.zeros(shares.table.shape, dtype=np.int64)
    for c, most, _ in scoring.rules:
        np.maximum(least[..., c], most, out=least[..., c])
    least *= shares.of_kind[:, np.newaxis] & shares.of_class
    return Packed(
        order,
        tiles,
        features,
        shares.kind.astype(np.int64),
        shares.table,
        least,
        _means(scoring, first),
        _sums(scoring, first, _checked(scoring)),
        _sums(scoring, first, _of_shape(scoring, Sum)),
        _sums(scoring, first, _of_shape(scoring, Shared)),
        _commons(scoring, order, tiles),
        _closes(scoring, order),
    )


def _columns(scoring: "Scoring", tile: int) -> tuple[Longs, Longs]:
    order, tiles, stop = [], [], 0
    for group, columns in enumerate(scoring.shares.classes()):
        columns = columns[scoring.allowed.proposable[columns]]
        order.append(columns)
        pieces = -(-columns.size // tile)
        edges = stop + np.linspace(0, columns.size, pieces + 1).astype(np.int64) if pieces else []
        tiles += [(a, b, group) for a, b in itertools.pairwise(edges)]
        stop += columns.size
    order = np.concatenate([np.zeros(0, np.int64), *order]).astype(np.int64)
    return order, np.array(tiles, dtype=np.int64).reshape(-1, 3)


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


def _of_shape(scoring: "Scoring", *shapes: type) -> list[int]:
    return [c for c, term in enumerate(scoring.terms) if isinstance(term.shape, shapes)]


def _checked(scoring: "Scoring") -> list[int]:
    return sorted({c for c, _, _ in scoring.rules} & set(_of_shape(scoring, Mean, Figure)))


def _features(scoring: "Scoring", order: Longs, tiles: Longs) -> tuple[NDArray[np.int16], dict[int, int]]:
    """The features, and where those of each criterion begin."""
    criteria = _of_shape(scoring, Mean, Figure, Sum, Shared)
    rights = [np.atleast_2d(scoring.terms[c].shape.right) for c in criteria]
    first = dict(zip(criteria, np.cumsum([0, *map(len, rights)]).tolist(), strict=False))
    return _tiled(rights, order, tiles, np.int16), first


def _left(scoring: "Scoring", c: int) -> tuple[Longs, Longs, Longs, Longs]:
    """(mentee, column, value, sum of the mentee's values) of what is not 0; all want a figure alike."""
    shape = scoring.terms[c].shape
    if isinstance(shape, Figure):
        everybody, one = np.arange(scoring.n), np.ones(scoring.n, dtype=np.int64)
        return everybody, np.zeros_like(one), one, one
    i, column = np.nonzero(shape.left)
    whole = shape.left.sum(axis=1, dtype=np.int64)
    return i, column, shape.left[i, column].astype(np.int64), whole[i]


def _means(scoring: "Scoring", first: dict[int, int]) -> Entries:
    mentee, feature, value = [], [], []
    table, kind = scoring.shares.table, scoring.shares.kind
    for c in _of_shape(scoring, Mean, Figure):
        i, column, left, whole = _left(scoring, c)
        weight = weight_of(left[:, np.newaxis], whole[:, np.newaxis], table[kind[i], :, c])
        used = weight.any(axis=1)
        mentee.append(i[used])
        feature.append(first[c] + column[used])
        value.append(weight[used])
    classes = table.shape[1]
    together = np.concatenate([np.zeros(0, np.int64), *mentee])
    order = np.argsort(together, kind="stable")
    return Entries(
        _starts(together, scoring.n),
        np.concatenate([np.zeros(0, np.int64), *feature])[order].astype(np.int32),
        np.concatenate([np.zeros((0, classes), np.int64), *value])[order].T.astype(np.int32, order="C"),
    )


def _sums(scoring: "Scoring", first: dict[int, int], criteria: list[int]) -> Sums:
    starts, feature, value, stop = [], [], [], 0
    for c in criteria:
        i, column, left, whole = _left(scoring, c)
        if isinstance(scoring.terms[c].shape, Mean | Figure):
            left = weight_of(left, whole, np.full(left.shape, WHOLE))
        starts.append(stop + _starts(i, scoring.n))
        feature.append(first[c] + column)
        value.append(left)
        stop += i.size
    return Sums(
        np.array(criteria, dtype=np.int64),
        np.array(starts, dtype=np.int64).reshape(len(criteria), scoring.n + 1),
        np.concatenate([np.zeros(0, np.int64), *feature]).astype(np.int32),
        np.concatenate([np.zeros(0, np.int64), *value]).astype(np.int32),
    )


def _starts(mentee: Longs, n: int) -> Longs:
    return np.concatenate([[0], np.cumsum(np.bincount(mentee, minlength=n))]).astype(np.int64)


def _commons(scoring: "Scoring", order: Longs, tiles: Longs) -> Commons:
    criteria = _of_shape(scoring, Common)
    shapes = [scoring.terms[c].shape for c in criteria]
    words = max((len(shape.right) for shape in shapes), default=0)
    left = np.zeros((len(criteria), scoring.n, words), dtype=np.uint64)
    for own, shape in zip(left, shapes, strict=True):
        own[:, : shape.left.shape[1]] = shape.left
    right = [np.pad(shape.right, ((0, words - len(shape.right)), (0, 0))) for shape in shapes]
    tiled = _tiled(right, order, tiles, np.uint64)
    needed = np.array([shape.needed for shape in shapes], dtype=np.int64)
    return Commons(
        np.array(criteria, dtype=np.int64),
        left,
        tiled.reshape(len(tiles), len(criteria), words, tiled.shape[-1]),
        needed.reshape(len(criteria), scoring.n),
    )


def _closes(scoring: "Scoring", order: Longs) -> Closes:
    criteria = _of_shape(scoring, Closeness)
    shapes = [scoring.terms[c].shape for c in criteria]
    size = max((shape.left.shape[1] for shape in shapes), default=0)
    left = np.zeros((len(criteria), scoring.n, size), dtype=np.int8)
    right = np.zeros((len(criteria), order.size, size), dtype=np.int8)
    left_unit = np.zeros(left.shape[:2], dtype=np.int64)
    right_unit = np.zeros(right.shape[:2], dtype=np.int64)
    for z, shape in enumerate(shapes):
        left[z, :, : shape.left.shape[1]] = shape.left
        right[z, :, : shape.right.shape[1]] = shape.right[order]
        left_unit[z], right_unit[z] = shape.left_unit, shape.right_unit[order]
    low, slope = (np.array([getattr(shape, name) for shape in shapes], np.int64) for name in ("low", "slope"))
    return Closes(np.array(criteria, dtype=np.int64), left, right, left_unit, right_unit, low, slope)
