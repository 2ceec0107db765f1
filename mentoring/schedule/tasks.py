from celery import shared_task
from django.utils import timezone

from mentoring.database import patiently
from mentoring.schedule import busy, reminders


@shared_task(name="schedule.queue_reminders")
def queue_reminders() -> None:
    patiently(lambda: reminders.queue_reminders(timezone.now()))


@shared_task(name="schedule.read_calendars")
def read_calendars() -> None:
    busy.read_calendars(timezone.now())
