"""The best pairs for a whole cohort, proved over all pairs although only few of them are ever held."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from matching.engine.order import order_of
from matching.engine.people import Ints
from matching.engine.scoring import Pairs

Pair = tuple[int, int]
Objective = Literal["most", "fair", "preferences"]
Rows = slice | NDArray[np.intp] | None
Say = Callable[[float, str], None]


class AssignmentError(Exception):
    """The locks contradict each other, the places or what is possible. The text is fit to show."""


class Scored(Protocol):
    """What is asked of Scoring: see there, and Given."""

    n: int
    m: int

    def points(self, rows: Rows = None) -> NDArray[np.int16]: ...

    def pair_points(self, i: NDArray[np.intp], j: NDArray[np.intp]) -> NDArray[np.int16]: ...

    def best(
        self,
        per_mentee: int,
        per_mentor: int,
        rows: Rows = None,
        forbidden: Iterable[Pair] = (),
        say: Callable[[float], None] | None = None,
    ) -> Pairs: ...

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
    ) -> tuple[Pairs, int]: ...


@dataclass(frozen=True)
class Preferences:
    """Whom they would like best, the dearest first: rows to columns, columns to rows. Those whom nobody may
    be paired with are passed over."""

    mentees: Mapping[int, Sequence[int]] = field(default_factory=dict)
    mentors: Mapping[int, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Assignment:
    """pairs: (row, column), by row, the locked ones among them, and their points; unmatched: the rows left
    out.

    is_proved: no other pairs, among all pairs_seen feasible ones, do better by the objective; found in so
    many rounds. Where it is not, at most gap_matched more could be matched, or gap points more be had in
    total. floor: of "fair", the points that every pair has, apart from the locked ones. candidates: the pairs
    that were held, the locked ones among them unless they are vouched for; surplus (n,) and price (m,) with
    bonus: the proof (see solver.py); that of a locked mentee is above anything, since they take no part in
    it. Under "preferences" there are no prices; blocking: the feasible pairs of whom both would rather have
    the other, all of them due to locks.
    """

    pairs: tuple[Pair, ...]
    points: NDArray[np.int64]
    unmatched: tuple[int, ...]
    rounds: int
    pairs_seen: int
    is_proved: bool
    gap: int
    gap_matched: int
    floor: int
    bonus: int
    surplus: NDArray[np.int64]
    price: NDArray[np.int64]
    blocking: tuple[Pair, ...]
    candidates: Pairs

    @property
    def matched(self) -> int:
        return len(self.pairs)

    @property
    def total_points(self) -> int:
        return int(self.points.sum())

    @property
    def worst_points(self) -> int:
        return int(self.points.min(initial=10_000)) if len(self.pairs) else 0


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be solved besides the locks, which are settled.

    rows (n,), columns (m,): the people in the order that settles ties; what the solvers call mentee i is row
    rows[i]. places (m,) in that order, those of locked pairs taken off; is_free (n,) in that order: not
    locked. forbidden: in rows and columns. ends_at: on time.monotonic(), after which no further round is
    begun.
    """

    scoring: Scored
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    places: NDArray[np.int64]
    is_free: NDArray[np.bool_]
    forbidden: tuple[Pair, ...]
    locked: Mapping[Pair, int]
    preferences: Preferences
    known: Pairs | None
    seconds: float | None
    say: Say


def assign(
    scoring: Scored,
    capacity: Ints,
    *,
    mentee_ids: Sequence[str],
    mentor_ids: Sequence[str],
    objective: Objective = "most",
    locked: Sequence[Pair] = (),
    vouched: Mapping[Pair, int] | None = None,
    forbidden: Sequence[Pair] = (),
    preferences: Preferences | None = None,
    known: Pairs | None = None,
    mentee_names: Sequence[str] | None = None,
    mentor_names: Sequence[str] | None = None,
    seconds: float | None = None,
    say: Say | None = None,
) -> Assignment:
    """Pair each mentee with at most one mentor and each mentor j with at most capacity[j] mentees.

    Locked pairs are kept and count towards capacity, forbidden ones are never formed. vouched: pairs that may
    be locked although they are infeasible, and their points. Among all such pairings the answer is

    most         of those with the most mentees matched the one with the highest total of points;
    fair         of those with the most matched the one whose worst pair, locked ones apart, has the most
                 points, and of these the one with the highest total;
    preferences  stable: no feasible pair would both rather have each other than what they got, locks apart.
                 Everybody's order is first those whom they prefer, then the others by points.

    Ties are settled by order_of the ids, whatever the order of the input; only where more pairs tie for the
    last places among the candidates than there are places, by the order in which scoring holds the people.

    known: candidates of an earlier answer from this very scoring; to begin with them is quicker, and proves
    as much. Under "preferences" they are not looked at.

    seconds: after that no further round is begun, and the answer may not be proved. say hears how far it is,
    0..1, and with what; it may raise to stop. Names, ids where missing, appear in AssignmentError. ValueError
    for arrays that do not fit together.
    """
    n, m = scoring.n, scoring.m
    if capacity.shape != (m,) or (len(mentee_ids), len(mentor_ids)) != (n, m):
        raise ValueError("scoring, capacity and ids do not fit together")
    if len(set(mentee_ids)) < n or len(set(mentor_ids)) < m:
        raise ValueError("ids must differ from one another")
    kept = _checked_locks(
        scoring, sorted(set(locked)), vouched or {}, set(forbidden), capacity,
        mentee_names or mentee_ids, mentor_names or mentor_ids,
    )  # fmt: skip
    places, is_free = np.maximum(capacity, 0).astype(np.int64), np.ones(n, bool)
    for row, column in kept:
        is_free[row] = False
        places[column] -= 1
    rows, columns = order_of(mentee_ids, "mentee"), order_of(mentor_ids, "mentor")
    problem = Problem(
        scoring, rows, columns, places[columns], is_free[rows], tuple(sorted(set(forbidden))), kept,
        preferences or Preferences(), known, seconds, say or _say_nothing,
    )  # fmt: skip
    # Compiled code is loaded by whoever solves, not by every page that names an Assignment.
    from matching.engine import proving, stable

    if objective == "preferences":
        return stable.solve_preferences(problem)
    return proving.prove_fair(problem) if objective == "fair" else proving.prove_most(problem)


def _say_nothing(fraction: float, words: str) -> None:
    pass


def _checked_locks(
    scoring: Scored,
    locked: Sequence[Pair],
    vouched: Mapping[Pair, int],
    forbidden: set[Pair],
    capacity: Ints,
    mentee_names: Sequence[str],
    mentor_names: Sequence[str],
) -> dict[Pair, int]:
    """The locked pairs and their points."""
    for i, j in (*locked, *sorted(forbidden)):
        if not (0 <= i < scoring.n and 0 <= j < scoring.m):
            raise ValueError(f"there is no pair {i}, {j}")
    at = np.array(locked, dtype=np.intp).reshape(-1, 2)
    points = dict(zip(locked, scoring.pair_points(at[:, 0], at[:, 1]).tolist(), strict=True))
    for i, j in locked:
        if (i, j) in forbidden:
            raise AssignmentError(
                f"{mentee_names[i]} and {mentor_names[j]} are both locked and forbidden. Keep one of the two."
            )
        if points[i, j] < 0 and (i, j) not in vouched:
            raise AssignmentError(
                f"{mentee_names[i]} and {mentor_names[j]} cannot be paired, so their lock cannot be kept."
            )
    for i, count in sorted(Counter(i for i, _ in locked).items()):
        if count > 1:
            raise AssignmentError(f"{mentee_names[i]} is locked to {count} mentors. Keep one of the locks.")
    for j, count in sorted(Counter(j for _, j in locked).items()):
        if count > capacity[j]:
            raise AssignmentError(
                f"{mentor_names[j]} has {places_in_words(int(capacity[j]))}, but {count} "
                f"{'pair is' if count == 1 else 'pairs are'} locked to them."
            )
    return {pair: vouched.get(pair, own) if own < 0 else own for pair, own in points.items()}


def places_in_words(places: int) -> str:
    return "no free place" if places <= 0 else "1 free place" if places == 1 else f"{places} free places"
