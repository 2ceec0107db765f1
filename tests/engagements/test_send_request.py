from datetime import time, timedelta

import pytest
from django.utils import timezone

from mentoring.engagements import services
from mentoring.engagements.services import (
    EngagementError,
    offer_other_terms,
    send_request,
    withdraw_request,
)
from mentoring.outbox.models import Mail
from mentoring.schedule.times import Cadence, Terms
from tests import factories

pytestmark = pytest.mark.django_db


def ask(cast, now, mentor=None):
    on = factories.next_weekday(1, now.date() + timedelta(days=2))
    terms = Terms(on, on + timedelta(weeks=10), time(9), "Europe/London", Cadence.WEEKLY, 60)
    words = {"message": "Would you help me?", "offer": "I can help you with figures."}
    return send_request(
        mentee=cast.mentee, mentor_id=(mentor or cast.mentor).person_id, goal=cast.goal, terms=terms,
        now=now, **words,
    )  # fmt: skip


def test_asking_and_taking_back_fills_no_mentor_s_mailbox(cast):
    now = timezone.now()
    for _ in range(3):
        withdraw_request(request_id=ask(cast, now).pk, now=now)
    with pytest.raises(EngagementError, match="often today"):
        ask(cast, now)
    assert Mail.objects.filter(kind="request_received").count() == 3
    assert ask(cast, now + timedelta(days=1, minutes=1))


def test_asking_and_taking_back_does_not_go_round_all_mentors(cast, monkeypatch):
    monkeypatch.setattr(services, "ASKS_A_DAY", 2)
    now, others = timezone.now(), [factories.make_mentor(cast.program) for _ in range(3)]
    for mentor in others[:2]:
        withdraw_request(request_id=ask(cast, now, mentor).pk, now=now)
    with pytest.raises(EngagementError, match="You have asked 2 times today"):
        ask(cast, now, others[2])
    assert ask(cast, now + timedelta(days=1, minutes=1), others[2])


def test_other_terms_over_and_over_fill_no_mentee_s_mailbox(cast):
    now = timezone.now()
    asked = ask(cast, now)
    for minute in range(5):
        offer_other_terms(request_id=asked.pk, terms=asked.terms, now=now + timedelta(minutes=minute))
    with pytest.raises(EngagementError, match="Wait for an answer"):
        offer_other_terms(request_id=asked.pk, terms=asked.terms, now=now + timedelta(minutes=6))
    assert Mail.objects.filter(kind="other_terms_offered").count() == 5
