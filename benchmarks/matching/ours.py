"""Holdfast's own engine, in a process of its own: from people's arrays to proved pairs.

python -m benchmarks.matching.ours points PEOPLE CASE    the points of all pairs, for the peers
python -m benchmarks.matching.ours solve PEOPLE ANSWER   the pairs, timed
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.matching.instances import CLOSENESS, Arrays, Size, make_people
from benchmarks.matching.peers.case import peak_mib
from matching.engine.assignment import Assignment, Preferences, assign
from matching.engine.costs import Costs
from matching.engine.people import Allowed, Mentees, Mentors, SkillMap
from matching.engine.scoring import Scoring

WARM = Size(300, 120)  # compiled code is the same for any size
ROWS = 500  # mentees at a time, where the points of all pairs are written out
REPEATS, ENOUGH = 5, 5.0  # runs, and seconds after which there is no further one
TRIES = 20  # pairs that a review desk's question is timed on
NEARLY = 0.0005  # of the best total
STOPS = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0)  # seconds after which no further round is begun
SAMPLE = 1000  # mentees whose row of the proof is looked at by hand where all would be too many

People = tuple[Mentees, Mentors, SkillMap, Allowed]


def main(what: str, people: Path, result: Path) -> None:
    with np.load(people) as stored:
        arrays = dict(stored)
    if what == "points":
        scoring = Scoring(*engine_people(arrays))
        points = np.concatenate([scoring.points(slice(f, f + ROWS)) for f in range(0, scoring.n, ROWS)])
        np.savez(result, points=points, capacity=arrays["mentor_capacity"])
        return
    result.write_text(json.dumps(solve(arrays)))


def engine_people(arrays: Arrays) -> People:
    """The engine's own classes around the arrays."""
    slugs = [f"skill {number}" for number in range(len(arrays["kind"]))]
    parents = {slugs[s]: slugs[p] for s, p in enumerate(arrays["parent"].tolist()) if p >= 0}
    skills = SkillMap.from_parents(slugs, slugs, arrays["kind"].tolist(), parents)
    fields: dict[str, dict[str, Any]] = {"mentee": {}, "mentor": {}}
    for name, array in arrays.items():
        side, _, field = name.partition("_")
        if side in fields:
            fields[side][field] = array
    for side, theirs in fields.items():
        theirs["ids"] = theirs["names"] = tuple(f"{side} {row:06}" for row in range(len(theirs["free"])))
    mentees = Mentees(**fields["mentee"])
    mentors = Mentors(**fields["mentor"], closeness_range=CLOSENESS)
    return mentees, mentors, skills, Allowed(arrays["proposable"], arrays["apart"].astype(np.intp))


def solve(arrays: Arrays) -> dict[str, Any]:
    """What main() writes: see the names below; seconds are medians, MiB the most up to then."""
    compiling, _ = timed(lambda: measure(make_people(WARM)))
    engine_people(arrays)
    return {"compiling": compiling, "idle_mib": peak_mib()} | measure(arrays)


def measure(arrays: Arrays) -> dict[str, Any]:
    people, preferences = engine_people(arrays), preferences_of(arrays)
    runs: list[float] = []
    worked = time.process_time()
    while not runs or (len(runs) < REPEATS and sum(runs) < ENOUGH):
        scoring = plain = None  # or the next run would be charged with the memory of the last
        began = time.perf_counter()
        scoring = Scoring(*people)
        plain = assigned(scoring, "most")
        runs.append(time.perf_counter() - began)
    cpu = (time.process_time() - worked) / len(runs)
    said: dict[str, Any] = {"mib": peak_mib()}
    said["most"] = {"seconds": statistics.median(runs), "cpu": cpu} | told(plain)
    said["nearly"] = nearly(people, plain) if sum(runs) > ENOUGH * REPEATS else {}
    said["proof_holds"] = proof_holds(scoring, plain)
    said["also"] = again(scoring, plain)
    for objective, wishes in (("fair", None), ("preferences", preferences)):
        began, worked = time.perf_counter(), time.process_time()
        found = assigned(Scoring(*people), objective, wishes)
        spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - worked}
        said[objective] = spent | told(found)
    fresh = timed(lambda: Scoring(*people).best(50, 10))[0]
    said["scoring"] = {"fresh": fresh, "pass": timed(lambda: scoring.best(50, 10))[0]}
    return said


def assigned(
    scoring: Scoring,
    objective: str,
    preferences: Preferences | None = None,
    locked: Sequence[tuple[int, int]] = (),
    seconds: float | None = None,
) -> Assignment:
    mentees, mentors = scoring.mentees, scoring.mentors
    return assign(
        scoring,
        mentors.capacity,
        mentee_ids=mentees.ids,
        mentor_ids=mentors.ids,
        objective=objective,
        preferences=preferences,
        locked=locked,
        seconds=seconds,
    )


def preferences_of(arrays: Arrays) -> Preferences:
    named = (
        {row: [int(other) for other in others if other >= 0] for row, others in enumerate(ranked)}
        for ranked in (arrays["ranked_by_mentees"], arrays["ranked_by_mentors"])
    )
    return Preferences(*({row: others for row, others in side.items() if others} for side in named))


def again(scoring: Scoring, found: Assignment) -> dict[str, float]:
    """Seconds, medians over some of the pairs: what a review desk asks of a result."""
    formed = found.pairs[:: max(len(found.pairs) // TRIES, 1)][:TRIES]
    candidates = found.candidates
    has_place = scoring.mentors.capacity[candidates.j] > 0
    other = np.flatnonzero(has_place & np.isin(candidates.i, [i for i, _ in formed]))[5 :: 2 * TRIES][:TRIES]
    wanted = [(int(candidates.i[k]), int(candidates.j[k]), int(candidates.points[k])) for k in other]
    mate, points = np.full(scoring.n, -1, np.int32), np.zeros(scoring.n, np.int64)
    rows, columns = np.array(found.pairs, np.int32).T
    mate[rows], points[rows] = columns, found.points
    capacity = scoring.mentors.capacity
    made, costs = timed(lambda: Costs(candidates, capacity, mate, points, found.price, found.bonus))
    return {
        "Taking up a result, to ask what changes cost": made,
        "One formed pair forbidden, solved again": _median(lambda pair: costs.cost_of(forbid=[pair]), formed),
        "One other pair locked, solved again": _median(lambda pair: costs.cost_of(force=[pair]), wanted),
        "One other pair locked, solved from people's arrays and proved over all pairs": timed(
            lambda: assigned(scoring, "most", locked=[wanted[0][:2]])
        )[0],
        "What one more place with each mentor would add": timed(costs.worth_of_places)[0],
    }


def _median(work: Callable[[Any], Any], cases: Sequence[Any]) -> float:
    return statistics.median(timed(lambda case=case: work(case))[0] for case in cases)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def nearly(people: People, best: Assignment) -> dict[str, float]:
    """Seconds until pairs were had that are known to be within NEARLY of the best total, how far from it they
    are at most, as is known by then, and are. Stopped ever later until it is so; empty if it never is."""
    for stop in STOPS:
        began = time.perf_counter()
        found = assigned(Scoring(*people), "most", seconds=stop)
        took = time.perf_counter() - began
        if not found.gap_matched and found.gap <= NEARLY * best.total_points:
            short = (best.total_points - found.total_points) / best.total_points
            return {"seconds": took, "known": found.gap / best.total_points, "short": short}
    return {}


def told(found: Assignment) -> dict[str, Any]:
    names = ("matched", "total_points", "worst_points", "rounds", "pairs_seen", "is_proved")
    figures = {name: int(getattr(found, name)) for name in names}
    return figures | {"blocking": len(found.blocking), "pairs": [[int(i), int(j)] for i, j in found.pairs]}


def proof_holds(scoring: Scoring, found: Assignment) -> bool:
    """Do the prices prove the pairs the best? By NumPy, not by the pass that found them, in a sample of rows.

    No pair may be worth more than its mentee's surplus and its mentor's price; and together those must come
    to what the pairs are worth. Then nothing better exists (weak duality).
    """
    surplus, price = np.asarray(found.surplus), np.asarray(found.price)
    places = np.maximum(scoring.mentors.capacity, 0)
    whole = int(surplus.sum()) + int((price * places).sum())
    if whole != found.matched * found.bonus + found.total_points or surplus.min() < 0 or price.min() < 0:
        return False
    rows = np.unique(np.linspace(0, scoring.n - 1, min(SAMPLE, scoring.n)).astype(np.intp))
    for first in range(0, len(rows), ROWS):
        some = rows[first : first + ROWS]
        points = scoring.points(some).astype(np.int64)
        if np.any((points >= 0) & (found.bonus + points > surplus[some, None] + price)):
            return False
    return True


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
