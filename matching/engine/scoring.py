"""The weighted total of the criteria: the source of lists, suggestions, the review desk and their words.

What decides is in whole numbers (terms.py), so one mentee's list and a whole cohort agree to the point.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.engine.criteria import CRITERIA
from matching.engine.feasibility import Infeasible
from matching.engine.packing import Packed, pack
from matching.engine.people import Allowed, Mentees, Mentors, SkillMap
from matching.engine.shares import shares_of
from matching.engine.terms import FULL, ONE, WHOLE, Term

POINTS = 10_000  # of a perfect pair, in the whole numbers that the solver adds
DEFAULT_WEIGHTS = {criterion.name: float(criterion.weight) for criterion in CRITERIA}
MOST_TILT = 50
COLUMN = {criterion.name: c for c, criterion in enumerate(CRITERIA)}
_BLOCK = 1 << 16  # pairs looked at together, to bound the memory
TILE = 2048  # mentors that a pass looks at together; measured: half of it costs a twentieth more

Indices = NDArray[np.intp]
Rows = slice | Sequence[int] | Indices | None
Say = Callable[[float], None]


@dataclass(frozen=True)
class Settings:
    """How a program weighs. ValueError for what means nothing.

    weights by criterion's name, any scale, missing ones at their default, at least one above 0. must_haves:
    the least part, 0..1, by criterion's name; a pair below it is infeasible, unless the criterion does not
    apply to it. tilt: percent, 0..50, by which a mentee's emphasis moves their own weights. needs_time: a
    pair without a half hour of the week in common is infeasible.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    must_haves: Mapping[str, float] = field(default_factory=dict)
    tilt: int = 0
    needs_time: bool = False

    def __post_init__(self) -> None:
        if unknown := sorted({*self.weights, *self.must_haves} - set(DEFAULT_WEIGHTS)):
            raise ValueError(f"no such criterion: {', '.join(unknown)}")
        weights = self.all_weights()
        if not all(math.isfinite(weight) and weight >= 0 for weight in weights.values()):
            raise ValueError("a weight is a number of 0 or more")
        if not any(weights.values()):
            raise ValueError("at least one weight must be above 0")
        if not all(0 <= least <= 1 for least in self.must_haves.values()):
            raise ValueError("a must-have is a number from 0 to 1")
        if not 0 <= self.tilt <= MOST_TILT:
            raise ValueError(f"tilt is a percentage from 0 to {MOST_TILT}")

    def all_weights(self) -> dict[str, float]:
        """In CRITERIA's order."""
        return {name: float(self.weights.get(name, weight)) for name, weight in DEFAULT_WEIGHTS.items()}


@dataclass(frozen=True, eq=False)
class Pairs:
    """Feasible pairs by row, then column: i, j (k,) int32, points (k,) int16."""

    i: NDArray[np.int32]
    j: NDArray[np.int32]
    points: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.i)

    @classmethod
    def joined(cls, slices: Sequence["Pairs"], per_mentee: int, per_mentor: int) -> "Pairs":
        """What Scoring.best gives of all rows at once, from what it gave of slices that share no row."""
        i, j, points = (
            np.concatenate([getattr(pairs, name) for pairs in slices]) for name in ("i", "j", "points")
        )
        kept = _leading(i, j, points, per_mentee) | _leading(j, i, points, per_mentor)
        i, j, points = i[kept], j[kept], points[kept]
        order = np.lexsort((j, i))
        return cls(i[order], j[order], points[order])


@dataclass(frozen=True, eq=False)
class Parts:
    """Of k pairs, by criterion's name: parts (k,) 0..1; applies (k,) bool; shares (k,) 0..1, together 1, or 0
    where nothing that counts applies. Σ share · part is points / 10,000, but for the rounding of both."""

    parts: dict[str, NDArray[np.float64]]
    applies: dict[str, NDArray[np.bool_]]
    shares: dict[str, NDArray[np.float64]]


class Scoring:
    """n mentees against m mentors under a program's settings; cheap to make, and nothing in it is (n, m).

    mentors must be all mentors of the program (see Mentors). A mentee's figures do not depend on the other
    mentees, nor on anybody's place in the order.
    """

    def __init__(
        self,
        mentees: Mentees,
        mentors: Mentors,
        skills: SkillMap,
        allowed: Allowed | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.mentees, self.mentors, self.skills = mentees, mentors, skills
        self.n, self.m = len(mentees), len(mentors)
        self.allowed = Allowed.everybody(self.m) if allowed is None else allowed
        self.allowed.check(self.n, self.m)
        self.settings = settings or Settings()
        self.weights = self.settings.all_weights()
        self.terms: tuple[Term, ...] = tuple(
            criterion.term(mentees, mentors, skills) for criterion in CRITERIA
        )
        self.shares = shares_of(
            self.terms, self.weights, mentees.emphasis, self.settings.tilt, self.n, self.m
        )
        self.rules = tuple(_rules(self.settings))
        apart = self.allowed.apart.astype(np.int64)
        self._apart = np.unique(apart[:, 0] * self.m + apart[:, 1])

    def points(self, rows: Rows = None) -> NDArray[np.int16]:
        """(k, m): 0..10,000, -1 where infeasible, of these rows (all where none are given)."""
        chosen = self._rows(rows)
        points = np.empty((chosen.size, self.m), dtype=np.int16)
        for at, columns in self._grid(chosen):
            points[at[:, np.newaxis], columns] = self._points(chosen[at][:, np.newaxis], columns)
        return points

    def pair_points(self, i: Indices, j: Indices) -> NDArray[np.int16]:
        """(k,): points of single pairs, -1 where infeasible."""
        i, j = _pairs(i, j)
        points = np.empty(i.shape, dtype=np.int16)
        for at in self._alike(j):
            points[at] = self._points(i[at], j[at])
        return points

    def parts(self, i: Indices, j: Indices) -> Parts:
        """How single pairs come to their points, whether they are feasible or not."""
        i, j = _pairs(i, j)
        shares = self.shares.of(i, j)
        parts = {name: np.zeros(i.shape) for name in COLUMN}
        for at in self._alike(j):
            whole = np.full(at.shape, WHOLE, dtype=np.int64)
            for name, term in zip(COLUMN, self.terms, strict=True):
                parts[name][at] = np.minimum(term.shape.weighed(i[at], j[at], whole) / FULL, 1)
        return Parts(
            parts,
            {name: self.shares.applies(c, i, j) for name, c in COLUMN.items()},
            {name: shares[:, c] / WHOLE for name, c in COLUMN.items()},
        )

    def reasons(self, i: int) -> NDArray[np.uint8]:
        """(m,): Infeasible flags of row i, 0 exactly where a pair can be."""
        flags = np.empty(self.m, dtype=np.uint8)
        for _, columns in self._grid(np.array([i])):
            flags[columns] = self._barred(np.array([[i]]), columns)[0]
        return flags

    def best(
        self,
        per_mentee: int = 50,
        per_mentor: int = 10,
        rows: Rows = None,
        forbidden: Iterable[tuple[int, int]] = (),
        say: Say | None = None,
    ) -> Pairs:
        """Each mentee's best mentors and each mentor's best mentees, of the feasible pairs of these rows.

        At most so many each, the best by points; among equals, those who come first. forbidden: pairs left
        out. say is told how much is done, 0..1, and may raise to stop. For slices of rows see Pairs.joined.
        """
        chosen = np.unique(self._rows(rows))
        if not (chosen.size and self._packed.order.size):
            return _NO_PAIRS
        from matching.engine import passes

        apart = self._with(forbidden)
        return Pairs(*passes.best(self._packed, apart, chosen, per_mentee, per_mentor, say))

    def improving(
        self,
        surplus: NDArray[np.int64],
        price: NDArray[np.int64],
        bonus: int,
        floor: int,
        per_mentee: int,
        rows: Rows = None,
        forbidden: Iterable[tuple[int, int]] = (),
        say: Say | None = None,
    ) -> tuple[Pairs, int]:
        """(pairs that prices and surpluses do not rule out, number of feasible pairs looked at).

        Pairs of these rows with points >= floor and bonus + points - price[j] > surplus[i]; of each mentee at
        most per_mentee, those where the difference is largest, then those who come first. surplus (n,), price
        (m,) at most 2^40 either way. Unless per_mentee is 0, none are found exactly where there is none.
        """
        chosen = np.unique(self._rows(rows))
        if not (chosen.size and self._packed.order.size):
            return _NO_PAIRS, 0
        from matching.engine import passes

        found, feasible = passes.improving(
            self._packed,
            self._with(forbidden),
            chosen,
            np.array(surplus, dtype=np.int64),
            np.array(price, dtype=np.int64),
            bonus,
            floor,
            per_mentee,
            say,
        )
        return Pairs(*found), feasible

    @cached_property
    def _packed(self) -> Packed:
        return pack(self, TILE)

    def _with(self, forbidden: Iterable[tuple[int, int]]) -> Any:
        """Pairs kept apart and forbidden ones, as the loops read them."""
        from matching.engine import passes

        own = np.stack([self._apart // self.m, self._apart % self.m], axis=1)
        more = np.array([*forbidden], dtype=np.int64).reshape(-1, 2)
        return passes.places_of(self._packed, np.concatenate([own, more]), self.n, self.m)

    def _points(self, i: Indices, j: Indices) -> NDArray[np.int16]:
        """Of rows and columns that broadcast; the columns are all of one class of mentors (shares.py)."""
        shares = self.shares.of(i, j[:1])
        total = np.zeros(np.broadcast_shapes(i.shape, j.shape), dtype=np.int64)
        for c, term in enumerate(self.terms):
            if shares[..., c].any():
                total += term.shape.weighed(i, j, shares[..., c]).astype(np.int64)
        points = (np.minimum(total, FULL) * POINTS + FULL // 2) // FULL
        return np.where(self._barred(i, j), -1, points).astype(np.int16)

    def _barred(self, i: Indices, j: Indices) -> NDArray[np.uint8]:
        """Infeasible flags of rows and columns that broadcast."""
        flags = np.zeros(np.broadcast_shapes(i.shape, j.shape), dtype=np.uint8)
        keys = i * self.m + j
        if self._apart.size:
            near = self._apart[np.minimum(np.searchsorted(self._apart, keys), self._apart.size - 1)]
            flags |= np.where(near == keys, int(Infeasible.NOT_ALLOWED), 0).astype(np.uint8)
        flags |= np.where(self.allowed.proposable[j], 0, int(Infeasible.NOT_ALLOWED)).astype(np.uint8)
        whole = np.full(i.shape, WHOLE, dtype=np.int64)
        for c, least, flag in self.rules:
            weighed = self.terms[c].shape.weighed(i, j, whole).astype(np.int64)
            below = ((weighed + WHOLE // 2) // WHOLE < least) & self.shares.applies(c, i, j)
            flags |= np.where(below, int(flag), 0).astype(np.uint8)
        return flags

    def _rows(self, rows: Rows) -> Indices:
        return np.arange(self.n)[slice(None) if rows is None else rows]

    def _grid(self, rows: Indices) -> Iterator[tuple[Indices, Indices]]:
        """(places in rows, columns) that cover the whole, in blocks of columns of one class."""
        for columns in self.shares.classes():
            for first in range(0, columns.size, 4096):
                some = columns[first : first + 4096]
                high = max(1, _BLOCK // some.size)
                for top in range(0, rows.size, high):
                    yield np.arange(top, min(top + high, rows.size)), some

    def _alike(self, j: Indices) -> Iterator[Indices]:
        """Places in j, in blocks whose columns are of one class."""
        for number in range(len(self.shares.classes())):
            places = np.flatnonzero(self.shares.mentor_class[j] == number)
            for first in range(0, places.size, 1 << 14):
                yield places[first : first + (1 << 14)]


_NO_PAIRS = Pairs(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int16))


def _rules(settings: Settings) -> Iterator[tuple[int, int, Infeasible]]:
    """(criterion's place, least part in steps of 1 / ONE, what it is called when a pair has less)."""
    for name, c in COLUMN.items():
        if CRITERIA[c].least:
            yield c, round(CRITERIA[c].least * ONE), Infeasible.NO_LANGUAGE
        if least := round(settings.must_haves.get(name, 0) * ONE):
            yield c, least, Infeasible.MUST_HAVE
    if settings.needs_time:
        yield COLUMN["time"], 1, Infeasible.NO_TIME


def _pairs(i: Indices, j: Indices) -> tuple[Indices, Indices]:
    i, j = np.asarray(i, dtype=np.intp), np.asarray(j, dtype=np.intp)
    if i.ndim != 1 or i.shape != j.shape:
        raise ValueError("pairs are two arrays of one length")
    return i, j


def _leading(
    group: NDArray[np.int32], other: NDArray[np.int32], points: NDArray[np.int16], count: int
) -> NDArray[np.bool_]:
    """Which of the pairs are among the `count` best of their group, by points, then by the other."""
    order = np.lexsort((other, -points.astype(np.int32), group))
    ordered = group[order]
    new = np.flatnonzero(np.diff(ordered, prepend=-1))
    rank = np.arange(ordered.size) - np.repeat(new, np.diff(new, append=ordered.size))
    leading = np.zeros(group.size, dtype=bool)
    leading[order[rank < count]] = True
    return leading
