"""On the way into a program: who is invited by mail, and who waits for an admin's yes."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from accounts.models import User
from mentoring.confidential.models import new_id
from mentoring.programs.models.programs import Program


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, now: datetime) -> "InvitationQuerySet":
        return self.unanswered().filter(expires_at__gt=now)

    def unanswered(self) -> "InvitationQuerySet":
        """Neither taken nor withdrawn; their time may be over."""
        return self.filter(accepted_at__isnull=True, withdrawn_at__isnull=True)


class Invitation(models.Model):
    """A place in a program offered to a mail address. Whoever reads the mail may take it, once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    program = models.ForeignKey(Program, models.CASCADE, related_name="invitations")
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    email = models.EmailField("mail address")
    name = models.CharField(max_length=120, blank=True)
    is_mentor = models.BooleanField("mentor", default=False)
    is_mentee = models.BooleanField("mentee", default=False)
    is_admin = models.BooleanField("program admin", default=False)
    capacity = models.PositiveSmallIntegerField("mentees at once", default=1)
    token_digest = models.CharField(max_length=64, unique=True)  # SHA-256, in hexadecimal
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "program",
                Lower("email"),
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="invitation_one_open_per_address",
                violation_error_message="This address is invited already.",
            ),
            models.CheckConstraint(
                name="invitation_has_a_role",
                condition=Q(is_mentor=True) | Q(is_mentee=True) | Q(is_admin=True),
                violation_error_message="Choose at least one: mentor, mentee or program admin.",
            ),
            models.CheckConstraint(name="invitation_capacity_0_to_20", condition=Q(capacity__lte=20)),
            models.CheckConstraint(name="invitation_expires_later", condition=Q(expires_at__gt=F("sent_at"))),
            models.CheckConstraint(
                name="invitation_accepted_or_withdrawn",
                condition=Q(accepted_at__isnull=True) | Q(withdrawn_at__isnull=True),
            ),
        ]
        ordering = ["-sent_at"]

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    @property
    def about(self) -> str:
        """What its mails are about, to the outbox."""
        return f"invitation:{self.pk}"


class Applicant(models.Model):
    """Somebody who asked to join and waits for an admin's answer; gone when answered."""

    program = models.ForeignKey(Program, models.CASCADE, related_name="applicants")
    person = models.ForeignKey(User, models.CASCADE, related_name="applications")
    is_mentor = models.BooleanField("mentor", default=False)
    is_mentee = models.BooleanField("mentee", default=False)
    capacity = models.PositiveSmallIntegerField("mentees at once", default=1)
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "person"], name="applicant_once"),
            models.CheckConstraint(
                name="applicant_has_a_role", condition=Q(is_mentor=True) | Q(is_mentee=True)
            ),
            models.CheckConstraint(
                name="applicant_capacity_1_to_20", condition=Q(capacity__gte=1, capacity__lte=20)
            ),
        ]
        ordering = ["asked_at"]

    def __str__(self) -> str:
        return f"{self.person_id} asks to join {self.program_id}"
