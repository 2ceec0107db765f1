"""People and what they bring: sign-in, profile, skills, evidence, availability."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Lower

from accounts.languages import Fluency, language_name
from accounts.week import EMPTY_WEEK, WEEK_BYTES
from accounts.zones import validate_zone
from mentoring.confidential.models import new_id


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Signs in by mail address; a member of any number of programs."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField("mail address", unique=True)
    name = models.CharField(max_length=120)
    zone = models.CharField("time zone", max_length=64, default="UTC", validators=[validate_zone])
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique_any_case")]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class Profile(models.Model):
    """What a person says of themselves, the same in every program of theirs."""

    person = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="profile")
    headline = models.CharField(max_length=120, blank=True)
    about = models.TextField(max_length=3000, blank=True)
    country = models.CharField(max_length=2, blank=True)
    # Protected half hours of a week in the person's own zone; accounts/week.py says how they are packed.
    week = models.BinaryField(max_length=WEEK_BYTES, default=EMPTY_WEEK)

    class Meta:
        constraints = [
            models.CheckConstraint(name="profile_week_is_336_bits", condition=Q(week__octets=WEEK_BYTES))
        ]

    def __str__(self) -> str:
        return f"profile of {self.person_id}"


@models.BinaryField.register_lookup
class Octets(Length):
    """Length of a binary value in bytes; Django's own Length is registered for text alone."""

    lookup_name = "octets"
    function = "octet_length"


class SpokenLanguage(models.Model):
    person = models.ForeignKey(User, models.CASCADE, related_name="languages")
    code = models.CharField("language", max_length=3)
    fluency = models.PositiveSmallIntegerField(choices=Fluency, default=Fluency.FLUENT)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "code"],
                name="language_once",
                violation_error_message="You list this language twice.",
            ),
            models.CheckConstraint(name="language_fluency_known", condition=Q(fluency__in=Fluency.values)),
        ]
        ordering = ["-fluency", "code"]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_fluency_display()})"

    @property
    def name(self) -> str:
        return language_name(self.code)


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

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="skill_name_once"),
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


class EmpathyRating(models.Model):
    """One mentee's answers about one mentor at one closing; counted only in aggregates of three or more."""

    closing = models.ForeignKey("engagements.Engagement", models.CASCADE, related_name="empathy_ratings")
    mentee = models.ForeignKey(User, models.CASCADE, related_name="empathy_ratings_given")
    mentor = models.ForeignKey(User, models.CASCADE, related_name="empathy_ratings")
    understood = models.PositiveSmallIntegerField()
    listened = models.PositiveSmallIntegerField()
    context = models.PositiveSmallIntegerField()
    honest = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["closing", "mentee"], name="empathy_once_per_closing"),
            models.CheckConstraint(
                name="empathy_answers_0_to_4",
                condition=Q(understood__lte=4, listened__lte=4, context__lte=4, honest__lte=4),
            ),
            models.CheckConstraint(name="empathy_not_of_oneself", condition=~Q(mentee=F("mentor"))),
        ]

    def __str__(self) -> str:
        return "an empathy rating"
