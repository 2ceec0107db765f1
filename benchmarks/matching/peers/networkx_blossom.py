"""networkx.max_weight_matching of mentees and places, with as many pairs as can be."""

from collections.abc import Iterable
from typing import Any

import networkx as nx
import numpy as np
from case import Capacity, Pair, Points, places, run


def solve(points: Points, capacity: Capacity) -> tuple[Iterable[Pair], dict[str, Any]]:
    mentor = places(capacity)
    n = len(points)
    graph = nx.Graph()
    expanded = points[:, mentor]
    i, place = np.nonzero(expanded >= 0)
    graph.add_weighted_edges_from(
        zip(i.tolist(), (n + place).tolist(), expanded[i, place].tolist(), strict=True)
    )
    pairs = [
        (min(edge), int(mentor[max(edge) - n])) for edge in nx.max_weight_matching(graph, maxcardinality=True)
    ]
    return pairs, {"exact": True}


run(solve)
