"""Lists of people on their way into a program."""

from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models import User
from mentoring.confidential.models import new_id
from mentoring.programs.models import Program

# After so long without a sign of life a worker is taken for dead, and another goes on.
STALE_AFTER = timedelta(seconds=30)


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, user: User | AnonymousUser) -> "ImportQuerySet":
        """Imports of programs that the user administers."""
        return self.filter(program__in=Program.objects.administered_by(user))

    def claimable(self, now: datetime) -> "ImportQuerySet":
        """With work to do, and nobody alive who does it."""
        free = Q(attempt__isnull=True) | Q(beat_at__lte=now - STALE_AFTER)
        return self.filter(free, state__in=Import.AT_WORK)


class Import(models.Model):
    """A file of people that an admin has uploaded: read, tried without writing anything, then applied."""

    class State(models.TextChoices):
        READING = "reading", "reading the file"
        MAPPING = "mapping", "waiting for its columns"
        CHECKING = "checking", "dry run under way"
        CHECKED = "checked", "dry run done"
        APPLYING = "applying", "being applied"
        APPLIED = "applied", "applied"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    AT_WORK = (State.READING, State.CHECKING, State.APPLYING)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    program = models.ForeignKey(Program, models.CASCADE, related_name="imports")
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    filename = models.CharField(max_length=200)
    state = models.CharField(max_length=9, choices=State, default=State.READING)
    headings = ArrayField(models.TextField(), default=list, blank=True)
    mapping = models.JSONField(default=dict, blank=True)  # field -> number of its column
    # What everybody without a role in the file becomes.
    usual_role = models.CharField(max_length=6, default="mentee")
    sends_invitations = models.BooleanField(default=False)
    rows_total = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    told = models.CharField(max_length=300, blank=True)  # what went wrong, or is otherwise than before
    # Who works on it: a token, and when its holder was last known to live.
    attempt = models.UUIDField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    beat_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="import_applied_has_instant",
                condition=Q(state="applied", applied_at__isnull=False)
                | (~Q(state="applied") & Q(applied_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="import_usual_role_known", condition=Q(usual_role__in=["mentor", "mentee", "both"])
            ),
        ]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"import {self.pk}"

    @property
    def is_at_work(self) -> bool:
        return self.state in self.AT_WORK

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.APPLIED, self.State.FAILED, self.State.CANCELLED)


class ImportPiece(models.Model):
    """A piece of the uploaded file: any worker can read it, wherever it runs; gone when it is read."""

    of = models.ForeignKey(Import, models.CASCADE, related_name="pieces")
    number = models.PositiveSmallIntegerField()
    octets = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["of", "number"], name="import_piece_once")]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"piece {self.number}"


class ImportRow(models.Model):
    """A row of the file as it stands there, and what the dry run says of it."""

    class Outcome(models.TextChoices):
        UNKNOWN = "", "not tried yet"
        NEW = "new", "new"
        CHANGED = "changed", "changed"
        SAME = "same", "same"
        ERROR = "error", "error"

    of = models.ForeignKey(Import, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()  # as a spreadsheet counts: the headings are row 1
    cells = ArrayField(models.TextField(), default=list)
    outcome = models.CharField(max_length=7, choices=Outcome, default=Outcome.UNKNOWN, blank=True)
    problems = models.JSONField(default=dict, blank=True)  # field -> why
    changes = models.JSONField(default=dict, blank=True)  # field -> [before, after]
    note = models.CharField(max_length=200, blank=True)
    is_left_out = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["of", "number"], name="import_row_once")]
        indexes = [models.Index(fields=["of", "outcome", "number"], name="import_row_by_outcome")]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"row {self.number}"


class Imported(models.Model):
    """An account that a program's import made. Until its owner signs in, a later import may change it."""

    person = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="imported")
    program = models.ForeignKey(Program, models.CASCADE, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"imported {self.person_id}"
