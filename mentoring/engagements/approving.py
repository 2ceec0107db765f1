"""What an admin says to a request before its mentor hears of it, where the program wants that."""

import uuid
from datetime import datetime

from django.db import transaction

from accounts.models import User
from mentoring.engagements import mails
from mentoring.engagements.models import Request
from mentoring.engagements.services import NOT_TO_BE_ASKED, EngagementError, close_request, lock_open
from mentoring.programs.audit import record
from mentoring.programs.models import Membership


@transaction.atomic
def approve_request(*, request_id: uuid.UUID, by: User, now: datetime) -> Request:
    """The mentor hears of the request and has the program's usual time to answer. Raises EngagementError."""
    request = _lock_to_approve(request_id, by, now)
    mentee = Membership.objects.mentees().filter(program=request.program_id, person=request.mentee_id).first()
    if mentee is None or not Membership.objects.open_to(mentee).filter(person=request.mentor_id).exists():
        raise EngagementError(NOT_TO_BE_ASKED)
    request.approved_at, request.approved_by = now, by
    request.expires_at = now + request.program.request_lifetime
    request.save(update_fields=["approved_at", "approved_by", "expires_at"])
    mails.withdraw_to_approve(request)
    mails.request_received(request, now)
    record(request.program, by=by, action="request approved", details=_who(request), now=now)
    return request


@transaction.atomic
def refuse_request(*, request_id: uuid.UUID, by: User, note: str, now: datetime) -> Request:
    """The mentee is told in neutral words; the mentor never hears of it."""
    request = _lock_to_approve(request_id, by, now)
    request.decline_note = note
    close_request(request, Request.State.DECLINED, now, "decline_note")
    mails.request_not_approved(request, now)
    record(request.program, by=by, action="request declined", details=_who(request), now=now)
    return request


def _lock_to_approve(request_id: uuid.UUID, by: User, now: datetime) -> Request:
    request = lock_open(request_id, now)
    if request.approved_at is not None:
        raise EngagementError("This request is approved already.")
    if by.pk in (request.mentor_id, request.mentee_id):
        raise EngagementError("Another admin has to decide: this request is yours.")
    return request


def _who(request: Request) -> dict[str, str]:
    return {"mentee": request.mentee.name, "mentor": request.mentor.name}
