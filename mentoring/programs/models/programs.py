import secrets
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import User
from mentoring.confidential.models import new_id
from mentoring.programs.cadences import Cadence

LONGEST_ENGAGEMENT_WEEKS = 26


def new_join_token() -> str:
    return secrets.token_urlsafe(24)


class ProgramQuerySet(models.QuerySet["Program"]):
    def visible_to(self, user: User | AnonymousUser) -> "ProgramQuerySet":
        """Programs that the user is a member of."""
        return self.filter(memberships__person_id=user.pk, memberships__left_at__isnull=True)

    def administered_by(self, user: User | AnonymousUser) -> "ProgramQuerySet":
        return self.filter(
            memberships__person_id=user.pk, memberships__left_at__isnull=True, memberships__is_admin=True
        )


class Program(models.Model):
    """One mentoring program with its own members, rules and admins."""

    class Mode(models.TextChoices):
        SELF = "self", "mentees ask mentors themselves"
        APPROVED = "approved", "mentees ask, and an admin approves before the mentor hears of it"
        COHORT = "cohort", "admins match everybody in runs, and nobody asks"

    class MentorsBy(models.TextChoices):
        CHOICE = "choice", "whoever would like to"
        ADMINS = "admins", "whom an admin makes one"

    class LineRule(models.TextChoices):
        CHAIN = "chain", "everybody above and below, at any distance"
        DIRECT = "direct", "one's own manager and those one manages"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    about = models.TextField(max_length=3000, blank=True)
    join_token = models.CharField(max_length=60, unique=True, default=new_join_token)
    request_days = models.PositiveSmallIntegerField("days until a request expires", default=10)
    open_requests = models.PositiveSmallIntegerField("open requests a mentee may have", default=3)
    longest_weeks = models.PositiveSmallIntegerField(
        "longest engagement in weeks", default=LONGEST_ENGAGEMENT_WEEKS
    )
    usual_weeks = models.PositiveSmallIntegerField("usual engagement in weeks", default=12)
    # Weights of the matching criteria by name; a missing name means the criterion's own default.
    weights = models.JSONField(default=dict, blank=True)
    # The least score, 0 to 1, that a pair must reach in a criterion, by name; below it no pair is formed.
    must_haves = models.JSONField(default=dict, blank=True)
    tilt = models.PositiveSmallIntegerField(
        "how far what matters to a mentee may move the weights, in percent", default=30
    )
    mode = models.CharField(
        "how mentors and mentees come together", max_length=8, choices=Mode, default=Mode.SELF
    )
    mentors_by = models.CharField(
        "who may be a mentor", max_length=6, choices=MentorsBy, default=MentorsBy.CHOICE
    )
    line_rule = models.CharField(
        "who of one's reporting line is kept apart", max_length=6, choices=LineRule, default=LineRule.CHAIN
    )
    usual_cadence = models.CharField("usual rhythm", max_length=2, choices=Cadence, default=Cadence.WEEKLY)
    # Joining: by whoever has the link, and by whoever has a confirmed mail address of these domains.
    joins_by_link = models.BooleanField("people join by the link", default=True)
    joins_after_approval = models.BooleanField("an admin approves who joins", default=False)
    domains = ArrayField(models.CharField(max_length=253), default=list, blank=True, size=20)
    needs_second_factor = models.BooleanField("admins need a second factor", default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProgramQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="program_longest_weeks_1_to_26",
                condition=Q(longest_weeks__gte=1, longest_weeks__lte=LONGEST_ENGAGEMENT_WEEKS),
            ),
            models.CheckConstraint(
                name="program_usual_weeks_fit",
                condition=Q(usual_weeks__gte=1, usual_weeks__lte=F("longest_weeks")),
            ),
            models.CheckConstraint(
                name="program_mode_known", condition=Q(mode__in=["self", "approved", "cohort"])
            ),
            models.CheckConstraint(
                name="program_mentors_by_known", condition=Q(mentors_by__in=["choice", "admins"])
            ),
            models.CheckConstraint(
                name="program_line_rule_known", condition=Q(line_rule__in=["chain", "direct"])
            ),
            models.CheckConstraint(
                name="program_usual_cadence_known", condition=Q(usual_cadence__in=Cadence.values)
            ),
            models.CheckConstraint(name="program_tilt_0_to_50", condition=Q(tilt__lte=50)),
            models.CheckConstraint(
                name="program_request_days_1_to_60", condition=Q(request_days__gte=1, request_days__lte=60)
            ),
            models.CheckConstraint(
                name="program_open_requests_1_to_10", condition=Q(open_requests__gte=1, open_requests__lte=10)
            ),
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def takes_requests(self) -> bool:
        """Mentees ask mentors here, with or without an admin's approval."""
        return self.mode != Program.Mode.COHORT

    @property
    def request_lifetime(self) -> timedelta:
        return timedelta(days=self.request_days)
