"""Two admins, an admin and the mentee, and somebody who leaves, all at the same moment."""

import pytest
from django.utils import timezone

from mentoring.engagements import approving, services
from mentoring.engagements.models import Engagement, Request
from mentoring.outbox.models import Mail
from mentoring.programs.models import AuditEntry, Membership
from mentoring.programs.services import leave_program
from tests import factories
from tests.racing import race, refusals

pytestmark = pytest.mark.django_db(transaction=True)


def received():
    return Mail.objects.filter(kind="request_received").exclude(state=Mail.State.WITHDRAWN).count()


def approve(request, by):
    return lambda: approving.approve_request(request_id=request.pk, by=by, now=timezone.now())


def test_one_of_many_who_approve_at_once_does(cast):
    request = factories.make_request(cast.goal, cast.mentor, approved_at=None)

    finishes = race([approve(request, cast.admin.person)] * 4)

    assert refusals(finishes) == {"EngagementError: This request is approved already.": 3}
    assert (received(), AuditEntry.objects.count()) == (1, 1)


def test_approval_and_withdrawal_at_once_leave_nothing_that_asks_of_the_mentor(cast):
    for n in range(4):
        mentor = factories.make_mentor(cast.program)
        request = factories.make_request(cast.goal, mentor, approved_at=None)
        race(
            [
                approve(request, cast.admin.person),
                lambda request=request: services.withdraw_request(request_id=request.pk, now=timezone.now()),
            ]
        )
        request.refresh_from_db()
        assert request.state == Request.State.WITHDRAWN, n
        assert received() == 0


def test_who_leaves_while_the_other_accepts_has_nothing_under_way(cast):
    for _ in range(4):
        mentor = factories.make_mentor(cast.program)
        request = factories.make_request(cast.goal, mentor)
        race(
            [
                lambda mentor=mentor, request=request: services.accept_request(
                    request_id=request.pk, by=mentor.person, now=timezone.now()
                ),
                lambda mentor=mentor: leave_program(mentor, now=timezone.now()),
            ]
        )
        assert Membership.objects.get(pk=mentor.pk).left_at is not None
        assert not Engagement.objects.active().filter(mentor=mentor.person).exists()
        request.refresh_from_db()
        assert request.state in {"accepted", "declined"}
