from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mentoring.engagements.models import Engagement
from mentoring.schedule.models import Session
from tests import factories


@dataclass(frozen=True)
class Pair:
    """An engagement under way: some sessions are past, the others lie ahead."""

    engagement: Engagement
    mentor: User
    mentee: User
    past: list[Session]
    ahead: list[Session]


@pytest.fixture
def pair(cast: Any) -> Pair:
    now = timezone.now()
    engagement = factories.make_engagement(cast.goal, cast.mentor, now=now - timedelta(weeks=5))
    sessions = list(
        Session.objects.filter(series__engagement=engagement)
        .select_related("series__engagement", "series__mentor", "series__mentee")
        .order_by("starts_at")
    )
    return Pair(
        engagement,
        cast.mentor.person,
        cast.mentee.person,
        [session for session in sessions if session.ends_at <= now],
        [session for session in sessions if session.starts_at > now],
    )


@pytest.fixture
def mentee(pair: Pair, client_of: Callable[[User], Client]) -> Client:
    return client_of(pair.mentee)


@pytest.fixture
def mentor(pair: Pair, client_of: Callable[[User], Client]) -> Client:
    return client_of(pair.mentor)
