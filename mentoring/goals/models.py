from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from accounts.models import Skill, User
from mentoring.confidential.models import DataKey, new_id, place
from mentoring.programs.models import Program


class GoalQuerySet(models.QuerySet["Goal"]):
    def open(self) -> "GoalQuerySet":
        return self.filter(state=Goal.State.OPEN)

    def owned_by(self, user: User | AnonymousUser) -> "GoalQuerySet":
        """The user's own goals in programs that they are still a member of."""
        return self.filter(mentee_id=user.pk, program__in=Program.objects.visible_to(user))

    def visible_to(self, user: User | AnonymousUser) -> "GoalQuerySet":
        """Goals of which the user may read at least title and skills: their own, those that they help or
        helped with as mentor, and those of programs that they administer."""
        helped = Q(engagements__mentor_id=user.pk, program__in=Program.objects.visible_to(user))
        own = Q(mentee_id=user.pk, program__in=Program.objects.visible_to(user))
        run = Q(program__in=Program.objects.administered_by(user))
        return self.filter(own | helped | run).distinct()


class Goal(models.Model):
    """What a mentee wants to reach. The blocker is confidential: sealed, and read by the pair alone."""

    class State(models.TextChoices):
        OPEN = "open", "open"
        CLOSED = "closed", "closed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    program = models.ForeignKey(Program, models.CASCADE, related_name="goals")
    mentee = models.ForeignKey(User, models.CASCADE, related_name="goals")
    title = models.CharField("what do you want to reach", max_length=120)
    why = models.TextField("why does it matter", max_length=2000)
    success = models.TextField("how will success be seen", max_length=2000)
    target_on = models.DateField("by when")
    blocker_sealed = models.BinaryField(blank=True, default=b"")
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GoalQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(name="goal_has_title", condition=~Q(title=""))]
        ordering = ["target_on", "created_at"]

    def __str__(self) -> str:
        return self.title

    def seal_blocker(self, text: str) -> None:
        """Set the blocker; the row is not saved."""
        self.blocker_sealed = self._key().seal(text, place=place(self, "blocker")) if text else b""

    def read_blocker(self) -> str:
        if not self.blocker_sealed:
            return ""
        return self._key().open(bytes(self.blocker_sealed), place=place(self, "blocker"))

    def _key(self) -> DataKey:
        return DataKey.objects.of(f"person:{self.mentee_id}")

    def has_words_for(self, user: User | AnonymousUser) -> bool:
        """Whether the user reads more than title and skills: its mentee, and a mentor while an engagement
        for it is under way (engagements are a higher app, known by the relation's name)."""
        goal: Any = self
        return self.mentee_id == user.pk or goal.engagements.filter(mentor=user.pk, state="active").exists()


class SkillWanted(models.Model):
    """A skill that a goal needs, and how much it matters."""

    class Importance(models.IntegerChoices):
        HELPFUL = 1, "helpful"
        IMPORTANT = 2, "important"
        ESSENTIAL = 3, "essential"

    goal = models.ForeignKey(Goal, models.CASCADE, related_name="skills_wanted")
    skill = models.ForeignKey(Skill, models.PROTECT, related_name="wanted_by")
    importance = models.PositiveSmallIntegerField(choices=Importance, default=Importance.IMPORTANT)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["goal", "skill"],
                name="skill_wanted_once",
                violation_error_message="You want this skill twice.",
            ),
            models.CheckConstraint(
                name="skill_wanted_importance_1_to_3", condition=Q(importance__gte=1, importance__lte=3)
            ),
        ]
        ordering = ["-importance", "skill__name"]

    def __str__(self) -> str:
        return f"{self.skill} ({self.get_importance_display()})"
