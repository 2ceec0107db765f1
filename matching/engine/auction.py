"""A quick start for the solver: pairs and prices that are nearly those of the optimum."""

import numpy as np
from numba import njit

from matching.engine.bipartite import largest
from matching.engine.edges import Edges, Int16s, Int32s, Int64s

STEP = 10  # points by which a bid is raised beyond need: larger is quicker here and leaves the solver more
BIDS = 40  # for each place wanted; where people outbid each other without end the solver takes over
ALONE = 20_000  # points by which somebody bids who has no second choice
CLOSED = 1 << 40  # a price above all bids


def opening(edges: Edges, places: Int64s, bonus: int) -> tuple[Int32s, Int64s]:
    """(mate (n,), price (m,)) to begin with; only the time that the solver takes depends on them.

    Mentees who are short of places (see Cover) fill all the places that they compete for in every largest
    matching, and nobody else sits there. So there are two markets: in the one such scarce places bid for
    mentees, and each is worth about a bonus; in the other, where everybody gets a place, mentees bid for
    them.
    """
    cover = largest(edges, places)
    room = np.minimum(places, edges.n)
    nothing_mentees, nothing_mentors = np.zeros(edges.n, np.int64), np.zeros(edges.m, np.int64)
    ones = np.ones(edges.n, np.int64)

    wanting = np.where(cover.short, nothing_mentees, ones)
    offering = np.where(cover.scarce, nothing_mentors, room)
    holder, price = _auction(edges.of_mentee, edges.mentor, edges.points, _queue(wanting), offering)
    mate = np.full(edges.n, -1, np.int32)
    taken = holder >= 0
    mate[holder[taken]] = np.repeat(np.arange(edges.m, dtype=np.int32), offering)[taken]

    wanting = np.where(cover.scarce, room, nothing_mentors)
    offering = np.where(cover.short, ones, nothing_mentees)
    holder, surplus = _auction(edges.of_mentor, edges.mentee, edges.points_back, _queue(wanting), offering)
    mate[cover.short] = holder
    for_one_more = _for_one_more(edges, mate, surplus)
    return mate, np.where(cover.scarce, np.maximum(bonus + for_one_more, 0), price)


def _queue(wanting: Int64s) -> Int64s:
    """Who bids, each as often as they want somebody."""
    return np.repeat(np.arange(wanting.size), wanting)


@njit(nogil=True, cache=True)
def _auction(
    start: Int64s, other: Int32s, points: Int16s, queue: Int64s, offering: Int64s
) -> tuple[Int32s, Int64s]:
    """Bidder a, as often as they are in the queue, wants one of the others, each of whom takes the
    offering[b] highest bids; the queue is used up.

    (who holds each place on offer, −1 nobody; the price of each other: the least bid held, 0 while a place is
    free, CLOSED where none is offered). Everybody bids for what is best at the prices, what it is better than
    their second choice and STEP more.
    """
    first = np.zeros(offering.size + 1, np.int64)
    price = np.zeros(offering.size, np.int64)
    for b in range(offering.size):
        first[b + 1] = first[b] + offering[b]
        if offering[b] == 0:
            price[b] = CLOSED
    bid, holder = np.zeros(first[-1], np.int64), np.full(first[-1], -1, np.int32)
    head, waiting = 0, queue.size
    left = BIDS * queue.size
    while waiting > 0 and left > 0:
        left -= 1
        a = queue[head]
        head = (head + 1) % queue.size
        waiting -= 1
        best, second, choice = np.int64(-CLOSED // 2), np.int64(-CLOSED // 2), -1
        for e in range(start[a], start[a + 1]):
            if points[e] < 0:
                continue
            if points[e] <= second:
                break
            b = other[e]
            worth = points[e] - price[b]
            if worth <= second or holder[first[b]] == a:
                continue
            if worth > best:
                best, second, choice = worth, best, b
            else:
                second = worth
        if choice < 0:
            continue
        offer = price[choice] + best - max(second, best - ALONE) + STEP
        own = slice(first[choice], first[choice + 1])
        outbid = put_for_least(bid[own], holder[own], offer, a)
        price[choice] = bid[first[choice]]
        if outbid >= 0:
            queue[(head + waiting) % queue.size] = outbid
            waiting += 1
    return holder, price


@njit(nogil=True, cache=True)
def put_for_least(bid: Int64s, holder: Int32s, offer: int, a: int) -> int:
    """Put a's offer in the place of the least bid, the first of a heap; returns who held that, −1 if
    nobody."""
    least = holder[0]
    at, size = 0, bid.size
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and bid[child + 1] < bid[child]:
            child += 1
        if bid[child] >= offer:
            break
        bid[at], holder[at] = bid[child], holder[child]
        at = child
    bid[at], holder[at] = offer, a
    return least


@njit(nogil=True, cache=True)
def _for_one_more(edges: Edges, mate: Int32s, surplus: Int64s) -> Int64s:
    """For each mentor the best of points − surplus over the mentees whom they do not hold."""
    best = np.full(edges.of_mentor.size - 1, -CLOSED)
    for j in range(best.size):
        for e in range(edges.of_mentor[j], edges.of_mentor[j + 1]):
            k = edges.mentee[e]
            if edges.points_back[e] >= 0 and mate[k] != j:
                best[j] = max(best[j], edges.points_back[e] - surplus[k])
    return best
