from itertools import product

import numpy as np
import pytest

from matching.engine import assign
from matching.engine.assignment import Preferences
from matching.engine.given import Given
from matching.engine.order import order_of
from tests.matching.engine.test_assignment import check, ids, random_instance


def random_wishes(seed, n, m):
    rng = np.random.default_rng(seed + 10_000)

    def some(own, others):
        return {
            one: rng.permutation(others)[: rng.integers(1, 6)].tolist()
            for one in range(own)
            if others and rng.random() < 0.6
        }

    return Preferences(some(n, m), some(m, n))


def orders(points, wishes):
    """(how dear mentor j is to mentee i, how dear mentee i is to mentor j) as tuples to be compared."""
    n, m = points.shape
    rows, columns = order_of(ids("e", n), "mentee").tolist(), order_of(ids("r", m), "mentor").tolist()

    def rank(chosen, one):
        return 5 - chosen.index(one) if one in chosen else 0

    def of_mentee(i, j):
        return rank(wishes.mentees.get(i, []), j), points[i, j], -columns.index(j)

    def of_mentor(i, j):
        return rank(wishes.mentors.get(j, []), i), points[i, j], -rows.index(i)

    return of_mentee, of_mentor


def blocking(pairs, points, feasible, capacity, forbidden, wishes):
    """By the definition: whoever would both rather have each other."""
    of_mentee, of_mentor = orders(points, wishes)
    mate = dict(pairs)
    held = {j: [i for i, other in pairs if other == j] for j in range(len(capacity))}
    found = []
    for i, j in product(*map(range, points.shape)):
        if not feasible[i, j] or (i, j) in forbidden or mate.get(i) == j or capacity[j] == 0:
            continue
        rather = i not in mate or of_mentee(i, j) > of_mentee(i, mate[i])
        room = len(held[j]) < capacity[j]
        if rather and (room or of_mentor(i, j) > min(of_mentor(k, j) for k in held[j])):
            found.append((i, j))
    return found


def propose(points, feasible, capacity, locked, forbidden, wishes):
    """Deferred acceptance as it is in the textbook, over whole lists."""
    of_mentee, of_mentor = orders(points, wishes)
    n, m = points.shape
    places = capacity - np.bincount([j for _, j in locked], minlength=m)
    lists = {
        i: sorted(
            (j for j in range(m) if feasible[i, j] and (i, j) not in forbidden and places[j] > 0),
            key=lambda j, i=i: of_mentee(i, j),
        )
        for i in range(n)
        if i not in dict(locked)
    }
    held = {j: [] for j in range(m)}
    waiting = list(lists)
    while waiting:
        i = waiting.pop()
        if lists[i]:
            j = lists[i].pop()
            held[j].append(i)
            if len(held[j]) > places[j]:
                out = min(held[j], key=lambda k, j=j: of_mentor(k, j))
                held[j].remove(out)
                waiting.append(out)
    return sorted([*locked, *((i, j) for j, own in held.items() for i in own)])


def solve(instance, wishes):
    points, feasible, capacity, locked, forbidden = instance
    n, m = points.shape
    return assign(
        Given(points, feasible),
        capacity,
        mentee_ids=ids("e", n),
        mentor_ids=ids("r", m),
        objective="preferences",
        locked=locked,
        forbidden=sorted(forbidden),
        preferences=wishes,
    )


@pytest.mark.parametrize("per_mentee", [1, 2, 30])
@pytest.mark.parametrize("seed", range(300))
def test_preferences_give_the_stable_pairs_that_are_best_for_mentees(seed, per_mentee, monkeypatch):
    monkeypatch.setattr("matching.engine.proving.PER_MENTEE", per_mentee)
    monkeypatch.setattr("matching.engine.stable.AT_ONCE", 4)
    points, feasible, capacity, locked, forbidden = instance = random_instance(seed)
    wishes = random_wishes(seed, *points.shape)
    found = solve(instance, wishes)
    assert list(found.pairs) == propose(*instance, wishes)
    assert list(found.blocking) == blocking(found.pairs, points, feasible, capacity, forbidden, wishes)
    assert locked or not found.blocking
    check(found, *instance)


@pytest.mark.parametrize("seed", range(60))
def test_no_stable_pairs_are_better_for_any_mentee(seed):
    points, feasible, capacity, _, forbidden = random_instance(seed)
    instance = (
        points[:4, :3],
        feasible[:4, :3],
        capacity[:3],
        [],
        {(i, j) for i, j in forbidden if i < 4 and j < 3},
    )
    points, feasible, capacity, _, forbidden = instance
    n, m = points.shape
    wishes = random_wishes(seed, n, m)
    of_mentee, _ = orders(points, wishes)
    mine = dict(solve(instance, wishes).pairs)
    for choice in product(range(-1, m), repeat=n):
        pairs = [(i, j) for i, j in enumerate(choice) if j >= 0]
        if any(not feasible[pair] or pair in forbidden for pair in pairs):
            continue
        if any(choice.count(j) > capacity[j] for j in range(m)):
            continue
        if not blocking(pairs, points, feasible, capacity, forbidden, wishes):
            assert all(i in mine and of_mentee(i, mine[i]) >= of_mentee(i, j) for i, j in pairs)


def test_whom_both_prefer_comes_before_points():
    points = np.array([[90, 10], [80, 20]])
    instance = points, points > 0, np.array([1, 1]), [], set()
    assert solve(instance, Preferences()).pairs == ((0, 0), (1, 1))
    assert solve(instance, Preferences(mentees={0: [1]})).pairs == ((0, 1), (1, 0))
    assert solve(instance, Preferences(mentors={0: [1]})).pairs == ((0, 1), (1, 0))
    assert solve(instance, Preferences(mentees={0: [1]}, mentors={1: [1]})).pairs == ((0, 1), (1, 0))
    assert solve(instance, Preferences(mentees={1: [1]}, mentors={0: [1]})).pairs == ((0, 0), (1, 1))


def test_a_lock_that_others_would_break_is_counted_and_named():
    points = np.array([[90, 10], [80, 20]])
    found = solve((points, points > 0, np.array([1, 1]), [(1, 0)], set()), Preferences())
    assert (found.pairs, found.blocking) == (((0, 1), (1, 0)), ((0, 0),))
