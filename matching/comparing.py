"""What if: two runs of a program side by side, by one yardstick; of the reader's own pairing nothing.

A run's points are by its own settings. To compare two, the pairs of one are scored anew under the settings of
the other, with the profiles of today.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from accounts.models import User
from matching.engine import POINTS
from matching.fits import Fits, fits
from matching.models import MatchRun
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership


class Pair(NamedTuple):
    mentor: uuid.UUID
    mentor_person: uuid.UUID
    goal: uuid.UUID
    points: int


Pairs = dict[uuid.UUID, Pair]  # by the mentee's membership


@dataclass(frozen=True)
class Figures:
    """Points in hundredths, by the yardstick."""

    matched: int
    total: int
    average: int
    worst: int


@dataclass(frozen=True)
class Shift:
    """A mentee who has another mentor in the second run, or a mentor in one of the two alone."""

    mentee: str
    before: str | None
    after: str | None
    points_before: int
    points_after: int

    @property
    def change(self) -> int:
        return self.points_after - self.points_before


@dataclass(frozen=True)
class Comparison:
    """Of the first run with the second; shifts: those who lose most first."""

    first: Figures
    second: Figures
    points_first: Sequence[int]
    points_second: Sequence[int]
    shifts: Sequence[Shift]
    same: int

    @property
    def matched_change(self) -> str:
        return f"{self.second.matched - self.first.matched:+d}".replace("-", "−").replace("+0", "0")

    @property
    def total_change(self) -> int:
        return self.second.total - self.first.total

    @property
    def average_change(self) -> int:
        return self.second.average - self.first.average

    @property
    def worst_change(self) -> int:
        return self.second.worst - self.first.worst

    @property
    def losing(self) -> int:
        return sum(shift.change < 0 for shift in self.shifts)

    @property
    def gaining(self) -> int:
        return sum(shift.change > 0 for shift in self.shifts)


def is_weighed_alike(one: MatchRun, other: MatchRun) -> bool:
    """Points of the two mean the same."""
    return (one.weights, one.must_haves, one.tilt) == (other.weights, other.must_haves, other.tilt)


def compare(
    first: MatchRun, second: MatchRun, yardstick: MatchRun, *, reader: User, today: date
) -> Comparison:
    """`yardstick` is one of the two: by its settings the pairs of both are scored."""
    hidden = _hidden(first, reader) | _hidden(second, reader)
    before, after = (_scored(run, yardstick, _pairs_of(run, hidden), today) for run in (first, second))
    changed = [
        mentee
        for mentee in before.keys() | after.keys()
        if mentee not in before or mentee not in after or before[mentee].mentor != after[mentee].mentor
    ]
    return Comparison(
        first=_figures(before),
        second=_figures(after),
        points_first=[pair.points for pair in before.values()],
        points_second=[pair.points for pair in after.values()],
        shifts=_shifts(changed, before, after),
        same=len(before.keys() | after.keys()) - len(changed),
    )


def _hidden(run: MatchRun, reader: User) -> set[uuid.UUID]:
    """The reader, and whom the run gives to the reader: a mentor in one run alone would tell of the other."""
    own = run.pairings.standing().filter(Q(mentee__person=reader) | Q(mentor__person=reader))
    return set(own.values_list("mentee", flat=True))


def _pairs_of(run: MatchRun, hidden: set[uuid.UUID]) -> Pairs:
    rows = run.pairings.standing().values_list("mentee", "mentor", "mentor__person", "goal", "points")
    return {mentee: Pair(*rest) for mentee, *rest in rows if mentee not in hidden}


def _scored(run: MatchRun, yardstick: MatchRun, pairs: Pairs, today: date) -> Pairs:
    """The pairs with their points by the yardstick; one whose goal or mentor is gone keeps its own."""
    if run == yardstick or is_weighed_alike(run, yardstick) or not pairs:
        return pairs
    goals = Goal.objects.filter(pk__in=[pair.goal for pair in pairs.values()])
    found = fits(run.program, goals, today, yardstick)
    row = {loaded.goal: i for i, loaded in enumerate(found.mentees.rows)}
    column = {loaded.person: j for j, loaded in enumerate(found.mentors.rows)}
    here = [mentee for mentee, pair in pairs.items() if pair.goal in row and pair.mentor_person in column]
    points = _points(
        found,
        np.array([row[pairs[mentee].goal] for mentee in here], dtype=np.intp),
        np.array([column[pairs[mentee].mentor_person] for mentee in here], dtype=np.intp),
    )
    return pairs | {
        mentee: pairs[mentee]._replace(points=scored) for mentee, scored in zip(here, points, strict=True)
    }


def _points(found: Fits, i: NDArray[np.intp], j: NDArray[np.intp]) -> list[int]:
    """Of pair after pair, also where the yardstick would not allow it."""
    parts = found.scoring.parts(i, j)
    total = sum((parts.parts[name] * share for name, share in parts.shares.items()), start=np.zeros(len(i)))
    allowed = found.scoring.pair_points(i, j)
    return np.where(allowed >= 0, allowed, np.rint(POINTS * total)).astype(int).tolist()


def _figures(pairs: Pairs) -> Figures:
    points = [pair.points for pair in pairs.values()]
    total = sum(points)
    return Figures(len(points), total, round(total / len(points)) if points else 0, min(points, default=0))


def _shifts(changed: Sequence[uuid.UUID], before: Pairs, after: Pairs) -> list[Shift]:
    members = {*changed}
    for pairs in (before, after):
        members |= {pairs[mentee].mentor for mentee in changed if mentee in pairs}
    name = dict(Membership.objects.filter(pk__in=members).values_list("pk", "person__name"))
    shifts = [
        Shift(
            name[mentee],
            _name_of(before.get(mentee), name),
            _name_of(after.get(mentee), name),
            before[mentee].points if mentee in before else 0,
            after[mentee].points if mentee in after else 0,
        )
        for mentee in changed
    ]
    return sorted(shifts, key=lambda shift: (shift.change, shift.mentee))


def _name_of(pair: Pair | None, name: Mapping[uuid.UUID, str]) -> str | None:
    return None if pair is None else name[pair.mentor]
