"""Scoring.best and Scoring.improving as one fused pass over the pairs, in tiles, on several threads.

Nothing here is (n, m): memory grows with the people and with what is found. The loops are compiled
(tiles.py); numba's own threads are not safe beside other threads, so the threads are ours, and the loops let
go of the interpreter's lock.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from matching.engine.packing import Longs, Packed
from matching.engine.tiles import (
    BINS,
    BITS,
    LOW,
    NEVER,
    SLOPE,
    Apart,
    Scratch,
    best_of,
    improving_of,
    merge,
)

BLOCK = 128  # mentees a task
NONE = -1  # no key
MOST_PRICE = 1 << 40

Found = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int16]]
Say = Callable[[float], None]


def best(
    packed: Packed, apart: Apart, rows: Longs, per_mentee: int, per_mentor: int, say: Say | None
) -> Found:
    """(i, j, points) as Scoring.best gives them; rows in order, each once."""
    heaps, sizes = np.empty((rows.size, per_mentee), np.int64), np.zeros(rows.size, np.int64)
    columns = len(packed.order)
    bars = np.full((len(packed.tiles), packed.features.shape[2]), 0 if per_mentor else NEVER, np.int32)
    of_threads = [
        (np.full((columns, per_mentor), NONE), np.zeros(columns, np.int64)) for _ in range(_threads())
    ]
    spare: SimpleQueue[tuple[Longs, Longs]] = SimpleQueue()
    for mentors in of_threads:
        spare.put(mentors)

    def work(some: slice) -> None:
        mentors = spare.get()
        try:
            best_of(packed, apart, _scratch(packed), rows[some], heaps[some], sizes[some], *mentors, bars)
        finally:
            spare.put(mentors)

    _in_blocks(rows.size, work, say)
    i, column, points = _strongest(np.concatenate([keys for keys, _ in of_threads], axis=1), per_mentor)
    return _joined(rows, heaps, sizes, i, packed.order[column], points)


def _strongest(keys: Longs, count: int) -> tuple[Longs, Longs, Longs]:
    """(index, row, points) of the `count` largest keys of each row."""
    if keys.shape[1] > count:
        keys = np.partition(keys, keys.shape[1] - count, axis=1)[:, keys.shape[1] - count :]
    row, at = np.nonzero(keys != NONE)
    return LOW - (keys[row, at] & LOW), row, keys[row, at] >> BITS


def _joined(rows: Longs, heaps: Longs, sizes: Longs, i: Longs, j: Longs, points: Longs) -> Found:
    """The heaps' pairs, and those others (i, j, points) that are not among them."""
    full = sizes == heaps.shape[1]
    lowest = np.where(full, heaps.min(axis=1, initial=np.iinfo(np.int64).max), -1)
    row = np.searchsorted(rows, i)
    further = ((points << BITS) | (LOW - j)) < lowest[row]
    row, j, points = row[further], j[further], points[further]
    order = np.lexsort((j, row))
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows.size))]).astype(np.int64)
    count = int(sizes.sum()) + row.size
    found = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.int16)
    merge(rows, heaps, sizes, starts, j[order], points[order], *found)
    return found


def improving(
    packed: Packed,
    apart: Apart,
    rows: Longs,
    surplus: Longs,
    price: Longs,
    bonus: int,
    floor: int,
    per_mentee: int,
    say: Say | None,
) -> tuple[Found, int]:
    """(i, j, points) and the number of feasible pairs as Scoring.improving gives them; rows as in best."""
    if max(abs(bonus), *(int(np.abs(figures).max(initial=0)) for figures in (surplus, price))) > MOST_PRICE:
        raise ValueError("surpluses, prices and the bonus are at most 2^40")
    bits = len(price).bit_length()
    if bits > 20:
        raise ValueError("more mentors than a key can tell apart")
    heaps, sizes = np.empty((rows.size, per_mentee), np.int64), np.zeros(rows.size, np.int64)
    by_column = price[packed.order]
    rough = np.zeros((len(packed.tiles), packed.features.shape[2]), np.float32)
    for own, (start, stop, _) in zip(rough, packed.tiles.tolist(), strict=True):
        own[: stop - start] = by_column[start:stop] * SLOPE
    steepest = int(np.abs(by_column).max(initial=0)) * SLOPE
    feasible: list[int] = []

    def work(some: slice) -> None:
        out = rows[some], heaps[some], sizes[some]
        feasible.append(
            improving_of(
                packed, apart, _scratch(packed), *out, surplus, by_column, rough, steepest, bonus, floor, bits
            )
        )

    _in_blocks(rows.size, work, say)
    row, at = np.nonzero(np.arange(per_mentee) < sizes[:, np.newaxis])
    i, keys = rows[row], heaps[row, at]
    j = ((1 << bits) - 1) - (keys & ((1 << bits) - 1))
    points = (keys >> bits) - bonus + price[j] + surplus[i]
    return (i.astype(np.int32), j.astype(np.int32), points.astype(np.int16)), sum(feasible)


def places_of(packed: Packed, pairs: Longs, n: int, m: int) -> Apart:
    """Pairs (k, 2) kept apart as the loops read them: row i has columns[starts[i] : starts[i + 1]]."""
    place = np.full(m, -1, dtype=np.int64)
    place[packed.order] = np.arange(len(packed.order))
    i, column = pairs[:, 0], place[pairs[:, 1]]
    i, column = i[column >= 0], column[column >= 0]
    starts = np.concatenate([[0], np.cumsum(np.bincount(i, minlength=n))]).astype(np.int64)
    return starts, column[np.argsort(i, kind="stable")]


def _scratch(packed: Packed) -> Scratch:
    width = packed.features.shape[2]
    return (
        np.empty(width, np.int32),
        np.empty(width, np.int32),
        np.empty(width, np.int16),
        np.empty(width + 1, np.int32),
        np.empty(width, np.int32),
        np.empty(BINS + 1, np.int32),
    )


def _in_blocks(size: int, work: Callable[[slice], None], say: Say | None) -> None:
    """All of `size` rows, a block at a time, on as many threads as there are processors for us."""
    blocks = [slice(top, min(top + BLOCK, size)) for top in range(0, size, BLOCK)]
    with ThreadPoolExecutor(_threads()) as pool:
        tasks = [pool.submit(work, block) for block in blocks]
        try:
            for done, task in enumerate(as_completed(tasks), start=1):
                task.result()
                if say is not None:
                    say(done / len(tasks))
        finally:
            pool.shutdown(cancel_futures=True)


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
