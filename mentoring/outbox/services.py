"""Every mail of the application: put into the outbox with the change that it speaks of, sent from there."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import make_msgid
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone

from mentoring.celery import publish_on_commit
from mentoring.outbox.models import FREE, USEFUL_FOR, Category, Mail

KEEP_BODIES = timedelta(hours=1)


class Reader(Protocol):
    """Who a mail is for: the user model stands in a higher app."""

    pk: uuid.UUID
    email: str
    name: str

    @property
    def zone_info(self) -> ZoneInfo: ...


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
    category: Category = Category.ESSENTIAL,
    program_id: uuid.UUID | None = None,
    calendar: str = "",
    calendar_method: str = "",
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
        category=category,
        person_id=to.pk,
        program_id=program_id,
        about=about,
        sender=settings.DEFAULT_FROM_EMAIL,
        recipients=[to.email],
        subject=subject,
        text=text,
        html=html,
        calendar=calendar,
        calendar_method=calendar_method,
        headers={"Message-ID": make_msgid(domain="holdfast")},
        created_at=now,
        due_at=due_at or now,
        send_before=send_before or now + USEFUL_FOR,
    )
    Mail.objects.bulk_create([mail], ignore_conflicts=True)
    wake_dispatcher()


def withdraw(about: Sequence[str], *, kind: str = "") -> int:
    """Withdraw what waits to be sent about these subjects; one that is being sent this moment still goes."""
    waiting = Mail.objects.filter(about__in=about, state__in=[Mail.State.WAITING, Mail.State.GATHERED])
    if kind:
        waiting = waiting.filter(kind=kind)
    return waiting.update(state=Mail.State.WITHDRAWN, text="", html="", **FREE)


def locked_about(subject: str) -> list[Mail]:
    """The mails about a subject; until the transaction ends no dispatcher takes one or begins to send it."""
    return list(Mail.objects.about(subject).select_for_update().order_by("pk"))


def wake_dispatcher() -> None:
    """Have what was queued sent as soon as the change is committed, rather than at the next beat."""
    publish_on_commit("outbox.dispatch_mail")


def clear_sent(now: datetime) -> int:
    """Forget the bodies of what was sent an hour ago, and of what failed and is of no use any more."""
    is_sent = Q(state=Mail.State.SENT, sent_at__lte=now - KEEP_BODIES)
    has_failed = Q(state=Mail.State.FAILED, send_before__lte=now)
    done = Mail.objects.filter(is_sent | has_failed).exclude(text="", html="")
    return done.update(text="", html="")
