from celery import shared_task

from accounts import search
from mentoring.database import patiently


@shared_task(name="accounts.heal_search")
def heal_search() -> None:
    patiently(search.heal)
