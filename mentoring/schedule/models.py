"""Protected time: a series of sessions for two people, reserved for both."""

from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q

from accounts.models import User
from accounts.zones import validate_zone
from mentoring.confidential.models import new_id


class Series(models.Model):
    """A weekday and local time in a zone, every so many weeks, from one date to another, for two people."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    engagement = models.ForeignKey("engagements.Engagement", models.CASCADE, related_name="series")
    mentor = models.ForeignKey(User, models.CASCADE, related_name="+")
    mentee = models.ForeignKey(User, models.CASCADE, related_name="+")
    zone = models.CharField(max_length=64, validators=[validate_zone])
    at = models.TimeField(help_text="Local time in the zone of the series.")
    every_weeks = models.PositiveSmallIntegerField(
        choices=[(1, "weekly"), (2, "every two weeks"), (4, "every four weeks")]
    )
    minutes = models.PositiveSmallIntegerField()
    starts_on = models.DateField(help_text="Date of the first session; it sets the weekday.")
    ends_on = models.DateField(help_text="Last date on which a session may be.")

    class Meta:
        constraints = [
            models.CheckConstraint(name="series_starts_before_end", condition=Q(starts_on__lte=F("ends_on"))),
            models.CheckConstraint(
                name="series_minutes_15_to_180", condition=Q(minutes__gte=15, minutes__lte=180)
            ),
            models.CheckConstraint(name="series_every_1_2_4_weeks", condition=Q(every_weeks__in=[1, 2, 4])),
            models.CheckConstraint(name="series_of_two", condition=~Q(mentor=F("mentee"))),
        ]
        verbose_name_plural = "series"

    def __str__(self) -> str:
        return f"series from {self.starts_on}"


class SessionQuerySet(models.QuerySet["Session"]):
    def visible_to(self, user: User | AnonymousUser) -> "SessionQuerySet":
        return self.filter(Q(series__mentor_id=user.pk) | Q(series__mentee_id=user.pk))

    def planned(self) -> "SessionQuerySet":
        return self.filter(state=Session.State.PLANNED)

    def ahead(self, now: datetime) -> "SessionQuerySet":
        """Planned sessions that are not over yet, soonest first."""
        return self.planned().filter(ends_at__gt=now).order_by("starts_at")


class Session(models.Model):
    """One meeting at a fixed instant."""

    class State(models.TextChoices):
        PLANNED = "planned", "planned"
        CANCELLED = "cancelled", "cancelled"

    class Shift(models.TextChoices):
        """What a clock change did to the local time of this date."""

        NONE = "", "as agreed"
        GAP = "gap", "the clock skips the agreed time; moved later by as much"
        REPEAT = "repeat", "the agreed time comes twice; the first is meant"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    series = models.ForeignKey(Series, models.CASCADE, related_name="sessions")
    number = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    shift = models.CharField(max_length=6, choices=Shift, default=Shift.NONE, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "number"], name="session_number_once"),
            models.CheckConstraint(name="session_starts_before_end", condition=Q(starts_at__lt=F("ends_at"))),
        ]
        ordering = ["starts_at"]
        indexes = [
            models.Index(fields=["starts_at"], condition=Q(state="planned"), name="session_planned_by_start")
        ]

    def __str__(self) -> str:
        return f"session {self.number}"


class Reservation(models.Model):
    """A person's time, held for a session. No two live ones of a person overlap, in any role or program."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="reservations")
    person = models.ForeignKey(User, models.CASCADE, related_name="reservations")
    during = DateTimeRangeField(default_bounds="[)")
    is_live = models.BooleanField(default=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="reservation_never_twice",
                expressions=[("person", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(is_live=True),
                violation_error_message="This time is already reserved.",
            ),
            models.UniqueConstraint(fields=["session", "person"], name="reservation_once_per_session"),
        ]

    def __str__(self) -> str:
        return f"reservation {self.pk}"


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def due(self, now: datetime) -> "ReminderQuerySet":
        return self.filter(state=Reminder.State.WAITING, due_at__lte=now).order_by("due_at", "pk")


class Reminder(models.Model):
    """A message due to one person about one session."""

    class Kind(models.TextChoices):
        DAY = "24h", "a day before"
        HOUR = "1h", "an hour before"

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        QUEUED = "queued", "in the outbox"
        DROPPED = "dropped", "dropped"

    session = models.ForeignKey(Session, models.CASCADE, related_name="reminders")
    person = models.ForeignKey(User, models.CASCADE, related_name="reminders")
    kind = models.CharField(max_length=4, choices=Kind)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)

    objects = ReminderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "person", "kind"], name="reminder_once_per_kind")
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], condition=Q(state="waiting"), name="reminder_waiting_by_due"
            )
        ]

    def __str__(self) -> str:
        return f"reminder {self.kind}"
