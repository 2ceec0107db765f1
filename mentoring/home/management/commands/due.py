from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from mentoring.home.monitoring import backlog, exposition


class Command(BaseCommand):
    help = "How far mails and reminders are behind; ends with 1 beyond a bound."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at-most", type=float, default=300, help="Seconds; default 300.")

    def handle(self, *args: object, at_most: float, **options: object) -> None:
        found = backlog(timezone.now())
        self.stdout.write(exposition(found), ending="")
        if found.oldest > at_most:
            raise CommandError(f"The oldest has been due for {found.oldest:.0f} seconds.")
