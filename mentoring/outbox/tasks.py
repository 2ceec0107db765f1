from celery import shared_task
from django.utils import timezone

from mentoring.celery import publish
from mentoring.outbox import services


@shared_task(name="outbox.dispatch_mail")
def dispatch_mail() -> None:
    if services.dispatch() == services.BATCH:
        publish("outbox.dispatch_mail")


@shared_task(name="outbox.clear_sent_mail")
def clear_sent_mail() -> None:
    services.clear_sent(timezone.now())
