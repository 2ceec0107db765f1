""" "Not this person": whom somebody does not want to meet, in any program, in either direction.

What makes it bite everywhere is `MembershipQuerySet.open_to`. What is under way between the two stays as it
is: to end it here would tell the other. No page, count or wording differs from those of somebody who pauses.
"""

import uuid

from accounts.models import User
from mentoring.programs.models import Exclusion, Membership


def exclude(by: User, other: User) -> None:
    """Twice is once."""
    Exclusion.objects.bulk_create([Exclusion(by=by, other=other)], ignore_conflicts=True)


def undo(by: User, pk: int) -> str | None:
    """The name of who may be proposed again; None where `by` excluded nobody by this row."""
    row = Exclusion.objects.filter(by=by, pk=pk).select_related("other").first()
    if row is None:
        return None
    row.delete()
    return row.other.name


def is_under_way(member: Membership, person: uuid.UUID) -> bool:
    """Whether an engagement or a request stands between the two, in any program (a higher app)."""
    either = {"state__in": ["active", "open"]}
    own = member.person
    return any(
        getattr(own, relation).filter(**{other: person}, **either).exists()
        for relation, other in (
            ("engagements_as_mentor", "mentee"),
            ("engagements_as_mentee", "mentor"),
            ("requests_sent", "mentor"),
            ("requests_received", "mentee"),
        )
    )
