"""The loops of passes.py, compiled: a block of mentees meets the mentors a tile at a time.

What the criteria add is summed up for a mentee and a whole tile in whole numbers (the sums of terms.py, to
the bit), and only pairs that could still count are looked at one by one. Closeness of meaning, the dear one,
is worked out for those alone: for the others even full closeness would change nothing. A tile's figures stay
in the processor's cache.

All that is compiled stands in this one file, since numba compiles anew when the file of a function changes,
but not when the file of one that it calls does.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.core.extending import intrinsic
from numpy.typing import NDArray

from matching.engine.packing import Longs, Packed
from matching.engine.terms import COSINE_SHIFT, FULL, GRAIN_BITS, ONE, WHOLE

POINTS = 10_000
BARRED = -(1 << 31)  # a total, below 0 whatever is added to it
NEVER = (1 << 31) - 1  # a total that no pair reaches
# A key orders pairs: what counts above, and below it the index backwards, so that the first comes first among
# equals.
BITS = 32
LOW = (1 << BITS) - 1
SLOPE = FULL // POINTS  # of the total that makes so many points, rounded down
STRIDE = 32  # pairs of which it is asked at once whether any could count
ROUNDING = 1 << 21  # of float32, with room for two sums
BINS, BIN_BITS = 1024, 20  # totals counted by size: ten points a bin

Totals = NDArray[np.int32]
Scratch = tuple[Totals, Totals, NDArray[np.int16], Totals, Totals, Totals]
Apart = tuple[Longs, Longs]


# References to arrays are not counted, which took longer than the loops and held up the other threads: all
# arrays outlive the call, and none is made in it. An option that numba's stubs leave out.
_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "_nrt": False}


def compiled(function: Callable[..., Any]) -> Any:
    return njit(**_OPTIONS)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """For what is called in the loops: to hand over a Packed takes longer than to work out a closeness."""
    return njit(**_OPTIONS, forceinline=True)(function)


def _count_ones(typing_context: Any, word: Any) -> Any:
    """How many bits of a word are set, by the processor's own instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


_ones: Any = intrinsic(_count_ones)


# What the criteria add to mentee i and each of the `size` columns of a tile, which are of class `group`


@inlined
def _add_means(p: Packed, i: int, tile: int, group: int, size: int, total: Totals) -> None:
    for k in range(size):
        total[k] = 0
    for e in range(p.means.starts[i], p.means.starts[i + 1]):
        weight, row = p.means.value[group, e], p.means.feature[e]
        for k in range(size):
            total[k] += np.int32(weight * p.features[tile, row, k])


@inlined
def _add_shareds(
    p: Packed, i: int, tile: int, group: int, size: int, total: Totals, part: NDArray[np.int16]
) -> None:
    for q in range(len(p.shareds.criteria)):
        c, kind = p.shareds.criteria[q], p.kind[i]
        for k in range(size):
            part[k] = 0
        for e in range(p.shareds.starts[q, i], p.shareds.starts[q, i + 1]):
            left, row = np.int16(p.shareds.value[e]), p.shareds.feature[e]
            for k in range(size):
                part[k] = max(part[k], min(left, p.features[tile, row, k]))
        share, least = np.int32(p.table[kind, group, c]), np.int16(p.least[kind, group, c])
        for k in range(size):
            total[k] = np.int32(total[k] + share * part[k]) if part[k] >= least else np.int32(BARRED)


@inlined
def _add_commons(p: Packed, i: int, tile: int, group: int, size: int, total: Totals, some: Totals) -> None:
    for q in range(len(p.commons.criteria)):
        c, kind = p.commons.criteria[q], p.kind[i]
        for k in range(size):
            some[k] = 0
        for word in range(p.commons.left.shape[2]):
            left = p.commons.left[q, i, word]
            if left == 0:
                continue
            for k in range(size):
                some[k] += np.int32(_ones(left & p.commons.right[tile, q, word, k]))
        share, needed = p.table[kind, group, c], np.int32(p.commons.needed[q, i])
        each, most = np.int32(_step(share, needed)), np.int32(share * ONE)
        fewest = np.int32(_fewest(p.least[kind, group, c], needed))
        for k in range(size):
            added = min(np.int32(min(some[k], needed) * each), most)
            total[k] = np.int32(total[k] + added) if some[k] >= fewest else np.int32(BARRED)


@inlined
def _step(share: int, needed: int) -> int:
    return (share * ONE + needed - 1) // needed


@inlined
def _fewest(least: int, needed: int) -> int:
    """How many bits make up a least part."""
    bits = 0
    while (min(bits * _step(WHOLE, needed), WHOLE * ONE) + WHOLE // 2) // WHOLE < least:
        bits += 1
    return bits


@inlined
def _add_sums(p: Packed, i: int, tile: int, group: int, size: int, total: Totals, some: Totals) -> None:
    for q in range(len(p.sums.criteria)):
        c, kind = p.sums.criteria[q], p.kind[i]
        share, least = np.int32(p.table[kind, group, c]), np.int32(p.least[kind, group, c])
        if share == 0 and least == 0:
            continue
        for k in range(size):
            some[k] = 0
        for e in range(p.sums.starts[q, i], p.sums.starts[q, i + 1]):
            left, row = p.sums.value[e], p.sums.feature[e]
            for k in range(size):
                some[k] = min(np.int32(some[k] + left * p.features[tile, row, k]), np.int32(ONE * ONE))
        for k in range(size):
            part = some[k] // np.int32(ONE)
            total[k] = np.int32(total[k] + share * part) if part >= least else np.int32(BARRED)


@inlined
def _check_means(p: Packed, i: int, tile: int, group: int, size: int, total: Totals, some: Totals) -> None:
    for q in range(len(p.checks.criteria)):
        least = p.least[p.kind[i], group, p.checks.criteria[q]]
        if least == 0:
            continue
        for k in range(size):
            some[k] = 0
        for e in range(p.checks.starts[q, i], p.checks.starts[q, i + 1]):
            weight, row = p.checks.value[e], p.checks.feature[e]
            for k in range(size):
                some[k] += np.int32(weight * p.features[tile, row, k])
        enough = np.int32(least * WHOLE - WHOLE // 2)
        for k in range(size):
            if some[k] < enough:
                total[k] = np.int32(BARRED)


@inlined
def _bar_apart(apart: Apart, i: int, start: int, size: int, total: Totals) -> None:
    starts, columns = apart
    for e in range(starts[i], starts[i + 1]):
        if start <= columns[e] < start + size:
            total[columns[e] - start] = BARRED


@inlined
def _weigh(
    p: Packed,
    apart: Apart,
    i: int,
    tile: int,
    total: Totals,
    some: Totals,
    part: NDArray[np.int16],
) -> None:
    """What all criteria but closeness give mentee i with each column of a tile; below 0 where they bar it."""
    start, stop, group = p.tiles[tile, 0], p.tiles[tile, 1], p.tiles[tile, 2]
    size = stop - start
    _add_means(p, i, tile, group, size, total)
    _add_shareds(p, i, tile, group, size, total, part)
    _add_commons(p, i, tile, group, size, total, some)
    _add_sums(p, i, tile, group, size, total, some)
    _check_means(p, i, tile, group, size, total, some)
    _bar_apart(apart, i, start, size, total)


@inlined
def _most_closeness(p: Packed, i: int, group: int) -> tuple[np.int32, bool]:
    """(what closeness can add at most, must it be known for every pair?)"""
    most, must = 0, False
    for q in range(len(p.closes.criteria)):
        c = p.closes.criteria[q]
        most += p.table[p.kind[i], group, c] * ONE
        must = must or p.least[p.kind[i], group, c] > 0
    return np.int32(most), must


@inlined
def _add_closes(
    p: Packed,
    i: int,
    start: int,
    group: int,
    picked: Totals,
    count: int,
    total: Totals,
    whole: Totals,
    dots: Totals,
) -> None:
    """Of `count` picked places of a tile the totals with closeness; below 0 where it bars the pair."""
    for x in range(count):
        whole[x] = total[picked[x]]
    for q in range(len(p.closes.criteria)):
        c, kind = p.closes.criteria[q], p.kind[i]
        share, least = p.table[kind, group, c], p.least[kind, group, c]
        if share == 0 and least == 0:
            continue
        left_unit, low, slope = p.closes.left_unit[q, i], p.closes.low[q], p.closes.slope[q]
        for x in range(count):
            column, dot = start + picked[x], np.int32(0)
            for d in range(p.closes.left.shape[2]):
                product = np.int32(np.int32(p.closes.left[q, i, d]) * np.int32(p.closes.right[q, column, d]))
                dot = np.int32(dot + product)
            dots[x] = dot
        for x in range(count):
            unit = left_unit * p.closes.right_unit[q, start + picked[x]]
            cosine = (dots[x] * unit) >> COSINE_SHIFT
            part = min((max(cosine - low, 0) * slope) >> GRAIN_BITS, ONE) if unit else 0
            whole[x] = np.int32(whole[x] + share * part) if part >= least else np.int32(BARRED)


@inlined
def _points(total: int) -> int:
    return (min(total, FULL) * POINTS + FULL // 2) // FULL


@inlined
def _total_for(points: int) -> np.int32:
    """The least total that makes so many points."""
    if points > POINTS:
        return np.int32(NEVER)
    return np.int32(max(0, -((FULL // 2 - points * FULL) // POINTS)))


# The largest keys so far of each row, in a heap: heaps[row, 0] is the least of them


@inlined
def _push(heaps: Longs, row: int, size: int, key: int) -> int:
    """The new size; the least gives way where the heap is full."""
    if size < heaps.shape[1]:
        at = size
        while at > 0 and heaps[row, (at - 1) // 2] > key:
            heaps[row, at] = heaps[row, (at - 1) // 2]
            at = (at - 1) // 2
        heaps[row, at] = key
        return size + 1
    if size and key > heaps[row, 0]:
        at = 0
        while 2 * at + 1 < size:
            below = 2 * at + 1
            if below + 1 < size and heaps[row, below + 1] < heaps[row, below]:
                below += 1
            if heaps[row, below] >= key:
                break
            heaps[row, at] = heaps[row, below]
            at = below
        heaps[row, at] = key
    return size


@inlined
def _bar_of(heaps: Longs, row: int, size: int) -> np.int32:
    """The least total that could enter the heap."""
    if size < heaps.shape[1]:
        return np.int32(0)
    return _total_for(heaps[row, 0] >> BITS) if size else np.int32(NEVER)


@inlined
def _by_index(heaps: Longs, sizes: Longs, low: int) -> None:
    """Sort each heap's keys by index, the least first; they are few."""
    for row in range(len(sizes)):
        for k in range(1, sizes[row]):
            key, at = heaps[row, k], k
            while at > 0 and (heaps[row, at - 1] & low) < (key & low):
                heaps[row, at] = heaps[row, at - 1]
                at -= 1
            heaps[row, at] = key


@inlined
def _first_bar(total: Totals, size: int, bins: Totals, count: int) -> np.int32:
    """A total that at least `count` of them reach, nearly the highest such; 0 where there is none."""
    for b in range(BINS + 1):
        bins[b] = 0
    for k in range(size):
        bins[min(max(total[k] >> np.int32(BIN_BITS), np.int32(-1)) + 1, BINS)] += np.int32(1)
    reached = 0
    for b in range(BINS, 0, -1):
        reached += bins[b]
        if reached >= count:
            return np.int32((b - 1) << BIN_BITS)
    return np.int32(0)


# The passes over some of the rows, into a heap (k) for each of them


@compiled
def best_of(
    p: Packed,
    apart: Apart,
    scratch: Scratch,
    rows: Longs,
    heaps: Longs,
    sizes: Longs,
    mentor_heaps: Longs,
    mentor_sizes: Longs,
    bars: Totals,
) -> None:
    """And into the heaps (M, q) of the mentors; bars are the totals that these ask for, tile by tile, and may
    be shared: a total that any q pairs of a mentor reach is asked of all."""
    total, some, part, picked, dots, bins = scratch
    for tile in range(len(p.tiles)):
        start, stop, group = p.tiles[tile, 0], p.tiles[tile, 1], p.tiles[tile, 2]
        for own in range(len(rows)):
            i = rows[own]
            _weigh(p, apart, i, tile, total, some, part)
            most, must = _most_closeness(p, i, group)
            bar = _bar_of(heaps, own, sizes[own])
            if bar == 0 and not must and stop - start > heaps.shape[1]:
                bar = _first_bar(total, stop - start, bins, heaps.shape[1])
            count = 0
            for k in range(stop - start):
                picked[count] = k
                count += np.int32(total[k] + most) >= min(bar, bars[tile, k])
            _add_closes(p, i, start, group, picked, count, total, some, dots)
            for x in range(count):
                k, whole = picked[x], some[x]
                if whole < 0 or whole < min(bar, bars[tile, k]):
                    continue
                column, key = start + k, _points(np.int64(whole)) << BITS
                if whole >= bar:
                    sizes[own] = _push(heaps, own, sizes[own], key | (LOW - p.order[column]))
                    bar = max(bar, _bar_of(heaps, own, sizes[own]))
                if whole >= bars[tile, k]:
                    mentor_sizes[column] = _push(mentor_heaps, column, mentor_sizes[column], key | (LOW - i))
                    bars[tile, k] = max(bars[tile, k], _bar_of(mentor_heaps, column, mentor_sizes[column]))
    _by_index(heaps, sizes, LOW)


@compiled
def improving_of(
    p: Packed,
    apart: Apart,
    scratch: Scratch,
    rows: Longs,
    heaps: Longs,
    sizes: Longs,
    surplus: Longs,
    price: Longs,
    rough: NDArray[np.float32],
    steepest: int,
    bonus: int,
    floor: int,
    bits: int,
) -> int:
    """Returns how many pairs are feasible. price (M,) by column; rough, tile by tile, the same times SLOPE,
    at most steepest."""
    total, some, part, picked, dots, _ = scratch
    feasible, low, lowest = 0, (1 << bits) - 1, np.int64(_total_for(floor))
    for tile in range(len(p.tiles)):
        start, stop, group = p.tiles[tile, 0], p.tiles[tile, 1], p.tiles[tile, 2]
        for own in range(len(rows)):
            i = rows[own]
            _weigh(p, apart, i, tile, total, some, part)
            most, must = _most_closeness(p, i, group)
            # what a pair has to gain; at a price of x it takes this and x points, and at least so much
            gain = heaps[own, 0] >> bits if 0 < sizes[own] == heaps.shape[1] else 1
            least = (gain + surplus[i] - bonus) * SLOPE - SLOPE // 2 - 1 - most
            count, possible = 0, 0
            # rounding to 24 bits may let through a pair too many, never one too few
            about = np.float32(least - (abs(least) + steepest) / ROUNDING - 256)
            for k0 in range(0, stop - start, STRIDE):
                k1 = min(k0 + STRIDE, stop - start)
                hits, here = np.int32(0), np.int32(0)
                for k in range(k0, k1):
                    here = np.int32(here + np.int32(total[k] >= 0))
                    hits = np.int32(hits + np.int32(np.float32(total[k]) >= about + rough[tile, k]))
                possible += int(here)
                if hits or must:
                    for k in range(k0, k1):
                        picked[count] = k
                        reached = total[k] >= least + price[start + k] * SLOPE and total[k] >= lowest - most
                        count += total[k] >= 0 and (must or reached)
            _add_closes(p, i, start, group, picked, count, total, some, dots)
            for x in range(count):
                column, points = start + picked[x], _points(np.int64(some[x]))
                gain = bonus + points - price[column] - surplus[i]
                if some[x] < 0:
                    possible -= 1
                elif gain > 0 and points >= floor:
                    sizes[own] = _push(heaps, own, sizes[own], gain << bits | (low - p.order[column]))
            feasible += possible
    _by_index(heaps, sizes, low)
    return feasible


@compiled
def merge(
    rows: Longs,
    heaps: Longs,
    sizes: Longs,
    starts: Longs,
    others: Longs,
    points: Longs,
    out_i: NDArray[np.int32],
    out_j: NDArray[np.int32],
    out_points: NDArray[np.int16],
) -> None:
    """The pairs of the heaps and further ones, row by row and by index, into the last three.

    rows[r] has the further ones starts[r]:starts[r + 1].
    """
    at = 0
    for r in range(len(rows)):
        e, last = starts[r], starts[r + 1]
        for k in range(sizes[r]):
            j = LOW - (heaps[r, k] & LOW)
            while e < last and others[e] < j:
                out_i[at], out_j[at], out_points[at] = rows[r], others[e], points[e]
                at, e = at + 1, e + 1
            out_i[at], out_j[at], out_points[at] = rows[r], j, heaps[r, k] >> BITS
            at += 1
        for f in range(e, last):
            out_i[at], out_j[at], out_points[at] = rows[r], others[f], points[f]
            at += 1
