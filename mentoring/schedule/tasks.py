from celery import shared_task
from django.utils import timezone

from mentoring.schedule import services


@shared_task(name="schedule.queue_reminders")
def queue_reminders() -> None:
    services.queue_reminders(timezone.now())
