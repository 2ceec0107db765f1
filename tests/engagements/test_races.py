"""Who opens an engagement first, when many try at once over connections of their own.

Each guard has a twin without it, which has to break what the guard keeps.
"""

from datetime import time, timedelta
from functools import partial
from threading import Event

import pytest
from django.db import connection, transaction
from django.utils import timezone

from mentoring.engagements import services
from mentoring.engagements.models import Engagement, Request
from mentoring.engagements.services import EngagementError
from mentoring.goals.models import Goal
from mentoring.goals.services import close_goal
from mentoring.outbox.models import Mail
from mentoring.programs.models import Membership, Program
from mentoring.programs.services import ProgramError, change_membership, leave_program
from mentoring.schedule.models import Reservation, Series
from mentoring.schedule.times import Terms
from tests import factories
from tests.racing import Finish, race, refusals, without_locks

pytestmark = pytest.mark.django_db(transaction=True)
NO_PLACE = "EngagementError: All 3 places are taken. End an engagement, or raise your number of mentees."


def apart(n: int) -> dict[str, object]:
    """Terms that share no minute with those of another n, so that only the places are short."""
    day, half_hour = divmod(n, 40)
    first = factories.next_weekday(day, timezone.now().date() + timedelta(days=7))
    return {
        "starts_on": first,
        "ends_on": first + timedelta(weeks=3),
        "cadence": "4w",
        "minutes": 30,
        "at": time(2 + half_hour // 2, half_hour % 2 * 30),
        "zone": "UTC",
    }


def waiting(program: Program, mentor: Membership, count: int, **over: object) -> list[Request]:
    """Requests of as many mentees to one mentor, at times that do not touch."""
    return [
        factories.make_request(factories.make_goal(factories.make_mentee(program)), mentor, **apart(n) | over)
        for n in range(count)
    ]


def accept(request: Request, by_mentor: bool = True):
    by = request.mentor if by_mentor else request.mentee
    return lambda: services.accept_request(request_id=request.pk, by=by, now=timezone.now())


def opened(finishes: list[Finish]) -> int:
    return sum(finish.raised is None for finish in finishes)


def test_200_accepts_for_three_places_open_three() -> None:
    program = factories.make_program()
    mentor = factories.make_mentor(program, capacity=3)
    finishes = race([accept(request) for request in waiting(program, mentor, 200)])
    assert opened(finishes) == 3
    assert refusals(finishes) == {NO_PLACE: 197}
    assert Engagement.objects.active().filter(mentor=mentor.person).count() == 3
    assert Series.objects.count() == 3
    assert Request.objects.filter(state=Request.State.ACCEPTED).count() == 3
    assert Mail.objects.filter(kind="engagement_opened").count() == 6


def test_accepts_without_the_lock_overbook(monkeypatch: pytest.MonkeyPatch) -> None:
    program = factories.make_program()
    mentor = factories.make_mentor(program, capacity=3)
    requests = waiting(program, mentor, 40)
    with without_locks(monkeypatch, Membership):
        race([accept(request) for request in requests])
    assert Engagement.objects.active().filter(mentor=mentor.person).count() > 3


def test_accepts_by_both_doors_open_three() -> None:
    """The mentor's yes to requests, and the mentees' yes to proposals that the mentor has said yes to."""
    program = factories.make_program()
    mentor = factories.make_mentor(program, capacity=3)
    now = timezone.now()
    requests = waiting(program, mentor, 50)
    proposal = {"origin": Request.Origin.PROGRAM, "mentor_yes_at": now, "mentee_yes_at": None}
    proposals = [
        factories.make_request(
            factories.make_goal(factories.make_mentee(program)), mentor, **apart(50 + n), **proposal
        )
        for n in range(50)
    ]
    finishes = race(
        [
            accept(one, by_mentor)
            for pair in zip(requests, proposals, strict=True)
            for one, by_mentor in zip(pair, (True, False), strict=True)
        ]
    )
    assert opened(finishes) == 3
    assert refusals(finishes).keys() <= {
        NO_PLACE,
        f"EngagementError: {mentor.person.name} has no place free at present.",
    }
    assert Engagement.objects.active().filter(mentor=mentor.person).count() == 3
    # a yes that was refused leaves the proposal as it was
    assert not Request.objects.open().filter(origin="program", mentee_yes_at__isnull=False).exists()


def test_both_yeses_at_once_open_one_engagement() -> None:
    program = factories.make_program()
    mentor = factories.make_mentor(program, capacity=20)
    proposal = {"origin": Request.Origin.PROGRAM, "mentee_yes_at": None}
    proposals = waiting(program, mentor, 15, **proposal)
    finishes = race([accept(one, by_mentor) for one in proposals for by_mentor in (True, False)])
    assert refusals(finishes) == {}
    assert Engagement.objects.active().count() == 15
    assert Request.objects.open().count() == 0


def test_mentors_of_each_other_accept_at_once() -> None:
    """Two people who mentor each other lock the same two memberships, from both ends."""
    program = factories.make_program()
    members = [factories.make_mentor(program, capacity=20, is_mentee=True) for _ in range(6)]
    pairs = [(a, b) for a in members for b in members if a != b]
    requests = [
        factories.make_request(factories.make_goal(mentee), mentor, **apart(n))
        for n, (mentor, mentee) in enumerate(pairs)
    ]
    finishes = race([accept(request) for request in requests])
    assert refusals(finishes) == {}
    assert Engagement.objects.active().count() == 30


def test_lowering_capacity_and_accepting_at_once_never_overbooks() -> None:
    program = factories.make_program()
    for _ in range(8):
        mentor = factories.make_mentor(program, capacity=2)
        finishes = race(
            [accept(request) for request in waiting(program, mentor, 4)]
            + [lambda mentor=mentor: change_membership(mentor, is_mentor=True, is_mentee=False, capacity=1)]
            * 2
        )
        active = Engagement.objects.active().filter(mentor=mentor.person).count()
        assert active <= Membership.objects.get(pk=mentor.pk).capacity
        assert {type(finish.raised) for finish in finishes} <= {type(None), EngagementError, ProgramError}


def test_giving_up_being_mentee_waits_for_an_accept_under_way() -> None:
    program = factories.make_program()
    mentor = factories.make_mentor(program)
    mentee = factories.make_member(program, is_mentor=True)
    request = factories.make_request(factories.make_goal(mentee), mentor)

    accepted, given_up = Event(), Event()

    def accept_slowly() -> None:
        with transaction.atomic():
            accept(request)()
            accepted.set()
            given_up.wait(timeout=2)

    def give_up() -> None:
        accepted.wait(timeout=30)
        change_membership(mentee, is_mentor=True, is_mentee=False)
        given_up.set()

    finishes = race([accept_slowly, give_up])
    (refused,) = refusals(finishes)
    assert refused.startswith("ProgramError: 1 engagement is under way")


def test_leaving_and_being_accepted_at_once_never_both() -> None:
    program = factories.make_program()
    mentor = factories.make_mentor(program, capacity=20)
    requests = waiting(program, mentor, 15)
    now = timezone.now()
    leaving = [
        partial(leave_program, member, now=now)
        for member in Membership.objects.filter(person__in=[request.mentee for request in requests])
    ]
    finishes = race([*leaving, *map(accept, requests)])
    assert {type(finish.raised) for finish in finishes} <= {type(None), EngagementError, ProgramError}
    left = Membership.objects.filter(left_at__isnull=False).values("person")
    assert not Engagement.objects.active().filter(mentee__in=left).exists()


def send(mentee: Membership, mentor: Membership, goal: object, n: int = 0):
    terms = Terms(**apart(n))
    return lambda: services.send_request(
        mentee=mentee,
        mentor_id=mentor.person_id,
        goal=goal,
        message="Would you help me?",
        offer="I can help you with figures.",
        terms=terms,
        now=timezone.now(),
    )


def test_50_sends_to_many_mentors_leave_three_open() -> None:
    program = factories.make_program()
    mentee = factories.make_mentee(program)
    goal = factories.make_goal(mentee)
    finishes = race([send(mentee, factories.make_mentor(program), goal, n) for n in range(50)])
    assert opened(finishes) == 3
    assert refusals(finishes) == {
        "EngagementError: You have 3 requests waiting, as many as this program allows. "
        "Withdraw one, or wait for an answer.": 47
    }
    assert Request.objects.open().count() == 3
    assert Mail.objects.filter(kind="request_received").count() == 3


def test_sends_without_the_lock_exceed_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    program = factories.make_program()
    mentee = factories.make_mentee(program)
    goal = factories.make_goal(mentee)
    runners = [send(mentee, factories.make_mentor(program), goal, n) for n in range(30)]
    with without_locks(monkeypatch, Membership):
        race(runners)
    assert Request.objects.open().count() > 3


def test_50_sends_to_one_mentor_leave_one_open() -> None:
    program = factories.make_program(open_requests=10)
    mentee, mentor = factories.make_mentee(program), factories.make_mentor(program, name="Leila Haddad")
    goal = factories.make_goal(mentee)
    finishes = race([send(mentee, mentor, goal) for _ in range(50)])
    assert opened(finishes) == 1
    assert refusals(finishes) == {"EngagementError: A request with Leila Haddad is already waiting.": 49}


def test_sends_to_one_mentor_without_the_lock_leave_one_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The unique constraint stands alone, and its refusal is as clear."""
    program = factories.make_program(open_requests=10)
    mentee, mentor = factories.make_mentee(program), factories.make_mentor(program, name="Leila Haddad")
    runners = [send(mentee, mentor, factories.make_goal(mentee)) for _ in range(30)]
    with without_locks(monkeypatch, Membership):
        finishes = race(runners)
    assert opened(finishes) == 1
    assert refusals(finishes).keys() <= {"EngagementError: A request with Leila Haddad is already waiting."}


def test_closing_a_goal_and_sending_a_request_for_it_at_once_never_both() -> None:
    program = factories.make_program()
    mentor = factories.make_mentor(program)
    for _ in range(10):
        goal = factories.make_goal(factories.make_mentee(program))
        mentee = program.memberships.get(person=goal.mentee)
        race([send(mentee, mentor, goal), lambda goal=goal: close_goal(Goal.objects.get(pk=goal.pk))])
        goal.refresh_from_db()
        assert (goal.state == Goal.State.OPEN) is Request.objects.open().filter(goal=goal).exists()


def test_a_goal_closed_since_the_form_was_shown_is_refused() -> None:
    program = factories.make_program()
    mentee = factories.make_mentee(program)
    shown = factories.make_goal(mentee)
    close_goal(Goal.objects.get(pk=shown.pk))
    with pytest.raises(EngagementError, match="open goals"):
        send(mentee, factories.make_mentor(program), shown)()


def test_sends_and_proposals_at_once_leave_three_open() -> None:
    program = factories.make_program()
    mentee = factories.make_mentee(program)
    goal = factories.make_goal(mentee)
    mentors = [factories.make_mentor(program) for _ in range(20)]

    def propose(mentor: Membership):
        return lambda: services.propose_pairing(
            program=program, mentor=mentor.person, mentee=mentee.person, goal=goal, terms=Terms(**apart(0)),
            now=timezone.now(),
        )  # fmt: skip

    finishes = race([propose(m) if n % 2 else send(mentee, m, goal) for n, m in enumerate(mentors)])
    assert opened(finishes) == 3
    assert {type(finish.raised) for finish in finishes} == {type(None), EngagementError}
    assert Request.objects.open().count() == 3


def test_accept_and_decline_and_withdraw_at_once_end_in_one_way() -> None:
    program = factories.make_program()
    mentor = factories.make_mentor(program, capacity=20)
    now = timezone.now()
    for request in waiting(program, mentor, 10):
        finishes = race(
            [
                accept(request),
                partial(services.withdraw_request, request_id=request.pk, now=now),
                partial(services.decline_request, request_id=request.pk, decline="fit", note="", now=now),
                partial(services.expire_requests, now + timedelta(days=11)),
            ]
        )
        request.refresh_from_db()
        assert request.state != Request.State.OPEN
        assert {type(finish.raised) for finish in finishes} <= {type(None), EngagementError}
        assert Engagement.objects.filter(request=request).exists() == (request.state == "accepted")


def test_ending_at_once_tells_once() -> None:
    program = factories.make_program()
    mentor = factories.make_mentor(program)
    engagement = factories.make_engagement(factories.make_goal(factories.make_mentee(program)), mentor)
    finishes = race(
        [
            lambda by=by: services.end_engagement(engagement_id=engagement.pk, by=by, now=timezone.now())
            for by in (engagement.mentor, engagement.mentee) * 10
        ]
    )
    assert refusals(finishes) == {}
    assert Mail.objects.filter(kind="engagement_ended").count() == 1
    assert Reservation.objects.filter(is_live=True).count() == 0


# 100 overlapping reservations


def overlapping(n: int) -> dict[str, object]:
    """Terms that all begin at one instant, named in three zones, and go on at three cadences."""
    zone, at = (("UTC", time(12)), ("Asia/Kolkata", time(17, 30)), ("Asia/Kathmandu", time(17, 45)))[n % 3]
    first = factories.next_weekday(2, timezone.now().date() + timedelta(days=7))
    return {
        "starts_on": first,
        "ends_on": first + timedelta(weeks=8),
        "cadence": ("1w", "2w", "4w")[n % 3],
        "minutes": 60,
        "at": at,
        "zone": zone,
    }


def crowd_on_a_mentor(count: int) -> list[Request]:
    program = factories.make_program()
    mentor = factories.make_mentor(program, capacity=20)
    return [
        factories.make_request(factories.make_goal(factories.make_mentee(program)), mentor, **overlapping(n))
        for n in range(count)
    ]


def crowd_on_a_mentee(count: int) -> list[Request]:
    """Of one mentee, with many mentors, in programs of their own: no membership is shared."""
    mentee = factories.make_person()
    requests = []
    for n in range(count):
        program = factories.make_program()
        goal = factories.make_goal(factories.make_member(program, mentee))
        requests.append(factories.make_request(goal, factories.make_mentor(program), **overlapping(n)))
    return requests


def crowd_in_both_roles(count: int) -> list[Request]:
    """One person, mentee here and mentor there."""
    person = factories.make_person()
    requests = []
    for n in range(count):
        program = factories.make_program()
        member = factories.make_member(program, person, is_mentor=True, is_mentee=True)
        if n % 2:
            mentee, mentor = member, factories.make_mentor(program)
        else:
            mentee, mentor = factories.make_mentee(program), member
        requests.append(factories.make_request(factories.make_goal(mentee), mentor, **overlapping(n)))
    return requests


@pytest.mark.parametrize("crowd", [crowd_on_a_mentor, crowd_on_a_mentee, crowd_in_both_roles])
def test_100_overlapping_reservations_hold_one(crowd) -> None:
    finishes = race([accept(request) for request in crowd(100)])
    assert opened(finishes) == 1
    assert Series.objects.count() == 1
    assert {type(finish.raised) for finish in finishes} == {type(None), EngagementError}
    assert all("collide with time already reserved" in words for words in refusals(finishes))


def test_reservations_without_the_locks_meet_the_constraint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never twice, thanks to the constraint, but as a deadlock or a raw refusal of the database."""
    requests = crowd_on_a_mentee(40)
    monkeypatch.setattr("mentoring.schedule.services.lock_people", lambda ids: None)
    finishes = race([accept(request) for request in requests])
    kinds = {type(finish.raised).__name__ for finish in finishes}
    assert kinds & {"OperationalError", "IntegrityError"}
    assert opened(finishes) <= 1


def test_reservations_with_neither_locks_nor_constraint_are_double(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = crowd_on_a_mentee(40)
    monkeypatch.setattr("mentoring.schedule.services.lock_people", lambda ids: None)
    (constraint,) = (c for c in Reservation._meta.constraints if c.name == "reservation_never_twice")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Reservation, constraint)
    try:
        finishes = race([accept(request) for request in requests])
    finally:
        with transaction.atomic():
            Reservation.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(Reservation, constraint)
    assert opened(finishes) > 1
