"""Mails that could not be sent, or came back: why, in plain words, and sending there after all."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import BooleanField, Case, F, Q, When

from mentoring.outbox.choices import Reader
from mentoring.outbox.delivery import NOT_THIS_MAIL
from mentoring.outbox.dispatching import RETURNED, TOO_LATE, UNCLEAR, UNWANTED
from mentoring.outbox.models import FREE, Category, Mail, MailQuerySet, Undeliverable
from mentoring.outbox.services import wake_dispatcher

METADATA = (
    "state", "category", "program_id", "person__name", "recipients", "created_at", "due_at", "failed_at",
    "error", "attempts", "send_before",
)  # fmt: skip
WHAT = {
    Category.REQUESTS: "About a request",
    Category.SESSIONS: "About a session",
    Category.REMINDERS: "A reminder of a session",
}
A_DAY = 24 * 60 * 60  # seconds
ADDRESS_UNKNOWN = "The mail server says that there is no such address."
MAILBOX_FULL = "The reader's mailbox is full."
# An answer's code, alone or with its finer one, such as "550 5.1.1".
CODE = re.compile(r"(?:^|\s)([45]\d\d)(?:[ -]([45]\.\d{1,3}\.\d{1,3}))?")


def failed() -> MailQuerySet:
    return Mail.objects.filter(state=Mail.State.FAILED)


def put_off() -> MailQuerySet:
    """Mails that were tried, or for which no server could be reached, and that will be tried again."""
    return Mail.objects.filter(state=Mail.State.WAITING).exclude(error="")


def retriable(mails: MailQuerySet, now: datetime) -> MailQuerySet:
    """Those of which there still is a text, and a use."""
    return mails.filter(_is_retriable(now))


def retry(mails: MailQuerySet, now: datetime) -> int:
    """Have what failed sent after all, as if it were new; returns how many. Twice does once, and a dispatcher
    has no hand on what has failed."""
    retried = retriable(mails, now).update_in_order(
        state=Mail.State.WAITING, failed_at=None, due_at=now, attempts=0, unsettled=0, error="", **FREE
    )
    if retried:
        wake_dispatcher()
    return retried


@transaction.atomic
def try_again(person: Reader) -> bool:
    """Have mails go to an address that has sent some back; False when its owner did so within the last day.

    Once a day, for a mailbox that is gone for good is not to be written to each hour.
    """
    if not cache.add(f"mail-again:{person.pk}", 1, A_DAY):
        return False
    Undeliverable.objects.at(person.email).delete()
    return True


@dataclass(frozen=True)
class Failure:
    """A mail as somebody sees it for whom it is not."""

    mail: Mail
    to: str
    what: str
    why: str
    is_retriable: bool

    @classmethod
    def of(cls, mail: Mail) -> "Failure":
        """Of a mail that comes from `listed`."""
        person: Any = mail.person
        annotated: Any = mail
        to = person.name if person is not None else ", ".join(mail.recipients)
        return cls(mail, to, what_of(mail), why_of(mail), annotated.is_retriable)


def listed(mails: MailQuerySet, now: datetime) -> MailQuerySet:
    """The latest first, with their readers, and without a word of what they say."""
    is_retriable = Case(When(_is_retriable(now), then=True), default=False, output_field=BooleanField())
    return (
        mails.annotate(is_retriable=is_retriable)
        .select_related("person")
        .only(*METADATA)
        .order_by(F("failed_at").desc(nulls_last=True), "-created_at", "-pk")
    )


def _is_retriable(now: datetime) -> Q:
    return Q(state=Mail.State.FAILED, send_before__gt=now) & ~Q(text="")


def what_of(mail: Mail) -> str:
    """What a mail is, for whom it is not: never more than its category."""
    return WHAT.get(Category(mail.category), "About an engagement" if mail.program_id else "About an account")


def why_of(mail: Mail) -> str:
    """Why it was not sent. A server's own words stay away, since some repeat what they refuse."""
    error = mail.error
    for said in (TOO_LATE, UNCLEAR):
        if error.startswith(said):
            rest = why_of(Mail(error=error.removeprefix(said))) if error.removeprefix(said) else ""
            return f"{said.strip()} {rest}".strip()
    if error in (RETURNED, UNWANTED):
        return error
    if found := CODE.search(error):
        return _of_code(
            "provider" if error.startswith("Anymail") else "server", int(found[1]), found[2] or ""
        )
    if error.startswith(("ValueError", "BadHeaderError", "Anymail", "It is addressed")):
        return "It cannot be written as a mail to this address."
    return "The mail server could not be reached, or broke off."


def _of_code(who: str, code: int, finer: str) -> str:
    is_provider = who == "provider"
    if finer.startswith("5.1.") or (code == 550 and not finer):
        return ADDRESS_UNKNOWN
    if code == 552 or finer.endswith(".2.2"):
        return MAILBOX_FULL
    if (code >= 500 or code in NOT_THIS_MAIL) if is_provider else code < 500:
        return f"The mail {who} asked to be tried again later ({code})."
    return f"The mail {who} refused it ({code})."
