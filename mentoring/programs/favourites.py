"""Members whom a member marked to find again. Nobody else ever learns of it."""

import uuid
from collections.abc import Collection
from datetime import datetime

from mentoring.programs.models import Favourite, Membership


def add(by: Membership, whom: Membership, *, now: datetime) -> None:
    """`whom` is one whom `by` may be proposed to. Twice is once."""
    Favourite.objects.bulk_create([Favourite(by=by, whom=whom, created_at=now)], ignore_conflicts=True)


def remove(by: Membership, person: uuid.UUID) -> None:
    Favourite.objects.filter(by=by, whom__person=person).delete()


def among(by: Membership, members: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these memberships are favourites."""
    return set(Favourite.objects.filter(by=by, whom__in=members).values_list("whom", flat=True))
