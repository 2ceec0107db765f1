"""What the peers' scripts share: a case in, pairs out. Runs in a peer's own environment, with NumPy alone."""

import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]
Points = NDArray[np.int16]
Capacity = NDArray[np.int32]
Solve = Callable[[Points, Capacity], tuple[Iterable[Pair], dict[str, Any]]]


def bonus(points: Points) -> int:
    """What a peer that knows one sum alone is given for each pair, so that more pairs outweigh any points."""
    return 10_001 * len(points)


def places(capacity: Capacity) -> NDArray[np.intp]:
    """The mentor of each place, for peers that pair one to one."""
    return np.repeat(np.arange(len(capacity)), capacity)


def peak_mib() -> float:
    """The most memory that this process had resident, without what it was forked from."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the system does not say how much memory was used")


def run(solve: Solve) -> None:
    """script CASE ANSWER: times solve(points, capacity) alone, neither start nor reading.

    solve gives the pairs (i, j) and what else there is to say: phases, whether it claims the optimum.
    """
    case, answer = (Path(argument) for argument in sys.argv[1:3])
    with np.load(case) as arrays:
        points, capacity = arrays["points"], arrays["capacity"]
    began, worked = time.perf_counter(), time.process_time()
    pairs, more = solve(points, capacity)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    formed = [[int(i), int(j)] for i, j in pairs]
    answer.write_text(json.dumps({"seconds": seconds, "cpu": cpu, "mib": peak_mib(), "pairs": formed} | more))
