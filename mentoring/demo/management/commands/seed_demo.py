from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from mentoring.demo.seeding import is_seeded, seed


class Command(BaseCommand):
    help = "Add the demonstration program Crossways, unless it is there (under DEBUG only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--today",
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="The day that everything is told from; otherwise the present one.",
        )

    def handle(self, *args: Any, today: date | None, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demonstration accounts have a public password: set DEBUG=1 to add them.")
        if is_seeded():
            self.stdout.write("The demonstration program is there already.")
            return
        now = timezone.now()
        cast = seed(today or now.date(), now)
        self.stdout.write(f"{cast.program.name} is there, with {len(cast.persons)} people.")
