"""What somebody leaves behind who leaves a program. The settings name these two, as programs stand lower."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accounts.models import User
from mentoring.engagements import services
from mentoring.engagements.models import Engagement, EngagementQuerySet, Request, RequestQuerySet
from mentoring.programs.models import Membership


@dataclass(frozen=True)
class Ties:
    engagements: list[str]  # the other's name in each
    requests: list[str]

    def __bool__(self) -> bool:
        return bool(self.engagements or self.requests)


def ties_of(membership: Membership) -> Ties:
    """What leaving ends. A request of which the mentor has not heard yet is not told of."""
    person = membership.person
    told = _requests(membership).filter(Q(approved_at__isnull=False) | Q(mentee=person))
    return Ties(
        [one.other(person).name for one in _engagements(membership).select_related("mentor", "mentee")],
        [
            one.mentee.name if one.mentor_id == person.pk else one.mentor.name
            for one in told.select_related("mentor", "mentee")
        ],
    )


def release(membership: Membership, *, by: User | None, now: datetime) -> None:
    """End the engagements under way and answer the requests that wait. The caller has locked the membership:
    no engagement begins meanwhile."""
    person = membership.person
    for pk in _requests(membership).values_list("pk", flat=True):
        _answer(pk, person, now)
    for pk in _engagements(membership).values_list("pk", flat=True):
        services.end_engagement(engagement_id=pk, by=None if by else person, now=now)


def _answer(pk: uuid.UUID, person: User, now: datetime) -> None:
    request = Request.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if request.state != Request.State.OPEN:
        return
    if request.expires_at <= now:
        services.expire_request(request, now)
    elif request.mentee_id == person.pk:
        services.withdraw_request(request_id=request.pk, now=now)
    else:
        services.decline_for_leaving(request_id=request.pk, now=now)


def _requests(membership: Membership) -> RequestQuerySet:
    person, here = membership.person_id, Request.objects.open().filter(program=membership.program_id)
    return here.filter(Q(mentor=person) | Q(mentee=person)).order_by("pk")


def _engagements(membership: Membership) -> EngagementQuerySet:
    person, here = membership.person_id, Engagement.objects.active().filter(program=membership.program_id)
    return here.filter(Q(mentor=person) | Q(mentee=person)).order_by("pk")
