"""The weighted total of the criteria: the source of lists, suggestions, the review desk and their words."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.engine.criteria import CRITERIA, Scored
from matching.engine.people import Bools, Mentees, Mentors, SkillMap

POINTS = 10_000  # of a perfect pair, in the whole numbers that the solver adds
DEFAULT_WEIGHTS = {criterion.name: float(criterion.weight) for criterion in CRITERIA}


@dataclass(frozen=True, eq=False)
class Scores:
    """Every pair's scores; all arrays are (n, m), some of them read-only views.

    parts: each criterion's score in 0..1. applies: does it apply to this pair? shares: its part of the whole
    for this pair, in 0..1, together 1. total: 100 · Σ share · part, in 0..100, the sum taken in CRITERIA's
    order. points: the total in whole numbers of 0..10,000. weights: the program's, as given.
    Says nothing of feasibility.
    """

    parts: dict[str, Scored]
    applies: dict[str, Bools]
    shares: dict[str, Scored]
    weights: dict[str, float]
    total: Scored
    points: NDArray[np.int64]


def score(
    mentees: Mentees, mentors: Mentors, skills: SkillMap, weights: Mapping[str, float] | None = None
) -> Scores:
    """Score every pair. A mentee's row does not depend on the other mentees, to the last bit.

    weights by criterion's name, any scale, missing ones at their default, at least one above 0; ValueError
    otherwise. mentors must be all mentors of the program (see Mentors): filter the result, not the input.
    Holds about a dozen (n, m) arrays of 8 bytes: some 100 MB for a million pairs.
    """
    checked = _checked(weights or {})
    shape = (len(mentees), len(mentors))
    parts, applies = {}, {}
    for criterion in CRITERIA:
        parts[criterion.name] = criterion.score(mentees, mentors, skills)
        applies[criterion.name] = (
            np.ones((1, 1), bool)
            if criterion.applies is None
            else criterion.applies(mentees, mentors, skills)
        )
    shares = _shares(applies, checked)
    total = np.zeros(shape)
    for name, part in parts.items():
        total += part * shares[name] * 100
    np.clip(total, 0, 100, out=total)  # rounding may leave it a billionth above
    return Scores(
        parts=parts,
        applies={name: np.broadcast_to(mask, shape) for name, mask in applies.items()},
        shares={name: np.broadcast_to(share, shape) for name, share in shares.items()},
        weights=checked,
        total=total,
        points=np.rint(total * (POINTS / 100)).astype(np.int64),
    )


def _shares(applies: Mapping[str, Bools], weights: Mapping[str, float]) -> dict[str, Scored]:
    """Each criterion's part of the whole, in arrays that broadcast to (n, m).

    The weight of one that does not apply goes to those of its group that do, in proportion to their weights;
    if there is none, to all other groups in proportion to theirs.
    """
    groups: dict[str, list[str]] = {}
    for criterion in CRITERIA:
        groups.setdefault(criterion.group, []).append(criterion.name)
    applying = {name: np.where(mask, weights[name], 0.0) for name, mask in applies.items()}
    whole: Scored = np.zeros((1, 1))
    within, present = {}, {}
    for group, names in groups.items():
        within[group] = sum((applying[name] for name in names), start=np.zeros((1, 1)))
        present[group] = np.where(within[group] > 0, sum(weights[name] for name in names), 0.0)
        whole = whole + present[group]
    shares = {}
    for group, names in groups.items():
        # a weight over nothing is 0: np.where would still divide and warn
        below = np.where(within[group] > 0, within[group], 1.0) * np.where(whole > 0, whole, 1.0)
        for name in names:
            shares[name] = applying[name] * present[group] / below
    return shares


def _checked(weights: Mapping[str, float]) -> dict[str, float]:
    unknown = sorted(set(weights) - set(DEFAULT_WEIGHTS))
    if unknown:
        raise ValueError(f"no such criterion: {', '.join(unknown)}")
    merged = DEFAULT_WEIGHTS | {name: float(weight) for name, weight in weights.items()}
    if not all(math.isfinite(weight) and weight >= 0 for weight in merged.values()):
        raise ValueError("a weight is a number of 0 or more")
    if not any(merged.values()):
        raise ValueError("at least one weight must be above 0")
    return merged
