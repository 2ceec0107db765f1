"""Every mail of the application: put into the outbox with the change that it speaks of, sent from there."""

import logging
import smtplib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import make_msgid
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import BadHeaderError
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone

from mentoring.celery import publish_on_commit
from mentoring.outbox.models import USEFUL_FOR, Mail

log = logging.getLogger(__name__)

BATCH = 20
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
KEEP_BODIES = timedelta(hours=1)


class Reader(Protocol):
    email: str
    name: str

    @property
    def zone_info(self) -> ZoneInfo: ...


@dataclass(frozen=True)
class Outcome:
    """What became of one try: sent, to be tried again, or failed for good."""

    error: str = ""
    is_final: bool = False


def queue_mail(
    *,
    kind: str,
    to: Reader,
    template: str,
    context: dict[str, Any],
    key: str,
    now: datetime,
    about: str = "",
    due_at: datetime | None = None,
    send_before: datetime | None = None,
) -> None:
    """Put a mail into the outbox, in the caller's transaction; the same key twice is one mail.

    Renders emails/<template>.subject.txt, .txt and .html in the reader's zone. `about` names what the mail
    speaks of, so that a change to it can withdraw what still waits.
    """
    context = {"reader": to, "site_url": settings.SITE_URL, **context}
    with timezone.override(to.zone_info):
        subject = " ".join(render_to_string(f"emails/{template}.subject.txt", context).split())
        text = render_to_string(f"emails/{template}.txt", context).strip() + "\n"
        html = render_to_string(f"emails/{template}.html", context)
    mail = Mail(
        key=key,
        kind=kind,
        about=about,
        sender=settings.DEFAULT_FROM_EMAIL,
        recipients=[to.email],
        subject=subject,
        text=text,
        html=html,
        headers={"Message-ID": make_msgid(domain="holdfast")},
        created_at=now,
        due_at=due_at or now,
        send_before=send_before or now + USEFUL_FOR,
    )
    Mail.objects.bulk_create([mail], ignore_conflicts=True)
    wake_dispatcher()


def withdraw(about: Sequence[str]) -> int:
    """Withdraw what waits to be sent about these subjects; one that is being sent this moment still goes."""
    waiting = Mail.objects.filter(about__in=about, state=Mail.State.WAITING)
    return waiting.update(state=Mail.State.WITHDRAWN, text="", html="", lease=None, leased_until=None)


def wake_dispatcher() -> None:
    """Have what was queued sent as soon as the change is committed, rather than at the next beat."""
    publish_on_commit("outbox.dispatch_mail")


def dispatch(now: datetime | None = None) -> int:
    """Send what is due, one batch of at most 20; returns how many mails were tried."""
    now = now or timezone.now()
    _expire(now)
    lease = uuid.uuid4()
    mails = _claim(lease, now)
    if not mails:
        return 0
    connection = get_connection(settings.DELIVERY_BACKEND)
    try:
        tried = [_send_one(mail, lease, connection) for mail in mails]
    finally:
        _close(connection)
    return sum(tried)


def clear_sent(now: datetime) -> int:
    """Forget the bodies of what was sent an hour ago: a mailbox is the place to keep them."""
    sent = Mail.objects.filter(state=Mail.State.SENT, sent_at__lte=now - KEEP_BODIES).exclude(text="")
    return sent.update(text="", html="")


def _expire(now: datetime) -> None:
    stale = Mail.objects.due(now).filter(send_before__lte=now)
    stale.update(
        state=Mail.State.FAILED, error="Not sent in time to be of use.", lease=None, leased_until=None
    )


@transaction.atomic
def _claim(lease: uuid.UUID, now: datetime) -> list[Mail]:
    rows = Mail.objects.due(now).select_for_update(skip_locked=True)[:BATCH]
    ids = [mail.pk for mail in rows]
    Mail.objects.filter(pk__in=ids).update(lease=lease, leased_until=now + settings.OUTBOX_LEASE)
    return list(Mail.objects.filter(pk__in=ids).order_by("due_at", "pk"))


def _send_one(mail: Mail, lease: uuid.UUID, connection: BaseEmailBackend) -> bool:
    """Send one claimed mail and record what became of it; False if the claim was lost or it was withdrawn."""
    ours = Mail.objects.filter(pk=mail.pk, lease=lease, state=Mail.State.WAITING)
    # The lease runs from each mail's own start, so that a slow batch is not taken over half way.
    if not ours.update(leased_until=timezone.now() + settings.OUTBOX_LEASE, attempts=F("attempts") + 1):
        return False
    outcome = _deliver(mail, connection)
    now = timezone.now()
    if not outcome.error:
        ours.update(state=Mail.State.SENT, sent_at=now, error="", lease=None, leased_until=None)
    elif outcome.is_final:
        log.warning("mail %s failed: %s", mail.pk, outcome.error)
        ours.update(state=Mail.State.FAILED, error=outcome.error, lease=None, leased_until=None)
    else:
        pause = min(FIRST_PAUSE * 2**mail.attempts, LONGEST_PAUSE)
        ours.update(due_at=now + pause, error=outcome.error, lease=None, leased_until=None)
    return True


def _deliver(mail: Mail, connection: BaseEmailBackend) -> Outcome:
    message = EmailMultiAlternatives(
        mail.subject, mail.text, mail.sender, mail.recipients, headers=mail.headers, connection=connection
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    try:
        message.send()
    except BadHeaderError as error:
        return Outcome(str(error), is_final=True)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        _close(connection)
        return Outcome(str(error), is_final=min(codes, default=0) >= 500)
    except smtplib.SMTPResponseException as error:
        _close(connection)
        # A refused sign-in is the server's or our configuration's trouble, not this mail's.
        is_final = error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPAuthenticationError)
        return Outcome(f"{error.smtp_code} {error.smtp_error!r}", is_final=is_final)
    except (smtplib.SMTPException, OSError) as error:
        _close(connection)
        return Outcome(repr(error))
    return Outcome()


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError) as error:
        log.info("closing the mail connection: %r", error)
