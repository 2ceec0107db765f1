"""Dated evidence: accomplishments, what somebody confirmed of them, and learning records."""

from django.db import models
from django.db.models import F, Q

from accounts.models.people import User
from accounts.models.skills import Skill


class Accomplishment(models.Model):
    """Something achieved: what, and in which admirable way."""

    person = models.ForeignKey(User, models.CASCADE, related_name="accomplishments")
    what = models.CharField(max_length=300)
    how = models.CharField(max_length=600)
    on = models.DateField("when")
    link = models.URLField(max_length=500, blank=True)
    skills = models.ManyToManyField(Skill, blank=True, related_name="backed_by")

    class Meta:
        ordering = ["-on", "-pk"]

    def __str__(self) -> str:
        return self.what


class Confirmation(models.Model):
    """Somebody who was there is asked, by mail and without an account, whether an accomplishment is so.

    One at a time for an accomplishment. The token stands in the mail alone; what is kept is its digest.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waiting for an answer"
        CONFIRMED = "confirmed", "confirmed"
        CORRECTED = "corrected", "corrected"  # other words wait for the person's own yes
        DECLINED = "declined", "declined"

    accomplishment = models.OneToOneField(Accomplishment, models.CASCADE, related_name="confirmation")
    name = models.CharField("their name", max_length=120)
    email = models.EmailField("their mail address")
    token_digest = models.CharField(max_length=64, unique=True)  # SHA-256, in hexadecimal
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    what = models.CharField(max_length=300, blank=True)  # as corrected
    how = models.CharField(max_length=600, blank=True)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="confirmation_answered_or_waiting",
                condition=Q(state="waiting", answered_at__isnull=True)
                | (~Q(state="waiting") & Q(answered_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="confirmation_corrected_has_words",
                condition=~Q(state="corrected") | ~Q(what="", how=""),
            ),
            models.CheckConstraint(
                name="confirmation_expires_later", condition=Q(expires_at__gt=F("asked_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"confirmation of {self.accomplishment_id}"


class LearningRecord(models.Model):
    """One dated piece of evidence of learning; learning passion is computed from these, never self-rated."""

    class Kind(models.TextChoices):
        COURSE = "course", "course"
        BOOK = "book", "book"
        PROJECT = "project", "project"
        TEACHING = "teaching", "teaching others"
        EVENT = "event", "event"
        CERTIFICATE = "certificate", "certificate"
        FEEDBACK = "feedback", "feedback acted on"

    person = models.ForeignKey(User, models.CASCADE, related_name="learning_records")
    what = models.CharField(max_length=300)
    kind = models.CharField(max_length=12, choices=Kind)
    on = models.DateField("when")
    link = models.URLField(max_length=500, blank=True)
    changed = models.CharField("what it changed", max_length=600, blank=True)

    class Meta:
        ordering = ["-on", "-pk"]

    def __str__(self) -> str:
        return self.what
