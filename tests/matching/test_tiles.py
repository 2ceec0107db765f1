"""A pass that is shared out gives to the bit what one process gives; what is left of tiles goes away."""

import threading
import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone

from matching import services, solving, tiles
from matching.attempts import Attempt, AttemptLost
from matching.engine import Scoring, Settings
from matching.models import MatchRun, Snapshot, Tile
from matching.snapshots import pack_scoring, unpack_scoring
from matching.tasks import score_tile
from matching.tiles import Tiled
from tests.matching.engine.cast import SKILLS, allowed_among, crowd

pytestmark = pytest.mark.django_db
FORBIDDEN = [(0, 1), (7, 2), (39, 0)]


@pytest.fixture
def scoring():
    mentees, mentors = crowd(40, 30, seed=5)
    settings = Settings({"time": 30}, {"passion": 0.1}, tilt=20, needs_time=True)
    return Scoring(mentees, mentors, SKILLS, allowed_among(40, 30, seed=5), settings)


@pytest.fixture
def attempt(cast):
    run = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    return solving.take_over(run.pk, timezone.now())


@pytest.fixture
def tiled(scoring, attempt, settings):
    settings.MATCH_TILES_FROM = 1
    return Tiled(scoring, attempt)


def as_lists(pairs):
    return pairs.i.tolist(), pairs.j.tolist(), pairs.points.tolist()


def prices(scoring):
    rng = np.random.default_rng(8)
    return rng.integers(0, 5_000, scoring.n), rng.integers(0, 3_000, scoring.m)


def test_packed_scoring_gives_the_same_to_the_bit(scoring):
    again = unpack_scoring(memoryview(pack_scoring(scoring)))
    assert np.array_equal(again.points(), scoring.points())
    assert as_lists(again.best(5, 3)) == as_lists(scoring.best(5, 3))


def test_tiled_finds_what_one_pass_finds(tiled, scoring):
    assert as_lists(tiled.best(5, 3, forbidden=FORBIDDEN)) == as_lists(
        scoring.best(5, 3, forbidden=FORBIDDEN)
    )
    surplus, price = prices(scoring)
    pairs, feasible = tiled.improving(surplus, price, 0, 2_000, 4, forbidden=FORBIDDEN)
    expected, seen = scoring.improving(surplus, price, 0, 2_000, 4, forbidden=FORBIDDEN)
    assert len(expected) > 10
    assert (as_lists(pairs), feasible) == (as_lists(expected), seen)
    assert not Tile.objects.exists()


def test_tiled_below_the_threshold_writes_nothing(scoring, attempt, settings):
    settings.MATCH_TILES_FROM = scoring.n * scoring.m + 1
    assert as_lists(Tiled(scoring, attempt).best(5, 3)) == as_lists(scoring.best(5, 3))
    assert not Snapshot.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_tiled_scores_again_what_somebody_took_and_never_gave_back(tiled, scoring, monkeypatch):
    monkeypatch.setattr(tiles, "PATIENCE", 0.0)
    stolen, enough = [], threading.Event()

    def steal():
        """Take a tile, and be killed on the spot."""
        while not enough.is_set():
            if tile := tiles._take(Tile.objects.all()):
                stolen.append(tile.pk)
        connection.close()

    thief = threading.Thread(target=steal)
    thief.start()
    try:
        found = [as_lists(tiled.best(5, 3)) for _ in range(5)]
    finally:
        enough.set()
        thief.join()
    assert stolen
    assert found == [as_lists(scoring.best(5, 3))] * 5


@pytest.mark.django_db(transaction=True)
def test_tiled_takes_what_other_workers_found(tiled, scoring):
    """Three threads, each a worker that hears of every tile."""
    done = threading.Event()
    scored = []

    def work():
        while not done.is_set():
            for pk in list(Tile.objects.filter(taken_at__isnull=True).values_list("pk", flat=True)):
                score_tile(str(pk))
                scored.append(pk)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        found = [as_lists(tiled.best(5, 3)) for _ in range(4)]
    finally:
        done.set()
        for thread in threads:
            thread.join()
        tiles._scoring_of.cache_clear()
    assert found == [as_lists(scoring.best(5, 3))] * 4
    assert scored


def test_tiled_stops_when_the_attempt_is_lost(tiled, attempt, cast):
    services.cancel_run(run_id=attempt.run_id, by=cast.admin.person, now=timezone.now())
    with pytest.raises(AttemptLost):
        tiled.best(5, 3)
    assert not Tile.objects.exists()


def test_score_tile_of_a_missing_or_taken_tile_does_nothing(attempt):
    score_tile("0")
    tile = Tile.objects.create(run_id=attempt.run_id, attempt=attempt.token, number=0, asked=b"")
    score_tile(str(tile.pk))  # its snapshot is gone
    tile.refresh_from_db()
    assert tile.packed is None
    taken_at = tile.taken_at
    score_tile(str(tile.pk))
    tile.refresh_from_db()
    assert tile.taken_at == taken_at


def test_tiles_of_attempts_that_are_over_go_away(attempt):
    before = Attempt(attempt.run_id, uuid.uuid4())
    for number, one in enumerate((attempt, before)):
        Tile.objects.create(run_id=one.run_id, attempt=one.token, number=number, asked=b"")
    Snapshot.objects.create(run_id=attempt.run_id, attempt=before.token, packed=b"")
    solving.resume_runs(timezone.now())
    assert (Tile.objects.get().attempt, Snapshot.objects.count()) == (attempt.token, 0)
    MatchRun.objects.update(state=MatchRun.State.CANCELLED)
    solving.resume_runs(timezone.now() + timedelta(minutes=1))
    assert not Tile.objects.exists()


def test_solve_match_run_leaves_no_tiles(cast, attempt, settings):
    settings.MATCH_TILES_FROM = 1
    solving._solve(attempt)
    tiles.forget_tiles(attempt)
    assert MatchRun.objects.get().pairings.count() == 1
    assert not Tile.objects.exists()
    assert not Snapshot.objects.exists()
