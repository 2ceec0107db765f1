"""The course of a relationship: a request, the engagement that it opens, and its end."""

from datetime import date, datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q

from accounts.models import User
from accounts.zones import validate_zone
from mentoring.confidential.models import new_id
from mentoring.goals.models import Goal
from mentoring.programs.models import LONGEST_ENGAGEMENT_WEEKS, Membership, Program
from mentoring.schedule.times import Cadence, Length, Terms

LONGEST_ENGAGEMENT = timedelta(weeks=LONGEST_ENGAGEMENT_WEEKS)


def _known_to(user: User | AnonymousUser) -> Q:
    return Q(mentee_id=user.pk) | Q(mentor_id=user.pk, approved_at__isnull=False)


class RequestQuerySet(models.QuerySet["Request"]):
    def visible_to(self, user: User | AnonymousUser) -> "RequestQuerySet":
        """Requests that the user sent or has heard of, and those between others that the user administers."""
        between_others = Q(program__in=Program.objects.administered_by(user)) & ~Q(mentor_id=user.pk)
        return self.filter(program__in=Program.objects.visible_to(user)).filter(
            _known_to(user) | between_others
        )

    def known_to(self, user: User | AnonymousUser) -> "RequestQuerySet":
        """Requests that the user sent or, as their mentor, has heard of."""
        return self.filter(_known_to(user))

    def approved(self) -> "RequestQuerySet":
        """Those that the mentor may hear of."""
        return self.filter(approved_at__isnull=False)

    def to_approve(self) -> "RequestQuerySet":
        return self.open().filter(approved_at__isnull=True)

    def to_approve_by(self, membership: Membership) -> "RequestQuerySet":
        """Those that wait for this admin: never one of which they are half."""
        waiting = self.to_approve().filter(program=membership.program_id)
        own = Q(mentor=membership.person_id) | Q(mentee=membership.person_id)
        return waiting.exclude(own) if membership.is_admin else waiting.none()

    def open(self) -> "RequestQuerySet":
        return self.filter(state=Request.State.OPEN)

    def overdue(self, now: datetime) -> "RequestQuerySet":
        return self.open().filter(expires_at__lte=now)


class Request(models.Model):
    """A mentee's ask of one mentor for a goal, with terms and an expiry.

    It becomes an engagement when both have said yes: a mentee's own request carries their yes from the
    start; one that a program proposes (a published pairing) waits for both.
    """

    class State(models.TextChoices):
        OPEN = "open", "waiting"
        ACCEPTED = "accepted", "accepted"
        DECLINED = "declined", "declined"
        WITHDRAWN = "withdrawn", "withdrawn"
        EXPIRED = "expired", "expired"

    class Origin(models.TextChoices):
        MENTEE = "mentee", "asked by the mentee"
        PROGRAM = "program", "proposed by the program"

    class Decline(models.TextChoices):
        """Neutral words; no other reason is asked."""

        CAPACITY = "capacity", "I have no place free at present"
        FIT = "fit", "Somebody else could help better with this goal"
        TIMING = "timing", "The time does not suit me"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    program = models.ForeignKey(Program, models.CASCADE, related_name="requests")
    mentor = models.ForeignKey(User, models.CASCADE, related_name="requests_received")
    mentee = models.ForeignKey(User, models.CASCADE, related_name="requests_sent")
    goal = models.ForeignKey(Goal, models.CASCADE, related_name="requests")
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.MENTEE)
    message = models.TextField(max_length=2000, blank=True)
    offer = models.TextField(max_length=600, blank=True)
    # Terms
    cadence = models.CharField("how often", max_length=2, choices=Cadence)
    minutes = models.PositiveSmallIntegerField("how long each time", choices=Length)
    zone = models.CharField(max_length=64, validators=[validate_zone])
    at = models.TimeField("time of day")
    starts_on = models.DateField("first session")
    ends_on = models.DateField("end date")
    # Course
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    mentee_yes_at = models.DateTimeField(null=True)
    mentor_yes_at = models.DateTimeField(null=True)
    decline = models.CharField(max_length=8, choices=Decline, blank=True)
    decline_note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    # Where a program's admins approve requests, the mentor hears of one only from then on.
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    objects = RequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "mentee", "mentor"],
                condition=Q(state="open"),
                name="request_one_open_per_pair",
                violation_error_message="You already have a request waiting with this mentor.",
            ),
            models.CheckConstraint(name="request_cadence_known", condition=Q(cadence__in=Cadence.values)),
            models.CheckConstraint(name="request_of_two", condition=~Q(mentor=F("mentee"))),
            models.CheckConstraint(
                name="request_starts_before_end",
                condition=Q(starts_on__lt=F("ends_on"), ends_on__lte=F("starts_on") + LONGEST_ENGAGEMENT),
            ),
            models.CheckConstraint(
                name="request_open_until_closed",
                condition=Q(state="open", closed_at__isnull=True)
                | (~Q(state="open") & Q(closed_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="request_accepted_by_both",
                condition=~Q(state="accepted") | Q(mentee_yes_at__isnull=False, mentor_yes_at__isnull=False),
            ),
            models.CheckConstraint(
                name="request_accepted_was_approved",
                condition=~Q(state="accepted") | Q(approved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="request_by_mentee_has_words",
                condition=~Q(origin="mentee") | (~Q(message="") & ~Q(offer="")),
            ),
        ]
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["mentor", "state"], name="request_by_mentor"),
            models.Index(fields=["mentee", "state"], name="request_by_mentee"),
            models.Index(fields=["expires_at"], condition=Q(state="open"), name="request_open_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"request {self.pk}"

    @property
    def terms(self) -> Terms:
        return Terms.of(self)

    @property
    def terms_key(self) -> str:
        """Names the terms, so that a yes can say to which."""
        days = f"{self.starts_on} {self.ends_on} {self.at:%H:%M:%S}"
        return f"{days} {self.zone} {self.cadence} {self.minutes}"

    def has_yes_of(self, person: User | AnonymousUser) -> bool:
        return (self.mentor_yes_at if person.pk == self.mentor_id else self.mentee_yes_at) is not None


class EngagementQuerySet(models.QuerySet["Engagement"]):
    def visible_to(self, user: User | AnonymousUser) -> "EngagementQuerySet":
        """Engagements that the user is half of."""
        return self.filter(Q(mentor_id=user.pk) | Q(mentee_id=user.pk))

    def readable_by(self, user: User | AnonymousUser) -> "EngagementQuerySet":
        """Those and, for a program admin, every one of the program; an admin reads metadata alone."""
        return self.filter(
            Q(mentor_id=user.pk) | Q(mentee_id=user.pk) | Q(program__in=Program.objects.administered_by(user))
        )

    def active(self) -> "EngagementQuerySet":
        return self.filter(state=Engagement.State.ACTIVE)

    def over(self, today: date) -> "EngagementQuerySet":
        """Active ones whose end date has passed."""
        return self.active().filter(ends_on__lt=today)


class Engagement(models.Model):
    """A mentor and a mentee, from a start date to an end date, for a goal."""

    class State(models.TextChoices):
        ACTIVE = "active", "under way"
        ENDED = "ended", "ended"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    program = models.ForeignKey(Program, models.CASCADE, related_name="engagements")
    mentor = models.ForeignKey(User, models.CASCADE, related_name="engagements_as_mentor")
    mentee = models.ForeignKey(User, models.CASCADE, related_name="engagements_as_mentee")
    goal = models.ForeignKey(Goal, models.CASCADE, related_name="engagements")
    request = models.OneToOneField(Request, models.PROTECT, related_name="engagement")
    starts_on = models.DateField()
    ends_on = models.DateField()
    state = models.CharField(max_length=6, choices=State, default=State.ACTIVE)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = EngagementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="engagement_starts_before_end",
                condition=Q(starts_on__lt=F("ends_on"), ends_on__lte=F("starts_on") + LONGEST_ENGAGEMENT),
                violation_error_message="An engagement ends after it starts, at most 26 weeks later.",
            ),
            models.UniqueConstraint(
                fields=["program", "mentee", "mentor"],
                condition=Q(state="active"),
                name="engagement_one_active_per_pair",
                violation_error_message="The two already have an engagement under way in this program.",
            ),
            models.CheckConstraint(name="engagement_of_two", condition=~Q(mentor=F("mentee"))),
            models.CheckConstraint(
                name="engagement_ended_has_instant",
                condition=Q(state="active", ended_at__isnull=True) | Q(state="ended", ended_at__isnull=False),
            ),
        ]
        ordering = ["-starts_on"]
        indexes = [
            models.Index(
                fields=["mentor", "program"], condition=Q(state="active"), name="engagement_by_mentor"
            ),
            models.Index(
                fields=["mentee", "program"], condition=Q(state="active"), name="engagement_by_mentee"
            ),
            models.Index(fields=["ends_on"], condition=Q(state="active"), name="engagement_active_by_end"),
        ]

    def __str__(self) -> str:
        return f"engagement {self.pk}"

    def other(self, person: User | AnonymousUser) -> User:
        return self.mentee if person.pk == self.mentor_id else self.mentor
