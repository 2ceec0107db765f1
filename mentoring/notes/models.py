"""What two people write for and after a session, all of it sealed: agenda, commitments, notes."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q

from accounts.models import User
from mentoring.confidential.models import DataKey, new_id, place
from mentoring.engagements.models import Engagement
from mentoring.schedule.models import Session


class AgendaItem(models.Model):
    """Something to talk about in a session; both add to it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.ForeignKey(Session, models.CASCADE, related_name="agenda")
    by = models.ForeignKey(User, models.CASCADE, related_name="+")
    text_sealed = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return "an agenda item"


class CommitmentQuerySet(models.QuerySet["Commitment"]):
    def visible_to(self, user: User | AnonymousUser) -> "CommitmentQuerySet":
        return self.filter(Q(engagement__mentor_id=user.pk) | Q(engagement__mentee_id=user.pk))

    def undertaken_by(self, user: User | AnonymousUser) -> "CommitmentQuerySet":
        return self.filter(by_id=user.pk)

    def open(self) -> "CommitmentQuerySet":
        return self.filter(state=Commitment.State.OPEN)

    def under_way(self) -> "CommitmentQuerySet":
        return self.filter(engagement__state=Engagement.State.ACTIVE)

    def brought_to(self, session: Session, *, since: datetime | None) -> "CommitmentQuerySet":
        """Made before it, and not closed by `since`, when the two last met."""
        rows = self.filter(engagement_id=session.series.engagement_id, created_at__lt=session.ends_at)
        rows = rows.exclude(made_in=session)
        return rows if since is None else rows.filter(Q(closed_at=None) | Q(closed_at__gte=since))


class Commitment(models.Model):
    """What one of the two undertook to do; it comes back at the next session until it is done or dropped."""

    class State(models.TextChoices):
        OPEN = "open", "open"
        DONE = "done", "done"
        DROPPED = "dropped", "dropped"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    engagement = models.ForeignKey(Engagement, models.CASCADE, related_name="commitments")
    by = models.ForeignKey(User, models.CASCADE, related_name="commitments")  # who undertook it
    made_in = models.ForeignKey(Session, models.SET_NULL, null=True, related_name="commitments")
    text_sealed = models.BinaryField()
    due_on = models.DateField("by when", null=True, blank=True)
    state = models.CharField(max_length=7, choices=State, default=State.OPEN)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = CommitmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="commitment_open_until_closed",
                condition=Q(state="open", closed_at__isnull=True)
                | (~Q(state="open") & Q(closed_at__isnull=False)),
            )
        ]
        ordering = [F("due_on").asc(nulls_last=True), "created_at", "pk"]

    def __str__(self) -> str:
        return "a commitment"


class SharedNote(models.Model):
    """What the two write down of a session together; `version` refuses the edit of an older text."""

    session = models.OneToOneField(Session, models.CASCADE, primary_key=True, related_name="shared_note")
    text_sealed = models.BinaryField()
    version = models.PositiveIntegerField(default=1)
    by = models.ForeignKey(User, models.CASCADE, related_name="+")  # who wrote last
    written_at = models.DateTimeField()

    def __str__(self) -> str:
        return "a shared note"


class PrivateNote(models.Model):
    """What one of the two writes down of a session for themselves; nobody else reads it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.ForeignKey(Session, models.CASCADE, related_name="private_notes")
    author = models.ForeignKey(User, models.CASCADE, related_name="private_notes")
    text_sealed = models.BinaryField()
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "author"], name="private_note_once_per_author")
        ]

    def __str__(self) -> str:
        return "a private note"


Sealed = AgendaItem | Commitment | SharedNote | PrivateNote
Row = TypeVar("Row", bound=Sealed)


def seal(row: Sealed, text: str) -> None:
    """Set the row's text, which is not saved; its session or engagement has to be set before."""
    row.text_sealed = DataKey.objects.of(_owner(row)).seal(text, place=place(row, "text"))


def read(row: Sealed) -> str:
    return read_all([row])[0][1]


def read_all(rows: Iterable[Row]) -> list[tuple[Row, str]]:
    """Each row with its text; one query for all the keys. Agenda items come with session__series."""
    rows = list(rows)
    keys = {key.owner: key for key in DataKey.objects.filter(owner__in={_owner(row) for row in rows})}
    return [(row, keys[_owner(row)].open(bytes(row.text_sealed), place=place(row, "text"))) for row in rows]


def _owner(row: Sealed) -> str:
    """A private note is sealed under its author's key, everything else under the engagement's."""
    if isinstance(row, PrivateNote):
        return f"person:{row.author_id}"
    if isinstance(row, Commitment):
        return f"engagement:{row.engagement_id}"
    return f"engagement:{row.session.series.engagement_id}"
