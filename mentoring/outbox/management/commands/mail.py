from argparse import ArgumentParser

from django.core.management.base import BaseCommand
from django.utils import timezone

from mentoring.outbox import failures
from mentoring.outbox.models import Mail


class Command(BaseCommand):
    help = "Mails that failed, those of accounts too, which belong to no program; and sending them after all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        wanted = parser.add_mutually_exclusive_group(required=True)
        wanted.add_argument("--failed", action="store_true", help="List them, without their words.")
        wanted.add_argument("--retry", type=int, metavar="ID", help="Send this one again.")

    def handle(self, *args: object, retry: int | None, **options: object) -> None:
        now = timezone.now()
        if retry is not None:
            if failures.retry(Mail.objects.filter(pk=retry), now):
                self.stdout.write("It is sent again now.")
            else:
                self.stdout.write("It cannot be sent again: it has not failed, or is of no use any more.")
            return
        for mail in failures.listed(failures.failed(), now):
            one = failures.Failure.of(mail)
            can = "" if one.is_retriable else " It is of no use any more."
            failed_at = mail.failed_at or mail.due_at
            self.stdout.write(f"{mail.pk}  {failed_at:%Y-%m-%d %H:%M}  {one.to}: {one.what}. {one.why}{can}")
