from celery import shared_task
from django.utils import timezone

from mentoring.celery import publish
from mentoring.database import patiently
from mentoring.outbox import digest, dispatching, services


@shared_task(name="outbox.dispatch_mail")
def dispatch_mail() -> None:
    if patiently(dispatching.dispatch) == dispatching.BATCH:
        publish("outbox.dispatch_mail")


@shared_task(name="outbox.send_digests")
def send_digests() -> None:
    patiently(lambda: digest.send_digests(timezone.now()))


@shared_task(name="outbox.clear_sent_mail")
def clear_sent_mail() -> None:
    services.clear_sent(timezone.now())


@shared_task(name="outbox.forget_old_mail")
def forget_old_mail() -> None:
    services.forget_old(timezone.now())
