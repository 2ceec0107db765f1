import uuid

from celery import shared_task
from django.utils import timezone

from mentoring.transfer import working
from mentoring.transfer.services import WORK


# Beyond the usual limits: an import says that it is alive, and whoever gets it a second time leaves it alone.
@shared_task(name=WORK, soft_time_limit=1800, time_limit=1830)
def work_on_import(import_id: str) -> None:
    working.work_on(uuid.UUID(import_id))


@shared_task(name="transfer.resume_imports")
def resume_imports() -> None:
    working.resume_imports(timezone.now())
