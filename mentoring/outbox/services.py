"""Every mail of the application: put into the outbox with the change that it speaks of, sent from there."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import make_msgid
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from mentoring.celery import publish_on_commit
from mentoring.outbox.choices import Outsider, Reader, fate_of, held_choices, stop_url
from mentoring.outbox.models import EMPTY, FREE, USEFUL_FOR, Category, Mail, MailChoices

KEEP_BODIES = timedelta(hours=1)
# So long after its last use a mail's row goes too, and its key with it: by then nothing would queue it anew,
# since what it was about (a reminder, an answer, a change) is settled in rows of its own.
KEEP_ROWS = timedelta(days=90)
OPENING_WORDS, OPENING_LETTERS = 40, 300


def queue_mail(
    *,
    kind: str,
    to: Reader | Outsider,
    template: str,
    context: dict[str, Any],
    key: str,
    now: datetime,
    about: str = "",
    know_by: datetime | None = None,
    send_before: datetime | None = None,
    category: Category = Category.ESSENTIAL,
    program_id: uuid.UUID | None = None,
    calendar: str = "",
    calendar_method: str = "",
    choices: MailChoices | None = None,
) -> None:
    """Put a mail into the outbox, in the caller's transaction; the same key twice is one mail.

    Renders emails/<template>.subject.txt, .txt and .html in the reader's zone. `about` names what the mail
    speaks of, so that a change to it can withdraw what still waits. `know_by` is when what it says takes
    effect; without it, when it is of no use any more. The reader's choices say when it goes (`fate_of`); one
    that they do not want is written as withdrawn, so that its key is known. Whoever needs these choices to
    write the mail passes on, as `choices`, what `held_choices` gave.
    """
    know_by = know_by or send_before
    send_before = send_before or now + USEFUL_FOR
    if choices is None:
        if category == Category.ESSENTIAL or isinstance(to, Outsider):
            choices = MailChoices()
        else:
            choices = held_choices([to.pk])[to.pk]
    fate = fate_of(
        category,
        choices,
        zone=to.zone_info,
        now=now,
        know_by=know_by,
        send_before=send_before,
        has_calendar=bool(calendar),
    )
    mail = Mail(
        key=key,
        kind=kind,
        category=category,
        person_id=to.pk,
        program_id=program_id,
        about=about,
        state=fate.state,
        sender=settings.DEFAULT_FROM_EMAIL,
        recipients=[to.email],
        calendar=calendar,
        calendar_method=calendar_method,
        headers={"Message-ID": make_msgid(domain="holdfast")},
        created_at=now,
        due_at=fate.due_at,
        know_by=know_by,
        send_before=send_before,
    )
    if mail.state != Mail.State.WITHDRAWN:
        write(mail, to, template, context)
    Mail.objects.bulk_create([mail], ignore_conflicts=True)
    wake_dispatcher()


def write(mail: Mail, to: Reader | Outsider, template: str, context: dict[str, Any]) -> None:
    """Fill in what the mail says, and how it is stopped; the row is not saved."""
    part = f"\x1e{token_hex(8)}\x1e"  # parts the plain text where nobody's words can
    context = {
        "reader": to,
        "site_url": settings.SITE_URL,
        "program": mail.program,
        "category": Category(mail.category),
        "choices_url": settings.SITE_URL + reverse("outbox:choices"),
        "part": part,
        **context,
    }
    if mail.category != Category.ESSENTIAL and not isinstance(to, Outsider):
        context["stop_url"] = stop_url(to, Category(mail.category))
        mail.headers |= {
            "List-Unsubscribe": f"<{context['stop_url']}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    with timezone.override(to.zone_info):
        mail.subject = " ".join(render_to_string(f"emails/{template}.subject.txt", context).split())
        text = render_to_string(f"emails/{template}.txt", context)
        _, opening, _, action, link, _ = (one.strip() for one in text.split(part))
        mail.opening = Truncator(" ".join(opening.split())).words(OPENING_WORDS)[:OPENING_LETTERS]
        mail.action, mail.link = action.removesuffix(":"), link
        mail.text = text.replace(part, "").strip() + "\n"
        mail.html = render_to_string(f"emails/{template}.html", {**context, "opening": mail.opening})


@transaction.atomic
def withdraw(about: Sequence[str], *, kind: str = "", to: uuid.UUID | None = None) -> int:
    """Withdraw what waits to be sent about these subjects; one that is being sent this moment still goes.

    What has failed too: nobody shall have it sent again now.
    """
    unsent = [Mail.State.WAITING, Mail.State.GATHERED, Mail.State.FAILED]
    waiting = Mail.objects.filter(about__in=about, state__in=unsent)
    if kind:
        waiting = waiting.filter(kind=kind)
    if to:
        waiting = waiting.filter(person_id=to)
    return waiting.update_in_order(state=Mail.State.WITHDRAWN, **EMPTY, **FREE)


def locked_about(subject: str) -> list[Mail]:
    """The mails about a subject; until the transaction ends no dispatcher takes one or begins to send it."""
    return list(Mail.objects.about(subject).select_for_update().order_by("pk"))


def wake_dispatcher() -> None:
    """Have what was queued sent as soon as the change is committed, rather than at the next beat."""
    publish_on_commit("outbox.dispatch_mail")


def clear_sent(now: datetime) -> int:
    """Forget what was said by mails sent an hour ago, or in a digest, or that failed and are of no use."""
    is_sent = Q(state=Mail.State.SENT, sent_at__lte=now - KEEP_BODIES)
    has_failed = Q(state=Mail.State.FAILED, send_before__lte=now)
    in_a_digest = Q(state=Mail.State.DIGESTED)
    done = Mail.objects.filter(is_sent | has_failed | in_a_digest).exclude(text="", html="")
    return done.update_in_order(**EMPTY)


def forget_old(now: datetime) -> int:
    """Delete the rows of mails that were settled, one way or another, and of no use any more 90 days ago."""
    unsettled = [Mail.State.WAITING, Mail.State.GATHERED]
    old = Mail.objects.filter(send_before__lte=now - KEEP_ROWS).exclude(state__in=unsettled)
    return old.delete()[0]
