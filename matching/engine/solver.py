"""The best pairs over given edges, exactly, in whole numbers, with the prices that prove it.

Mentee i gets at most one mentor, mentor j at most places[j] mentees; pair (i, j) is worth bonus + points,
being left out 0, and the sum is as large as can be. The proof is a surplus for every mentee and a price for
every mentor with
    surplus[i] + price[j] >= bonus + points of every edge, equal on the formed ones; both at least 0;
    price[j] = 0 where a place is free, surplus[i] = 0 where i is left out:
for then no other choice of pairs adds up to more than Σ surplus + Σ places · price, which is what these do.

Shortest augmenting paths with prices (Jonker and Volgenant 1987), begun from the prices of an auction
(Bertsekas 1988) that has to be right only nearly. All is deterministic: equal edges give equal pairs
anywhere.
"""

from typing import NamedTuple, TypeVar

import numpy as np
from numba import njit

from matching.engine.auction import CLOSED, opening
from matching.engine.edges import Edges, Int32s, Int64s

Value = TypeVar("Value", int, Int64s)

POINTS = 10_000  # the most that a pair has
MUCH = 0.05  # of the mentees: with so many to seat a new auction is quicker than as many searches
BITS = 24  # of a heap's key for the mentor; the rest holds how far away they are
MASK = (1 << BITS) - 1


class Solution(NamedTuple):
    """mate (n,) int32, −1 where left out; surplus (n,), price (m,) int64: the proof (see above)."""

    mate: Int32s
    surplus: Int64s
    price: Int64s


class _Seats(NamedTuple):
    """Who sits where: mate of each mentee; each mentor's mates as a list linked in both directions."""

    mate: Int32s
    first: Int32s
    after: Int32s
    before: Int32s
    free: Int64s


def bonus_for(n: int, places: Int64s) -> int:
    """What being matched is worth besides the points, so that most matched comes before the highest total.

    Of two choices of pairs let the first match one more. The points of at most min(n, Σ places) + 1 = k pairs
    differ by at most POINTS · k < bonus, so the first is worth more. (One more, for the place that is thought
    of; twice that, so that a difference of two values tells how many are matched more: see split.)
    """
    return 2 * POINTS * (min(n, int(np.minimum(places, n).sum())) + 1) + 1


def split(value: Value, bonus: int) -> tuple[Value, Value]:
    """(pairs, points) of value = bonus · pairs + points, where the points are less than half a bonus."""
    pairs = (value + bonus // 2) // bonus
    return pairs, value - bonus * pairs


def solve(edges: Edges, places: Int64s, bonus: int, start: Solution | None = None) -> Solution:
    """The optimum over the edges that are not barred, with its proof; places (m,) int64, 0 or more.

    start: a solution of a problem much like this one: other edges or places, the same people. What of it
    still holds is kept, so that a small change costs a small search.
    """
    if edges.m > MASK:
        raise ValueError("too many mentors")
    begun = _begin(edges, places, bonus, start.mate, start.price) if start else None
    if begun is None or _open(begun) > MUCH * edges.n:
        begun = _begin(edges, places, bonus, *opening(edges, places, bonus))
    seats, surplus, price = begun
    _seat_all(edges, bonus, surplus, price, seats)
    _fill_all(edges, bonus, surplus, price, seats)
    _price_closed(edges, bonus, surplus, price)
    return Solution(seats.mate, surplus, price)


def _begin(
    edges: Edges, places: Int64s, bonus: int, mate: Int32s, price: Int64s
) -> tuple[_Seats, Int64s, Int64s]:
    """Of these pairs and prices what holds: (seats, surplus, price), as the searches go on from."""
    surplus, price = np.zeros(edges.n, np.int64), np.where(places > 0, price, CLOSED)
    seats = _settle(edges, bonus, mate.astype(np.int32), surplus, price, places.astype(np.int64))
    return seats, surplus, price


def _open(begun: tuple[_Seats, Int64s, Int64s]) -> int:
    """How many mentees still have to be seated."""
    seats, surplus, _ = begun
    return int(((seats.mate < 0) & (surplus > 0)).sum())


def least_prices(edges: Edges, bonus: int, solution: Solution) -> Solution:
    """The same pairs with the least prices that prove them: price[j] is then exactly what one more place with
    j would add to the sum over these edges (the sum is concave in the places, and its slope the least price).
    """
    surplus, price = solution.surplus.copy(), solution.price.copy()
    _lower(edges, bonus, solution.mate, surplus, price)
    return Solution(solution.mate, surplus, price)


@njit(nogil=True, cache=True)
def _lower(edges: Edges, bonus: int, mate: Int32s, surplus: Int64s, price: Int64s) -> None:
    """Lower every price by as much as can be, the surplus of the mentor's mates rising with it.

    A price can fall to 0; or until somebody left out would want the place; or until a mate of another would
    by more than that other's price can fall. A search from all of these ends at once, over the mentors.
    """
    first = np.full(price.size, -1, np.int32)
    after = np.full(mate.size, -1, np.int32)
    for i in range(mate.size):
        if mate[i] >= 0:
            after[i] = first[mate[i]]
            first[mate[i]] = i
    room = price.copy()
    heap, size = np.empty(2 * price.size + 2, np.int64), 0
    for i in range(mate.size):
        if mate[i] < 0:
            for e in range(edges.of_mentee[i], edges.of_mentee[i + 1]):
                if edges.points[e] >= 0:
                    j = edges.mentor[e]
                    room[j] = min(room[j], surplus[i] + price[j] - bonus - edges.points[e])
    for j in range(price.size):
        size = _push(heap, size, (room[j] << BITS) | j)
    while size > 0:
        key = heap[0]
        size = _pop(heap, size)
        here, j = key >> BITS, key & MASK
        if here > room[j]:
            continue
        k = first[j]
        while k >= 0:
            for e in range(edges.of_mentee[k], edges.of_mentee[k + 1]):
                if edges.points[e] >= 0:
                    to = edges.mentor[e]
                    far = here + surplus[k] + price[to] - bonus - edges.points[e]
                    if far < room[to]:
                        room[to] = far
                        if size == heap.size:
                            heap = _grown(heap)
                        size = _push(heap, size, (far << BITS) | to)
            k = after[k]
    for i in range(mate.size):
        if mate[i] >= 0:
            surplus[i] += room[mate[i]]
    for j in range(price.size):
        price[j] -= room[j]


@njit(nogil=True, cache=True)
def _price_closed(edges: Edges, bonus: int, surplus: Int64s, price: Int64s) -> None:
    """Give the mentors without places the least price that the proof asks for."""
    for j in range(price.size):
        if price[j] == CLOSED:
            price[j] = 0
            for e in range(edges.of_mentor[j], edges.of_mentor[j + 1]):
                if edges.points_back[e] >= 0:
                    price[j] = max(price[j], bonus + edges.points_back[e] - surplus[edges.mentee[e]])


@njit(nogil=True, cache=True)
def _settle(edges: Edges, bonus: int, wish: Int32s, surplus: Int64s, price: Int64s, places: Int64s) -> _Seats:
    """Set the surplus that the prices call for and keep of the wished pairs those that are tight and have a
    place."""
    n, m = surplus.size, price.size
    seats = _Seats(
        np.full(n, -1, np.int32),
        np.full(m, -1, np.int32),
        np.full(n, -1, np.int32),
        np.full(n, -1, np.int32),
        places.copy(),
    )
    for i in range(n):
        best = np.int64(0)
        wished = np.int64(-1)
        for e in range(edges.of_mentee[i], edges.of_mentee[i + 1]):
            if edges.points[e] < 0:
                continue
            j = edges.mentor[e]
            rest = bonus + edges.points[e] - price[j]
            best = max(best, rest)
            if j == wish[i]:
                wished = rest
        surplus[i] = best
        if wished == best and seats.free[wish[i]] > 0:
            _sit(i, wish[i], seats)
            seats.free[wish[i]] -= 1
    return seats


@njit(nogil=True, cache=True)
def _sit(i: int, j: int, seats: _Seats) -> None:
    head = seats.first[j]
    seats.mate[i], seats.after[i], seats.before[i] = j, head, -1
    if head >= 0:
        seats.before[head] = i
    seats.first[j] = i


@njit(nogil=True, cache=True)
def _rise(i: int, seats: _Seats) -> None:
    before, after = seats.before[i], seats.after[i]
    if before >= 0:
        seats.after[before] = after
    else:
        seats.first[seats.mate[i]] = after
    if after >= 0:
        seats.before[after] = before
    seats.mate[i] = -1


class _Search(NamedTuple):
    """What one search knows of each mentor; entries are of this search where `seen` bears its number."""

    far: Int64s  # how much must be given up to come here
    seen: Int64s
    done: Int64s
    by: Int32s  # seating: the mentee who would come; filling: the mentee who would leave
    to: Int32s  # filling: the mentor whom that mentee would go to
    order: Int32s  # the mentors in the order in which they were done


@njit(nogil=True, cache=True)
def _new_search(m: int) -> _Search:
    return _Search(
        np.zeros(m, np.int64),
        np.full(m, -1, np.int64),
        np.full(m, -1, np.int64),
        np.zeros(m, np.int32),
        np.zeros(m, np.int32),
        np.zeros(m, np.int32),
    )


@njit(nogil=True, cache=True)
def _seat_all(edges: Edges, bonus: int, surplus: Int64s, price: Int64s, seats: _Seats) -> None:
    """Seat every mentee without a mentor, or leave them, or somebody else, out for good: one search for
    each."""
    search = _new_search(price.size)
    heap = np.empty(1024, np.int64)
    for i in range(surplus.size):
        if seats.mate[i] >= 0 or surplus[i] == 0:
            continue
        surplus[i] = _best(i, edges, bonus, price)
        heap = _seat(i, edges, bonus, surplus, price, seats, search, heap)


@njit(nogil=True, cache=True)
def _best(i: int, edges: Edges, bonus: int, price: Int64s) -> np.int64:
    best = np.int64(0)
    for e in range(edges.of_mentee[i], edges.of_mentee[i + 1]):
        if edges.points[e] >= 0:
            if bonus + edges.points[e] <= best:
                break
            best = max(best, bonus + edges.points[e] - price[edges.mentor[e]])
    return best


@njit(nogil=True, cache=True)
def _seat(
    root: int,
    edges: Edges,
    bonus: int,
    surplus: Int64s,
    price: Int64s,
    seats: _Seats,
    search: _Search,
    heap: Int64s,
) -> Int64s:
    """The cheapest chain of moves that seats `root`: a mentor with a free place ends it, or somebody left
    out.

    Dijkstra's search over the mentors; what is given up, surplus + price − worth, is never negative. Prices
    rise only where the search has been.
    """
    limit, last_mentor, last_mentee = surplus[root], -1, root
    size = done = 0
    j, here, k = -1, 0, root
    while True:
        while k >= 0:  # the mentees who sit with mentor j, or at first the root
            base = here + surplus[k]
            if base < limit:
                limit, last_mentor, last_mentee = base, -1, k
            base -= bonus
            for e in range(edges.of_mentee[k], edges.of_mentee[k + 1]):
                points = edges.points[e]
                if points < 0:
                    continue
                if base - points >= limit:
                    break  # nor can any that follow
                to = edges.mentor[e]
                far = base - points + price[to]
                if far >= limit or (search.seen[to] == root and search.far[to] <= far):
                    continue
                search.seen[to], search.far[to], search.by[to] = root, far, k
                if seats.free[to] > 0:
                    limit, last_mentor = far, to
                else:
                    if size == heap.size:
                        heap = _grown(heap)
                    size = _push(heap, size, (far << BITS) | to)
            k = -1 if j < 0 else seats.after[k]
        j, here, size = _nearest(root, limit, search, heap, size)
        if j < 0:
            break
        search.order[done] = j
        done += 1
        k = seats.first[j]
    surplus[root] -= limit
    for s in range(done):
        _reprice(search.order[s], limit - search.far[search.order[s]], surplus, price, seats)
    if last_mentor >= 0:
        seats.free[last_mentor] -= 1
    elif last_mentee == root:
        return heap
    else:
        last_mentor = seats.mate[last_mentee]
        _rise(last_mentee, seats)
    while True:
        k = search.by[last_mentor]
        left = seats.mate[k]
        if left >= 0:
            _rise(k, seats)
        _sit(k, last_mentor, seats)
        if k == root:
            return heap
        last_mentor = left


@njit(nogil=True, cache=True)
def _nearest(number: int, limit: int, search: _Search, heap: Int64s, size: int) -> tuple[int, int, int]:
    """(the nearest mentor whom this search has not done, now done; how far; the heap's size): -1 where nobody
    is nearer than the limit."""
    while size > 0:
        key = heap[0]
        size = _pop(heap, size)
        here, j = key >> BITS, key & MASK
        if here >= limit:
            break
        if search.done[j] != number:
            search.done[j] = number
            return j, here, size
    return -1, limit, 0


@njit(nogil=True, cache=True)
def _fill_all(edges: Edges, bonus: int, surplus: Int64s, price: Int64s, seats: _Seats) -> None:
    """No mentor with a free place keeps a price: fill the place, or lower the price to nothing."""
    search = _new_search(price.size)
    heap = np.empty(1024, np.int64)
    number = 0
    for j in range(price.size):
        while seats.free[j] > 0 and price[j] > 0:
            heap = _fill(j, number, edges, bonus, surplus, price, seats, search, heap)
            number += 1


@njit(nogil=True, cache=True)
def _fill(
    root: int,
    number: int,
    edges: Edges,
    bonus: int,
    surplus: Int64s,
    price: Int64s,
    seats: _Seats,
    search: _Search,
    heap: Int64s,
) -> Int64s:
    """The cheapest chain of moves after which `root`'s free place costs nothing: somebody left out comes into
    the chain, or a mentor in it is left with a free place at no price. Prices fall where the search has been.
    """
    limit, last_mentor, newcomer, newcomer_to = price[root], root, -1, -1
    search.seen[root], search.far[root], search.done[root] = number, 0, number
    search.order[0] = root
    done, size = 1, 0
    j, here = root, 0
    while True:
        base = here + price[j] - bonus
        for e in range(edges.of_mentor[j], edges.of_mentor[j + 1]):
            points = edges.points_back[e]
            if points < 0:
                continue
            if base - points >= limit:
                break
            k = edges.mentee[e]
            far = base - points + surplus[k]
            if far >= limit:
                continue
            source = seats.mate[k]
            if source < 0:
                limit, newcomer, newcomer_to, last_mentor = far, k, j, -1
                continue
            if search.seen[source] == number and search.far[source] <= far:
                continue
            search.seen[source], search.far[source] = number, far
            search.by[source], search.to[source] = k, j
            if far + price[source] < limit:
                limit, last_mentor = far + price[source], source
            if size == heap.size:
                heap = _grown(heap)
            size = _push(heap, size, (far << BITS) | source)
        j, here, size = _nearest(number, limit, search, heap, size)
        if j < 0:
            break
        search.order[done] = j
        done += 1
    for s in range(done):
        _reprice(search.order[s], search.far[search.order[s]] - limit, surplus, price, seats)
    if last_mentor < 0:
        seats_left = newcomer_to
        _sit(newcomer, newcomer_to, seats)
    else:
        seats_left = last_mentor
        seats.free[last_mentor] += 1
    while seats_left != root:
        k, to = search.by[seats_left], search.to[seats_left]
        _rise(k, seats)
        _sit(k, to, seats)
        seats_left = to
    seats.free[root] -= 1
    return heap


@njit(nogil=True, cache=True)
def _reprice(j: int, rise: int, surplus: Int64s, price: Int64s, seats: _Seats) -> None:
    price[j] += rise
    k = seats.first[j]
    while k >= 0:
        surplus[k] -= rise
        k = seats.after[k]


@njit(nogil=True, cache=True)
def _push(heap: Int64s, size: int, key: int) -> int:
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if heap[parent] <= key:
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = key
    return size + 1


@njit(nogil=True, cache=True)
def _pop(heap: Int64s, size: int) -> int:
    """Remove the least, heap[0]."""
    size -= 1
    key, at = heap[size], 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = key
    return size


@njit(nogil=True, cache=True)
def _grown(heap: Int64s) -> Int64s:
    larger = np.empty(2 * heap.size, np.int64)
    for at in range(heap.size):
        larger[at] = heap[at]
    return larger
