"""What the course of a relationship says by mail: one function a message."""

from datetime import datetime

from accounts.models import User
from mentoring.engagements.models import Engagement, Request
from mentoring.outbox.models import Category, Mail
from mentoring.outbox.services import locked_about, queue_mail, withdraw
from mentoring.programs.models import Membership
from mentoring.schedule.mails import calendar_file
from mentoring.schedule.models import Session


def about(request: Request) -> str:
    return f"request:{request.pk}"


def request_received(request: Request, now: datetime) -> None:
    _about_request(request, request.mentor, request.mentee, "request_received", now)


def request_to_approve(request: Request, now: datetime) -> None:
    """To every admin of the program who may decide on it."""
    admins = Membership.objects.other_admins(request.program_id, request.mentor_id, request.mentee_id)
    for admin in admins.select_related("person"):
        queue_mail(
            kind="request_to_approve",
            to=admin.person,
            template="request_to_approve",
            context={"request": request, "goal": request.goal},
            key=f"request_to_approve:{request.pk}:{admin.person_id}",
            now=now,
            about=about(request),
            category=Category.REQUESTS,
            program_id=request.program_id,
        )


def withdraw_to_approve(request: Request) -> None:
    withdraw([about(request)], kind="request_to_approve")


def request_not_approved(request: Request, now: datetime) -> None:
    _about_request(request, request.mentee, request.mentor, "request_not_approved", now)


def pairing_proposed(request: Request, now: datetime) -> None:
    _about_request(request, request.mentor, request.mentee, "pairing_proposed_to_mentor", now)
    _about_request(request, request.mentee, request.mentor, "pairing_proposed_to_mentee", now)


def told_of_proposal(request: Request) -> list[tuple[User, User]]:
    """(reader, other) of those whom the proposal has reached by mail, or may be reaching this moment.

    What waits is locked until the transaction ends, so that nothing more is sent meanwhile.
    """
    gone = {mail.kind for mail in locked_about(about(request)) if mail.is_on_its_way}
    ends = {
        "pairing_proposed_to_mentor": (request.mentor, request.mentee),
        "pairing_proposed_to_mentee": (request.mentee, request.mentor),
    }
    return [end for kind, end in ends.items() if kind in gone]


def proposal_taken_back(request: Request, told: list[tuple[User, User]], now: datetime) -> None:
    for reader, other in told:
        queue_mail(
            kind="proposal_taken_back",
            to=reader,
            template="proposal_taken_back",
            context={"request": request, "goal": request.goal, "other": other},
            key=f"proposal_taken_back:{request.pk}:{reader.pk}",
            now=now,
            category=Category.REQUESTS,
            program_id=request.program_id,
        )


def other_terms_offered(request: Request, now: datetime) -> None:
    queue_mail(
        kind="other_terms_offered",
        to=request.mentee,
        template="other_terms_offered",
        context={"request": request, "goal": request.goal, "other": request.mentor},
        key=f"other_terms_offered:{request.pk}:{now.isoformat()}",
        now=now,
        about=about(request),
        category=Category.REQUESTS,
        program_id=request.program_id,
    )


def count_other_terms(request: Request) -> int:
    """How often the mentor has offered other terms: each time is a mail, and the outbox keeps its row."""
    return Mail.objects.about(about(request)).filter(kind="other_terms_offered").count()


def request_declined(request: Request, now: datetime) -> None:
    _about_request(request, request.mentee, request.mentor, "request_declined", now)


def request_withdrawn(request: Request, now: datetime) -> None:
    _about_request(request, request.mentor, request.mentee, "request_withdrawn", now)


def request_expired(request: Request, now: datetime) -> None:
    if request.approved_at is None:
        _about_request(request, request.mentee, request.mentor, "request_not_approved", now)
        return
    _about_request(request, request.mentee, request.mentor, "request_expired_to_mentee", now)
    _about_request(request, request.mentor, request.mentee, "request_expired_to_mentor", now)


def engagement_opened(engagement: Engagement, request: Request, now: datetime) -> None:
    """Essential, as is `engagement_ended`: time is reserved, or given back, without the reader's doing."""
    sessions = _sessions_of(engagement)
    reserved = [session for session in sessions if session.state == Session.State.PLANNED]
    skipped = [session for session in sessions if session.state == Session.State.SKIPPED]  # in time away
    for reader, other in ((request.mentee, request.mentor), (request.mentor, request.mentee)):
        queue_mail(
            kind="engagement_opened",
            to=reader,
            template="engagement_opened",
            context={
                "engagement": engagement,
                "request": request,
                "other": other,
                "first": reserved[0],
                "skipped": skipped,
            },
            key=f"engagement_opened:{engagement.pk}:{reader.pk}",
            now=now,
            program_id=engagement.program_id,
            **calendar_file(reserved, reader, now),
        )


def engagement_ended(engagement: Engagement, by: User | None, now: datetime) -> None:
    """Tell whoever did not end it; both, when it ended by itself or a program admin ended it."""
    sessions = [session for session in _sessions_of(engagement) if session.starts_at > now]
    for reader in (engagement.mentor, engagement.mentee):
        if by is None or reader.pk != by.pk:
            queue_mail(
                kind="engagement_ended",
                to=reader,
                template="engagement_ended",
                context={"engagement": engagement, "other": engagement.other(reader)},
                key=f"engagement_ended:{engagement.pk}:{reader.pk}",
                now=now,
                program_id=engagement.program_id,
                **calendar_file(sessions, reader, now),
            )


def _sessions_of(engagement: Engagement) -> list[Session]:
    sessions = Session.objects.filter(series__engagement=engagement).order_by("starts_at")
    return list(sessions.with_pair())


def _about_request(request: Request, reader: User, other: User, template: str, now: datetime) -> None:
    queue_mail(
        kind=template,
        to=reader,
        template=template,
        context={"request": request, "goal": request.goal, "other": other},
        key=f"{template}:{request.pk}",
        now=now,
        about=about(request),
        category=Category.REQUESTS,
        program_id=request.program_id,
    )
