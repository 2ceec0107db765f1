"""The mail to somebody who has a place by an import: only where the admin asks for it."""

from datetime import datetime

from accounts.models import User
from mentoring.outbox.services import queue_mail
from mentoring.programs.models import Program

MOST_MAILS = 5_000  # of one import: each is written before the import is done


def tell_placed(program: Program, person: User, *, now: datetime) -> None:
    """They have an account without a password, and nobody but they can sign in to it."""
    queue_mail(
        kind="place-given",
        to=person,
        template="place_given",
        context={},
        key=f"place-given:{program.pk}:{person.pk}",
        now=now,
        program_id=program.pk,
    )
