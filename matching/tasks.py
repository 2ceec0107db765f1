import time
import uuid

from celery import shared_task
from django.utils import timezone

from matching import publishing, solving, suggesting
from mentoring.celery import publish

PUBLISH_FOR = 30.0  # seconds: others' tasks wait for this worker too


@shared_task(name="matching.solve_match_run")
def solve_match_run(run_id: str) -> None:
    solving.solve_run(uuid.UUID(run_id))


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


@shared_task(name="matching.publish_due")
def publish_due() -> None:
    """Publish, and take back, what admins have decided, until nothing of it is left or the time is up."""
    until = time.monotonic() + PUBLISH_FOR
    while publishing.take_back_some(timezone.now()) or publishing.publish_some(timezone.now()):
        if time.monotonic() > until:
            publish("matching.publish_due")
            break
