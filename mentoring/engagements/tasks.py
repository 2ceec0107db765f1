from celery import shared_task
from django.utils import timezone

from mentoring.engagements import empathy, services


@shared_task(name="engagements.expire_requests")
def expire_requests() -> None:
    services.expire_requests(timezone.now())


@shared_task(name="engagements.end_engagements")
def end_engagements() -> None:
    services.end_engagements(timezone.now())


@shared_task(name="engagements.release_empathy")
def release_empathy() -> None:
    empathy.release_empathy(timezone.now())
