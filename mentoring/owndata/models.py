"""What a person asked of their own data: a download of it, and that it be erased."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from accounts.models import User
from mentoring.confidential.models import new_id

GOOD_FOR = timedelta(days=1)


class DownloadQuerySet(models.QuerySet["Download"]):
    def waiting(self) -> "DownloadQuerySet":
        return self.filter(made_at__isnull=True).order_by("asked_at", "pk")

    def ready(self, now: datetime) -> "DownloadQuerySet":
        return self.filter(made_at__isnull=False, expires_at__gt=now)


class Download(models.Model):
    """One zip of everything about a person, made in the background and good for a day.

    The token stands in the mail alone; what is kept is its digest, empty until the zip is made.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(User, models.CASCADE, related_name="downloads")
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    token_digest = models.CharField(max_length=64, blank=True)  # SHA-256, in hexadecimal
    size = models.PositiveBigIntegerField(default=0)  # bytes

    objects = DownloadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(made_at__isnull=True),
                name="download_one_at_a_time",
                violation_error_message="Your data is being put together already.",
            ),
            models.UniqueConstraint(
                fields=["token_digest"], condition=~Q(token_digest=""), name="download_token_once"
            ),
            models.CheckConstraint(
                name="download_waits_or_is_whole",
                condition=Q(made_at__isnull=True, expires_at__isnull=True, token_digest="", size=0)
                | Q(made_at__isnull=False, expires_at__gt=F("made_at"), size__gt=0) & ~Q(token_digest=""),
            ),
        ]
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return f"download {self.pk}"


class DownloadPart(models.Model):
    """Some bytes of a download's zip, in the database so that every web process has them."""

    download = models.ForeignKey(Download, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    packed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["download", "number"], name="download_part_once")]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"part {self.number} of {self.download_id}"


class Erasure(models.Model):
    """That a person has erased themselves, and when: their row of User stands without a name."""

    person = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="erasure")
    erased_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"erasure of {self.person_id}"
