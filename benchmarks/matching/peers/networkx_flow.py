"""networkx.min_cost_flow (network simplex) over all possible pairs; who stays unmatched passes at a price."""

from collections.abc import Iterable
from typing import Any

import networkx as nx
import numpy as np
from case import Capacity, Pair, Points, bonus, run


def solve(points: Points, capacity: Capacity) -> tuple[Iterable[Pair], dict[str, Any]]:
    graph = nx.DiGraph()
    n = len(points)
    graph.add_node("sink", demand=n)
    for i in range(n):
        graph.add_node(("mentee", i), demand=-1)
        graph.add_edge(("mentee", i), "sink", capacity=1, weight=bonus(points))
    for j, room in enumerate(capacity.tolist()):
        graph.add_edge(("mentor", j), "sink", capacity=room, weight=0)
    for i, j in np.argwhere(points >= 0).tolist():
        graph.add_edge(("mentee", i), ("mentor", j), capacity=1, weight=-int(points[i, j]))
    flow = nx.min_cost_flow(graph)
    pairs = [
        (i, end[1]) for i in range(n) for end, amount in flow["mentee", i].items() if amount and end != "sink"
    ]
    return pairs, {"exact": True}


run(solve)
