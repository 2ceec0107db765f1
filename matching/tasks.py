import uuid

from celery import shared_task
from django.utils import timezone

from matching import solving


@shared_task(name="matching.solve_match_run")
def solve_match_run(run_id: str) -> None:
    solving.solve_run(uuid.UUID(run_id))


@shared_task(name="matching.resume_match_runs")
def resume_match_runs() -> None:
    solving.resume_runs(timezone.now())
