"""What the course of a relationship says by mail: one function a message."""

from datetime import datetime

from accounts.models import User
from mentoring.engagements.models import Engagement, Request
from mentoring.outbox.models import Mail
from mentoring.outbox.services import queue_mail


def about(request: Request) -> str:
    return f"request:{request.pk}"


def request_received(request: Request, now: datetime) -> None:
    _about_request(request, request.mentor, request.mentee, "request_received", now)


def pairing_proposed(request: Request, now: datetime) -> None:
    _about_request(request, request.mentor, request.mentee, "pairing_proposed_to_mentor", now)
    _about_request(request, request.mentee, request.mentor, "pairing_proposed_to_mentee", now)


def other_terms_offered(request: Request, now: datetime) -> None:
    queue_mail(
        kind="other_terms_offered",
        to=request.mentee,
        template="other_terms_offered",
        context={"request": request, "goal": request.goal, "other": request.mentor},
        key=f"other_terms_offered:{request.pk}:{now.isoformat()}",
        now=now,
        about=about(request),
    )


def count_other_terms(request: Request) -> int:
    """How often the mentor has offered other terms: each time is a mail, and the outbox keeps its row."""
    return Mail.objects.about(about(request)).filter(kind="other_terms_offered").count()


def request_declined(request: Request, now: datetime) -> None:
    _about_request(request, request.mentee, request.mentor, "request_declined", now)


def request_withdrawn(request: Request, now: datetime) -> None:
    _about_request(request, request.mentor, request.mentee, "request_withdrawn", now)


def request_expired(request: Request, now: datetime) -> None:
    _about_request(request, request.mentee, request.mentor, "request_expired_to_mentee", now)
    _about_request(request, request.mentor, request.mentee, "request_expired_to_mentor", now)


def engagement_opened(engagement: Engagement, request: Request, now: datetime) -> None:
    first = engagement.series.get().sessions.order_by("starts_at").first()
    for reader, other in ((request.mentee, request.mentor), (request.mentor, request.mentee)):
        queue_mail(
            kind="engagement_opened",
            to=reader,
            template="engagement_opened",
            context={"engagement": engagement, "request": request, "other": other, "first": first},
            key=f"engagement_opened:{engagement.pk}:{reader.pk}",
            now=now,
        )


def engagement_ended(engagement: Engagement, by: User | None, now: datetime) -> None:
    """Tell whoever did not end it; both, when it ended by itself or a program admin ended it."""
    for reader in (engagement.mentor, engagement.mentee):
        if by is None or reader.pk != by.pk:
            queue_mail(
                kind="engagement_ended",
                to=reader,
                template="engagement_ended",
                context={"engagement": engagement, "other": engagement.other(reader)},
                key=f"engagement_ended:{engagement.pk}:{reader.pk}",
                now=now,
            )


def _about_request(request: Request, reader: User, other: User, template: str, now: datetime) -> None:
    queue_mail(
        kind=template,
        to=reader,
        template=template,
        context={"request": request, "goal": request.goal, "other": other},
        key=f"{template}:{request.pk}",
        now=now,
        about=about(request),
    )
