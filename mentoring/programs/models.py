import secrets
import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, F, Q

from accounts.models import User
from mentoring.confidential.models import new_id

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
    def request_lifetime(self) -> timedelta:
        return timedelta(days=self.request_days)

    def set_matching(
        self, *, weights: dict[str, int], must_haves: dict[str, float], tilt: int | None = None
    ) -> None:
        """How the program's mentors and mentees are matched; no tilt means the usual one."""
        usual: int = Program._meta.get_field("tilt").get_default()
        self.weights, self.must_haves, self.tilt = weights, must_haves, usual if tilt is None else tilt
        self.save(update_fields=["weights", "must_haves", "tilt"])


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self) -> "MembershipQuerySet":
        return self.filter(left_at__isnull=True, person__is_active=True)

    def mentors(self) -> "MembershipQuerySet":
        return self.current().filter(is_mentor=True)

    def mentees(self) -> "MembershipQuerySet":
        return self.current().filter(is_mentee=True)

    def visible_to(self, user: User | AnonymousUser) -> "MembershipQuerySet":
        """Members of the user's own programs."""
        return self.current().filter(program__in=Program.objects.visible_to(user))

    def administered_by(self, user: User | AnonymousUser) -> "MembershipQuerySet":
        return self.filter(program__in=Program.objects.administered_by(user))

    def proposable(self) -> "MembershipQuerySet":
        """Mentors who may be proposed at all: current, and not pausing."""
        return self.mentors().filter(is_paused=False)

    def matching(self, words: str, *, role: str = "") -> "MembershipQuerySet":
        """Those whose name, mail address or headline holds the words; `role` as the member list offers it."""
        found = self.filter(
            Q(person__name__icontains=words)
            | Q(person__email__icontains=words)
            | Q(person__profile__headline__icontains=words)
        )
        roles = {
            "mentor": Q(is_mentor=True),
            "mentee": Q(is_mentee=True),
            "admin": Q(is_admin=True),
            "paused": Q(is_mentor=True, is_paused=True),
        }
        return (found if words else self).filter(roles.get(role, Q()))

    def with_counts(self) -> "MembershipQuerySet":
        """Adds `taken`, engagements under way as mentor, and `open_goals`, both in the member's program."""
        engagement = "person__engagements_as_mentor"
        goal = "person__goals"
        return self.annotate(
            taken=Count(
                engagement,
                filter=Q(**{f"{engagement}__program": F("program"), f"{engagement}__state": "active"}),
                distinct=True,
            ),
            open_goals=Count(
                goal, filter=Q(**{f"{goal}__program": F("program"), f"{goal}__state": "open"}), distinct=True
            ),
        )

    def open_to(self, mentee: "Membership") -> "MembershipQuerySet":
        """Mentors whom this mentee may be proposed to, in every mode.

        Never oneself, one's reporting line in either direction, anybody whom either of the two has
        excluded, or a mentor who pauses. `kept_apart` is the same rule for a whole program.
        """
        return self.proposable()._beside(mentee)

    def mentees_open_to(self, mentor: "Membership") -> "MembershipQuerySet":
        """The same from the other side: mentees to whom this mentor may be proposed while not pausing."""
        return self.mentees().filter(is_paused=False)._beside(mentor)

    def _beside(self, member: "Membership") -> "MembershipQuerySet":
        """Others of the member's program whom it does not keep apart from the member."""
        others = self.filter(program_id=member.program_id).exclude(person_id=member.person_id)
        for one, other, rows in _apart(member.program_id):
            others = others.exclude(person_id__in=rows.filter(**{one: member.person_id}).values(other))
        return others


class Membership(models.Model):
    """A person in a program: as mentor, mentee or both, or as program admin."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    program = models.ForeignKey(Program, models.CASCADE, related_name="memberships")
    person = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    is_mentor = models.BooleanField("mentor", default=False)
    is_mentee = models.BooleanField("mentee", default=False)
    is_admin = models.BooleanField("program admin", default=False)
    capacity = models.PositiveSmallIntegerField("mentees at once", default=1)
    is_paused = models.BooleanField("paused", default=False)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "person"], name="membership_once"),
            models.CheckConstraint(
                name="membership_has_a_role",
                condition=Q(is_mentor=True) | Q(is_mentee=True) | Q(is_admin=True),
                violation_error_message="Choose at least one: mentor, mentee or program admin.",
            ),
            models.CheckConstraint(
                name="membership_capacity_0_to_20",
                condition=Q(capacity__lte=20),
                violation_error_message="A mentor has at most 20 places.",
            ),
        ]
        indexes = [models.Index(fields=["person", "left_at"], name="membership_by_person")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.program_id}"


class ReportingLine(models.Model):
    """`senior` is above `junior` at any distance; the two are never proposed to each other.

    The whole chain is stored, one row a pair, so that every mode can exclude it by one join.
    """

    program = models.ForeignKey(Program, models.CASCADE, related_name="reporting_lines")
    junior = models.ForeignKey(User, models.CASCADE, related_name="+")
    senior = models.ForeignKey(User, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "junior", "senior"], name="reporting_line_once"),
            models.CheckConstraint(name="reporting_line_of_two", condition=~Q(junior=F("senior"))),
        ]

    def __str__(self) -> str:
        return f"{self.junior_id} under {self.senior_id}"


class Exclusion(models.Model):
    """`by` does not want to meet `other`, in any program. Private: no page shows it to anybody but `by`."""

    by = models.ForeignKey(User, models.CASCADE, related_name="exclusions")
    other = models.ForeignKey(User, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["by", "other"], name="exclusion_once"),
            models.CheckConstraint(name="exclusion_of_another", condition=~Q(by=F("other"))),
        ]

    def __str__(self) -> str:
        return "an exclusion"


def _apart(program_id: uuid.UUID) -> list[tuple[str, str, models.QuerySet[Any]]]:
    """Whom a program keeps apart: (the one's field, the other's field, rows). The rule's only home."""
    members = Membership.objects.current().filter(program_id=program_id).values("person")
    exclusions = Exclusion.objects.filter(by__in=members)
    lines = ReportingLine.objects.filter(program_id=program_id)
    return [
        ("by", "other", exclusions),
        ("other", "by", exclusions),
        ("junior", "senior", lines),
        ("senior", "junior", lines),
    ]


def kept_apart(program_id: uuid.UUID) -> set[tuple[uuid.UUID, uuid.UUID]]:
    """Pairs of persons, in both orders, whom no mode may propose to each other; oneself not listed."""
    return {pair for one, other, rows in _apart(program_id) for pair in rows.values_list(one, other)}
