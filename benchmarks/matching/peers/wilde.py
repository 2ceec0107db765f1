"""matching: stable pairs by HospitalResident, mentees and mentors ranking each other by the points.

It copies its players deeply, from one to the next, which needs more depth than Python gives unasked.
"""

import sys
import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
from case import Capacity, Pair, Points, run
from matching.games import HospitalResident


def solve(points: Points, capacity: Capacity) -> tuple[Iterable[Pair], dict[str, Any]]:
    possible = (points >= 0) & (capacity > 0)
    by_mentee = np.argsort(-points, axis=1, kind="stable")
    by_mentor = np.argsort(-points, axis=0, kind="stable")
    mentees = {
        f"e{i}": [f"o{j}" for j in by_mentee[i] if possible[i, j]]
        for i in np.flatnonzero(possible.any(axis=1))
    }
    mentors = {
        f"o{j}": [f"e{i}" for i in by_mentor[:, j] if possible[i, j]]
        for j in np.flatnonzero(possible.any(axis=0))
    }
    game = HospitalResident.create_from_dictionaries(
        mentees, mentors, {name: int(capacity[int(name[1:])]) for name in mentors}
    )
    matching = game.solve(optimal="resident")
    pairs = [
        (int(mentee.name[1:]), int(mentor.name[1:]))
        for mentor, theirs in matching.items()
        for mentee in theirs
    ]
    return pairs, {"exact": False}


sys.setrecursionlimit(10_000_000)
threading.stack_size(1 << 29)
deep = threading.Thread(target=run, args=(solve,))
deep.start()
deep.join()
