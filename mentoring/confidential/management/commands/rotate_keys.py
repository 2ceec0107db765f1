from django.core.management.base import BaseCommand
from django.db import transaction

from mentoring.confidential import keyring
from mentoring.confidential.models import DataKey


class Command(BaseCommand):
    help = "Wrap every data key under the newest key of CONFIDENTIAL_KEYS. Safe to repeat."

    def handle(self, *args: object, **options: object) -> None:
        ids = list(DataKey.objects.exclude(under=keyring.newest()).values_list("pk", flat=True))
        for pk in ids:
            with transaction.atomic():
                DataKey.objects.select_for_update().get(pk=pk).rewrap()
        self.stdout.write(f"{len(ids)} data keys are now under {keyring.newest()!r}.")
