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
    person, here = membership.person, Q(program=membership.program_id)
    return Ties(
        [one.other(person).name for one in _engagements(person, here).select_related("mentor", "mentee")],
        [
            one.mentee.name if one.mentor_id == person.pk else one.mentor.name
            for one in _requests(person, here).known_to(person).select_related("mentor", "mentee")
        ],
    )


def release(membership: Membership, *, by: User | None, now: datetime) -> None:
    """End the engagements under way and answer the requests that wait. The caller has locked the membership:
    no engagement begins meanwhile."""
    here = Q(program=membership.program_id)
    end_all(membership.person, here, by=None if by else membership.person, now=now)


def end_all(person: User, among: Q, *, by: User | None, note: str = "", now: datetime) -> None:
    """The same of those `among` them. `note` goes to whom the person, as mentor, has heard from."""
    for pk in _engagements(person, among).values_list("pk", flat=True):
        services.end_engagement(engagement_id=pk, by=by, now=now)
    for pk in _requests(person, among).values_list("pk", flat=True):
        _answer(pk, person, note, now)


def _answer(pk: uuid.UUID, person: User, note: str, now: datetime) -> None:
    request = Request.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if request.state != Request.State.OPEN:
        return
    if request.expires_at <= now:
        services.expire_request(request, now)
    elif request.mentee_id == person.pk:
        services.withdraw_request(request_id=request.pk, now=now)
    else:
        heard = request.approved_at is not None
        services.decline_for_leaving(request_id=request.pk, note=note if heard else "", now=now)


def _requests(person: User, among: Q) -> RequestQuerySet:
    either = Q(mentor=person) | Q(mentee=person)
    return Request.objects.open().filter(either, among).order_by("pk")


def _engagements(person: User, among: Q) -> EngagementQuerySet:
    return Engagement.objects.active().visible_to(person).filter(among).order_by("pk")
