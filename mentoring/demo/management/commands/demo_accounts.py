from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from mentoring.demo.accounts import PASSWORD, demo_people


class Command(BaseCommand):
    help = "Print the three demonstration accounts, if they exist (under DEBUG only)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            return
        for role, _, person in demo_people():
            self.stdout.write(f"{role:<14} {person.name:<14} {person.email:<27} {PASSWORD}")
