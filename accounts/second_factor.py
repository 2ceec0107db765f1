"""Second factors: passkeys and codes besides a password, and who has to have one."""

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User

# Recovery codes alone are the spare key of a second factor, and none themselves.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def needs_one(person: User) -> bool:
    """Whether the person may go on only with a second factor."""
    return _who_need_one().filter(pk=person.pk).exists()


def lacks_one(person: User) -> bool:
    """Whether the person needs a second factor and has none; one query."""
    has = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
    return _who_need_one().filter(~Exists(has), pk=person.pk).exists()


def _who_need_one() -> QuerySet[User]:
    """Admins of a program that asks for it, and staff. Programs are a higher app, known by name alone."""
    asks = Q(
        memberships__is_admin=True,
        memberships__left_at__isnull=True,
        memberships__program__needs_second_factor=True,
    )
    if settings.STAFF_NEED_SECOND_FACTOR:
        asks |= Q(is_staff=True) | Q(is_superuser=True)
    return User.objects.filter(asks)


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": "You run a program, or this installation, that asks for a second "
        "factor. Set up another one first.",
    }

    def _get_site_name(self) -> str:
        return "Holdfast"

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Who needs a second factor keeps at least one."""
        person = authenticator.user
        others = Authenticator.objects.filter(user=person, type__in=FACTORS).exclude(pk=authenticator.pk)
        return others.exists() or not needs_one(person)

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return "My passkey" if not count else f"My passkey {count + 1}"
