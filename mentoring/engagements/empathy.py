"""Empathy ratings: given by a mentee, counted in batches of at least three, and read by nobody else.

A batch is all that waits about one mentor in one program, once three mentees or more wait in it. It goes into
the mentor's aggregate as one sum, and what has gone in is never computed again (decision 13).
"""

import uuid
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from accounts.models import EmpathyAggregate, EmpathyRating, User
from mentoring.engagements.models import Engagement
from mentoring.engagements.services import EngagementError
from mentoring.programs.models import Membership
from mentoring.schedule.models import Session

ANSWERS = ("understood", "listened", "context", "honest")
MOST = 4 * len(ANSWERS)  # the sum of four answers of 0 to 4
LEAST_RATERS = 3
MARGIN = Fraction(1, 2)  # of one rater's scale: how near a batch's sum comes to its ends
HELD_BEFORE = 4  # sessions held before a mentee is asked while the engagement goes on
ASKED_FOR = timedelta(days=60)  # so long after the end the home page asks; the page itself stays


@dataclass(frozen=True)
class Batch:
    raters: int
    total: Fraction  # the sum over raters of a value in 0..1, as it goes into the aggregate


def batch_of(waiting: Iterable[tuple[Hashable, int]]) -> Batch | None:
    """What would go into the aggregate of these (mentee, sum of four answers); None while it may not.

    A mentee of whom two ratings wait counts once, with their mean. The sum is kept MARGIN away from its ends:
    else the highest that there is would say what each one in it answered.
    """
    sums: defaultdict[Hashable, list[int]] = defaultdict(list)
    for mentee, answers in waiting:
        sums[mentee].append(answers)
    if len(sums) < LEAST_RATERS:
        return None
    total = sum((Fraction(sum(own), MOST * len(own)) for own in sums.values()), Fraction())
    return Batch(len(sums), min(max(total, MARGIN), len(sums) - MARGIN))


def ratable_by(user: User | AnonymousUser) -> QuerySet[Engagement]:
    """Engagements whose mentee this is and that have come far enough, or that they have rated."""
    held = Session.objects.filter(series__engagement=OuterRef("pk"), outcome=Session.Outcome.HELD)
    counted = held.order_by().values("series__engagement").annotate(n=Count("pk")).filter(n__gte=HELD_BEFORE)
    is_far = Q(state=Engagement.State.ENDED) | Exists(counted)
    may = (is_far & Q(mentor__is_active=True)) | Exists(_given(user))
    return Engagement.objects.filter(may, mentee_id=user.pk).select_related("program", "mentor")


def to_rate(user: User | AnonymousUser, now: datetime) -> QuerySet[Engagement]:
    """Those of which the mentee has not said anything yet, unless they ended long ago."""
    is_recent = Q(ended_at__isnull=True) | Q(ended_at__gt=now - ASKED_FOR)
    return ratable_by(user).filter(is_recent, ~Exists(_given(user))).order_by("ended_at", "created_at")


def rating_of(engagement: Engagement) -> EmpathyRating | None:
    """The mentee's own; for nobody else's eyes."""
    return EmpathyRating.objects.filter(closing=engagement, mentee=engagement.mentee_id).first()


@transaction.atomic
def rate_empathy(
    *, engagement_id: uuid.UUID, by: User, answers: Mapping[str, int], now: datetime
) -> EmpathyRating:
    """The mentee answers, or answers anew as long as the answers are not counted."""
    engagement = ratable_by(by).filter(pk=engagement_id).first()
    if engagement is None:
        raise EngagementError("This cannot be answered yet.")
    if not _lock_mentor(engagement.program_id, engagement.mentor_id):
        raise EngagementError("Nobody is left of whom this could be said.")
    rating = rating_of(engagement)
    if rating is None:
        rating = EmpathyRating(closing=engagement, mentee=by, mentor_id=engagement.mentor_id, created_at=now)
    elif rating.released_at is not None:
        raise EngagementError("Your answers have been counted meanwhile, and can no longer be changed.")
    for name in ANSWERS:
        setattr(rating, name, answers[name])
    rating.save()
    return rating


def release_empathy(now: datetime) -> int:
    """Count what was given before this day (UTC) began, where three mentees or more wait; returns how many
    batches. Twice does once."""
    before = now.replace(hour=0, minute=0, second=0, microsecond=0)
    pairs = (
        _waiting(before)
        .order_by()
        .values_list("closing__program_id", "mentor_id")
        .annotate(raters=Count("mentee_id", distinct=True))
        .filter(raters__gte=LEAST_RATERS)
    )
    return sum(_release(program, mentor, before, now) for program, mentor, _ in list(pairs))


@transaction.atomic
def _release(program_id: uuid.UUID, mentor_id: uuid.UUID, before: datetime, now: datetime) -> bool:
    if not _lock_mentor(program_id, mentor_id):
        return False
    waiting = _waiting(before).filter(closing__program_id=program_id, mentor_id=mentor_id)
    answers = F("understood") + F("listened") + F("context") + F("honest")
    rows = list(waiting.values_list("pk", "mentee_id", answers))
    batch = batch_of((mentee, given) for _, mentee, given in rows)
    if batch is None:
        return False
    EmpathyRating.objects.filter(pk__in=[pk for pk, _, _ in rows]).update(released_at=now)
    so_far = EmpathyAggregate.objects.filter(program_id=program_id, mentor_id=mentor_id).first()
    if so_far is None:
        so_far = EmpathyAggregate(program_id=program_id, mentor_id=mentor_id, raters=0, total=0.0)
    so_far.raters, so_far.total = so_far.raters + batch.raters, so_far.total + float(batch.total)
    so_far.released_at = now
    so_far.save()
    return True


def _given(user: User | AnonymousUser) -> QuerySet[EmpathyRating]:
    return EmpathyRating.objects.filter(closing=OuterRef("pk"), mentee_id=user.pk)


def _waiting(before: datetime) -> QuerySet[EmpathyRating]:
    return EmpathyRating.objects.filter(released_at__isnull=True, created_at__lt=before)


def _lock_mentor(program_id: uuid.UUID, mentor_id: uuid.UUID) -> bool:
    """Until the end of the transaction nothing else changes or counts what is said of this mentor here.

    Who leaves keeps the row that is locked; False where it is gone with the mentor's account.
    """
    rows = Membership.objects.select_for_update(of=("self",), no_key=True)
    return rows.filter(program_id=program_id, person_id=mentor_id).first() is not None
