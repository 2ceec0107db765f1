import time
from argparse import ArgumentParser

from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections

from mentoring.outbox import services

PAUSE = 5.0  # seconds


class Command(BaseCommand):
    help = "Send what is due from the outbox, without Celery or as a second wake-up beside it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loop", action="store_true", help="Go on until stopped.")

    def handle(self, *args: object, **options: object) -> None:
        while True:
            try:
                claimed = services.dispatch()
            except OperationalError as error:
                if not options["loop"]:
                    raise
                self.stderr.write(f"database away: {error}")
                claimed = 0
            close_old_connections()
            if claimed < services.BATCH:
                if not options["loop"]:
                    return
                time.sleep(PAUSE)
