"""Engagements that are over, without sessions: many at once cost little."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from mentoring.engagements.models import Engagement
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership
from tests import factories


def make_ended(mentor: Membership, mentee: Membership, *, ended_at: datetime | None = None) -> Engagement:
    now = timezone.now()
    goal = factories.make_goal(mentee, skills={}, state=Goal.State.CLOSED)
    request = factories.make_request(
        goal, mentor, state="accepted", closed_at=now, mentor_yes_at=now, mentee_yes_at=now
    )
    dates: dict[str, Any] = {"starts_on": request.starts_on, "ends_on": request.ends_on, "created_at": now}
    return Engagement.objects.create(
        program=mentor.program,
        mentor=mentor.person,
        mentee=mentee.person,
        goal=goal,
        request=request,
        state=Engagement.State.ENDED,
        ended_at=ended_at or now,
        **dates,
    )
