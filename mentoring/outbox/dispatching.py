"""Sending what is due from the outbox: claim with a lease, send outside any transaction, record."""

import logging
import smtplib
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F, TextField, Value
from django.db.models.functions import Concat
from django.utils import timezone

from mentoring.outbox.models import FREE, Mail

log = logging.getLogger(__name__)

BATCH = 20
# After so long a batch begins no other mail: five timeouts of 15 s later it still is within the task's limit.
BATCH_SECONDS = 10.0
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class Outcome:
    """What became of one try: sent, to be tried again, or failed for good."""

    error: str = ""
    is_final: bool = False


def dispatch(now: datetime | None = None) -> int:
    """Claim what is due, one batch of at most 20, and send it; returns how many mails were claimed.

    A mail server that cannot be reached is nobody's fault: all that is due waits a minute. A batch that
    takes long gives back what it has not come to.
    """
    now = now or timezone.now()
    _expire(now)
    lease = uuid.uuid4()
    waiting = _claim(lease, now)
    claimed = len(waiting)
    connection = get_connection(settings.DELIVERY_BACKEND)
    began = time.monotonic()
    try:
        while waiting and time.monotonic() - began < BATCH_SECONDS:
            if error := _open(connection):
                log.warning("the mail server cannot be reached: %s", error)
                _postpone(lease, error, timezone.now())
                break
            _send_one(waiting.pop(0), lease, connection)
    finally:
        _close(connection)
        Mail.objects.filter(pk__in=[mail.pk for mail in waiting], lease=lease).update(**FREE)
    return claimed


@transaction.atomic
def _expire(now: datetime) -> None:
    stale = Mail.objects.due(now).filter(send_before__lte=now).select_for_update(skip_locked=True)
    Mail.objects.filter(pk__in=stale.values("pk")).update(
        state=Mail.State.FAILED,
        error=Concat(Value("Not sent in time to be of use. "), F("error"), output_field=TextField()),
        **FREE,
    )


@transaction.atomic
def _claim(lease: uuid.UUID, now: datetime) -> list[Mail]:
    mails = list(Mail.objects.due(now).select_for_update(skip_locked=True)[:BATCH])
    ids = [mail.pk for mail in mails]
    Mail.objects.filter(pk__in=ids).update(lease=lease, leased_until=now + settings.OUTBOX_LEASE)
    return mails


def _postpone(lease: uuid.UUID, error: str, now: datetime) -> None:
    """Let all that is due wait: what this batch has claimed, and what nobody has."""
    ours = Mail.objects.filter(lease=lease, state=Mail.State.WAITING)
    ours.update(due_at=now + FIRST_PAUSE, error=error, **FREE)
    with transaction.atomic():
        others = Mail.objects.due(now).select_for_update(skip_locked=True)
        Mail.objects.filter(pk__in=others.values("pk")).update(due_at=now + FIRST_PAUSE, error=error)


def _send_one(mail: Mail, lease: uuid.UUID, connection: BaseEmailBackend) -> None:
    """Send one claimed mail and record what became of it, unless the claim was lost or it was withdrawn."""
    now = timezone.now()
    ours = Mail.objects.filter(pk=mail.pk, lease=lease, state=Mail.State.WAITING)
    # The lease runs from each mail's own start, so that a slow batch is not taken over half way.
    in_time = ours.filter(send_before__gt=now)
    if not in_time.update(leased_until=now + settings.OUTBOX_LEASE, attempts=F("attempts") + 1):
        return
    outcome = _deliver(mail, connection)
    now = timezone.now()
    if not outcome.error:
        ours.update(state=Mail.State.SENT, sent_at=now, error="", **FREE)
    elif outcome.is_final:
        log.warning("mail %s failed: %s", mail.pk, outcome.error)
        ours.update(state=Mail.State.FAILED, error=outcome.error, **FREE)
    else:
        ours.update(due_at=now + _pause(mail.attempts), error=outcome.error, **FREE)


def _pause(attempts: int) -> timedelta:
    """How long to wait after so many earlier attempts: 1 minute, 2, 4, … at most an hour."""
    return min(FIRST_PAUSE * 2 ** min(attempts, 10), LONGEST_PAUSE)


def _deliver(mail: Mail, connection: BaseEmailBackend) -> Outcome:
    message = EmailMultiAlternatives(
        mail.subject, mail.text, mail.sender, mail.recipients, headers=mail.headers, connection=connection
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    try:
        if not message.send():
            return Outcome("It is addressed to nobody.", is_final=True)
    except ValueError as error:  # a bad header, or an address that cannot be written
        return Outcome(f"{type(error).__name__}: {error}", is_final=True)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        _close(connection)
        return Outcome(str(error), is_final=min(codes, default=0) >= 500)
    except smtplib.SMTPResponseException as error:
        _close(connection)
        # A refused sender is the server's or our configuration's trouble, not this mail's.
        is_final = error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPSenderRefused)
        return Outcome(f"{error.smtp_code} {error.smtp_error!r}", is_final=is_final)
    except (smtplib.SMTPException, OSError) as error:
        _close(connection)
        return Outcome(repr(error))
    return Outcome()


def _open(connection: BaseEmailBackend) -> str:
    """Connect and sign in, unless that is done; returns what went wrong."""
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as error:
        _close(connection)
        return repr(error)
    return ""


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError) as error:
        log.info("closing the mail connection: %r", error)
