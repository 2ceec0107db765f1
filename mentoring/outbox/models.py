import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower

from mentoring.outbox.hours import Quiet


class MailQuerySet(models.QuerySet["Mail"]):
    def due(self, now: datetime) -> "MailQuerySet":
        """Waiting mails whose time has come and that no live dispatcher holds, oldest first."""
        return self.filter(
            Q(leased_until__isnull=True) | Q(leased_until__lte=now), state=Mail.State.WAITING, due_at__lte=now
        ).order_by("due_at", "pk")

    def about(self, subject: str) -> "MailQuerySet":
        return self.filter(about=subject)

    @transaction.atomic
    def update_in_order(self, **fields: Any) -> int:
        """Update, each row locked in the order of the keys first: two who change many of the same mails at
        once do not wait for each other."""
        locked = self.order_by("pk").select_for_update().values("pk")
        return self.filter(pk__in=locked).update(**fields)


class Category(models.TextChoices):
    """What a mail is about, as its reader may choose; nobody can stop what is essential."""

    ESSENTIAL = "essential", "What you have to know"
    REQUESTS = "requests", "Requests and answers to them"
    SESSIONS = "sessions", "Sessions: proposals and changes"
    REMINDERS = "reminders", "Reminders of sessions"
    DIGEST = "digest", "The daily mail"  # what it gathers is of the others


class Mail(models.Model):
    """One mail to one envelope, durable from the moment the change it speaks of is."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        WITHDRAWN = "withdrawn", "withdrawn"
        GATHERED = "gathered", "waiting for the reader's digest"
        DIGESTED = "digested", "part of a digest"

    key = models.CharField(max_length=120, unique=True, help_text="The same key twice is the same mail.")
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=80, blank=True, db_index=True, help_text='Such as "session:<id>".')
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    category = models.CharField(max_length=12, choices=Category, default=Category.ESSENTIAL)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="mails", help_text="The reader."
    )
    program = models.ForeignKey(
        "programs.Program",
        models.SET_NULL,
        null=True,
        related_name="mails",
        help_text="Its admins see a failure.",
    )
    sender = models.CharField(max_length=320)
    recipients = models.JSONField()
    subject = models.CharField(max_length=998)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    # What a digest says of it.
    opening = models.CharField(max_length=300, blank=True)
    action = models.CharField(max_length=120, blank=True)
    link = models.CharField(max_length=500, blank=True)
    calendar = models.TextField(blank=True, help_text="An iCalendar object that goes with it.")
    calendar_method = models.CharField(max_length=10, blank=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    know_by = models.DateTimeField(null=True, help_text="When what it says takes effect.")
    send_before = models.DateTimeField(help_text="After this instant the mail is of no use and is not sent.")
    attempts = models.PositiveSmallIntegerField(default=0)
    unsettled = models.PositiveSmallIntegerField(
        default=0, help_text="Tries whose end nobody recorded: each may have sent it."
    )
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="mail_sent_has_instant",
                condition=Q(state="sent", sent_at__isnull=False) | ~Q(state="sent"),
            ),
            models.CheckConstraint(
                name="mail_lease_has_end",
                condition=Q(lease__isnull=True, leased_until__isnull=True)
                | Q(lease__isnull=False, leased_until__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="waiting"), name="mail_waiting_by_due"),
            models.Index(
                fields=["sent_at"], condition=Q(state="sent") & ~Q(text=""), name="mail_sent_uncleared"
            ),
            models.Index(fields=["due_at"], condition=Q(state="gathered"), name="mail_gathered_by_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"

    @property
    def is_on_its_way(self) -> bool:
        """Sent, by itself or in a digest, or it may have been: a dispatcher has it in hand, or had."""
        is_held = self.state == self.State.WAITING and self.lease is not None
        return is_held or self.unsettled > 0 or self.state in (self.State.SENT, self.State.DIGESTED)


STOPPABLE: list[Category] = [one for one in Category if one not in (Category.ESSENTIAL, Category.DIGEST)]


class MailChoicesManager(models.Manager["MailChoices"]):
    def of(self, people: Iterable[uuid.UUID]) -> dict[uuid.UUID, "MailChoices"]:
        """The choices of each of these people; who has made none has the defaults, in a row not saved."""
        ids = set(people)
        made = self.in_bulk(ids)
        return {pk: made.get(pk) or MailChoices(person_id=pk) for pk in ids}


class MailChoices(models.Model):
    """Which mails a person wants, when, and how long before a session they are reminded."""

    class Entries(models.TextChoices):
        """How sessions come into the person's own calendar by mail."""

        RESERVED = "reserved", "one mail for each session, as soon as it is reserved"
        REMINDER = "reminder", "with each reminder, and when something changes"
        NONE = "none", "not by mail; I use the private address instead"

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="mail_choices"
    )
    stopped = models.JSONField(default=list, blank=True, help_text="Categories that are not wanted.")
    early_minutes = models.PositiveIntegerField(null=True, blank=True, default=24 * 60)
    late_minutes = models.PositiveIntegerField(null=True, blank=True, default=60)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    digest_at = models.TimeField(null=True, blank=True, help_text="One mail a day; empty: single mails.")
    entries = models.CharField(max_length=8, choices=Entries, default=Entries.REMINDER)

    objects = MailChoicesManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="quiet_hours_have_both_ends",
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | (Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until"))),
            ),
            models.CheckConstraint(
                name="late_reminder_after_early",
                condition=Q(late_minutes__isnull=True)
                | Q(early_minutes__isnull=True)
                | Q(late_minutes__lt=F("early_minutes")),
            ),
        ]
        verbose_name_plural = "mail choices"

    def __str__(self) -> str:
        return f"mail choices of {self.person_id}"

    def wants(self, category: str) -> bool:
        return category not in self.stopped

    def quiet(self, zone: ZoneInfo) -> Quiet | None:
        if self.quiet_from is None or self.quiet_until is None:
            return None
        return Quiet(self.quiet_from, self.quiet_until, zone)


class UndeliverableQuerySet(models.QuerySet["Undeliverable"]):
    def at(self, email: str) -> "UndeliverableQuerySet":
        return self.filter(email=email.lower())


class Undeliverable(models.Model):
    """A mail address that has sent mails back, or whose owner has complained; nothing more goes there."""

    class Why(models.TextChoices):
        BOUNCED = "bounced", "mails come back"
        COMPLAINED = "complained", "its owner has marked a mail as unwanted"

    email = models.EmailField(max_length=320)
    why = models.CharField(max_length=10, choices=Why)
    detail = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField()

    objects = UndeliverableQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="undeliverable_once")]
        verbose_name_plural = "undeliverable"

    def __str__(self) -> str:
        return f"undeliverable: {self.why}"


# What it said is forgotten, and what it was about: its kind and key stay.
EMPTY = {"subject": "", "text": "", "html": "", "opening": "", "action": "", "link": "", "calendar": ""}
FREE: dict[str, None] = {"lease": None, "leased_until": None}  # no dispatcher holds it

# How long a mail stays useful when its sender does not say.
USEFUL_FOR = timedelta(days=3)


def new_key() -> str:
    return f"once:{uuid.uuid4()}"
