"""OpenReview's MinMax: not on PyPI, so its formulation, written anew, and not its code.

As theirs, it solves two flows through OR-tools, one for everybody's least load (none here) and one for what
is left up to the most, each built from Python one named node and one arc at a time, and read back arc by arc,
each end looked up among the nodes of its side. Unlike theirs it takes the most flow that there is, where
theirs gives up if somebody cannot be matched.
"""

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from case import Capacity, Pair, Points, run
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

Loads = NDArray[np.integer[Any]]
Costs = NDArray[np.integer[Any]]


class Node(NamedTuple):
    number: int
    index: int | None
    supply: int


def solve(points: Points, capacity: Capacity) -> tuple[Iterable[Pair], dict[str, Any]]:
    costs = np.where(points >= 0, -1 - points.astype(np.int64), 0)  # a pair that costs nothing is none
    demands = np.ones(len(points), np.int64)
    spent = {"building": 0.0, "flow": 0.0, "reading back": 0.0}
    formed = np.zeros(points.shape, np.int64)
    for loads in (np.zeros_like(capacity), capacity):
        left = loads - formed.sum(axis=0)
        formed += solve_once(np.maximum(left, 0), demands - formed.sum(axis=1), costs, spent)
    return [(int(i), int(j)) for i, j in np.argwhere(formed)], {"exact": True, "phases": spent}


def solve_once(loads: Loads, demands: Loads, costs: Costs, spent: dict[str, float]) -> NDArray[np.int64]:
    began = time.perf_counter()
    n, m = costs.shape
    supply = int(min(loads.sum(), demands.sum()))
    source, sink = Node(0, None, supply), Node(n + m + 1, None, -supply)
    mentors = [Node(1 + j, j, 0) for j in range(m)]
    mentees = [Node(1 + m + i, i, 0) for i in range(n)]
    by_number = {node.number: node for node in (source, *mentors, *mentees, sink)}
    flow = min_cost_flow.SimpleMinCostFlow()
    for mentor, load in zip(mentors, loads.tolist(), strict=True):
        flow.add_arc_with_capacity_and_unit_cost(source.number, mentor.number, load, 0)
    for mentor in mentors:
        for mentee in mentees:
            cost = int(costs[mentee.index, mentor.index])
            if cost < 0:
                flow.add_arc_with_capacity_and_unit_cost(mentor.number, mentee.number, 1, cost)
    for mentee, demand in zip(mentees, demands.tolist(), strict=True):
        flow.add_arc_with_capacity_and_unit_cost(mentee.number, sink.number, demand, 0)
    for node in by_number.values():
        flow.set_node_supply(node.number, node.supply)
    built = time.perf_counter()
    status = flow.solve_max_flow_with_min_cost()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"the solver ended with {status.name}")
    solved = time.perf_counter()
    formed = np.zeros((n, m), np.int64)
    for arc in range(flow.num_arcs()):
        tail, head = by_number[flow.tail(arc)], by_number[flow.head(arc)]
        if tail in mentors and head in mentees:
            formed[head.index, tail.index] = flow.flow(arc)
    spent["building"] += built - began
    spent["flow"] += solved - built
    spent["reading back"] += time.perf_counter() - solved
    return formed


run(solve)
