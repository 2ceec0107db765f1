import numpy as np
import pytest

from matching.engine import AssignmentError, assign, assignment
from matching.engine.assignment import _scale

NAMES = {"mentee_names": ("Amara", "Bo"), "mentor_names": ("Jonas", "Mei")}


def solve(points, feasible=None, capacity=None, **options):
    points = np.array(points)
    n, m = points.shape
    return assign(
        points,
        np.ones((n, m), bool) if feasible is None else np.array(feasible, bool),
        np.ones(m, int) if capacity is None else np.array(capacity),
        **{"mentee_ids": [f"e{i}" for i in range(n)], "mentor_ids": [f"r{j}" for j in range(m)]} | options,
    )


def brute_force(points, feasible, capacity, locked, forbidden):
    """(most matched, highest total among those), by trying everything."""
    n, m = points.shape
    kept = dict(locked)

    def best(i, left):
        if i == n:
            return 0, 0
        choices = (
            [kept[i]] if i in kept else [j for j in range(m) if feasible[i, j] and (i, j) not in forbidden]
        )
        found = [] if i in kept else [best(i + 1, left)]
        for j in choices:
            if left[j] > 0:
                matched, total = best(i + 1, (*left[:j], left[j] - 1, *left[j + 1 :]))
                found.append((matched + 1, total + int(points[i, j])))
        return max(found, default=(-n, 0))  # a lock that finds no place rules the branch out

    return best(0, tuple(int(places) for places in capacity))


def random_instance(seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 7), rng.integers(1, 5)
    points = rng.integers(0, rng.choice([3, 100, 10_001]), (n, m))  # 0..2 makes many ties
    feasible = rng.random((n, m)) < rng.choice([0.4, 0.8])
    capacity = rng.integers(0, 4, m)
    forbidden = {(int(i), int(j)) for i, j in np.argwhere(rng.random((n, m)) < 0.1)}
    left, locked = capacity.copy(), []
    for i, j in np.argwhere(feasible & (rng.random((n, m)) < 0.15)):
        if left[j] > 0 and (i, j) not in forbidden and int(i) not in dict(locked):
            left[j] -= 1
            locked.append((int(i), int(j)))
    return points, feasible, capacity, locked, forbidden


@pytest.mark.parametrize("seed", range(150))
def test_assign_agrees_with_brute_force(seed):
    points, feasible, capacity, locked, forbidden = random_instance(seed)
    found = solve(points, feasible, capacity, locked=locked, forbidden=sorted(forbidden))
    assert (found.matched, found.total_points) == brute_force(points, feasible, capacity, locked, forbidden)
    rows, columns = [i for i, _ in found.pairs], [j for _, j in found.pairs]
    assert len(set(rows)) == len(rows) == found.matched
    assert sorted(rows + list(found.unmatched)) == list(range(len(points)))
    assert all(feasible[pair] and pair not in forbidden for pair in found.pairs)
    assert all(columns.count(j) <= capacity[j] for j in columns)
    assert set(locked) <= set(found.pairs)
    assert found.total_points == sum(points[pair] for pair in found.pairs)


@pytest.mark.parametrize("tie_limit", [1 << 32, 1], ids=["", "even if all tie-breaks fell together"])
@pytest.mark.parametrize("seed", range(40))
def test_assign_gives_the_same_pairs_in_whatever_order(seed, tie_limit, monkeypatch):
    monkeypatch.setattr(assignment, "_TIE_LIMIT", tie_limit)
    points, feasible, capacity, locked, forbidden = random_instance(seed)
    points = points // 5000  # nearly all ties
    n, m = points.shape
    straight = solve(points, feasible, capacity, locked=locked, forbidden=sorted(forbidden))
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(n), rng.permutation(m)
    at_row, at_column = np.argsort(rows), np.argsort(columns)

    def moved(pairs):
        return [(int(at_row[i]), int(at_column[j])) for i, j in pairs]

    turned = assign(
        points[np.ix_(rows, columns)],
        feasible[np.ix_(rows, columns)],
        capacity[columns],
        mentee_ids=[f"e{i}" for i in rows],
        mentor_ids=[f"r{j}" for j in columns],
        locked=moved(locked),
        forbidden=moved(forbidden),
    )
    assert sorted(turned.pairs) == sorted(moved(straight.pairs))


def test_assign_breaks_ties_by_ids_and_not_by_the_solvers_whim():
    # all points equal: the pairs follow from the ids, so other ids give other pairs
    crowds = [
        assign(
            np.zeros((8, 8), int),
            np.ones((8, 8), bool),
            np.ones(8, int),
            mentee_ids=[f"{prefix}{i}" for i in range(8)],
            mentor_ids=[f"{prefix}{j}" for j in range(8)],
        ).pairs
        for prefix in "abc"
    ]
    assert len(set(crowds)) == 3


def test_assign_matches_the_most_before_the_best():
    # Amara and Jonas alone would be 100, but then Bo has nobody
    found = solve([[100, 1], [1, 0]], feasible=[[1, 1], [1, 0]])
    assert found.pairs == ((0, 1), (1, 0))
    assert (found.matched, found.total_points, found.unmatched) == (2, 2, ())


def test_assign_leaves_out_whoever_nobody_can_take():
    found = solve([[5], [9], [7]], capacity=[2])
    assert (found.pairs, found.unmatched, found.total_points) == (((1, 0), (2, 0)), (0,), 16)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_assign_of_nobody_is_empty(shape):
    found = solve(np.zeros(shape, int))
    assert (found.pairs, found.unmatched) == ((), tuple(range(shape[0])))


def test_assign_counts_a_lock_given_twice_once():
    assert solve([[1], [1]], locked=[(1, 0), (1, 0)]).pairs == ((1, 0),)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"locked": [(0, 0), (1, 0)]},
            "Jonas has 1 free place, but 2 pairs are locked to them.",
        ),
        (
            {"locked": [(0, 1)], "capacity": [1, 0]},
            "Mei has no free place, but 1 pair is locked to them.",
        ),
        (
            {"locked": [(0, 1)], "feasible": [[1, 0], [1, 1]]},
            "Amara and Mei cannot be paired, so their lock cannot be kept.",
        ),
        (
            {"locked": [(0, 1)], "forbidden": [(0, 1)]},
            "Amara and Mei are both locked and forbidden. Keep one of the two.",
        ),
        (
            {"locked": [(1, 0), (1, 1)]},
            "Bo is locked to 2 mentors. Keep one of the locks.",
        ),
    ],
)
def test_assign_refuses_locks_that_cannot_be_kept(options, message):
    with pytest.raises(AssignmentError) as refusal:
        solve([[1, 2], [3, 4]], **NAMES | options)
    assert str(refusal.value) == message


def test_assign_refuses_arrays_that_do_not_fit():
    with pytest.raises(ValueError, match="fit together"):
        solve([[1, 2]], capacity=[1])
    with pytest.raises(ValueError, match="differ"):
        solve([[1, 2]], mentor_ids=["r", "r"])
    with pytest.raises(ValueError, match="no pair 5, 0"):
        solve([[1, 2]], locked=[(5, 0)])


@pytest.mark.parametrize(("most", "nodes"), [(1, 4), (300, 402), (10_000, 14_002), (100_000, 140_002)])
def test_scale_lets_one_point_outweigh_all_tie_breaks_within_64_bits(most, nodes):
    point, ties = _scale(10_000, most, nodes)
    assert ties >= 10_000
    assert point > most * (ties - 1)
    assert (10_000 * point + ties) * (nodes + 1) < 1 << 62
