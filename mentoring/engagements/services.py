"""The course of a relationship: each function locks, checks, writes, and refuses with EngagementError."""

import uuid
from dataclasses import asdict, fields
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.models import User
from mentoring.engagements import mails
from mentoring.engagements.models import Engagement, Request, RequestQuerySet
from mentoring.goals.models import Goal
from mentoring.outbox.services import withdraw
from mentoring.programs.models import Membership, Program
from mentoring.schedule.services import ScheduleError, cancel_series, reserve_series
from mentoring.schedule.times import Terms

State = Request.State
NOBODY_ASKS = "In this program its admins bring mentors and mentees together; nobody asks."
NOT_TO_BE_ASKED = "This mentor cannot be asked."
NOBODY_APPROVES = (
    "An admin who is neither of you approves requests here, and there is none at present. "
    "Another admin has to be named first."
)
TERMS = tuple(field.name for field in fields(Terms))  # a request has them under the same names
# An engagement is over when its end date has passed everywhere on earth.
LAST_ZONE = timedelta(hours=12)
# Each request is a mail to the mentor, and so is taking it back.
ASKED_A_DAY = 3
ASKS_A_DAY = 20  # of one mentee in a program: asking and taking back would else go round all its mentors
OTHER_TERMS = 5  # times that a mentor may answer one request with other terms; each is a mail to the mentee


class EngagementError(Exception):
    """What was asked is refused; the text is fit to show."""


@transaction.atomic
def send_request(
    *,
    mentee: Membership,
    mentor_id: uuid.UUID,
    goal: Goal,
    message: str,
    offer: str,
    terms: Terms,
    now: datetime,
) -> Request:
    """A mentee asks a mentor. The mentee's membership is locked, so that the limit of open requests holds."""
    (mentee,) = _lock_memberships(mentee.program_id, mentee.person_id)
    program = mentee.program
    if not program.takes_requests:
        raise EngagementError(NOBODY_ASKS)
    if _waiting(mentee) >= program.open_requests:
        raise EngagementError(
            f"You have {program.open_requests} requests waiting, as many as this program allows. "
            "Withdraw one, or wait for an answer."
        )
    mentor = _check_pair(mentee, mentor_id, goal)
    if _active(mentor) >= mentor.capacity:
        raise EngagementError(f"{mentor.person.name} has no place free at present.")
    lately = _asked_lately(mentee, now)
    if lately.count() >= ASKS_A_DAY:
        raise EngagementError(f"You have asked {ASKS_A_DAY} times today. Give it until tomorrow.")
    if lately.filter(mentor=mentor.person_id).count() >= ASKED_A_DAY:
        raise EngagementError(f"You have asked {mentor.person.name} often today. Give it until tomorrow.")
    waits = program.mode == Program.Mode.APPROVED
    if waits and not Membership.objects.other_admins(program.pk, mentee.person_id, mentor_id).exists():
        raise EngagementError(NOBODY_APPROVES)
    request = _create(
        program, mentor.person, mentee.person, goal, terms, now,
        origin=Request.Origin.MENTEE, message=message, offer=offer, mentee_yes_at=now,
        approved_at=None if waits else now,
    )  # fmt: skip
    if request.approved_at:
        mails.request_received(request, now)
    else:
        mails.request_to_approve(request, now)
    return request


@transaction.atomic
def propose_pairing(
    *, program: Program, mentor: User, mentee: User, goal: Goal, terms: Terms, now: datetime
) -> Request:
    """The program proposes two people to each other; it becomes an engagement when both say yes.

    Nobody is proposed who has no place left, those counted that the program has proposed to others already.
    Refused in words for the program's admins.
    """
    (member,) = _lock_memberships(program.pk, mentee.pk)
    if _waiting(member) >= program.open_requests:
        raise EngagementError(f"{mentee.name} has as many requests waiting as this program allows.")
    if not Goal.objects.open().filter(pk=goal.pk).exists():
        raise EngagementError(f"{mentee.name} has closed the goal.")
    pair = {"program": program, "mentee": mentee, "mentor": mentor}
    if Engagement.objects.active().filter(**pair).exists():
        raise EngagementError("The two already have an engagement under way in this program.")
    asked = _check_pair(member, mentor.pk, goal)
    if _active(asked) + _proposed(asked) >= asked.capacity:
        raise EngagementError(f"{mentor.name} has no place free at present.")
    request = _create(
        program, mentor, mentee, goal, terms, now, origin=Request.Origin.PROGRAM, approved_at=now
    )
    mails.pairing_proposed(request, now)
    return request


@transaction.atomic
def accept_request(
    *, request_id: uuid.UUID, by: User, now: datetime, terms_key: str | None = None
) -> Request:
    """One of the two says yes; the second yes opens the engagement and reserves the whole series.

    `terms_key` names the terms that the person has read: nobody says yes to others, offered meanwhile.
    Locks both memberships before anything is counted: however many accept at once, and by whichever
    door, a mentor never has more active engagements than places, and nobody leaves meanwhile.
    """
    pair = Request.objects.get(pk=request_id)
    mentor, mentee = _lock_memberships(pair.program_id, pair.mentor_id, pair.mentee_id)
    request = _lock_answerable(request_id, now)
    if by.pk not in (request.mentor_id, request.mentee_id) or request.has_yes_of(by):
        raise EngagementError("You have already said yes to this request.")
    if terms_key is not None and terms_key != request.terms_key:
        raise EngagementError("The terms have changed meanwhile. These are the ones that stand now.")
    mine = "mentor_yes_at" if by.pk == request.mentor_id else "mentee_yes_at"
    setattr(request, mine, now)
    request.save(update_fields=[mine])
    if request.mentor_yes_at and request.mentee_yes_at:
        _check_place(mentor, by)
        _check_free(request, mentee)
        _open_engagement(request, now)
    elif by.pk == request.mentor_id:
        _check_place(mentor, by)
    return request


@transaction.atomic
def offer_other_terms(*, request_id: uuid.UUID, terms: Terms, now: datetime) -> Request:
    """The mentor says yes on other terms, which replace those asked for; the mentee's yes is asked anew."""
    pair = Request.objects.get(pk=request_id)
    mentor, _ = _lock_memberships(pair.program_id, pair.mentor_id, pair.mentee_id)
    request = _lock_answerable(request_id, now)
    _check_place(mentor, request.mentor)
    _check_length(request.program, terms)
    if mails.count_other_terms(request) >= OTHER_TERMS:
        raise EngagementError(
            f"You have offered other terms {OTHER_TERMS} times. Wait for an answer to these."
        )
    request.mentor_yes_at, request.mentee_yes_at = now, None
    for name in TERMS:
        setattr(request, name, getattr(terms, name))
    request.save(update_fields=["mentor_yes_at", "mentee_yes_at", *TERMS])
    mails.other_terms_offered(request, now)
    return request


@transaction.atomic
def decline_request(*, request_id: uuid.UUID, decline: str, note: str, now: datetime) -> Request:
    request = _lock_answerable(request_id, now)
    request.decline, request.decline_note = decline, note
    close_request(request, State.DECLINED, now, "decline", "decline_note")
    mails.request_declined(request, now)
    return request


@transaction.atomic
def decline_for_leaving(*, request_id: uuid.UUID, note: str = "", now: datetime) -> Request:
    """The mentor leaves the program; the mentee is told as of every no, had the mentor heard or not."""
    request = lock_open(request_id, now)
    request.decline, request.decline_note = Request.Decline.CAPACITY, note
    close_request(request, State.DECLINED, now, "decline", "decline_note")
    mails.request_declined(request, now)
    return request


@transaction.atomic
def withdraw_request(*, request_id: uuid.UUID, now: datetime) -> Request:
    """The mentee takes a request back, or says no to a proposal. Without a reason the mentor is told, who has
    heard of it."""
    request = lock_open(request_id, now)
    close_request(request, State.WITHDRAWN, now)
    if request.approved_at:
        mails.request_withdrawn(request, now)
    return request


@transaction.atomic
def take_back_proposal(*, request_id: uuid.UUID, now: datetime) -> Request:
    """The program takes back what it proposed, as long as neither of the two has answered.

    Mails about it that still wait are not sent; whoever has had one is told in a few words.
    """
    request = lock_open(request_id, now)
    if request.mentor_yes_at or request.mentee_yes_at:
        raise EngagementError("One of the two has answered already.")
    told = mails.told_of_proposal(request)
    close_request(request, State.WITHDRAWN, now)
    mails.proposal_taken_back(request, told, now)
    return request


@transaction.atomic
def end_engagement(*, engagement_id: uuid.UUID, by: User | None, now: datetime) -> Engagement:
    """End an engagement, without a reason, and give back the time that was reserved. Twice does once."""
    engagement = Engagement.objects.select_for_update(of=("self",), no_key=True).get(pk=engagement_id)
    if engagement.state == Engagement.State.ENDED:
        return engagement
    engagement.state, engagement.ended_at = Engagement.State.ENDED, now
    engagement.save(update_fields=["state", "ended_at"])
    cancel_series(engagement_id=engagement.pk, now=now)
    mails.engagement_ended(engagement, by, now)
    return engagement


def expire_requests(now: datetime) -> int:
    """Close requests whose time is over and tell both; returns how many."""
    expired = 0
    for pk in Request.objects.overdue(now).values_list("pk", flat=True):
        with transaction.atomic():
            request = (
                Request.objects.overdue(now)
                .select_for_update(of=("self",), skip_locked=True)
                .filter(pk=pk)
                .first()
            )
            if request is not None:
                expire_request(request, now)
                expired += 1
    return expired


def expire_request(request: Request, now: datetime) -> None:
    close_request(request, State.EXPIRED, now)
    mails.request_expired(request, now)


def end_engagements(now: datetime) -> int:
    """End the engagements whose end date has passed; returns how many."""
    ids = list(Engagement.objects.over((now - LAST_ZONE).date()).values_list("pk", flat=True))
    for pk in ids:
        end_engagement(engagement_id=pk, by=None, now=now)
    return len(ids)


def _lock_memberships(program_id: uuid.UUID, *person_ids: uuid.UUID) -> list[Membership]:
    """The current memberships of these persons, in the order given; locked in one order by everybody."""
    rows = (
        Membership.objects.current()
        .select_for_update(of=("self",), no_key=True)
        .select_related("program", "person")
        .filter(program_id=program_id, person_id__in=person_ids)
        .order_by("pk")
    )
    found = {membership.person_id: membership for membership in rows}
    if len(found) < len(person_ids):
        raise EngagementError("One of the two is no longer a member of this program.")
    return [found[person_id] for person_id in person_ids]


def lock_open(request_id: uuid.UUID, now: datetime) -> Request:
    request = (
        Request.objects.select_for_update(of=("self",), no_key=True)
        .select_related("program", "mentor", "mentee", "goal")
        .get(pk=request_id)
    )
    if request.state != State.OPEN or request.expires_at <= now:
        raise EngagementError("This request is no longer open.")
    return request


def _lock_answerable(request_id: uuid.UUID, now: datetime) -> Request:
    request = lock_open(request_id, now)
    if request.approved_at is None:
        raise EngagementError("This request waits for the program's approval.")
    return request


def _check_pair(mentee: Membership, mentor_id: uuid.UUID, goal: Goal) -> Membership:
    mentor = Membership.objects.open_to(mentee).select_related("person").filter(person_id=mentor_id).first()
    if mentor is None or not mentee.is_mentee:
        raise EngagementError(NOT_TO_BE_ASKED)
    # Anew and locked: it may be closed since the form was shown, or be closing this moment.
    goal = Goal.objects.select_for_update(no_key=True).get(pk=goal.pk)
    if (goal.mentee_id, goal.program_id, goal.state) != (
        mentee.person_id,
        mentee.program_id,
        Goal.State.OPEN,
    ):
        raise EngagementError("Choose one of your open goals in this program.")
    pair = {"program_id": mentee.program_id, "mentee_id": mentee.person_id, "mentor_id": mentor_id}
    if Engagement.objects.active().filter(**pair).exists():
        raise EngagementError(f"You already have an engagement under way with {mentor.person.name}.")
    return mentor


def _active(mentor: Membership) -> int:
    return (
        Engagement.objects.active().filter(program_id=mentor.program_id, mentor_id=mentor.person_id).count()
    )


def _proposed(mentor: Membership) -> int:
    """Proposals of the program that wait: each may become an engagement."""
    proposals = Request.objects.open().filter(origin=Request.Origin.PROGRAM)
    return proposals.filter(program_id=mentor.program_id, mentor_id=mentor.person_id).count()


def _waiting(mentee: Membership) -> int:
    return Request.objects.open().filter(program_id=mentee.program_id, mentee_id=mentee.person_id).count()


def _asked_lately(mentee: Membership, now: datetime) -> RequestQuerySet:
    """Requests of this mentee within a day, whatever became of them."""
    own = Request.objects.filter(program_id=mentee.program_id, mentee_id=mentee.person_id)
    return own.filter(origin=Request.Origin.MENTEE, created_at__gt=now - timedelta(days=1))


def _check_place(mentor: Membership, by: User) -> None:
    """The membership must be locked: only then does the count stay true until the write."""
    if not mentor.is_mentor:
        raise EngagementError(f"{mentor.person.name} is no longer a mentor in this program.")
    if _active(mentor) < mentor.capacity:
        return
    if by.pk != mentor.person_id:
        raise EngagementError(f"{mentor.person.name} has no place free at present.")
    raise EngagementError(
        f"All {mentor.capacity} places are taken. End an engagement, or raise your number of mentees."
    )


def _check_free(request: Request, mentee: Membership) -> None:
    pair = {"program_id": request.program_id, "mentee_id": request.mentee_id, "mentor_id": request.mentor_id}
    if Engagement.objects.active().filter(**pair).exists():
        raise EngagementError("The two already have an engagement under way in this program.")
    if not mentee.is_mentee:
        raise EngagementError(f"{mentee.person.name} is no longer a mentee in this program.")


def _create(
    program: Program, mentor: User, mentee: User, goal: Goal, terms: Terms, now: datetime, **fields: object
) -> Request:
    _check_length(program, terms)
    request = Request(
        program=program,
        mentor=mentor,
        mentee=mentee,
        goal=goal,
        **asdict(terms),
        created_at=now,
        expires_at=now + program.request_lifetime,
        **fields,
    )
    try:
        with transaction.atomic():
            request.save(force_insert=True)
    except IntegrityError as error:
        if "request_one_open_per_pair" not in str(error):
            raise
        raise EngagementError(f"A request with {mentor.name} is already waiting.") from error
    return request


def _check_length(program: Program, terms: Terms) -> None:
    if terms.ends_on - terms.starts_on > timedelta(weeks=program.longest_weeks):
        raise EngagementError(f"An engagement in this program lasts {program.longest_weeks} weeks at most.")


def _open_engagement(request: Request, now: datetime) -> Engagement:
    """The one place where an engagement begins; both memberships are locked, and the place is free."""
    starts_on = max(request.starts_on, now.date())
    if starts_on >= request.ends_on:
        raise EngagementError("The end date that was asked for has come. A new request can set a later one.")
    engagement = Engagement.objects.create(
        program_id=request.program_id,
        mentor_id=request.mentor_id,
        mentee_id=request.mentee_id,
        goal_id=request.goal_id,
        request=request,
        starts_on=starts_on,
        ends_on=request.ends_on,
        created_at=now,
    )
    try:
        reserve_series(
            engagement_id=engagement.pk,
            mentor=request.mentor,
            mentee=request.mentee,
            terms=request.terms,
            now=now,
        )
    except ScheduleError as error:
        raise EngagementError(str(error)) from error
    close_request(request, State.ACCEPTED, now)
    mails.engagement_opened(engagement, request, now)
    return engagement


def close_request(request: Request, state: str, now: datetime, *fields: str) -> None:
    """Close it, and send nothing any more that still asks for an answer."""
    withdraw([mails.about(request)])
    request.state, request.closed_at = state, now
    request.save(update_fields=["state", "closed_at", *fields])
