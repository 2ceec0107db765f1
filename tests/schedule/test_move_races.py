"""Who moves what, when many propose and accept at once over connections of their own.

Each guard has a twin without it, which has to break what the guard keeps.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from functools import partial
from itertools import combinations

import pytest
from django.db import connection, transaction
from django.utils import timezone

from mentoring.engagements.services import EngagementError, accept_request, end_engagement
from mentoring.outbox.models import Mail
from mentoring.schedule import marks, moves
from mentoring.schedule.models import Move, Reservation, Session
from mentoring.schedule.services import ScheduleError, lapse_moves
from tests import factories
from tests.racing import Finish, race, refusals, without_locks

pytestmark = pytest.mark.django_db(transaction=True)
HALF_HOUR = timedelta(minutes=30)
LANES = 100
MENTORS = MENTEES = 20
EACH_WITH = 3
TAKEN = "ScheduleError: This time is not free any more: one of you has another session then."


def contested(n: int) -> datetime:
    """One of eight starts in four and a half hours: neighbours overlap by half."""
    first = factories.next_weekday(3, timezone.now().date() + timedelta(days=14))
    return factories.instant(first.year, first.month, first.day, 12) + n % 8 * HALF_HOUR


def make_session(mentor, mentee, n: int) -> Session:
    """The only session of an engagement, at an hour that no other n has."""
    day, hour = divmod(n, 20)
    on = factories.next_weekday(day, timezone.now().date() + timedelta(days=6))
    terms = {"starts_on": on, "ends_on": on + timedelta(days=20), "cadence": "4w", "at": time(hour)}
    engagement = factories.make_engagement(factories.make_goal(mentee), mentor, zone="UTC", **terms)
    return Session.objects.select_related("series").get(series__engagement=engagement)


def make_sessions() -> list[Session]:
    """60 sessions of 40 people: each mentor with three mentees, each mentee with three mentors."""
    program = factories.make_program()
    mentors = [factories.make_mentor(program, capacity=EACH_WITH) for _ in range(MENTORS)]
    mentees = [factories.make_mentee(program) for _ in range(MENTEES)]
    pairs = [(n, (n + k) % MENTEES) for n in range(MENTORS) for k in range(EACH_WITH)]
    return [make_session(mentors[er], mentees[ee], n) for n, (er, ee) in enumerate(pairs)]


def propose(session: Session, by, n: int) -> Move:
    return moves.propose_move(session_id=session.pk, by=by, starts_at=contested(n), now=timezone.now())


def accept(session: Session, move: Move, by) -> Session:
    return moves.accept_move(session_id=session.pk, move_id=move.pk, by=by, now=timezone.now())


def propose_and_accept(session: Session, n: int) -> Session:
    """One proposes and the other accepts at once, whatever others do meanwhile."""
    return accept(session, propose(session, session.series.mentee, n), session.series.mentor)


def drill(sessions: list[Session]) -> list[Callable[[], object]]:
    """300 acts on sessions whose mentees have proposed contested times: five on each, in a mixed order."""
    acts: list[Callable[[], object]] = []
    for n, session in enumerate(sessions):
        mentor, mentee = session.series.mentor, session.series.mentee
        waiting = propose(session, mentee, n)
        acts += [
            partial(accept, session, waiting, mentor),
            partial(accept, session, waiting, mentor),
            partial(propose, session, mentor, n + 3),
            partial(propose_and_accept, session, n + 5),
            partial(propose_and_accept, session, n + 2),
        ]
    return [acts[n * 7 % len(acts)] for n in range(len(acts))]


def run(acts: list[Callable[[], object]]) -> list[Finish]:
    """All acts, in as many lanes as go at the same time; each lane has its own connection."""

    def lane(mine: list[Callable[[], object]]) -> list[Finish]:
        finishes = []
        for act in mine:
            try:
                finishes.append(Finish(returned=act()))
            except Exception as error:  # noqa: BLE001 (whatever it is, the test looks at it)
                finishes.append(Finish(raised=error))
        return finishes

    lanes = race([partial(lane, acts[n::LANES]) for n in range(LANES)])
    return [finish for each in lanes for finish in each.returned]


def double_bookings() -> int:
    """Pairs of live reservations of one person that overlap."""
    held: dict[object, list] = {}
    for person, during in Reservation.objects.filter(is_live=True).values_list("person", "during"):
        held.setdefault(person, []).append(during)
    return sum(
        one.lower < other.upper and other.lower < one.upper
        for all_of_one in held.values()
        for one, other in combinations(all_of_one, 2)
    )


def lost_moves(finishes: list[Finish]) -> list[str]:
    """What says of a session something else than the last who moved it was told."""
    moved: dict[object, list[Session]] = {}
    for finish in finishes:
        if isinstance(finish.returned, Session):
            moved.setdefault(finish.returned.pk, []).append(finish.returned)
    lost = []
    for session in Session.objects.prefetch_related("moves", "reservations"):
        last = max(moved.get(session.pk, []), key=lambda each: each.sequence, default=None)
        accepted = [move for move in session.moves.all() if move.state == "accepted"]
        if session.sequence != len(accepted) or len(accepted) != len(moved.get(session.pk, [])):
            lost.append(f"{session.pk} was moved {session.sequence} times, accepted {len(accepted)}")
        if last and (session.starts_at, session.sequence) != (last.starts_at, last.sequence):
            lost.append(f"{session.pk} is not where it was moved to last")
        held = {(each.during.lower, each.during.upper) for each in session.reservations.all() if each.is_live}
        if held != {(session.starts_at, session.ends_at)}:
            lost.append(f"{session.pk} is reserved at another time")
    return lost


def report(finishes: list[Finish]) -> Counter[str]:
    """What became of all, printed (pytest -s) and counted by kind."""
    kinds = Counter(
        type(finish.raised).__name__ if finish.raised else type(finish.returned).__name__
        for finish in finishes
    )
    print(f"\n{len(finishes)} acts: {dict(kinds)}; {double_bookings()} double bookings")
    for words, count in sorted(refusals(finishes).items()):
        print(f"  {count:4} {words}")
    return kinds


def test_300_overlapping_moves_of_40_people_keep_every_promise() -> None:
    sessions = make_sessions()
    finishes = run(drill(sessions))
    kinds = report(finishes)
    assert len(finishes) == 300
    assert kinds.keys() == {"Session", "Move", "ScheduleError"}
    assert double_bookings() == 0
    assert lost_moves(finishes) == []
    assert all(str(finish.raised) for finish in finishes if finish.raised)
    # It was tight: many were moved, and many found their time taken.
    assert kinds["Session"] >= 20
    assert refusals(finishes)[TAKEN] >= 20
    assert Mail.objects.filter(kind="session_moved").count() == 2 * kinds["Session"]


@contextmanager
def without_people_locked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(moves, "lock_people", lambda ids: None)
        yield


def crowd_on_a_mentor() -> list[Callable[[], object]]:
    """Twenty acceptances of one and the same time, of sessions of one mentor with twenty mentees."""
    program = factories.make_program()
    mentor = factories.make_mentor(program, capacity=20)
    sessions = [make_session(mentor, factories.make_mentee(program), n) for n in range(20)]
    return [
        partial(accept, session, propose(session, session.series.mentee, 0), mentor.person)
        for session in sessions
    ]


def test_20_moves_to_one_time_hold_one() -> None:
    finishes = race(crowd_on_a_mentor())
    assert refusals(finishes) == {TAKEN: 19}
    assert lost_moves(finishes) == []


def test_moves_without_the_locks_meet_the_constraint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never twice, thanks to the constraint, but as a deadlock or a raw refusal of the database."""
    acts = crowd_on_a_mentor()
    with without_people_locked(monkeypatch):
        finishes = race(acts)
    kinds = report(finishes)
    assert kinds.keys() & {"OperationalError", "IntegrityError"}
    assert double_bookings() == 0


def test_moves_with_neither_locks_nor_constraint_are_double(monkeypatch: pytest.MonkeyPatch) -> None:
    acts = crowd_on_a_mentor()
    (constraint,) = (c for c in Reservation._meta.constraints if c.name == "reservation_never_twice")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Reservation, constraint)
    try:
        with without_people_locked(monkeypatch):
            finishes = race(acts)
        report(finishes)
        found = double_bookings()
    finally:
        with transaction.atomic():
            Reservation.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(Reservation, constraint)
    assert found > 0


# One session


def answers(session: Session, move: Move) -> list[Callable[[], object]]:
    """Everything that closes a move, and what would follow on its being open."""
    mentor, mentee, now = session.series.mentor, session.series.mentee, timezone.now()
    this = {"session_id": session.pk, "now": now}
    return [
        partial(moves.accept_move, move_id=move.pk, by=mentor, **this),
        partial(moves.decline_move, move_id=move.pk, by=mentor, **this),
        partial(moves.withdraw_move, move_id=move.pk, by=mentee, **this),
        partial(moves.skip_session, by=mentee, word="Ill.", **this),
        partial(moves.propose_move, by=mentor, starts_at=contested(5), **this),
        partial(lapse_moves, now),
    ]


def test_a_move_is_answered_in_one_way() -> None:
    program = factories.make_program()
    for n in range(6):
        session = make_session(factories.make_mentor(program), factories.make_mentee(program), n)
        move = propose(session, session.series.mentee, 0)
        finishes = race(answers(session, move) * 3)
        assert {type(finish.raised) for finish in finishes} <= {type(None), ScheduleError}
        session.refresh_from_db()
        move.refresh_from_db()
        assert move.state != "open"
        # moved once or not, skipped once or not, and never half
        accepted = session.moves.filter(state="accepted").count()
        assert session.sequence == accepted + (session.state == "skipped")
        live = Reservation.objects.filter(session=session, is_live=True).count()
        assert live == (0 if session.state == "skipped" else 2)
        assert session.state == "planned" or not session.moves.open().exists()


def test_a_move_without_the_sessions_lock_is_answered_in_two_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    program = factories.make_program()
    broken = 0
    for n in range(6):
        session = make_session(factories.make_mentor(program), factories.make_mentee(program), n)
        move = propose(session, session.series.mentee, 0)
        with without_locks(monkeypatch, Session):
            finishes = race(answers(session, move)[1:4] * 4)
        broken += sum(finish.raised is None for finish in finishes) > 2
        broken += any(not isinstance(finish.raised, ScheduleError | None) for finish in finishes)
    assert broken > 0


def test_a_move_and_a_new_series_for_the_same_time_never_both() -> None:
    """An acceptance in another program reserves the mentee's time while the session moves there."""
    for n in range(8):
        program, elsewhere = factories.make_program(), factories.make_program()
        mentee = factories.make_mentee(program)
        session = make_session(factories.make_mentor(program), mentee, n)
        move = propose(session, session.series.mentee, n)
        goal = factories.make_goal(factories.make_member(elsewhere, mentee.person))
        at = contested(n)
        request = factories.make_request(
            goal, factories.make_mentor(elsewhere), zone="UTC", at=at.time(), starts_on=at.date(),
            ends_on=at.date() + timedelta(days=20), cadence="4w",
        )  # fmt: skip
        finishes = race(
            [
                partial(accept, session, move, session.series.mentor),
                partial(accept_request, request_id=request.pk, by=request.mentor, now=timezone.now()),
            ]
        )
        raised = [type(finish.raised) for finish in finishes]
        assert raised in ([type(None), EngagementError], [ScheduleError, type(None)])
    assert double_bookings() == 0


def test_a_move_and_the_end_of_the_engagement_leave_nothing_reserved() -> None:
    program = factories.make_program()
    for n in range(6):
        session = make_session(factories.make_mentor(program), factories.make_mentee(program), n)
        move = propose(session, session.series.mentee, 0)
        engagement_id = session.series.engagement_id
        end = partial(end_engagement, engagement_id=engagement_id, by=None, now=timezone.now())
        finishes = race([partial(accept, session, move, session.series.mentor), end] * 3)
        assert {type(finish.raised) for finish in finishes} <= {type(None), ScheduleError}
        session.refresh_from_db()
        assert session.state == "cancelled"
        assert not session.moves.open().exists()
    assert not Reservation.objects.filter(is_live=True).exists()
    assert not Mail.objects.filter(kind__in=["session_moved", "move_proposed"], state="waiting").exists()


def test_marks_at_once_end_in_what_both_said_and_ask_once() -> None:
    program = factories.make_program()
    for _ in range(5):
        mentor, mentee = factories.make_mentor(program), factories.make_mentee(program)
        now = timezone.now() - timedelta(days=20)
        first = factories.next_weekday(1, now.date() + timedelta(days=2))
        engagement = factories.make_engagement(
            factories.make_goal(mentee), mentor, now=now, starts_on=first, ends_on=first + timedelta(weeks=8)
        )
        two = list(engagement.series.get().sessions.order_by("number")[:2])
        Mail.objects.all().delete()
        finishes = race(
            [
                partial(marks.mark_session, session_id=one.pk, by=by, was_held=False, now=two[1].ends_at)
                for one in two
                for by in (mentor.person, mentee.person)
            ]
            * 3
        )
        assert refusals(finishes) == {}
        assert {one.outcome for one in Session.objects.filter(pk__in=[one.pk for one in two])} == {"missed"}
        assert Mail.objects.filter(kind="missed_twice").count() == 2
