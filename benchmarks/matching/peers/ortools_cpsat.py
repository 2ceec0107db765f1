"""OR-tools' CP-SAT on two cores: a Boolean for each possible pair."""

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
from case import Capacity, Pair, Points, bonus, run
from ortools.sat.python import cp_model


def solve(points: Points, capacity: Capacity) -> tuple[Iterable[Pair], dict[str, Any]]:
    model = cp_model.CpModel()
    i, j = np.nonzero((points >= 0) & (capacity > 0))
    formed = [model.new_bool_var("") for _ in range(len(i))]
    by_mentee: list[list[Any]] = [[] for _ in range(points.shape[0])]
    by_mentor: list[list[Any]] = [[] for _ in range(points.shape[1])]
    for one, row, column in zip(formed, i.tolist(), j.tolist(), strict=True):
        by_mentee[row].append(one)
        by_mentor[column].append(one)
    for theirs in by_mentee:
        model.add_at_most_one(theirs)
    for theirs, room in zip(by_mentor, capacity.tolist(), strict=True):
        if len(theirs) > room:
            model.add(sum(theirs) <= room)
    worth = (bonus(points) + points[i, j].astype(np.int64)).tolist()
    model.maximize(cp_model.LinearExpr.weighted_sum(formed, worth))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.max_time_in_seconds = float(sys.argv[3])
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise TimeoutError(f"the solver ended with {solver.status_name(status)}")
    pairs = [
        (row, column)
        for one, row, column in zip(formed, i.tolist(), j.tolist(), strict=True)
        if solver.boolean_value(one)
    ]
    return pairs, {"exact": status == cp_model.OPTIMAL}


run(solve)
