"""Open commitments outside a session: on the engagement's page, and one's own at home."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from mentoring.engagements.models import Engagement
from mentoring.notes.models import Commitment
from mentoring.notes.sections import lines_of

JUST_NOW = timedelta(hours=24)  # so long a closed one stays where it was, to be opened again
SOON = timedelta(days=7)
MOST_AT_HOME = 6


def of(engagement: Engagement, reader: User, now: datetime) -> dict[str, Any]:
    """What the two have open, for one of them."""
    rows = Commitment.objects.visible_to(reader).filter(engagement=engagement)
    lines = lines_of(rows.filter(_open_or_just_closed(now)), reader)
    return {
        "engagement": engagement,
        "other": engagement.other(reader),
        "may_change": engagement.state == Engagement.State.ACTIVE,
        "own": [line for line in lines if line.is_own],
        "others": [line for line in lines if not line.is_own],
    }


def mine(reader: User, now: datetime) -> dict[str, Any]:
    """One's own that are due within a week or overdue, and how many more are open."""
    rows = Commitment.objects.undertaken_by(reader).under_way()
    due = Q(due_on__lte=timezone.localdate() + SOON)
    shown = rows.filter(due & _open_or_just_closed(now)).select_related(
        "engagement__mentor", "engagement__mentee"
    )
    lines = lines_of(shown[:MOST_AT_HOME], reader)
    listed = sum(line.commitment.state == Commitment.State.OPEN for line in lines)
    return {
        "due": [(line, line.commitment.engagement.other(reader)) for line in lines],
        "more": rows.open().count() - listed,
    }


def _open_or_just_closed(now: datetime) -> Q:
    return Q(state=Commitment.State.OPEN) | Q(closed_at__gte=now - JUST_NOW)
