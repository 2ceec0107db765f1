"""The skill list, and what people say of themselves by it."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from accounts.models.people import User


class Skill(models.Model):
    """An entry of the skill list."""

    class Kind(models.TextChoices):
        TECHNICAL = "technical", "technical"
        LEADERSHIP = "leadership", "leadership"
        POLITICAL = "political", "political"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=Kind)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    synonyms = models.JSONField(default=list, blank=True)
    # The program whose admins added it; without one it is of the list that every program shares.
    program = models.ForeignKey(
        "programs.Program", models.CASCADE, null=True, blank=True, related_name="own_skills"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), condition=Q(program__isnull=True), name="skill_name_once"),
            models.UniqueConstraint(
                Lower("name"),
                "program",
                name="skill_name_once_in_program",
                violation_error_message="Your program has a skill of this name already.",
            ),
            models.CheckConstraint(
                name="skill_kind_known", condition=Q(kind__in=["technical", "leadership", "political"])
            ),
            models.CheckConstraint(
                name="skill_not_own_parent", condition=Q(parent__isnull=True) | ~Q(parent=F("id"))
            ),
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SkillHere(models.Model):
    """How one program calls a skill, or into which other it counts it.

    Nothing that refers to the skill is touched: matching, search and pages read it so in this program, other
    programs do not, and taking it back brings all back.
    """

    program = models.ForeignKey("programs.Program", models.CASCADE, related_name="skills_here")
    skill = models.ForeignKey(Skill, models.CASCADE, related_name="here")
    name = models.CharField(max_length=80, blank=True)
    into = models.ForeignKey(Skill, models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "skill"], name="skill_here_once"),
            models.CheckConstraint(
                name="skill_here_says_something", condition=~Q(name="") | Q(into__isnull=False)
            ),
            models.CheckConstraint(
                name="skill_here_not_into_itself", condition=Q(into__isnull=True) | ~Q(into=F("skill"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.skill_id} in {self.program_id}"


class PersonSkill(models.Model):
    """A skill that a person has and would share, at a level."""

    class Level(models.IntegerChoices):
        BASIC = 1, "knows the basics"
        PRACTISED = 2, "practised"
        STRONG = 3, "strong"
        LEADING = 4, "others learn it from me"

    person = models.ForeignKey(User, models.CASCADE, related_name="skills")
    skill = models.ForeignKey(Skill, models.PROTECT, related_name="people")
    level = models.PositiveSmallIntegerField(choices=Level, default=Level.STRONG)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "skill"],
                name="skill_once",
                violation_error_message="You list this skill twice.",
            ),
            models.CheckConstraint(name="skill_level_1_to_4", condition=Q(level__gte=1, level__lte=4)),
        ]
        ordering = ["-level", "skill__name"]

    def __str__(self) -> str:
        return f"{self.skill} ({self.get_level_display()})"


class LearningWish(models.Model):
    """A skill that a person would like to learn."""

    person = models.ForeignKey(User, models.CASCADE, related_name="wishes")
    skill = models.ForeignKey(Skill, models.PROTECT, related_name="wished_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "skill"],
                name="wish_once",
                violation_error_message="You list this wish twice.",
            )
        ]
        ordering = ["skill__name"]

    def __str__(self) -> str:
        return str(self.skill)


class Offer(models.Model):
    """What a person can give back: a skill, and in words how."""

    person = models.ForeignKey(User, models.CASCADE, related_name="offers")
    skill = models.ForeignKey(Skill, models.PROTECT, related_name="offered_by")
    words = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "skill"],
                name="offer_once",
                violation_error_message="You offer this skill twice.",
            )
        ]
        ordering = ["skill__name"]

    def __str__(self) -> str:
        return str(self.skill)
