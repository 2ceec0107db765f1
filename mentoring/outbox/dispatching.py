"""Sending what is due from the outbox: claim with a lease, send outside any transaction, record."""

import logging
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F, TextField, Value
from django.db.models.functions import Concat
from django.utils import timezone

from mentoring.database import patiently
from mentoring.outbox.delivery import Outcome, close, deliver, open_connection
from mentoring.outbox.models import FREE, Mail, MailQuerySet, Undeliverable

log = logging.getLogger(__name__)

BATCH = 20
# After so long a batch begins no other mail: five timeouts of 15 s later it still is within the task's limit.
BATCH_SECONDS = 10.0
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
# Each try whose end nobody recorded may have sent the mail: with two of them it has been sent twice at most.
UNSETTLED_TRIES = 2

TOO_LATE = "Not sent in time to be of use. "
UNCLEAR = "It may have arrived: twice, what was sending it ended before it could say so. "
RETURNED = "Mails to this address come back, so nothing more is sent there."
UNWANTED = "Its reader has marked a mail as unwanted, so nothing more is sent there."


def _never() -> bool:
    return False


def dispatch(now: datetime | None = None, *, is_stopping: Callable[[], bool] = _never) -> int:
    """Claim what is due, one batch of at most 20, and send it; returns how many mails were claimed.

    A mail server that cannot be reached is nobody's fault: all that is due waits a minute. A batch that
    takes long, or is told to stop, gives back what it has not come to. A database that goes away meanwhile
    is waited for.
    """
    now = now or timezone.now()
    lease = uuid.uuid4()
    patiently(lambda: _sweep(now))
    waiting = patiently(lambda: _claim(lease, now))
    claimed = len(waiting)
    if not claimed:
        return 0
    connection = get_connection(settings.DELIVERY_BACKEND)
    began = time.monotonic()
    try:
        _refuse_undeliverable(waiting, lease)
        while waiting and time.monotonic() - began < BATCH_SECONDS and not is_stopping():
            if error := open_connection(connection):
                log.warning("the mail server cannot be reached: %s", error)
                _postpone(lease, error, timezone.now())
                break
            _send_one(waiting.pop(0), lease, connection)
    finally:
        close(connection)
        if waiting:
            patiently(lambda: _give_back(waiting, lease))
    return claimed


def _sweep(now: datetime) -> None:
    """Fail what is due and must not be sent any more."""
    _fail(Mail.objects.due(now).filter(send_before__lte=now), TOO_LATE)
    _fail(Mail.objects.due(now).filter(unsettled__gte=UNSETTLED_TRIES), UNCLEAR)


@transaction.atomic
def _fail(mails: MailQuerySet, reason: str) -> None:
    stale = mails.select_for_update(skip_locked=True)
    Mail.objects.filter(pk__in=stale.values("pk")).update(
        state=Mail.State.FAILED,
        failed_at=timezone.now(),
        error=Concat(Value(reason), F("error"), output_field=TextField()),
        **FREE,
    )


@transaction.atomic
def _claim(lease: uuid.UUID, now: datetime) -> list[Mail]:
    mails = list(Mail.objects.due(now).select_for_update(skip_locked=True)[:BATCH])
    ids = [mail.pk for mail in mails]
    Mail.objects.filter(pk__in=ids).update(lease=lease, leased_until=now + settings.OUTBOX_LEASE)
    return mails


def _give_back(mails: list[Mail], lease: uuid.UUID) -> None:
    Mail.objects.filter(pk__in=[mail.pk for mail in mails], lease=lease).update_in_order(**FREE)


def _refuse_undeliverable(waiting: list[Mail], lease: uuid.UUID) -> None:
    """Fail, and take out of the batch, what is addressed to where nothing arrives.

    A mail of the account goes there nevertheless: its reader asked for it this very minute, and without
    the code in it could not come in to say that the address works again.
    """
    addresses = {address.lower() for mail in waiting for address in mail.recipients}
    found = Undeliverable.objects.filter(email__in=addresses)
    why: dict[str, str] = dict(patiently(lambda: list(found.values_list("email", "why"))))
    for mail in list(waiting):
        reasons = [why[address.lower()] for address in mail.recipients if address.lower() in why]
        if reasons and mail.kind != "account":
            waiting.remove(mail)
            error = UNWANTED if reasons[0] == Undeliverable.Why.COMPLAINED else RETURNED
            _record(
                _held(mail, lease), state=Mail.State.FAILED, failed_at=timezone.now(), error=error, **FREE
            )


def _postpone(lease: uuid.UUID, error: str, now: datetime) -> None:
    """Let all that is due wait: what this batch has claimed, and what nobody has."""
    ours = Mail.objects.filter(lease=lease, state=Mail.State.WAITING)
    ours.update_in_order(due_at=now + FIRST_PAUSE, error=error, **FREE)
    with transaction.atomic():
        others = Mail.objects.due(now).select_for_update(skip_locked=True)
        Mail.objects.filter(pk__in=others.values("pk")).update(due_at=now + FIRST_PAUSE, error=error)


def _send_one(mail: Mail, lease: uuid.UUID, connection: BaseEmailBackend) -> None:
    """Send one claimed mail and record what became of it, unless the claim was lost or it was withdrawn."""
    now = timezone.now()
    begun = _record(
        _held(mail, lease).filter(send_before__gt=now),
        # The lease runs from each mail's own start, so that a slow batch is not taken over half way.
        leased_until=now + settings.OUTBOX_LEASE,
        attempts=mail.attempts + 1,
        unsettled=mail.unsettled + 1,
    )
    if begun:
        _settle(mail, _held(mail, lease), deliver(mail, connection))


def _settle(mail: Mail, held: MailQuerySet, outcome: Outcome) -> None:
    now = timezone.now()
    if not outcome.error:
        _record(held, state=Mail.State.SENT, sent_at=now, error="", unsettled=0, **FREE)
    elif outcome.is_final:
        log.warning("mail %s failed: %s", mail.pk, outcome.error)
        failure = {"state": Mail.State.FAILED, "failed_at": now, "error": outcome.error}
        _record(held, **failure, unsettled=mail.unsettled, **FREE)
    else:
        due_at = now + _pause(mail.attempts)
        _record(held, due_at=due_at, error=outcome.error, unsettled=mail.unsettled, **FREE)


def _held(mail: Mail, lease: uuid.UUID) -> MailQuerySet:
    return Mail.objects.filter(pk=mail.pk, lease=lease, state=Mail.State.WAITING)


def _record(held: MailQuerySet, **fields: Any) -> bool:
    """Write this of a mail, if it still is ours. What was sent must not go unrecorded, and be sent again,
    for a database that is away for a moment."""
    return bool(patiently(lambda: held.update(**fields)))


def _pause(attempts: int) -> timedelta:
    """How long to wait after so many earlier attempts: 1 minute, 2, 4, … at most an hour."""
    return min(FIRST_PAUSE * 2 ** min(attempts, 10), LONGEST_PAUSE)
