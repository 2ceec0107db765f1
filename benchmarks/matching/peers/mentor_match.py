"""mentor-match: its own scoring loop over all pairs of people, then Munkres; one mentor for each place.

Its rules cannot see skills, weeks or meanings, so one rule looks our points up: the cheapest rule there is.
"""

import time
from collections.abc import Iterable
from typing import Any

from case import Capacity, Pair, Points, bonus, places, run
from matching.mentee import Mentee
from matching.mentor import Mentor
from matching.process import generate_match_matrix, match_and_assign_participants


class GivenPoints:
    def __init__(self, points: Points) -> None:
        self.points = points.tolist()
        self.bonus = bonus(points)

    def apply(self, match: Any) -> int:
        given = self.points[match.mentee.grade][match.mentor.grade]
        if given < 0:
            match.disallowed = True
            return 0
        return int(self.bonus + given)


def solve(points: Points, capacity: Capacity) -> tuple[Iterable[Pair], dict[str, Any]]:
    mentees = [Mentee(grade=row, email=f"mentee {row}") for row in range(len(points))]
    mentors = [Mentor(grade=column, email=f"mentor {place}") for place, column in enumerate(places(capacity))]
    began = time.perf_counter()
    matches = generate_match_matrix(mentors, mentees, [GivenPoints(points)])
    scored = time.perf_counter() - began
    match_and_assign_participants(matches)
    pairs = [(mentee.grade, mentor.grade) for mentor in mentors for mentee in mentor.mentees]
    return pairs, {"exact": True, "phases": {"scoring": scored}}


run(solve)
