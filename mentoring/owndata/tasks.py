from celery import shared_task
from django.utils import timezone

from mentoring.celery import publish
from mentoring.database import patiently
from mentoring.owndata import erasing, services


@shared_task(name="owndata.make_downloads")
def make_downloads() -> None:
    """One at a time, so that one person's much does not hold up the time of a task."""
    if patiently(lambda: services.make_next(timezone.now())):
        publish("owndata.make_downloads")


@shared_task(name="owndata.forget")
def forget() -> None:
    """Downloads that are over, and what was written for somebody in the moment in which they went."""
    now = timezone.now()
    services.forget_downloads(now)
    erasing.erase_again(now)
