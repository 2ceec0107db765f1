"""What is said by mail about profiles: one function a message."""

import hashlib
import uuid
from datetime import datetime

from django.urls import reverse

from accounts.models import Confirmation, User
from mentoring.outbox.choices import Outsider
from mentoring.outbox.models import Category
from mentoring.outbox.services import queue_mail


def about_person(person_id: uuid.UUID) -> str:
    return f"confirmation:{person_id}:"


def about(confirmation: Confirmation) -> str:
    """Of a question with its `accomplishment`."""
    return about_person(confirmation.accomplishment.person_id) + confirmation.token_digest[:24]


def key_of_address(address: str) -> str:
    """By what mails to this address are counted; the key of no mail names an address."""
    return f"confirmation_asked:{hashlib.sha256(address.encode()).hexdigest()[:32]}:"


def confirmation_asked(confirmation: Confirmation, by: User, token: str, now: datetime) -> None:
    """To somebody without an account, who has nothing to sign in for."""
    queue_mail(
        kind="confirmation_asked",
        to=Outsider(confirmation.email, confirmation.name),
        template="confirmation_asked",
        context={
            "asker": by,
            "accomplishment": confirmation.accomplishment,
            "confirm_path": reverse("accounts:confirm", args=[token]),
        },
        key=key_of_address(confirmation.email) + confirmation.token_digest[:32],
        now=now,
        about=about(confirmation),
    )


def confirmation_answered(confirmation: Confirmation, now: datetime) -> None:
    """To the person whose accomplishment it is."""
    person = confirmation.accomplishment.person
    queue_mail(
        kind="confirmation_answered",
        to=person,
        template="confirmation_answered",
        context={"confirmation": confirmation, "accomplishment": confirmation.accomplishment},
        key=f"confirmation_answered:{confirmation.token_digest}",
        now=now,
        about=about(confirmation),
        category=Category.REQUESTS,
    )
