"""Mails to people whom an import brings: only where the admin asks for them."""

from datetime import datetime

from accounts.models import User
from mentoring.outbox.services import queue_mail
from mentoring.programs.models import Invitation, Program


def tell_placed(program: Program, person: User, *, now: datetime) -> None:
    """They have a place, and an account without a password."""
    queue_mail(
        kind="place-given",
        to=person,
        template="place_given",
        context={"program": program, "person": person},
        key=f"place-given-{program.pk}-{person.pk}",
        now=now,
        program_id=program.pk,
    )


def tell_invited(invitation: Invitation, token: str, *, now: datetime) -> None:
    pass
