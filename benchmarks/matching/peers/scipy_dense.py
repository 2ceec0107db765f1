"""scipy.optimize.linear_sum_assignment, one column for each place."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from case import Capacity, Pair, Points, bonus, places, run
from scipy.optimize import linear_sum_assignment


def solve(points: Points, capacity: Capacity) -> tuple[Iterable[Pair], dict[str, Any]]:
    worth = np.where(points >= 0, points + float(bonus(points)), 0.0)
    mentor = places(capacity)
    i, place = linear_sum_assignment(worth[:, mentor], maximize=True)
    j = mentor[place]
    possible = points[i, j] >= 0
    return zip(i[possible], j[possible], strict=True), {"exact": True}


run(solve)
