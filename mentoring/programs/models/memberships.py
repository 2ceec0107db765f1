import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, F, Q
from django.utils import timezone

from accounts.models import User
from mentoring.confidential.models import new_id
from mentoring.programs.models.programs import Program

# A pause begins when its first day has begun anywhere on earth, and is over when its last day is over
# everywhere: nobody is asked on a day that is theirs to pause, whatever zone they are in that day.
FIRST_ZONE, LAST_ZONE = timedelta(hours=14), timedelta(hours=12)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self) -> "MembershipQuerySet":
        return self.filter(left_at__isnull=True, person__is_active=True)

    def mentors(self) -> "MembershipQuerySet":
        return self.current().filter(is_mentor=True)

    def mentees(self) -> "MembershipQuerySet":
        return self.current().filter(is_mentee=True)

    def other_admins(self, program_id: uuid.UUID, *persons: uuid.UUID) -> "MembershipQuerySet":
        """The program's admins who are none of these persons."""
        admins = self.current().filter(program_id=program_id, is_admin=True)
        return admins.exclude(person_id__in=persons)

    def visible_to(self, user: User | AnonymousUser) -> "MembershipQuerySet":
        """Members of the user's own programs."""
        return self.current().filter(program__in=Program.objects.visible_to(user))

    def administered_by(self, user: User | AnonymousUser) -> "MembershipQuerySet":
        return self.filter(program__in=Program.objects.administered_by(user))

    def proposable(self) -> "MembershipQuerySet":
        """Mentors who may be proposed at all: current, and not pausing."""
        return self.mentors().not_pausing()

    def pausing(self) -> "MembershipQuerySet":
        return self.filter(pauses_today())

    def not_pausing(self) -> "MembershipQuerySet":
        return self.exclude(pauses_today())

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
            "paused": pauses_today(),
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
        return self.mentees().not_pausing()._beside(mentor)

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
    # A pause with an end: both days are part of it, in the person's own zone.
    paused_from = models.DateField(null=True, blank=True)
    paused_until = models.DateField(null=True, blank=True)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    was_removed = models.BooleanField("removed by an admin", default=False)  # and so comes back by one alone

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
            models.CheckConstraint(
                name="membership_pause_from_until",
                condition=Q(paused_from__isnull=True, paused_until__isnull=True)
                | Q(
                    paused_from__isnull=False, paused_until__isnull=False, paused_from__lte=F("paused_until")
                ),
                violation_error_message="A pause ends on the day it begins, or later.",
            ),
            models.CheckConstraint(
                name="membership_removed_has_left",
                condition=Q(was_removed=False) | Q(left_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["person", "left_at"], name="membership_by_person")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.program_id}"

    @property
    def pauses(self) -> bool:
        """`pauses_today` for one that is at hand."""
        return self.is_paused or self._is_in_days(timezone.now())

    @property
    def will_pause(self) -> bool:
        """Says that they pause from a day to come."""
        first = self.paused_from
        return not self.pauses and first is not None and first > timezone.now().date()

    def _is_in_days(self, now: datetime) -> bool:
        if self.paused_from is None or self.paused_until is None:
            return False
        return self.paused_from <= (now + FIRST_ZONE).date() and self.paused_until >= (now - LAST_ZONE).date()


def pauses_today() -> Q:
    """Who takes nobody new at present, as mentor or mentee: until they say so, or from one day to another."""
    now = timezone.now()
    first, last = (now + FIRST_ZONE).date(), (now - LAST_ZONE).date()
    return Q(is_paused=True) | Q(paused_from__lte=first, paused_until__gte=last)


class ReportingLine(models.Model):
    """`senior` is above `junior` at any distance; the two are never proposed to each other.

    The whole chain is stored, one row a pair, so that every mode can exclude it by one join.
    """

    program = models.ForeignKey(Program, models.CASCADE, related_name="reporting_lines")
    junior = models.ForeignKey(User, models.CASCADE, related_name="+")
    senior = models.ForeignKey(User, models.CASCADE, related_name="+")
    steps = models.PositiveSmallIntegerField(default=1)  # 1: the manager, 2: the manager's manager, …

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "junior", "senior"], name="reporting_line_once"),
            models.CheckConstraint(name="reporting_line_steps_from_1", condition=Q(steps__gte=1)),
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
    lines = ReportingLine.objects.filter(program_id=program_id).exclude(
        program__line_rule=Program.LineRule.DIRECT, steps__gt=1
    )
    return [
        ("by", "other", exclusions),
        ("other", "by", exclusions),
        ("junior", "senior", lines),
        ("senior", "junior", lines),
    ]


def kept_apart(program_id: uuid.UUID) -> set[tuple[uuid.UUID, uuid.UUID]]:
    """Pairs of persons, in both orders, whom no mode may propose to each other; oneself not listed."""
    return {pair for one, other, rows in _apart(program_id) for pair in rows.values_list(one, other)}


class Favourite(models.Model):
    """A member whom `by` marked to find again. Private to `by`."""

    by = models.ForeignKey(Membership, models.CASCADE, related_name="favourites")
    whom = models.ForeignKey(Membership, models.CASCADE, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["by", "whom"], name="favourite_once"),
            models.CheckConstraint(name="favourite_of_another", condition=~Q(by=F("whom"))),
        ]

    def __str__(self) -> str:
        return "a favourite"
