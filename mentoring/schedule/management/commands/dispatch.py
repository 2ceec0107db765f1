import signal
import threading
from argparse import ArgumentParser

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from mentoring.database import AWAY
from mentoring.outbox import digest, dispatching
from mentoring.schedule import reminders

PAUSE = 5.0  # seconds
PAUSE_WITHOUT_DATABASE = 1.0


class Command(BaseCommand):
    stopping: threading.Event | None = None
    help = "Queue reminders and digests, and send what is due: without Celery, or as a second wake-up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loop", action="store_true", help="Go on until stopped.")

    def handle(self, *args: object, **options: object) -> None:
        if not options["loop"]:
            while self._once() == dispatching.BATCH:
                pass
            return
        self.stopping = stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        pause = 0.0
        while not stopping.wait(pause):
            pause = self._patient_once()

    def _patient_once(self) -> float:
        """One round; returns how many seconds to wait before the next."""
        try:
            claimed = self._once()
        except AWAY as error:
            self.stderr.write(f"the database is away: {str(error).strip()}")
            close_old_connections()
            return PAUSE_WITHOUT_DATABASE
        close_old_connections()
        return 0.0 if claimed == dispatching.BATCH else PAUSE

    def _once(self) -> int:
        now = timezone.now()
        reminders.queue_reminders(now)
        digest.send_digests(now)
        return dispatching.dispatch(is_stopping=lambda: bool(self.stopping and self.stopping.is_set()))
