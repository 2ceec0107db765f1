"""Many at once on one run: workers that publish and take back, admins who change it, people who answer.

Whoever comes first wins, and nobody is told two things.
"""

from datetime import time
from functools import partial

import pytest
from django.utils import timezone

from accounts.models import User
from matching import publishing, services
from matching.desk import lock_pairing, remove_pairing
from matching.models import MatchRun, Pairing
from matching.publishing import cancel_publishing, plan_publishing, take_back_all, take_back_pairing
from matching.services import MatchingError
from matching.tasks import publish_due, solve_match_run
from mentoring.engagements.models import Engagement, Request
from mentoring.engagements.services import (
    EngagementError,
    accept_request,
    decline_request,
    send_request,
    withdraw_request,
)
from mentoring.outbox.models import Mail
from mentoring.programs.models import Membership
from mentoring.schedule.times import Cadence, Terms
from tests import factories
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)
State = MatchRun.State
MENTEES = 6
REFUSALS = (EngagementError, MatchingError)


@pytest.fixture
def run(cast):
    """Seven mentees, one of them a mentor too, with two mentors who have a place for each."""
    Membership.objects.filter(pk=cast.mentor.pk).update(capacity=4)
    both = factories.make_mentor(cast.program, is_mentee=True, capacity=4)
    factories.make_goal(both)
    for _ in range(MENTEES - 1):
        factories.make_goal(factories.make_mentee(cast.program))
    started = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(started.pk))
    started.refresh_from_db()
    assert started.pairings.count() == MENTEES + 1
    return started


def plan_of(run, cast):
    return {"run_id": run.pk, "by": cast.admin.person, "now": timezone.now()}


def publish(run, cast):
    plan_publishing(**plan_of(run, cast))
    publish_due()
    assert run.pairings.published().count() == MENTEES + 1


def check(finishes):
    """Refused perhaps, in words fit to show; never an error, and never a deadlock."""
    wrong = [one.raised for one in finishes if one.raised and not isinstance(one.raised, REFUSALS)]
    assert wrong == []


def test_answers_and_taking_back_at_once_leave_each_pairing_one_or_the_other(cast, run):
    publish(run, cast)
    answers = [
        lambda r: accept_request(request_id=r.pk, by=r.mentor, now=timezone.now()),
        lambda r: accept_request(request_id=r.pk, by=r.mentee, now=timezone.now()),
        lambda r: decline_request(request_id=r.pk, decline="fit", note="", now=timezone.now()),
        lambda r: withdraw_request(request_id=r.pk, now=timezone.now()),
    ]
    requests = list(Request.objects.select_related("mentor", "mentee").order_by("pk"))
    take_back_all(**plan_of(run, cast))
    runners = [partial(answers[n % len(answers)], request) for n, request in enumerate(requests)]
    finishes = race([*runners, publish_due, publish_due])
    check(finishes)
    publish_due()
    answered = {request.pk for request, finish in zip(requests, finishes, strict=False) if not finish.raised}
    kept = set(run.pairings.published().values_list("request", flat=True))
    assert kept == answered
    for request in Request.objects.exclude(pk__in=answered):
        assert (request.state, request.mentor_yes_at, request.mentee_yes_at) == ("withdrawn", None, None)
    assert not Pairing.objects.filter(undo_at__isnull=False).exists()
    told = Mail.objects.filter(kind="proposal_taken_back")
    assert not any(str(pk) in key for pk in answered for key in told.values_list("key", flat=True))


def test_undoing_twice_at_once_undoes_once(cast, run):
    publish(run, cast)
    pairing = run.pairings.first()
    undo = partial(take_back_pairing, pairing_id=pairing.pk, by=cast.admin.person, now=timezone.now())
    finishes = race([undo] * 3)
    check(finishes)
    assert [finish.raised for finish in finishes].count(None) == 1
    assert run.changes.filter(action="undo").count() == 1
    assert run.pairings.unpublished().get() == pairing


def test_publishing_and_cancelling_at_once_propose_each_pairing_once_or_not_at_all(cast, run, monkeypatch):
    monkeypatch.setattr(publishing, "BATCH", 2)
    plan_publishing(**plan_of(run, cast))
    check(race([publish_due, publish_due, publish_due, partial(cancel_publishing, **plan_of(run, cast))]))
    assert not run.pairings.planned().exists()
    published = run.pairings.published().count()
    assert Request.objects.open().count() == published
    assert Mail.objects.count() == 2 * published
    run.refresh_from_db()
    assert run.state == (State.PUBLISHED if published == MENTEES + 1 else State.READY)


def ask(goal, mentor):
    day = factories.next_weekday(1, timezone.now().date())
    return send_request(
        mentee=Membership.objects.get(program=goal.program, person=goal.mentee),
        mentor_id=mentor,
        goal=goal,
        message="Your work on rotas is what I need to learn from.",
        offer="I can put your device list in order.",
        terms=Terms(day, day + timezone.timedelta(weeks=8), time(9), "Europe/London", Cadence.WEEKLY, 60),
        now=timezone.now(),
    )


def test_mentees_who_ask_for_themselves_while_the_run_is_published(cast, run):
    """The same two never have two open requests; what could not be proposed says why."""
    plan_publishing(**plan_of(run, cast))
    pairings = list(run.pairings.select_related("goal__program", "goal__mentee", "mentor"))
    check(race([*(partial(ask, one.goal, one.mentor.person_id) for one in pairings), publish_due]))
    publish_due()
    assert Request.objects.open().count() == MENTEES + 1
    for pairing in run.pairings.all():
        assert (pairing.request is None) == bool(pairing.note)
        assert pairing.publish_at is None or pairing.request is not None


def test_mentor_who_fills_up_while_the_run_is_published_never_has_more_than_their_places(cast, run):
    publish(run, cast)
    Membership.objects.filter(program=cast.program, is_mentor=True).update(capacity=2)
    requests = list(Request.objects.select_related("mentor", "mentee"))
    for request in requests:
        accept_request(request_id=request.pk, by=request.mentee, now=timezone.now())
    check(race([partial(accept_request, request_id=r.pk, by=r.mentor, now=timezone.now()) for r in requests]))
    mentors = User.objects.filter(pk__in={request.mentor_id for request in requests})
    assert all(Engagement.objects.active().filter(mentor=mentor).count() <= 2 for mentor in mentors)
    assert Engagement.objects.active().count() == 4


def test_admins_who_change_one_run_at_once_leave_it_in_one_piece(cast, run):
    """Planned, it is not solved again; solved again, nothing is planned; what is removed is not published."""
    first, second = run.pairings.order_by("pk")[:2]
    by = {"by": cast.admin.person, "now": timezone.now()}
    check(
        race(
            [
                partial(plan_publishing, **plan_of(run, cast)),
                partial(services.solve_again, run_id=run.pk, **by),
                partial(remove_pairing, pairing_id=first.pk, **by),
                partial(lock_pairing, pairing_id=second.pk, **by),
                publish_due,
                partial(services.cancel_run, run_id=run.pk, **by),
            ]
        )
    )
    run.refresh_from_db()
    planned = run.pairings.planned().exists()
    assert not (planned and run.state not in services.REVIEWABLE)
    assert not run.pairings.filter(is_removed=True, request__isnull=False).exists()
    publish_due()
    solve_match_run(str(run.pk))
    run.refresh_from_db()
    assert run.state in services.REVIEWABLE
    assert run.pairings.standing().values("mentee").distinct().count() == run.pairings.standing().count()


def test_run_solved_by_two_workers_while_it_is_cancelled_keeps_earlier_results(cast, run):
    before = set(run.pairings.values_list("mentee", "mentor"))
    services.solve_again(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    work = partial(solve_match_run, str(run.pk))
    cancel = partial(services.cancel_run, run_id=run.pk, by=cast.admin.person, now=timezone.now())
    check(race([work, work, cancel]))
    run.refresh_from_db()
    assert run.state == State.READY
    assert set(run.pairings.values_list("mentee", "mentor")) == before
