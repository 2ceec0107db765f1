"""The people of a program as arrays: row i is a mentee with one goal, row j a mentor, column s a skill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.engine.week import HALF_HOURS

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
Ints = NDArray[np.integer[Any]]

TECHNICAL, LEADERSHIP, POLITICAL = 0, 1, 2

MOST_MEANING = 1024  # so that the products of two vectors add up exactly in float32
STEP = 0.5  # how much of a skill one step up or down the tree of skills says
FARTHEST = 2  # steps: parent, child, grandparent, grandchild and sibling; beyond that, a family name only


@dataclass(frozen=True, eq=False)
class SkillMap:
    """The skills of a program.

    kind (S,) int8: 0 technical, 1 leadership, 2 political. related (S, S) float32 in 0..1, symmetric,
    diagonal 1: how much being able to do the one says about the other. 0 across kinds.
    """

    slugs: tuple[str, ...]
    names: tuple[str, ...]
    kind: NDArray[np.int8]
    related: NDArray[np.float32]

    def __post_init__(self) -> None:
        size = len(self.slugs)
        _check_unique("slugs", self.slugs)
        _check_length("names", self.names, size)
        _check("kind", self.kind, (size,), 0, 2)
        _check("related", self.related, (size, size), 0, 1)
        if not np.all(np.diagonal(self.related) == 1):
            raise ValueError("every skill is wholly related to itself: the diagonal of related must be 1")

    @classmethod
    def from_parents(
        cls, slugs: Sequence[str], names: Sequence[str], kind: Sequence[int], parents: Mapping[str, str]
    ) -> "SkillMap":
        """Relatedness from a tree: parents maps a slug to its parent's; skills without one are left out.

        related = STEP ** (steps between the two in the tree), up to FARTHEST steps: itself 1, parent and
        child 0.5, siblings and grandparents 0.25. One rule rather than a figure per relation, so that a
        sibling, reached through the parent, can never count more than the parent does.
        Raises ValueError for an unknown parent or a circle.
        """
        index = {slug: number for number, slug in enumerate(slugs)}
        related = np.eye(len(slugs), dtype=np.float32)
        lines = [_ancestors(slug, parents, index) for slug in slugs]
        kinds = np.asarray(kind, dtype=np.int8)
        for s, own in enumerate(lines):
            for t in range(s):
                steps = _steps(own, lines[t])
                if steps is not None and steps <= FARTHEST and kinds[s] == kinds[t]:
                    related[s, t] = related[t, s] = STEP**steps
        return cls(tuple(slugs), tuple(names), kinds, related)


@dataclass(frozen=True, eq=False)
class Mentees:
    """n rows, one mentee with one goal each; the row's id is the mentee's, or the goal's where several goals
    of one mentee are scored together. Ids differ from one another, in Mentors too.

    wanted (n, S) importance 0..3 of each skill for the goal, 0 not wanted; offers (n, S) 0..1, level of what
    the mentee can give back; free (n, 336) the half hours of a reference week in UTC that are theirs to give,
    index 0 = Monday 00:00 UTC (see week_to_utc); languages (n, L) fluency 0..1, the same L columns as the
    mentors'; half_hours_needed (n,) half hours, at least 1, that one session of theirs takes in a week.
    meaning (n, D) int8: a vector of what the goal says, never its confidential parts, comparable with the
    mentors'; a row of zeros says nothing, None: nobody does. emphasis (n, C) int8 of -1, 0, +1, a column for
    each of CRITERIA in its order: what counts for less or for more to this mentee; None: no wish of the kind.
    The figures may come as small types (uint8, float16): they are read as they are, a few rows at a time.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    wanted: Floats
    offers: Floats
    free: Bools
    languages: Floats
    half_hours_needed: Ints
    meaning: NDArray[np.int8] | None = None
    emphasis: NDArray[np.int8] | None = None

    def __post_init__(self) -> None:
        size = len(self.ids)
        _check_unique("ids", self.ids)
        _check_length("names", self.names, size)
        _check("wanted", self.wanted, (size, None), 0, 3)
        _check("offers", self.offers, self.wanted.shape, 0, 1)
        _check("free", self.free, (size, HALF_HOURS))
        _check("languages", self.languages, (size, None), 0, 1)
        _check("half_hours_needed", self.half_hours_needed, (size,), 1, HALF_HOURS)
        _check_meaning(self.meaning, size)
        if self.emphasis is not None:
            _check("emphasis", self.emphasis, (size, None), -1, 1)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Mentors:
    """m rows: all mentors of the program, since the empathy mean is taken over them.

    level (m, S) 0..1; backed (m, S): an accomplishment backs this skill; wishes (m, S) 0..1 or bool: would
    like to learn; free, languages and meaning as in Mentees, meaning of what the mentor says of themselves
    and has done. closeness_range: the cosines that count as 0 and as 1, for the model that made the vectors.
    Learning record r belongs to the mentor of row record_owner[r] and is record_age_days[r] old. rating_sum
    (m,) is the sum over raters of each rater's mean answer on a scale of 0..1, rating_count (m,) the number
    of raters. capacity (m,) is the number of free places.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    level: Floats
    backed: Bools
    wishes: Floats | Bools
    free: Bools
    languages: Floats
    rating_sum: Floats
    rating_count: Ints
    capacity: Ints
    record_owner: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    record_age_days: Floats | Ints = field(default_factory=lambda: np.zeros(0))
    meaning: NDArray[np.int8] | None = None
    closeness_range: tuple[float, float] = (0.78, 0.90)

    def __post_init__(self) -> None:
        size = len(self.ids)
        _check_unique("ids", self.ids)
        _check_length("names", self.names, size)
        _check("level", self.level, (size, None), 0, 1)
        _check("backed", self.backed, self.level.shape)
        _check("wishes", self.wishes, self.level.shape, 0, 1)
        _check("free", self.free, (size, HALF_HOURS))
        _check("languages", self.languages, (size, None), 0, 1)
        _check("rating_count", self.rating_count, (size,), 0)
        _check("rating_sum", self.rating_sum, (size,), 0)
        if np.any(self.rating_sum > self.rating_count + 1e-6):
            raise ValueError("rating_sum adds answers of 0..1, so it cannot exceed rating_count")
        _check("capacity", self.capacity, (size,), 0)
        _check("record_age_days", self.record_age_days, (len(self.record_owner),))
        _check("record_owner", self.record_owner, (len(self.record_owner),), 0, max(size - 1, 0))
        _check_meaning(self.meaning, size)
        low, high = self.closeness_range
        if not -1 <= low < high <= 1:
            raise ValueError("closeness_range is a lower and a higher cosine")

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Allowed:
    """Who may be proposed to whom; what is not named is allowed.

    proposable (m,) bool: False for mentors who may be proposed to nobody, such as those who pause. apart
    (k, 2) intp: a row and a column each, of pairs kept apart: oneself, one's reporting line, an exclusion.
    """

    proposable: Bools
    apart: NDArray[np.intp]

    @classmethod
    def everybody(cls, mentors: int) -> "Allowed":
        return cls(np.ones(mentors, dtype=bool), np.zeros((0, 2), dtype=np.intp))

    def check(self, n: int, m: int) -> None:
        _check("proposable", self.proposable, (m,))
        _check("apart", self.apart, (None, 2), 0)
        if self.apart.size and not np.all(self.apart.max(axis=0) < (n, m)):
            raise ValueError("apart names a row or a column that is not there")


def _ancestors(slug: str, parents: Mapping[str, str], index: Mapping[str, int]) -> list[str]:
    line = [slug]
    while line[-1] in parents:
        parent = parents[line[-1]]
        if parent not in index:
            raise ValueError(f"{line[-1]} has the parent {parent}, which is not a skill")
        if parent in line:
            raise ValueError(f"the parents of {slug} run in a circle")
        line.append(parent)
    return line


def _steps(own: list[str], other: list[str]) -> int | None:
    """Steps between the first of two lines of ancestors, None where they share no ancestor."""
    for up, slug in enumerate(own):
        if slug in other:
            return up + other.index(slug)
    return None


def _check(
    name: str, array: Any, shape: tuple[int | None, ...], low: float | None = None, high: float | None = None
) -> None:
    if len(array.shape) != len(shape) or any(
        want not in (None, got) for want, got in zip(shape, array.shape, strict=True)
    ):
        raise ValueError(f"{name} has the shape {array.shape}, expected {shape}")
    # "not >=" rather than "<", so that NaN is refused too
    if low is not None and array.size and not array.min() >= low:
        raise ValueError(f"{name} must be at least {low}")
    if high is not None and array.size and not array.max() <= high:
        raise ValueError(f"{name} must be at most {high}")


def _check_meaning(meaning: NDArray[np.int8] | None, size: int) -> None:
    if meaning is not None:
        _check("meaning", meaning, (size, None))
        if meaning.dtype != np.int8 or meaning.shape[1] > MOST_MEANING:
            raise ValueError(f"meaning holds int8, at most {MOST_MEANING} a row")


def _check_length(name: str, values: Sequence[str], size: int) -> None:
    if len(values) != size:
        raise ValueError(f"{name} has {len(values)} entries, expected {size}")


def _check_unique(name: str, values: Sequence[str]) -> None:
    if len(set(values)) != len(values):
        raise ValueError(f"{name} must differ from one another")
