from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from django.db import transaction
from django.utils import timezone

from mentoring.demo.people import Cast
from mentoring.demo.seeding import seed


@dataclass(frozen=True)
class Seeded:
    cast: Cast
    now: datetime


@pytest.fixture(scope="package")
def seeded(django_db_setup: None, django_db_blocker) -> Iterator[Seeded]:
    """The demonstration program, seeded once for all tests of this folder and taken away after them."""
    now = timezone.now()
    with django_db_blocker.unblock(), transaction.atomic():
        yield Seeded(seed(now.date(), now), now)
        transaction.set_rollback(True)
