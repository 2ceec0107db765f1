from celery import shared_task
from django.utils import timezone

from mentoring.database import patiently
from mentoring.schedule import busy, changes, reminders, services, zones


@shared_task(name="schedule.queue_reminders")
def queue_reminders() -> None:
    patiently(lambda: reminders.queue_reminders(timezone.now()))


@shared_task(name="schedule.read_calendars")
def read_calendars() -> None:
    busy.read_calendars(timezone.now())


@shared_task(name="schedule.lapse_proposals")
def lapse_proposals() -> None:
    services.lapse_moves(timezone.now())
    changes.lapse_changes(timezone.now())


@shared_task(name="schedule.recompute_zones")
def recompute_zones() -> None:
    zones.recompute_zones(timezone.now())
