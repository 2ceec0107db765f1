"""OR-tools' SimpleMinCostFlow over all possible pairs, arcs given as arrays."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from case import Capacity, Pair, Points, run
from ortools.graph.python import min_cost_flow


def solve(points: Points, capacity: Capacity) -> tuple[Iterable[Pair], dict[str, Any]]:
    n, m = points.shape
    i, j = (side.astype(np.int32) for side in np.nonzero(points >= 0))
    source, sink = n + m, n + m + 1
    flow = min_cost_flow.SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        i, n + j, np.ones(len(i), np.int64), -points[i, j].astype(np.int64)
    )
    flow.add_arcs_with_capacity_and_unit_cost(
        np.full(n, source, np.int32),
        np.arange(n, dtype=np.int32),
        np.ones(n, np.int64),
        np.zeros(n, np.int64),
    )
    flow.add_arcs_with_capacity_and_unit_cost(
        np.arange(n, n + m, dtype=np.int32),
        np.full(m, sink, np.int32),
        capacity.astype(np.int64),
        np.zeros(m, np.int64),
    )
    most = min(n, int(capacity.sum()))
    flow.set_nodes_supplies(np.array([source, sink], np.int32), np.array([most, -most], np.int64))
    status = flow.solve_max_flow_with_min_cost()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"the solver ended with {status.name}")
    chosen = flow.flows(arcs) > 0
    return zip(i[chosen], j[chosen], strict=True), {"exact": True}


run(solve)
