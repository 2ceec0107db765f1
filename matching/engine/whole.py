"""The former way in, every pair at once, until its callers have moved to Scoring."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from matching.engine.explain import Explanation, why_left_out
from matching.engine.explain import explain as explain_pair
from matching.engine.feasibility import WORKING_FLUENCY, Infeasible
from matching.engine.people import Allowed, Bools, Ints, Mentees, Mentors, SkillMap
from matching.engine.scoring import COLUMN, Scoring, Settings
from matching.engine.terms import ONE, WHOLE

Scored = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scores:
    parts: dict[str, Scored]
    applies: dict[str, Bools]
    shares: dict[str, Scored]
    weights: dict[str, float]
    total: Scored
    points: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Feasibility:
    feasible: Bools
    reasons: NDArray[np.uint8]

    def why(self, i: int, j: int) -> Infeasible:
        return Infeasible(int(self.reasons[i, j]))


def score(
    mentees: Mentees, mentors: Mentors, skills: SkillMap, weights: Mapping[str, float] | None = None
) -> Scores:
    scoring = Scoring(mentees, mentors, skills, None, Settings(weights or {}))
    shape = (scoring.n, scoring.m)
    i, j = (grid.ravel() for grid in np.indices(shape))
    found = scoring.parts(i, j)

    def whole(named: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {name: figures.reshape(shape) for name, figures in named.items()}

    total = sum((100 * found.parts[name] * found.shares[name] for name in COLUMN), start=np.zeros(i.size))
    total = np.clip(total, 0, 100).reshape(shape)
    return Scores(
        whole(found.parts),
        whole(found.applies),
        whole(found.shares),
        scoring.weights,
        total,
        np.rint(total * 100).astype(np.int64),
    )


def feasibility(mentees: Mentees, mentors: Mentors, skills: SkillMap, allowed: Bools) -> Feasibility:
    spoken = Scoring(mentees, mentors, skills).terms[COLUMN["language"]].shape
    i, j = np.arange(len(mentees))[:, np.newaxis], np.arange(len(mentors))
    weighed = spoken.weighed(i, j, np.full(i.shape, WHOLE, dtype=np.int64))
    reasons = np.where(allowed, 0, int(Infeasible.NOT_ALLOWED)).astype(np.uint8)
    reasons[weighed < WORKING_FLUENCY * ONE * WHOLE] |= int(Infeasible.NO_LANGUAGE)
    return Feasibility(reasons == 0, reasons)


def explain(*given: Any, **options: Any) -> Explanation:
    if isinstance(given[0], Scoring):
        return explain_pair(*given, **options)
    mentees, mentors, skills, scores, i, j = given
    return explain_pair(Scoring(mentees, mentors, skills, None, Settings(scores.weights)), i, j, **options)


def why_unmatched(
    i: int,
    mentees: Mentees,
    mentors: Mentors,
    feasibility: Feasibility,
    capacity: Ints,
    assignment: Any,
    *,
    forbidden: Iterable[tuple[int, int]] = (),
    voice: Literal["mentee", "admin"] = "admin",
) -> str:
    apart = np.argwhere(feasibility.reasons & np.uint8(Infeasible.NOT_ALLOWED))
    skills = SkillMap.from_parents((), (), (), {})
    bare = dict.fromkeys(("wanted", "offers"), np.zeros((len(mentees), 0)))
    plain = dict.fromkeys(("level", "wishes"), np.zeros((len(mentors), 0)))
    scoring = Scoring(
        replace(mentees, **bare),
        replace(mentors, **plain, backed=np.zeros((len(mentors), 0), bool)),
        skills,
        Allowed(np.ones(len(mentors), bool), apart),
    )
    return why_left_out(scoring, i, capacity=capacity, forbidden=forbidden, voice=voice)
