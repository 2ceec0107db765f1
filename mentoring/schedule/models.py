"""Protected time: a series of sessions for two people, reserved for both."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Q

from accounts.models import User
from accounts.zones import validate_zone
from mentoring.confidential.models import DataKey, new_id, place
from mentoring.schedule.times import Cadence, Shift, Terms

LAST_ZONE = timedelta(hours=12)  # a date is over everywhere so long after it is in UTC
WEB_ADDRESS = r"^https?://[^\s\\]+$"  # nothing that a browser would run or read otherwise than we show it


class SeriesQuerySet(models.QuerySet["Series"]):
    def visible_to(self, user: User | AnonymousUser) -> "SeriesQuerySet":
        return self.filter(Q(mentor_id=user.pk) | Q(mentee_id=user.pk))

    def in_force(self) -> "SeriesQuerySet":
        """Those that nothing has replaced: of each engagement the one that was agreed last."""
        return self.filter(replaced_by__isnull=True)

    def under_way(self) -> "SeriesQuerySet":
        """Series of engagements that have not ended (a higher app, known by the relation's name)."""
        return self.filter(engagement__state="active")


class Series(models.Model):
    """A weekday and local time in a zone, at a cadence, from one date to another, for two people.

    Changing it from some date on makes a new one, which names the one that it `replaces`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    engagement = models.ForeignKey("engagements.Engagement", models.CASCADE, related_name="series")
    mentor = models.ForeignKey(User, models.CASCADE, related_name="+")
    mentee = models.ForeignKey(User, models.CASCADE, related_name="+")
    zone = models.CharField(max_length=64, validators=[validate_zone])
    at = models.TimeField(help_text="Local time in the zone of the series.")
    cadence = models.CharField(max_length=2, choices=Cadence)
    minutes = models.PositiveSmallIntegerField()
    starts_on = models.DateField(help_text="Date of the first session; it sets the weekday.")
    ends_on = models.DateField(help_text="Last date on which a session may be.")
    link = models.URLField("meeting link", max_length=500, blank=True)
    replaces = models.OneToOneField("self", models.SET_NULL, null=True, related_name="replaced_by")

    objects = SeriesQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="series_starts_before_end", condition=Q(starts_on__lte=F("ends_on"))),
            models.CheckConstraint(
                name="series_minutes_15_to_180", condition=Q(minutes__gte=15, minutes__lte=180)
            ),
            models.CheckConstraint(name="series_cadence_known", condition=Q(cadence__in=Cadence.values)),
            models.CheckConstraint(name="series_of_two", condition=~Q(mentor=F("mentee"))),
            models.CheckConstraint(
                name="series_link_is_web_address", condition=Q(link="") | Q(link__regex=WEB_ADDRESS)
            ),
        ]
        verbose_name_plural = "series"

    def __str__(self) -> str:
        return f"series from {self.starts_on}"

    @property
    def terms(self) -> Terms:
        return Terms.of(self)

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def is_under_way(self) -> bool:
        """Whether its engagement (of a higher app, known by the field's name) has not ended."""
        return self.engagement.state == "active"

    def other(self, person: User | AnonymousUser) -> User:
        return self.mentee if person.pk == self.mentor_id else self.mentor


class SessionQuerySet(models.QuerySet["Session"]):
    # What a row of a list says: the two, and the program (of a higher app, known by the relation's name).
    LISTED = ("series__mentor", "series__mentee", "series__engagement__program")

    def visible_to(self, user: User | AnonymousUser) -> "SessionQuerySet":
        return self.filter(Q(series__mentor_id=user.pk) | Q(series__mentee_id=user.pk))

    def under_way(self) -> "SessionQuerySet":
        """Sessions of engagements that have not ended (a higher app, known by the relation's name)."""
        return self.filter(series__engagement__state="active")

    def in_force(self) -> "SessionQuerySet":
        """Sessions of series that nothing has replaced."""
        return self.filter(series__replaced_by__isnull=True)

    def planned(self) -> "SessionQuerySet":
        return self.filter(state=Session.State.PLANNED)

    def with_pair(self) -> "SessionQuerySet":
        """With the series, the two, and the engagement: what mails and calendars are made of."""
        return self.select_related("series__mentor", "series__mentee", "series__engagement")

    def listed(self, now: datetime) -> "SessionQuerySet":
        """With what a row of a list says, and the moves that can still be answered, as `open_moves`."""
        waiting = models.Prefetch("moves", Move.objects.answerable(now), to_attr="open_moves")
        return self.select_related(*self.LISTED).prefetch_related(waiting)

    def ahead(self, now: datetime) -> "SessionQuerySet":
        """Planned sessions that are not over yet, soonest first."""
        return self.planned().filter(ends_at__gt=now).order_by("starts_at")


class Session(models.Model):
    """One meeting at a fixed instant."""

    class State(models.TextChoices):
        PLANNED = "planned", "planned"
        SKIPPED = "skipped", "skipped"
        CANCELLED = "cancelled", "cancelled"

    class Outcome(models.TextChoices):
        """What the two say of it afterwards; `marks` holds who said what."""

        UNSAID = "", "not said yet"
        HELD = "held", "held"
        MISSED = "missed", "missed"
        UNCLEAR = "unclear", "you remember it differently"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    series = models.ForeignKey(Series, models.CASCADE, related_name="sessions")
    number = models.PositiveSmallIntegerField()
    on = models.DateField(help_text="The date of the series that this session stands for, moved or not.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    shift = models.CharField(max_length=6, choices=Shift, default=Shift.NONE, blank=True)
    is_moved = models.BooleanField(
        default=False,
        help_text="It does not follow its series: the two agreed on another time for this one, or new zone "
        "data would have moved it to a time that is taken.",
    )
    sequence = models.PositiveIntegerField(
        default=0,
        help_text="Raised whenever its entry in calendars changes: when it is moved, skipped, restored or "
        "cancelled, by another meeting link, by new zone data (SEQUENCE of RFC 5545).",
    )
    outcome = models.CharField(max_length=7, choices=Outcome, default=Outcome.UNSAID, blank=True)
    link = models.URLField("meeting link", max_length=500, blank=True)
    skipped_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    away = models.ForeignKey("TimeAway", models.SET_NULL, null=True, related_name="sessions")
    word_sealed = models.BinaryField(blank=True, default=b"")  # what was said on skipping it

    objects = SessionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "number"], name="session_number_once"),
            models.CheckConstraint(name="session_starts_before_end", condition=Q(starts_at__lt=F("ends_at"))),
            models.CheckConstraint(
                name="session_outcome_of_planned", condition=Q(outcome="") | Q(state="planned")
            ),
            models.CheckConstraint(
                name="session_link_is_web_address", condition=Q(link="") | Q(link__regex=WEB_ADDRESS)
            ),
        ]
        ordering = ["starts_at"]
        indexes = [
            models.Index(fields=["starts_at"], condition=Q(state="planned"), name="session_planned_by_start")
        ]

    def __str__(self) -> str:
        return f"session {self.number}"

    @property
    def meeting_link(self) -> str:
        """This session's own link, or else that of the series."""
        return self.link or self.series.link

    def seal_word(self, text: str) -> None:
        """Set what was said on skipping it; the row is not saved."""
        self.word_sealed = self._key().seal(text, place=place(self, "word")) if text else b""

    def read_word(self) -> str:
        if not self.word_sealed:
            return ""
        return self._key().open(bytes(self.word_sealed), place=place(self, "word"))

    def _key(self) -> DataKey:
        return DataKey.objects.of(f"engagement:{self.series.engagement_id}")


class Mark(models.Model):
    """What one of the two says of a session that is over."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="marks")
    person = models.ForeignKey(User, models.CASCADE, related_name="+")
    was_held = models.BooleanField()
    marked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "person"], name="mark_once_per_person")]

    def __str__(self) -> str:
        return "held" if self.was_held else "missed"


class Proposal(models.Model):
    """What one of the two proposes and the other answers; until then nothing changes."""

    A_DAY = 5  # that one may propose; each is a mail to the other

    class State(models.TextChoices):
        OPEN = "open", "waiting"
        ACCEPTED = "accepted", "accepted"
        DECLINED = "declined", "declined"
        WITHDRAWN = "withdrawn", "taken back"
        REPLACED = "replaced", "answered with another"
        LAPSED = "lapsed", "no longer possible"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    by = models.ForeignKey(User, models.CASCADE, related_name="+")
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class MoveQuerySet(models.QuerySet["Move"]):
    def open(self) -> "MoveQuerySet":
        return self.filter(state=Move.State.OPEN)

    def answerable(self, now: datetime) -> "MoveQuerySet":
        """Open ones of sessions that still lie ahead."""
        ahead = {"session__state": Session.State.PLANNED, "session__starts_at__gt": now}
        return self.open().filter(**ahead, session__series__engagement__state="active")

    def awaiting(self, user: User | AnonymousUser, now: datetime) -> "MoveQuerySet":
        """Moves that the other of the two has proposed and this person can still answer, soonest first."""
        mine = Q(session__series__mentor_id=user.pk) | Q(session__series__mentee_id=user.pk)
        return self.answerable(now).filter(mine).exclude(by_id=user.pk).order_by("starts_at")


class Move(Proposal):
    """Another time for one session. The old time stays reserved until the other accepts."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="moves")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    objects = MoveQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(state="open"), name="move_one_open_per_session"
            ),
            models.CheckConstraint(name="move_starts_before_end", condition=Q(starts_at__lt=F("ends_at"))),
            models.CheckConstraint(
                name="move_open_until_closed",
                condition=Q(state="open", closed_at__isnull=True)
                | (~Q(state="open") & Q(closed_at__isnull=False)),
            ),
        ]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"move {self.pk}"


class ChangeQuerySet(models.QuerySet["Change"]):
    def visible_to(self, user: User | AnonymousUser) -> "ChangeQuerySet":
        return self.filter(Q(series__mentor_id=user.pk) | Q(series__mentee_id=user.pk))

    def open(self) -> "ChangeQuerySet":
        return self.filter(state=Change.State.OPEN)

    def awaiting(self, user: User | AnonymousUser, now: datetime) -> "ChangeQuerySet":
        """Open ones that this person is asked to answer, but those whose first date is over everywhere."""
        rows = self.visible_to(user).open().filter(series__engagement__state="active")
        return rows.filter(starts_on__gte=(now - LAST_ZONE).date()).exclude(by_id=user.pk)


class Change(Proposal):
    """Other terms for a series from some date on."""

    series = models.ForeignKey(Series, models.CASCADE, related_name="changes")
    zone = models.CharField(max_length=64, validators=[validate_zone])
    at = models.TimeField()
    cadence = models.CharField(max_length=2, choices=Cadence)
    minutes = models.PositiveSmallIntegerField()
    starts_on = models.DateField(help_text="The new series begins here.")
    ends_on = models.DateField()

    objects = ChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["series"], condition=Q(state="open"), name="change_one_open_per_series"
            ),
            models.CheckConstraint(name="change_starts_before_end", condition=Q(starts_on__lte=F("ends_on"))),
            models.CheckConstraint(
                name="change_minutes_15_to_180", condition=Q(minutes__gte=15, minutes__lte=180)
            ),
            models.CheckConstraint(name="change_cadence_known", condition=Q(cadence__in=Cadence.values)),
            models.CheckConstraint(
                name="change_open_until_closed",
                condition=Q(state="open", closed_at__isnull=True)
                | (~Q(state="open") & Q(closed_at__isnull=False)),
            ),
        ]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"change {self.pk}"

    @property
    def terms(self) -> Terms:
        return Terms.of(self)


class TimeAwayQuerySet(models.QuerySet["TimeAway"]):
    def owned_by(self, user: User | AnonymousUser) -> "TimeAwayQuerySet":
        return self.filter(person_id=user.pk)


class TimeAway(models.Model):
    """Days on which a person does not meet: a holiday, leave. In their own zone, both dates included."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(User, models.CASCADE, related_name="times_away")
    starts_on = models.DateField("first day")
    ends_on = models.DateField("last day")
    created_at = models.DateTimeField()

    objects = TimeAwayQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="time_away_starts_before_end", condition=Q(starts_on__lte=F("ends_on"))
            ),
            models.UniqueConstraint(fields=["person", "starts_on", "ends_on"], name="time_away_once"),
        ]
        ordering = ["starts_on"]

    def __str__(self) -> str:
        return f"away {self.starts_on} to {self.ends_on}"


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
        EARLY = "early", "the earlier one, usually a day before"
        LATE = "late", "the later one, usually an hour before"

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        QUEUED = "queued", "in the outbox"
        DROPPED = "dropped", "dropped"

    session = models.ForeignKey(Session, models.CASCADE, related_name="reminders")
    person = models.ForeignKey(User, models.CASCADE, related_name="reminders")
    kind = models.CharField(max_length=5, choices=Kind)
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


class Feed(models.Model):
    """A person's sessions at a private address, found by the token's digest."""

    person = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="feed")
    token_digest = models.BinaryField(max_length=32, unique=True)  # SHA-256
    token_sealed = models.BinaryField()  # to show it to its owner again
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"feed of {self.person_id}"


class BusyCalendar(models.Model):
    """The address of a person's own calendar elsewhere, read for when they are busy and nothing more."""

    person = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="busy_calendar")
    address_sealed = models.BinaryField()
    host = models.CharField(max_length=253, help_text="What of the address is shown.")
    due_at = models.DateTimeField(null=True, help_text="Empty: it failed so often that it is left alone.")
    read_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="busy_calendar_by_due")]

    def __str__(self) -> str:
        return f"calendar of {self.person_id}"


class Busy(models.Model):
    """When a person is busy elsewhere. Nothing else is known of it."""

    person = models.ForeignKey(User, models.CASCADE, related_name="busy")
    during = DateTimeRangeField(default_bounds="[)")

    class Meta:
        indexes = [GistIndex(fields=["person", "during"], name="busy_by_person_and_time")]
        verbose_name_plural = "busy"

    def __str__(self) -> str:
        return "busy"
