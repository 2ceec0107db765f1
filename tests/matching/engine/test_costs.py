import numpy as np
import pytest

from matching.engine import Pairs, assign
from matching.engine.costs import Change, Costs, Moved
from matching.engine.given import Given
from tests.matching.engine.test_assignment import brute_force, crowd, ids, random_instance


def solved(points, feasible, capacity, locked=(), forbidden=(), **options):
    """(the assignment, mate and points of each mentee, its costs)."""
    n, m = points.shape
    found = assign(
        Given(points, feasible),
        capacity,
        mentee_ids=ids("e", n),
        mentor_ids=ids("r", m),
        locked=locked,
        forbidden=sorted(forbidden),
        **options,
    )
    mate, own = np.full(n, -1), np.zeros(n, int)
    for pair, gained in zip(found.pairs, found.points, strict=True):
        mate[pair[0]], own[pair[0]] = pair[1], gained
    costs = Costs(
        found.candidates,
        capacity,
        mate,
        own,
        found.price,
        found.bonus,
        locked=[i for i, _ in locked],
        floor=found.floor,
    )
    return found, mate, costs


def check_change(change, found, mate, points, capacity):
    """The moves are what the figures say, and keep to the places."""
    after = mate.copy()
    gained = 0
    for move in change.moves:
        assert move.before == mate[move.mentee] != move.after
        after[move.mentee] = move.after
        was, becomes = (points[move.mentee, j] if j >= 0 else 0 for j in (move.before, move.after))
        assert move.points == becomes - was
        gained += move.points
    assert change.points == gained
    assert change.matched == (after >= 0).sum() - (mate >= 0).sum()
    assert (np.bincount(after[after >= 0], minlength=len(capacity)) <= capacity).all()
    assert change.worst_points == min((points[i, j] for i, j in enumerate(after) if j >= 0), default=0)
    return after


@pytest.fixture(autouse=True)
def _always_warm(monkeypatch):
    """However small the crowd, the solver goes on from where it was."""
    monkeypatch.setattr("matching.engine.solver.MUCH", 1.0)


@pytest.mark.parametrize("seed", range(200))
def test_the_cost_of_forcing_a_pair_is_exact(seed):
    points, feasible, capacity, locked, forbidden = random_instance(seed)
    found, mate, costs = solved(points, feasible, capacity, locked, forbidden)
    rng = np.random.default_rng(seed)
    i, j = (int(rng.integers(size)) for size in points.shape)
    others = [pair for pair in locked if pair[0] != i]
    if sum(column == j for _, column in others) >= capacity[j]:
        with pytest.raises(ValueError, match="places"):
            costs.cost_of(force=[(i, j, int(points[i, j]))])
        return
    possible = feasible.copy()
    possible[i, j] = True
    barred = forbidden - {(i, j)}
    change = costs.cost_of(force=[(i, j, int(points[i, j]))])
    best = brute_force(points, possible, capacity, [*others, (i, j)], barred)
    assert (found.matched + change.matched, found.total_points + change.points) == best
    after = check_change(change, found, mate, points, capacity)
    assert after[i] == j
    assert all(after[row] == column for row, column in others)
    if (i, j) not in locked and i not in dict(locked):
        matched, lost = costs.at_least(i, j, int(points[i, j]))
        assert (matched, lost) <= (-change.matched, -change.points)


@pytest.mark.parametrize("seed", range(200))
def test_the_cost_of_forbidding_pairs_is_exact(seed):
    points, feasible, capacity, locked, forbidden = random_instance(seed)
    found, mate, costs = solved(points, feasible, capacity, locked, forbidden)
    out = [pair for pair in found.pairs if pair not in locked][:2]
    change = costs.cost_of(forbid=out)
    best = brute_force(points, feasible, capacity, locked, forbidden | set(out))
    assert (found.matched + change.matched, found.total_points + change.points) == best
    check_change(change, found, mate, points, capacity)
    assert costs.cost_of() == Change(0, 0, found.worst_points, ())  # nothing of it stays


@pytest.mark.parametrize("seed", range(100))
def test_the_worth_of_a_place_is_exact(seed):
    points, feasible, capacity, locked, forbidden = random_instance(seed)
    found, _, costs = solved(points, feasible, capacity, locked, forbidden)
    worth = costs.worth_of_places()
    for j in range(len(capacity)):
        more = capacity.copy()
        more[j] += 1
        matched, total = brute_force(points, feasible, more, locked, forbidden)
        assert (worth.matched[j], worth.points[j]) == (matched - found.matched, total - found.total_points)


def test_costs_see_what_was_changed_by_hand():
    points = np.array([[100, 60], [50, 20]])
    _, _, costs = solved(points, points > 0, np.array([1, 1]))
    swap = costs.effect_of([(0, 1, 60), (1, 0, 50)])
    assert swap == Change(0, -10, 50, (Moved(0, 0, 1, -40), Moved(1, 1, 0, 30)))
    assert costs.effect_of([(1, -1, 0)]) == Change(-1, -20, 100, (Moved(1, 1, -1, -20),))
    i, j = np.nonzero(points)
    held = Pairs(i.astype(np.int32), j.astype(np.int32), points[i, j].astype(np.int16))
    by_hand = Costs(held, np.array([1, 1]), np.array([1, 0]), np.array([60, 50]), np.zeros(2, int), 100_001)
    assert by_hand.cost_of() == Change(0, 10, 20, (Moved(0, 1, 0, 40), Moved(1, 0, 1, -30)))


def test_costs_above_a_floor_form_nothing_below_it():
    points = np.array([[100, 60], [50, 20]])
    found, _, costs = solved(points, points > 0, np.array([1, 1]), objective="fair")
    assert found.floor == 50
    assert costs.cost_of(forbid=[(1, 0)]) == Change(-1, -10, 100, (Moved(0, 1, 0, 40), Moved(1, 0, -1, -50)))


def test_contradictions_are_refused():
    points = np.array([[100, 60], [50, 20]])
    _, _, costs = solved(points, points > 0, np.array([1, 1]), locked=[(0, 0)])
    with pytest.raises(ValueError, match="places"):
        costs.cost_of(force=[(1, 0, 50)])
    with pytest.raises(ValueError, match="two"):
        costs.cost_of(force=[(1, 0, 50), (1, 1, 20)])
    with pytest.raises(ValueError, match="both"):
        costs.cost_of(forbid=[(0, 0)])


def test_costs_agree_with_solving_again_in_a_crowd():
    points, feasible, capacity = crowd(5, 0.5, 1.1)
    found, mate, costs = solved(points, feasible, capacity)
    i = int(np.flatnonzero(mate >= 0)[0])
    for j in np.flatnonzero(feasible[i])[:10].tolist():
        change = costs.cost_of(force=[(i, j, int(points[i, j]))])
        again, *_ = solved(points, feasible, capacity, locked=[(i, j)]) if capacity[j] else (None,)
        if again:
            after = found.matched + change.matched, found.total_points + change.points
            assert after <= (again.matched, again.total_points)  # its candidates may be better ones
            check_change(change, found, mate, points, capacity)
