import time
from argparse import ArgumentParser

from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections
from django.utils import timezone

from mentoring.outbox import dispatching
from mentoring.schedule import reminders

PAUSE = 5.0  # seconds


class Command(BaseCommand):
    help = "Queue reminders and send what is due, without Celery or as a second wake-up beside it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loop", action="store_true", help="Go on until stopped.")

    def handle(self, *args: object, **options: object) -> None:
        while True:
            try:
                reminders.queue_reminders(timezone.now())
                claimed = dispatching.dispatch()
            except OperationalError as error:
                if not options["loop"]:
                    raise
                self.stderr.write(f"database away: {error}")
                claimed = 0
            close_old_connections()
            if claimed < dispatching.BATCH:
                if not options["loop"]:
                    return
                time.sleep(PAUSE)
