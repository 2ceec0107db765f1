"""The figure of empathy as pages show it: the one that matching uses, to whole percent."""

from dataclasses import dataclass

import numpy as np

from accounts.models import EmpathyAggregate, User
from matching.engine import empathy_figures
from mentoring.programs.models import Membership, Program


@dataclass(frozen=True)
class Figure:
    program: Program
    value: int | None  # 0 to 100; None below three raters
    raters: int = 0


def figures_of(mentor: User) -> list[Figure]:
    """One for each program in which this person is a mentor, by name."""
    memberships = Membership.objects.mentors().filter(person=mentor).select_related("program")
    return [figure_of(one) for one in memberships.order_by("program__name")]


def figure_of(mentor: Membership) -> Figure:
    """Drawn towards the mean of the program's present mentors, as in matching."""
    mentors = Membership.objects.mentors().filter(program=mentor.program_id)
    rows = list(
        EmpathyAggregate.objects.filter(program=mentor.program_id, mentor__in=mentors.values("person"))
        .order_by("pk")
        .values_list("mentor_id", "total", "raters")
    )
    own = [place for place, row in enumerate(rows) if row[0] == mentor.person_id]
    if not own:
        return Figure(mentor.program, None)
    sums, raters = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    value = float(empathy_figures(sums, raters)[own[0]])
    return Figure(mentor.program, round(100 * value), int(raters[own[0]]))
