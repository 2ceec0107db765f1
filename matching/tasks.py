import time
import uuid

from celery import shared_task
from django.utils import timezone

from matching import meanings, publishing, solving, suggesting, tiles
from matching.engine.meaning import embedder
from matching.services import SOLVE
from mentoring.celery import publish

PUBLISH_FOR = 30.0  # seconds: others' tasks wait for this worker too
COMPUTE_FOR = 5.0  # the same for vectors, of which there may be many thousands to compute after an import


# Beyond the usual limits: a run says that it is alive, and whoever gets it a second time leaves it alone.
@shared_task(name=SOLVE, soft_time_limit=1800, time_limit=1830)
def solve_match_run(run_id: str) -> None:
    solving.solve_run(uuid.UUID(run_id))


@shared_task(name="matching.score_tile")
def score_tile(tile_id: str) -> None:
    tiles.score_tile(int(tile_id))


@shared_task(name="matching.resume_match_runs")
def resume_match_runs() -> None:
    solving.resume_runs(timezone.now())


@shared_task(name="matching.suggest_mentors")
def suggest_mentors(program_id: str, goal_id: str = "") -> None:
    suggesting.suggest(uuid.UUID(program_id), timezone.now(), uuid.UUID(goal_id) if goal_id else None)


@shared_task(name="matching.suggest_everywhere")
def suggest_everywhere() -> None:
    """Places come and go in many ways; whatever the way, goals hear of them within minutes."""
    for program_id in suggesting.programs_with_goals():
        publish("matching.suggest_mentors", str(program_id))


@shared_task(name=publishing.PUBLISH)
def publish_due() -> None:
    """Publish, and take back, what admins have decided, until nothing of it is left or the time is up."""
    until = time.monotonic() + PUBLISH_FOR
    while publishing.take_back_some(timezone.now()) or publishing.publish_some(timezone.now()):
        if time.monotonic() > until:
            publish(publishing.PUBLISH)
            break


@shared_task(name="matching.compute_meanings")
def compute_meanings() -> None:
    """What is due stands in PostgreSQL; a worker that has nothing to compute does not load the model."""
    if meanings.is_due() and meanings.compute_meanings(embedder(), until=time.monotonic() + COMPUTE_FOR):
        publish("matching.compute_meanings")
