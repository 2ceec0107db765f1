import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q


class MailQuerySet(models.QuerySet["Mail"]):
    def due(self, now: datetime) -> "MailQuerySet":
        """Waiting mails whose time has come and that no live dispatcher holds, oldest first."""
        return self.filter(
            Q(leased_until__isnull=True) | Q(leased_until__lte=now), state=Mail.State.WAITING, due_at__lte=now
        ).order_by("due_at", "pk")

    def about(self, subject: str) -> "MailQuerySet":
        return self.filter(about=subject)


class Mail(models.Model):
    """One mail to one envelope, durable from the moment the change it speaks of is."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        WITHDRAWN = "withdrawn", "withdrawn"

    key = models.CharField(max_length=120, unique=True, help_text="The same key twice is the same mail.")
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=80, blank=True, db_index=True, help_text='Such as "session:<id>".')
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    sender = models.CharField(max_length=320)
    recipients = models.JSONField()
    subject = models.CharField(max_length=998)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    send_before = models.DateTimeField(help_text="After this instant the mail is of no use and is not sent.")
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
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
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"

    @property
    def is_on_its_way(self) -> bool:
        """Sent, or in a dispatcher's hands, which may have sent it already."""
        return self.state == self.State.SENT or (self.state == self.State.WAITING and self.lease is not None)


# How long a mail stays useful when its sender does not say.
USEFUL_FOR = timedelta(days=3)


def new_key() -> str:
    return f"once:{uuid.uuid4()}"
