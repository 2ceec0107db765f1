"""Which pairs may be formed at all. What is infeasible is never a low score: such a pair does not exist."""

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from matching.engine.criteria import language
from matching.engine.people import Bools, Mentees, Mentors, SkillMap

WORKING_FLUENCY = 0.5  # of both, in the same language, to work together in it


class Infeasible(IntFlag):
    """Why a pair cannot be; several may hold at once. NO_PLACE only where places were asked about."""

    NOT_ALLOWED = 1  # themselves, their reporting line, or an exclusion; which of them is not ours to tell
    NO_LANGUAGE = 2
    NO_PLACE = 4


@dataclass(frozen=True, eq=False)
class Feasibility:
    """feasible (n, m) bool; reasons (n, m) uint8 of Infeasible flags, 0 exactly where feasible."""

    feasible: Bools
    reasons: NDArray[np.uint8]

    def why(self, i: int, j: int) -> Infeasible:
        return Infeasible(int(self.reasons[i, j]))


def feasibility(
    mentees: Mentees, mentors: Mentors, skills: SkillMap, allowed: Bools, *, with_places: bool = False
) -> Feasibility:
    """Pairs that are allowed and share a language that both can work in; with_places: and a place is free.

    allowed (n, m) bool comes from the caller, who knows exclusions and reporting lines. A cohort's solver is
    given the capacities themselves and needs no with_places; a list of mentors to ask may want it.
    """
    if allowed.shape != (len(mentees), len(mentors)):
        raise ValueError(f"allowed has the shape {allowed.shape}, expected {(len(mentees), len(mentors))}")
    reasons = np.where(allowed, 0, int(Infeasible.NOT_ALLOWED)).astype(np.uint8)
    reasons[language(mentees, mentors, skills) < WORKING_FLUENCY] |= int(Infeasible.NO_LANGUAGE)
    if with_places:
        reasons[:, mentors.capacity <= 0] |= int(Infeasible.NO_PLACE)
    return Feasibility(reasons == 0, reasons)
