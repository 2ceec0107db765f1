"""What a change to a run would do to everybody else in it, told before it is made."""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from matching.models import Pairing
from matching.standing import NOBODY, Standing
from mentoring.programs.models import Membership

if TYPE_CHECKING:
    from matching.engine.costs import Change


MOST_HELPFUL = 5


class Line(NamedTuple):
    """One mentee who would go from a mentor to another, by name, None for nobody; points in hundredths."""

    mentee: str
    before: str | None
    after: str | None
    points: int


class Step(NamedTuple):
    """The same by membership, as it is carried out."""

    mentee: uuid.UUID
    mentor: uuid.UUID | None


@dataclass(frozen=True)
class Forecast:
    """matched and points: the change to the whole; worst: the weakest pair afterwards. Those who lose first.

    `key` names exactly these moves, so that what is carried out is what was read.
    """

    matched: int
    points: int
    worst: int
    lines: tuple[Line, ...]
    steps: tuple[Step, ...]
    key: str


class Choice(NamedTuple):
    """Another mentor whom a mentee could have. at_least: the points that this would take from the whole at
    least, where they are full; key: of the forecast, where they have a place and nobody else moves."""

    mentor: uuid.UUID
    points: int
    places_left: int
    at_least: int
    key: str


class SwapChoice(NamedTuple):
    """A pairing, by its mentee, whose mentor could be exchanged: what either mentee would have, and the
    change that this is to them."""

    mentee: uuid.UUID
    own: int
    own_change: int
    other: int
    other_change: int

    @property
    def change(self) -> int:
        return self.own_change + self.other_change


def without(standing: Standing, pairing: Pairing) -> Forecast:
    """Only this: the mentee has nobody."""
    return _forecast(standing, standing.costs.effect_of([(standing.row[pairing.mentee_id], NOBODY, 0)]))


def solved_without(standing: Standing, pairing: Pairing) -> Forecast | None:
    """The pairing is not formed, and everybody else is paired as well as can be."""
    if standing.is_stable:
        return None
    pair = (standing.row[pairing.mentee_id], standing.column[pairing.mentor_id])
    return _forecast(standing, standing.costs.cost_of(forbid=[*standing.removed, pair]))


def solved(standing: Standing) -> Forecast | None:
    """Solving again as things stand, with the profiles as they were."""
    if standing.is_stable:
        return None
    return _forecast(standing, standing.costs.cost_of(forbid=standing.removed))


def given(standing: Standing, mentee: uuid.UUID, mentor: uuid.UUID) -> Forecast | None:
    """The mentee has this mentor; where all the mentor's places are taken, the rest is paired around it.

    None where the two are no candidates, or the mentor's places are all locked.
    """
    i, j = standing.row[mentee], standing.column[mentor]
    points = standing.candidates_of(mentee).get(j)
    if points is None:
        return None
    if standing.free[j] or standing.mate[i] == j:
        return _forecast(standing, standing.costs.effect_of([(i, j, points)]))
    if standing.is_stable:
        return None
    try:
        change = standing.costs.cost_of(force=[(i, j, points)], forbid=standing.removed)
    except ValueError:
        return None
    return _forecast(standing, change)


class Price(NamedTuple):
    """What it takes from the whole to keep a standing pairing for good, in points, and to do without it."""

    locked: int
    removed_matched: int
    removed: int


def prices_of(standing: Standing, pairings: Iterable[Pairing]) -> dict[uuid.UUID, Price]:
    """By pairing's id: against the best that there is as things stand. Locked ones have none."""
    if standing.is_stable:
        return {}
    best = standing.costs.cost_of(forbid=standing.removed)
    restless = {move.mentee for move in best.moves}
    found = {}
    for pairing in pairings:
        i, j = standing.row.get(pairing.mentee_id), standing.column.get(pairing.mentor_id)
        if i is None or j is None or i in standing.locked:
            continue
        without_it = standing.costs.cost_of(forbid=[*standing.removed, (i, j)])
        locked = best
        if i in restless:
            locked = standing.costs.cost_of([(i, j, pairing.points)], standing.removed)
        found[pairing.pk] = Price(
            best.points - locked.points,
            best.matched - without_it.matched,
            best.points - without_it.points,
        )
    return found


def choices(standing: Standing, mentee: uuid.UUID) -> list[Choice]:
    """Mentors whom the mentee could have beside the present one, those with a place first, then the best."""
    i = standing.row[mentee]
    found = [
        Choice(
            standing.mentors[j],
            points,
            int(standing.free[j]),
            0 if standing.free[j] or standing.is_stable else max(0, standing.costs.at_least(i, j, points)[1]),
            _key((Step(mentee, standing.mentors[j]),)) if standing.free[j] else "",
        )
        for j, points in standing.candidates_of(mentee).items()
        if j != standing.mate[i]
    ]
    return sorted(found, key=lambda choice: (not choice.places_left, -choice.points, choice.mentor))


def swaps(standing: Standing, pairing: Pairing) -> list[SwapChoice]:
    """Pairings whose mentor could be exchanged for this one's, the best for the whole first."""
    i, j = standing.row[pairing.mentee_id], standing.column[pairing.mentor_id]
    own = standing.candidates_of(pairing.mentee_id)
    theirs = standing.pairs.j == j
    barred = {row for row, column in standing.removed if column == j} | set(standing.locked)
    found = []
    for other, points in zip(
        standing.pairs.i[theirs].tolist(), standing.pairs.points[theirs].tolist(), strict=True
    ):
        mentor = int(standing.mate[other])
        if other in barred or mentor in (NOBODY, j) or mentor not in own:
            continue
        found.append(
            SwapChoice(
                mentee=standing.mentees[other],
                own=own[mentor],
                own_change=own[mentor] - int(standing.points[i]),
                other=points,
                other_change=points - int(standing.points[other]),
            )
        )
    return sorted(found, key=lambda swap: (-swap.change, swap.mentee))


def worth_of_places(standing: Standing) -> dict[uuid.UUID, tuple[int, int]]:
    """By mentor: how many more would be matched with one more place there, and the points more in total."""
    if standing.is_stable:
        return {}
    worth = standing.costs.worth_of_places()
    return {
        mentor: (int(worth.matched[j]), int(worth.points[j])) for j, mentor in enumerate(standing.mentors)
    }


def helpful_places(standing: Standing) -> list[tuple[str, int]]:
    """Mentors with whom one more place would match one more mentee, by name, and the points that it adds."""
    worth = worth_of_places(standing)
    helpful = sorted((-points, mentor) for mentor, (matched, points) in worth.items() if matched > 0)[
        :MOST_HELPFUL
    ]
    names = dict(
        Membership.objects.filter(pk__in=[mentor for _, mentor in helpful]).values_list("pk", "person__name")
    )
    return [(names[mentor], -less) for less, mentor in helpful if mentor in names]


def _forecast(standing: Standing, change: "Change") -> Forecast:
    moves = sorted(change.moves, key=lambda move: (move.points, standing.mentees[move.mentee]))
    steps = tuple(
        Step(standing.mentees[move.mentee], None if move.after < 0 else standing.mentors[move.after])
        for move in moves
    )
    name = _names(standing, change)
    lines = tuple(
        Line(
            name[standing.mentees[move.mentee]],
            None if move.before < 0 else name[standing.mentors[move.before]],
            None if move.after < 0 else name[standing.mentors[move.after]],
            move.points,
        )
        for move in moves
    )
    return Forecast(change.matched, change.points, change.worst_points, lines, steps, _key(steps))


def _names(standing: Standing, change: "Change") -> dict[uuid.UUID, str]:
    members = {standing.mentees[move.mentee] for move in change.moves}
    for move in change.moves:
        members |= {standing.mentors[j] for j in (move.before, move.after) if j >= 0}
    return dict(Membership.objects.filter(pk__in=members).values_list("pk", "person__name"))


def _key(steps: Sequence[Step]) -> str:
    told = "\n".join(sorted(f"{step.mentee} {step.mentor}" for step in steps))
    return hashlib.sha256(told.encode()).hexdigest()
