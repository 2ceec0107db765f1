"""A person, and what they say of themselves."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db import models
from django.db.models import Q
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
    # Names the photo that stands now, so that a page of many people asks for none of them; empty without one.
    photo_key = models.CharField(max_length=22, blank=True, editable=False)
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


class PhotoQuerySet(models.QuerySet["Photo"]):
    def visible_to(self, user: User | AnonymousUser) -> "PhotoQuerySet":
        """One's own, and those of the current members of programs that one is a current member of.

        Programs, a higher app, are known by the relations' names.
        """
        beside = User.objects.filter(
            is_active=True,
            memberships__left_at__isnull=True,
            memberships__program__memberships__left_at__isnull=True,
            memberships__program__memberships__person=user.pk,
        )
        return self.filter(Q(person=user.pk) | Q(person__in=beside))


class Photo(models.Model):
    """A person's photo, encoded anew by us: never the bytes that were uploaded, and nothing of their EXIF.

    In the database, so that it lives and goes with the person and every web process has it.
    """

    person = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="photo")
    large = models.BinaryField()  # WebP, at most 640 pixels a side
    small = models.BinaryField()  # WebP, 96 by 96 pixels
    updated_at = models.DateTimeField()

    objects = PhotoQuerySet.as_manager()

    def __str__(self) -> str:
        return f"photo of {self.person_id}"
