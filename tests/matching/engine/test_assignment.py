import numpy as np
import pytest
from ortools.graph.python import min_cost_flow

from matching.engine import AssignmentError, assign
from matching.engine.given import Given

NAMES = {"mentee_names": ("Amara", "Bo"), "mentor_names": ("Jonas", "Mei")}


def ids(prefix, count):
    return [f"{prefix}{number}" for number in range(count)]


def solve(points, feasible=None, capacity=None, **options):
    points = np.array(points)
    n, m = points.shape
    return assign(
        Given(points, None if feasible is None else np.array(feasible, bool)),
        np.ones(m, int) if capacity is None else np.array(capacity),
        **{"mentee_ids": ids("e", n), "mentor_ids": ids("r", m)} | options,
    )


@pytest.fixture
def few_candidates(monkeypatch):
    """So few that nearly all pairs are found by prices alone."""
    for name in ("PER_MENTEE", "PER_MENTOR", "PER_ROUND", "MARGIN"):
        monkeypatch.setattr(f"matching.engine.proving.{name}", int(name != "MARGIN"))


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


def fair_by_brute_force(points, feasible, capacity, locked, forbidden):
    """(most matched, the highest floor that leaves as many, the highest total above it)."""
    most, _ = brute_force(points, feasible, capacity, locked, forbidden)
    for floor in sorted({0, *points.ravel().tolist()}, reverse=True):
        above = feasible & (points >= floor)
        matched, total = brute_force(points, above, capacity, locked, forbidden)
        if matched == most:
            return most, floor, total
    raise AssertionError


def check(found, points, feasible, capacity, locked, forbidden):
    """The pairs are allowed, and the prices prove them over all pairs."""
    rows, columns = [i for i, _ in found.pairs], [j for _, j in found.pairs]
    assert len(set(rows)) == len(rows) == found.matched
    assert sorted(rows + list(found.unmatched)) == list(range(len(points)))
    assert all(feasible[pair] and pair not in forbidden for pair in found.pairs)
    assert all(columns.count(j) <= capacity[j] for j in columns)
    assert set(locked) <= set(found.pairs)
    assert found.points.tolist() == [points[pair] for pair in found.pairs]
    assert (found.is_proved, found.gap, found.gap_matched) == (True, 0, 0)
    assert list(found.pairs) == sorted(found.pairs)
    held = set(zip(found.candidates.i.tolist(), found.candidates.j.tolist(), strict=True))
    assert set(found.pairs) <= held
    assert not held & set(forbidden)


def check_proof(found, points, feasible, capacity, locked, forbidden):
    bound = [i for i, _ in locked]
    places = capacity - np.bincount([j for _, j in locked], minlength=len(capacity))
    worth = np.where(feasible & (points >= found.floor), found.bonus + points, -1)
    for pair in forbidden:
        worth[pair] = -1
    worth[bound] = -1
    slack = found.surplus[:, np.newaxis] + found.price - worth
    assert slack.min(initial=0) >= 0
    assert min(found.price.min(initial=0), found.surplus.min(initial=0)) >= 0
    free = [pair for pair in found.pairs if pair not in set(locked)]
    assert all(slack[pair] == 0 for pair in free)
    taken = np.bincount([j for _, j in free], minlength=len(capacity))
    assert not found.price[taken < places].any()
    assert not found.surplus[list(found.unmatched)].any()


@pytest.mark.parametrize("seed", range(150))
def test_most_agrees_with_brute_force(seed):
    points, feasible, capacity, locked, forbidden = instance = random_instance(seed)
    found = solve(points, feasible, capacity, locked=locked, forbidden=sorted(forbidden))
    assert (found.matched, found.total_points) == brute_force(*instance)
    check(found, *instance)
    check_proof(found, *instance)


@pytest.mark.parametrize("seed", range(150, 300))
def test_most_agrees_with_brute_force_from_hardly_any_candidates(seed, few_candidates):
    points, feasible, capacity, locked, forbidden = instance = random_instance(seed)
    found = solve(points, feasible, capacity, locked=locked, forbidden=sorted(forbidden))
    assert (found.matched, found.total_points) == brute_force(*instance)
    check(found, *instance)
    check_proof(found, *instance)


@pytest.mark.parametrize("seed", range(150))
def test_fair_agrees_with_brute_force(seed):
    _check_fair(seed)


@pytest.mark.parametrize("seed", range(150, 300))
def test_fair_agrees_with_brute_force_from_hardly_any_candidates(seed, few_candidates):
    _check_fair(seed)


def _check_fair(seed):
    points, feasible, capacity, locked, forbidden = instance = random_instance(seed)
    found = solve(points, feasible, capacity, locked=locked, forbidden=sorted(forbidden), objective="fair")
    most, floor, total = fair_by_brute_force(*instance)
    assert (found.matched, found.total_points) == (most, total)
    free = [points[pair] for pair in found.pairs if pair not in set(locked)]
    assert min(free, default=floor) >= found.floor
    assert min(free, default=0) == (floor if free else 0)
    check(found, *instance)
    check_proof(found, *instance)


def oracle(points, feasible, capacity, bonus):
    """The highest sum of bonus and points, by OR-tools' min-cost flow over every pair."""
    n, m = points.shape
    i, j = np.nonzero(feasible)
    flow = min_cost_flow.SimpleMinCostFlow()

    def add(tails, heads, room, cost):
        flow.add_arcs_with_capacity_and_unit_cost(
            *(np.broadcast_to(values, len(tails)).astype(np.int64) for values in (tails, heads, room, cost))
        )

    add(i, n + j, 1, -(bonus + points[i, j]))
    add(np.full(n, n + m), np.arange(n), 1, 0)
    add(np.arange(n), np.full(n, n + m + 1), 1, 0)
    add(n + np.arange(m), np.full(m, n + m + 1), capacity, 0)
    flow.set_nodes_supplies(np.array([n + m, n + m + 1]), np.array([n, -n]))
    assert flow.solve() == flow.OPTIMAL
    return -flow.optimal_cost()


def crowd(seed, fame, tightness):
    """300 mentees and 120 mentors, some wanted by everybody, with places for `tightness` of the mentees."""
    rng = np.random.default_rng(seed)
    wanted = np.log(rng.zipf(1.5, 120).clip(1, 1000)) / np.log(1000)
    points = 10_000 * (fame * wanted + (1 - fame) * rng.random((300, 120)))
    return (
        points.astype(int),
        rng.random(points.shape) < 0.9,
        rng.multinomial(int(300 * tightness), [1 / 120] * 120),
    )


@pytest.mark.parametrize("tightness", [0.8, 1, 1.3])
@pytest.mark.parametrize("fame", [0, 0.5, 0.95])
def test_most_agrees_with_ortools_where_a_few_are_wanted_by_everybody(fame, tightness, monkeypatch):
    for name, count in {"PER_MENTEE": 5, "PER_MENTOR": 2, "PER_ROUND": 2, "MARGIN": 10}.items():
        monkeypatch.setattr(f"matching.engine.proving.{name}", count)
    points, feasible, capacity = crowd(1, fame, tightness)
    found = solve(points, feasible, capacity)
    best = oracle(points, feasible, capacity, found.bonus)
    assert found.bonus * found.matched + found.total_points == best
    check(found, points, feasible, capacity, [], [])
    check_proof(found, points, feasible, capacity, [], [])
    assert found.pairs_seen == feasible.sum()


@pytest.mark.parametrize("tightness", [0.8, 1, 1.3])
@pytest.mark.parametrize("fame", [0, 0.5, 0.95])
def test_fair_agrees_with_ortools_where_a_few_are_wanted_by_everybody(fame, tightness, monkeypatch):
    for name, count in {"PER_MENTEE": 5, "PER_MENTOR": 2, "PER_ROUND": 2, "MARGIN": 10}.items():
        monkeypatch.setattr(f"matching.engine.proving.{name}", count)
    points, feasible, capacity = crowd(2, fame, tightness)
    found = solve(points, feasible, capacity, objective="fair")
    most = oracle(0 * points, feasible, capacity, 1)
    assert found.matched == most == oracle(0 * points, feasible & (points >= found.floor), capacity, 1)
    assert oracle(0 * points, feasible & (points > found.floor), capacity, 1) < most
    best = oracle(points, feasible & (points >= found.floor), capacity, found.bonus)
    assert found.bonus * found.matched + found.total_points == best
    check(found, points, feasible, capacity, [], [])
    check_proof(found, points, feasible, capacity, [], [])


@pytest.mark.parametrize("objective", ["most", "fair", "preferences"])
@pytest.mark.parametrize("seed", range(40))
def test_assign_gives_the_same_pairs_in_whatever_order(seed, objective):
    points, feasible, capacity, locked, forbidden = random_instance(seed)
    points = points // 5000  # nearly all ties
    n, m = points.shape
    straight = solve(
        points, feasible, capacity, locked=locked, forbidden=sorted(forbidden), objective=objective
    )
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(n), rng.permutation(m)
    at_row, at_column = np.argsort(rows), np.argsort(columns)

    def moved(pairs):
        return [(int(at_row[i]), int(at_column[j])) for i, j in pairs]

    turned = assign(
        Given(points[np.ix_(rows, columns)], feasible[np.ix_(rows, columns)]),
        capacity[columns],
        mentee_ids=[f"e{i}" for i in rows],
        mentor_ids=[f"r{j}" for j in columns],
        objective=objective,
        locked=moved(locked),
        forbidden=moved(forbidden),
    )
    assert sorted(turned.pairs) == sorted(moved(straight.pairs))


def test_assign_breaks_ties_by_ids_and_not_by_place():
    # all points equal: the pairs follow from the ids, so other ids give other pairs
    crowds = [
        assign(
            Given(np.zeros((8, 8), int)), np.ones(8, int), mentee_ids=ids(one, 8), mentor_ids=ids(one, 8)
        ).pairs
        for one in "abc"
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


@pytest.mark.parametrize("objective", ["most", "fair", "preferences"])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_assign_of_nobody_is_empty(shape, objective):
    found = solve(np.zeros(shape, int), objective=objective)
    assert (found.pairs, found.unmatched) == ((), tuple(range(shape[0])))
    assert (found.matched, found.total_points, found.worst_points) == (0, 0, 0)


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


def test_fair_gives_up_points_for_the_worst_off():
    points = [[100, 60], [50, 20]]
    assert solve(points).pairs == ((0, 0), (1, 1))
    found = solve(points, objective="fair")
    assert (found.pairs, found.floor, found.worst_points) == (((0, 1), (1, 0)), 50, 50)


def test_fair_does_not_look_at_locked_pairs():
    found = solve([[0, 0, 0], [9, 5, 8], [9, 7, 6]], locked=[(0, 0)], objective="fair")
    assert (found.floor, found.worst_points, found.pairs) == (7, 0, ((0, 0), (1, 2), (2, 1)))


def test_a_vouched_lock_stands_with_its_points_though_infeasible():
    points, feasible = [[5, 7], [3, 4]], [[1, 0], [1, 1]]
    found = solve(points, feasible, locked=[(0, 1)], vouched={(0, 1): 6})
    assert (found.pairs, found.points.tolist()) == (((0, 1), (1, 0)), [6, 3])
    assert (0, 1) not in set(zip(found.candidates.i, found.candidates.j, strict=True))


def test_a_price_says_what_one_more_place_adds():
    points, feasible, capacity = crowd(3, 0.5, 0.9)
    found = solve(points, feasible, capacity)
    for j in range(0, 120, 7):
        more = capacity.copy()
        more[j] += 1
        again = solve(points, feasible, more)
        gained = (again.matched - found.matched) * found.bonus + again.total_points - found.total_points
        assert found.price[j] == gained


@pytest.mark.parametrize("objective", ["most", "fair"])
@pytest.mark.parametrize("seed", range(40))
def test_solving_again_from_what_is_known_proves_as_much(seed, objective):
    points, feasible, capacity, locked, forbidden = random_instance(seed)
    before = solve(points, feasible, capacity, objective=objective)
    options = {"locked": locked, "forbidden": sorted(forbidden), "objective": objective}
    again = solve(points, feasible, capacity, known=before.candidates, **options)
    anew = solve(points, feasible, capacity, **options)
    assert (again.matched, again.total_points, again.floor) == (anew.matched, anew.total_points, anew.floor)
    instance = points, feasible, capacity, locked, forbidden
    check(again, *instance)
    check_proof(again, *instance)


class Stopped(Exception):
    pass


def test_assign_says_how_far_it_is_and_can_be_stopped():
    points, feasible, capacity = crowd(3, 0.95, 1)
    heard = []
    solve(points, feasible, capacity, say=lambda fraction, words: heard.append((fraction, words)))
    fractions = [fraction for fraction, _ in heard]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] <= 1
    assert all(words for _, words in heard)

    def stop(fraction, words):
        if fraction > 0.5:
            raise Stopped

    with pytest.raises(Stopped):
        solve(points, feasible, capacity, say=stop)


@pytest.mark.parametrize("objective", ["most", "fair"])
def test_without_more_time_the_answer_says_how_far_from_the_best_it_may_be(objective, few_candidates):
    points, feasible, capacity = crowd(4, 0.5, 1.3)
    found = solve(points, feasible, capacity, seconds=0, objective=objective)
    assert found.rounds == 1
    assert not found.is_proved
    best = solve(points, feasible, capacity)
    worth = found.bonus * found.matched + found.total_points
    reach = worth + found.bonus * found.gap_matched + found.gap
    assert worth < best.bonus * best.matched + best.total_points <= reach or objective == "fair"
