"""Match runs by real workers: killed (-9) in the middle three times, and shared out between two."""

import time
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Skill
from benchmarks.cohort import build
from matching.models import Candidates, MatchRun, Snapshot, Tile
from matching.services import start_run
from tests import factories
from tests.running import Catcher, Site, empty_broker, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
State = MatchRun.State
MENTEES, MENTORS = 2_000, 700
# Percent at which the worker is killed: while people are read, pairs are solved, and reasons put into words.
KILLED_AT = (0, 17, 71)
FIRST_RUN = 300  # seconds: where nothing is compiled yet, the first run compiles


@pytest.fixture
def quick(catcher: Catcher, tmp_path: Path):
    """A site with patience so short that a test need not wait for it; everything else as always."""
    empty_broker()
    sites: list[Site] = []

    def make(**over: str) -> Site:
        over = {"MATCH_STALE_SECONDS": "5", "MATCH_RESUME_EVERY": "1", "CELERY_SKIP_CHECKS": "1"} | over
        sites.append(Site(tmp_path, EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(catcher.port), **over))
        return sites[-1]

    yield make
    for site in sites:
        site.stop()


@pytest.fixture
def start(transactional_db: None):
    """Starts a run in one and the same program."""
    for number in range(40):  # a test before this one may have left no skills
        factories.make_skill(f"skill-{number}", kind=list(Skill.Kind)[number % 3])
    program, admin = build(MENTEES, MENTORS)

    def start() -> MatchRun:
        return start_run(program=program, by=admin, now=timezone.now())

    return start


def wait_for(run: MatchRun, site: Site, seconds: float) -> dict[str, Any]:
    """Wait until it is ready; all that came of it and that two runs must have in common."""

    def is_ready() -> bool:
        run.refresh_from_db()
        assert run.state in (State.QUEUED, State.RUNNING, State.READY), f"{run.state}: {run.error}"
        return run.state == State.READY

    wait_until(is_ready, seconds, lambda: f"{run.progress} %, {run.stage}\n{site.logs()}")
    fields = ("mentee_id", "mentor_id", "goal_id", "points", "parts")
    return {
        "pairings": sorted(run.pairings.values_list(*fields), key=str),
        "left out": sorted(run.left_out.values_list("mentee_id", "goal_id", "reason")),
        "kept": bytes(Candidates.objects.get(run=run).packed),
        "seen": (run.mentees, run.mentors, run.places, run.feasible_pairs, run.proof["total"]),
    }


def test_run_whose_worker_is_killed_three_times_ends_once_and_right(
    quick, start, capsys: pytest.CaptureFixture[str]
) -> None:
    site = quick()
    site.start_beat()
    worker = site.start_worker("worker0", concurrency=1)
    undisturbed = wait_for(start(), site, FIRST_RUN)
    assert len(undisturbed["pairings"]) + len(undisturbed["left out"]) == MENTEES

    run = start()
    seen: list[str] = []
    for kill, percent in enumerate(KILLED_AT, start=1):

        def is_there(kill: int = kill, percent: int = percent) -> bool:
            run.refresh_from_db()
            assert run.state != State.READY, "it ended before it could be killed"
            return run.attempts == kill and run.progress >= percent

        wait_until(is_there, 180, lambda: f"{run.attempts}, {run.progress} %, {run.stage}\n{site.logs()}")
        worker.kill()
        run.refresh_from_db()
        assert (run.state, run.attempts, run.pairings.count()) == (State.RUNNING, kill, 0)
        seen.append(f"{run.progress} % ({run.stage})")
        worker = site.start_worker(f"worker{kill}", concurrency=1, wait=False)

    assert wait_for(run, site, 180) == undisturbed
    assert (run.progress, run.stage, run.attempts, run.attempt) == (100, "", 4, None)
    assert (Tile.objects.count(), Snapshot.objects.count()) == (0, 0)
    finished_at = run.finished_at
    time.sleep(6)  # beat has looked for runs that were left, and for messages nobody has confirmed
    run.refresh_from_db()
    assert (run.finished_at, run.attempts) == (finished_at, 4)
    with capsys.disabled():
        print(f"\nkilled at {', '.join(seen)}", end=" ")


def test_run_shared_out_between_two_workers_gives_what_one_gives(
    quick, start, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = quick()
    worker = alone.start_worker("alone", concurrency=1)
    run = start()
    one = wait_for(run, alone, FIRST_RUN)
    assert run.proof["tiles"] == 0
    worker.kill()

    shared = quick(MATCH_TILES_FROM="1")
    for name in ("left", "right"):
        shared.start_worker(name, concurrency=1)
    for _ in range(5):  # on a busy machine the one may have scored all before the other wakes
        run = start()
        assert wait_for(run, shared, 180) == one
        if run.proof["elsewhere"]:
            break
    assert 0 < run.proof["elsewhere"] < run.proof["tiles"]
    assert (Tile.objects.count(), Snapshot.objects.count()) == (0, 0)
    with capsys.disabled():
        print(f"\n{run.proof['elsewhere']} of {run.proof['tiles']} tiles by the other worker", end=" ")
