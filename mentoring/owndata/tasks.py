import uuid

from celery import shared_task
from django.utils import timezone

from mentoring.database import patiently
from mentoring.owndata import erasing, services


@shared_task(name="owndata.make_downloads")
def make_downloads() -> None:
    services.make_waiting()


@shared_task(name=services.MAKE)
def make_download(download_id: str) -> None:
    """One person a task: somebody's much takes nobody else's time."""
    patiently(lambda: services.make_download(download_id=uuid.UUID(download_id), now=timezone.now()))


@shared_task(name="owndata.forget")
def forget() -> None:
    """Downloads that are over, and what was written for somebody in the moment in which they went."""
    now = timezone.now()
    services.forget_downloads(now)
    erasing.erase_again(now)
