import numpy as np
import pytest
from ortools.graph.python import min_cost_flow

from matching.engine.bipartite import largest
from matching.engine.edges import at_least, bar, joined, lay_out
from matching.engine.solver import Solution, bonus_for, least_prices, solve, split


def instance(seed):
    """(n, m, i, j, points, places): sparse, at times crowded, at times with many ties."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 60)), int(rng.integers(1, 25))
    wanted = rng.random(m) ** rng.choice([1, 6])
    i, j = np.nonzero(rng.random((n, m)) < 0.05 + wanted * rng.choice([0.1, 0.5, 0.9]))
    most = rng.choice([1, 50, 10_001])
    points = ((rng.random(i.size) + wanted[j]) / 2 * most).astype(int)
    return n, m, i, j, points, rng.integers(0, rng.choice([2, 3, 5]), m)


def oracle(n, m, i, j, worth, places):
    flow = min_cost_flow.SimpleMinCostFlow()
    for tails, heads, room, cost in (
        (i, n + j, np.ones(i.size), -worth),
        (np.full(n, n + m), np.arange(n), np.ones(n), np.zeros(n)),
        (np.arange(n), np.full(n, n + m + 1), np.ones(n), np.zeros(n)),
        (n + np.arange(m), np.full(m, n + m + 1), places, np.zeros(m)),
    ):
        flow.add_arcs_with_capacity_and_unit_cost(
            tails.astype(np.int32), heads.astype(np.int32), room.astype(np.int64), cost.astype(np.int64)
        )
    flow.set_nodes_supplies(np.array([n + m, n + m + 1], np.int32), np.array([n, -n], np.int64))
    assert flow.solve() == flow.OPTIMAL
    return -flow.optimal_cost()


def check(solution, n, m, i, j, points, places, bonus):
    """The sum, once the prices have proved that there is none larger."""
    assert min(solution.surplus.min(initial=0), solution.price.min(initial=0)) >= 0
    slack = solution.surplus[i] + solution.price[j] - bonus - points
    assert slack.min(initial=0) >= 0
    formed = solution.mate[i] == j
    assert formed.sum() == (solution.mate >= 0).sum()
    assert not slack[formed].any()
    taken = np.bincount(solution.mate[solution.mate >= 0], minlength=m)
    assert (taken <= places).all()
    assert not solution.price[taken < places].any()
    assert not solution.surplus[solution.mate < 0].any()
    total = int((bonus + points[formed]).sum())
    assert total == int(solution.surplus.sum() + (places * solution.price).sum())
    return total


@pytest.fixture
def always_warm(monkeypatch):
    """However much has changed, the solver goes on from where it was."""
    monkeypatch.setattr("matching.engine.solver.MUCH", 1.0)


@pytest.mark.parametrize("bonus", [0, 1_000_001])
@pytest.mark.parametrize("seed", range(200))
def test_solve_is_the_optimum_and_proves_it(seed, bonus):
    n, m, i, j, points, places = problem = instance(seed)
    best = oracle(n, m, i, j, bonus + points, places)
    solution = solve(lay_out(n, m, i, j, points), places, bonus)
    assert check(solution, *problem, bonus) == best


@pytest.mark.parametrize("seed", range(200))
def test_solve_from_an_earlier_solution_is_the_optimum_of_what_is_asked_now(seed, always_warm):
    n, m, i, j, points, places = instance(seed)
    rng = np.random.default_rng(seed)
    bonus = bonus_for(n, places + 1)
    early = rng.random(i.size) < rng.choice([0.3, 0.95])
    before = solve(lay_out(n, m, i[early], j[early], points[early]), places, bonus)
    edges = joined(
        lay_out(n, m, i[early], j[early], points[early]), lay_out(n, m, i[~early], j[~early], points[~early])
    )
    places = np.maximum(places + rng.integers(-1, 2, m), 0)
    assert check(
        solve(edges, places, bonus, before), n, m, i, j, points, places, bonus
    ) == oracle(n, m, i, j, bonus + points, places)  # fmt: skip

    out = rng.random(i.size) < 0.1
    left = n, m, i[~out], j[~out], points[~out], places
    after = solve(bar(edges, i[out], j[out]), places, bonus, before)
    best = oracle(n, m, i[~out], j[~out], bonus + points[~out], places)
    assert check(after, *left, bonus) == best


@pytest.mark.parametrize("seed", range(100))
def test_solve_makes_good_of_any_start(seed, always_warm):
    n, m, i, j, points, places = problem = instance(seed)
    rng = np.random.default_rng(seed)
    start = Solution(
        rng.integers(-1, m, n).astype(np.int32), np.zeros(n, np.int64), rng.integers(0, 30_000, m)
    )
    solution = solve(lay_out(n, m, i, j, points), places, 5000, start)
    assert check(solution, *problem, 5000) == oracle(n, m, i, j, 5000 + points, places)


@pytest.mark.parametrize("seed", range(100))
def test_the_least_price_is_what_one_more_place_adds(seed):
    n, m, i, j, points, places = problem = instance(seed)
    bonus = bonus_for(n, places)
    edges = lay_out(n, m, i, j, points)
    lowest = least_prices(edges, bonus, solve(edges, places, bonus))
    total = check(lowest, *problem, bonus)
    matched = (lowest.mate >= 0).sum()
    for more in range(m):
        one_more = places + (np.arange(m) == more)
        again = solve(edges, one_more, bonus)
        assert check(again, n, m, i, j, points, one_more, bonus) - total == lowest.price[more]
        assert split(int(lowest.price[more]), bonus)[0] == (again.mate >= 0).sum() - matched


@pytest.mark.parametrize("seed", range(100))
def test_the_bonus_puts_the_most_matched_first(seed):
    n, m, i, j, points, places = instance(seed)
    solution = solve(lay_out(n, m, i, j, points), places, bonus_for(n, places))
    assert (solution.mate >= 0).sum() == oracle(n, m, i, j, np.ones(i.size), places)


@pytest.mark.parametrize("floor", [0, 20, 3000])
@pytest.mark.parametrize("seed", range(100))
def test_largest_matches_as_many_as_its_cover_allows(seed, floor):
    n, m, i, j, points, places = instance(seed)
    edges = lay_out(n, m, i, j, points)
    kept = points >= floor
    begun = solve(edges, places, 0).mate
    for cover in (largest(edges, places, floor), largest(edges, places, floor, begun)):
        assert not (cover.short[i[kept]] & ~cover.scarce[j[kept]]).any()
        matched = cover.mate >= 0
        formed = (cover.mate[i] == j) & kept
        assert formed.sum() == matched.sum() == (~cover.short).sum() + places[cover.scarce].sum()
        assert (np.bincount(cover.mate[matched], minlength=m) <= places).all()


@pytest.mark.parametrize("seed", range(50))
def test_edges_can_be_joined_and_cut(seed):
    n, m, i, j, points, _ = instance(seed)
    rng = np.random.default_rng(seed)
    first, second = rng.random(i.size) < 0.6, rng.random(i.size) < 0.6
    parts = [lay_out(n, m, i[some], j[some], points[some]) for some in (first, second, first | second)]
    for made, wanted in zip(joined(*parts[:2]), parts[2], strict=True):
        assert made.tolist() == wanted.tolist()
    kept = points >= 30
    for made, wanted in zip(
        at_least(lay_out(n, m, i, j, points), 30), lay_out(n, m, i[kept], j[kept], points[kept]), strict=True
    ):
        assert made.tolist() == wanted.tolist()


@pytest.mark.parametrize(("pairs", "points"), [(0, 0), (1, -9_999), (0, 20_000), (-2, 345), (3, -1)])
def test_split_takes_a_value_apart(pairs, points):
    assert split(100_001 * pairs + points, 100_001) == (pairs, points)
