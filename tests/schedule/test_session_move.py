"""Moving one session: proposing, accepting, offering another, declining, taking back."""

from datetime import date, datetime, time, timedelta

import pytest

from mentoring.engagements.services import end_engagement
from mentoring.outbox.models import Mail
from mentoring.schedule import moves, services
from mentoring.schedule.models import Move, Reminder, Reservation, Session, TimeAway
from mentoring.schedule.reminders import queue_reminders
from mentoring.schedule.services import ScheduleError
from tests import factories
from tests.factories import instant

pytestmark = pytest.mark.django_db
NOW = instant(2031, 2, 1, 12)
FIRST = instant(2031, 2, 18, 9)
THURSDAY = instant(2031, 2, 20, 15)
HOUR = timedelta(hours=1)


@pytest.fixture
def engagement(cast):
    """Twelve Tuesdays at 09:00 in London, until 6 May 2031."""
    terms = {"starts_on": date(2031, 2, 18), "ends_on": date(2031, 5, 6), "at": time(9)}
    engagement = factories.make_engagement(cast.goal, cast.mentor, now=NOW, **terms)
    Mail.objects.all().delete()
    return engagement


@pytest.fixture
def session(engagement) -> Session:
    return Session.objects.get(starts_at=FIRST)


def propose(session: Session, by, starts_at: datetime = THURSDAY, now: datetime = NOW) -> Move:
    return moves.propose_move(session_id=session.pk, by=by, starts_at=starts_at, now=now)


def answer(act, move: Move, by, now: datetime = NOW):
    return act(session_id=move.session_id, move_id=move.pk, by=by, now=now)


def mails() -> list[tuple[str, list[str], str]]:
    return sorted(Mail.objects.values_list("kind", "recipients", "state"))


def held(session: Session) -> set[tuple[datetime, datetime]]:
    live = Reservation.objects.filter(session=session, is_live=True)
    return {(during.lower, during.upper) for during in live.values_list("during", flat=True)}


def test_propose_keeps_the_old_time_and_asks_the_other(cast, session) -> None:
    move = propose(session, cast.mentee.person)
    session.refresh_from_db()
    assert (session.starts_at, session.sequence, session.is_moved) == (FIRST, 0, False)
    assert held(session) == {(FIRST, FIRST + HOUR)}
    assert (move.starts_at, move.ends_at) == (THURSDAY, THURSDAY + HOUR)
    mail = Mail.objects.get()
    assert (mail.kind, mail.recipients) == ("move_proposed", [cast.mentor.person.email])
    assert mail.subject == "Amara Eze proposes another time for Tuesday 18 February, 09:00"
    assert mail.calendar == ""
    assert mail.send_before == FIRST


def test_accept_moves_the_session_for_both(cast, session) -> None:
    move = propose(session, cast.mentee.person)
    answer(moves.accept_move, move, cast.mentor.person)
    session.refresh_from_db()
    move.refresh_from_db()
    assert (session.starts_at, session.ends_at) == (THURSDAY, THURSDAY + HOUR)
    assert (session.is_moved, session.sequence, session.on) == (True, 1, date(2031, 2, 18))
    assert held(session) == {(THURSDAY, THURSDAY + HOUR)}
    assert (move.state, move.closed_at) == ("accepted", NOW)
    due = Reminder.objects.filter(session=session, state="waiting").values_list("due_at", flat=True)
    assert sorted(due) == [THURSDAY - 24 * HOUR] * 2 + [THURSDAY - HOUR] * 2
    assert mails() == [
        ("move_proposed", [cast.mentor.person.email], "withdrawn"),
        *sorted(
            ("session_moved", [person.email], "waiting")
            for person in (cast.mentor.person, cast.mentee.person)
        ),
    ]
    for mail in Mail.objects.filter(kind="session_moved"):
        assert mail.calendar_method == "REQUEST"
        assert "SEQUENCE:1" in mail.calendar
        assert "instead of Tuesday 18 February 2031, 09:00" in mail.text


def test_a_session_may_overlap_the_time_that_it_leaves(cast, session) -> None:
    half_an_hour_later = FIRST + HOUR / 2
    move = propose(session, cast.mentee.person, half_an_hour_later)
    answer(moves.accept_move, move, cast.mentor.person)
    assert held(session) == {(half_an_hour_later, half_an_hour_later + HOUR)}


def test_moving_again_raises_the_sequence_and_reminds_anew(cast, session) -> None:
    answer(moves.accept_move, propose(session, cast.mentee.person), cast.mentor.person)
    move = propose(session, cast.mentor.person, FIRST)
    answer(moves.accept_move, move, cast.mentee.person)
    session.refresh_from_db()
    assert (session.starts_at, session.sequence) == (FIRST, 2)
    states = Mail.objects.filter(kind="session_moved").values_list("state", flat=True)
    assert sorted(states) == ["waiting", "waiting", "withdrawn", "withdrawn"]


def test_a_reminder_of_the_old_time_is_not_sent(cast, session) -> None:
    move = propose(session, cast.mentee.person)
    queue_reminders(FIRST - HOUR)
    answer(moves.accept_move, move, cast.mentor.person, FIRST - HOUR)
    assert set(Mail.objects.filter(kind="reminder").values_list("state", flat=True)) == {"withdrawn"}
    queue_reminders(THURSDAY - HOUR)
    waiting = Mail.objects.filter(kind="reminder", state="waiting")
    assert {mail.send_before for mail in waiting} == {THURSDAY}


def test_offering_another_replaces_the_proposal(cast, session) -> None:
    first = propose(session, cast.mentee.person)
    second = propose(session, cast.mentor.person, THURSDAY + HOUR)
    first.refresh_from_db()
    assert (first.state, second.state) == ("replaced", "open")
    with pytest.raises(ScheduleError, match=r"^Another time has been proposed meanwhile.$"):
        answer(moves.accept_move, first, cast.mentor.person)
    answer(moves.accept_move, second, cast.mentee.person)
    session.refresh_from_db()
    assert session.starts_at == THURSDAY + HOUR


def test_offering_the_very_time_that_is_proposed_is_refused(cast, session) -> None:
    propose(session, cast.mentee.person)
    with pytest.raises(ScheduleError, match=r"^This is the time that Amara Eze proposes"):
        propose(session, cast.mentor.person)


def test_decline_leaves_the_session_and_tells_the_proposer(cast, session) -> None:
    move = propose(session, cast.mentee.person)
    answer(moves.decline_move, move, cast.mentor.person)
    session.refresh_from_db()
    assert (session.starts_at, session.sequence) == (FIRST, 0)
    assert mails() == [
        ("move_declined", [cast.mentee.person.email], "waiting"),
        ("move_proposed", [cast.mentor.person.email], "withdrawn"),
    ]
    with pytest.raises(ScheduleError, match=r"^This proposal has been declined already.$"):
        answer(moves.accept_move, move, cast.mentor.person)


def test_taking_back_what_was_not_sent_yet_says_nothing(cast, session) -> None:
    answer(moves.withdraw_move, propose(session, cast.mentee.person), cast.mentee.person)
    assert mails() == [("move_proposed", [cast.mentor.person.email], "withdrawn")]


def test_taking_back_what_was_sent_tells_the_other(cast, session) -> None:
    move = propose(session, cast.mentee.person)
    Mail.objects.update(state=Mail.State.SENT, sent_at=NOW)
    answer(moves.withdraw_move, move, cast.mentee.person)
    assert mails() == [
        ("move_proposed", [cast.mentor.person.email], "sent"),
        ("move_withdrawn", [cast.mentor.person.email], "waiting"),
    ]


def test_each_answers_only_what_is_theirs_to_answer(cast, session) -> None:
    move = propose(session, cast.mentee.person)
    for act, by, words in (
        (moves.accept_move, cast.mentee.person, "It is for the other to accept"),
        (moves.decline_move, cast.mentee.person, "You can take it back"),
        (moves.withdraw_move, cast.mentor.person, "You can decline it"),
    ):
        with pytest.raises(ScheduleError, match=words):
            answer(act, move, by)
    move.refresh_from_db()
    assert move.state == "open"


def test_a_move_of_another_session_is_not_answered_through_this_one(cast, engagement, session) -> None:
    other = engagement.series.get().sessions.get(number=2)
    move = propose(other, cast.mentee.person)
    with pytest.raises(ScheduleError, match=r"^There is no such proposal.$"):
        moves.accept_move(session_id=session.pk, move_id=move.pk, by=cast.mentor.person, now=NOW)


def reserve_elsewhere(cast, person, starts_at: datetime) -> None:
    """Another session of one of the two, with somebody else, in another program."""
    program = factories.make_program()
    mentor = factories.make_member(program, person, is_mentor=True, is_mentee=False, capacity=2)
    goal = factories.make_goal(factories.make_mentee(program))
    terms = {"starts_on": starts_at.date(), "ends_on": starts_at.date() + timedelta(days=20), "cadence": "4w"}
    factories.make_engagement(goal, mentor, now=NOW, at=starts_at.time(), zone="UTC", **terms)


@pytest.mark.parametrize("who", ["mentor", "mentee"])
def test_accept_of_a_time_taken_meanwhile_is_refused(cast, session, who: str) -> None:
    move = propose(session, cast.mentee.person)
    reserve_elsewhere(cast, getattr(cast, who).person, THURSDAY + HOUR / 2)
    refused = "^This time is not free any more: one of you has another session then.$"
    with pytest.raises(ScheduleError, match=refused):
        answer(moves.accept_move, move, cast.mentor.person)
    assert held(session) == {(FIRST, FIRST + HOUR)}
    move.refresh_from_db()
    assert move.state == "open"
    with pytest.raises(ScheduleError, match=refused):
        propose(session, cast.mentor.person, THURSDAY + HOUR)


@pytest.mark.parametrize("who", ["mentor", "mentee"])
def test_accept_of_a_time_in_time_away_is_refused(cast, session, who: str) -> None:
    move = propose(session, cast.mentee.person)
    day = THURSDAY.date()
    TimeAway.objects.create(
        person=getattr(cast, who).person, starts_on=day - timedelta(days=1), ends_on=day, created_at=NOW
    )
    with pytest.raises(ScheduleError, match="one of you is away on that day"):
        answer(moves.accept_move, move, cast.mentor.person)
    assert moves.propose_move(
        session_id=session.pk, by=cast.mentee.person, starts_at=THURSDAY + 24 * HOUR, now=NOW
    )


@pytest.mark.parametrize(
    ("starts_at", "words"),
    [
        (NOW, "^This time has passed.$"),
        (NOW - timedelta(days=9000), "^This time has passed.$"),
        (FIRST, "^The session is at this time already.$"),
        (instant(2031, 5, 7, 0), "^The engagement ends on 6 May 2031, before this time.$"),
        (instant(9999, 12, 31, 23, 59), "^The engagement ends on 6 May 2031, before this time.$"),
    ],
)
def test_propose_refuses_times_that_cannot_be(cast, session, starts_at: datetime, words: str) -> None:
    with pytest.raises(ScheduleError, match=words):
        propose(session, cast.mentee.person, starts_at)
    assert not Move.objects.exists()


def test_propose_takes_the_last_day_of_the_engagement(cast, session) -> None:
    # 6 May, 23:30 in London
    assert propose(session, cast.mentee.person, instant(2031, 5, 6, 22, 30)).state == "open"


def test_nothing_is_moved_once_it_has_begun(cast, session) -> None:
    move = propose(session, cast.mentee.person)
    for act in (moves.accept_move, moves.decline_move):
        with pytest.raises(ScheduleError, match=r"^This session has begun.$"):
            answer(act, move, cast.mentor.person, FIRST)
    with pytest.raises(ScheduleError, match=r"^This session has begun.$"):
        propose(session, cast.mentor.person, now=FIRST)


def test_accept_after_the_proposed_time_has_passed_is_refused(cast, session) -> None:
    sooner = instant(2031, 2, 10, 9)
    move = propose(session, cast.mentee.person, sooner)
    with pytest.raises(ScheduleError, match=r"^This time has passed.$"):
        answer(moves.accept_move, move, cast.mentor.person, sooner)


def test_the_end_of_the_engagement_closes_moves_and_refuses_more(cast, engagement, session) -> None:
    move = propose(session, cast.mentee.person)
    end_engagement(engagement_id=engagement.pk, by=cast.mentor.person, now=NOW)
    move.refresh_from_db()
    assert (move.state, move.closed_at) == ("lapsed", NOW)
    assert Mail.objects.get(kind="move_proposed").state == "withdrawn"
    for act in (lambda: propose(session, cast.mentee.person), lambda: skip(session, cast.mentee.person)):
        with pytest.raises(ScheduleError, match=r"^The engagement has ended.$"):
            act()
    with pytest.raises(ScheduleError, match=r"^This proposal has lapsed.$"):
        answer(moves.accept_move, move, cast.mentor.person)


def test_a_move_lapses_when_its_session_begins(cast, session) -> None:
    move = propose(session, cast.mentee.person)
    assert services.lapse_moves(FIRST - HOUR) == 0
    assert services.lapse_moves(FIRST) == 1
    assert services.lapse_moves(FIRST) == 0
    move.refresh_from_db()
    assert (move.state, move.closed_at) == ("lapsed", FIRST)


def test_proposals_are_limited_a_day(cast, session) -> None:
    for n in range(Move.A_DAY):
        propose(session, cast.mentee.person, THURSDAY + n * HOUR)
    with pytest.raises(ScheduleError, match="Give it until tomorrow"):
        propose(session, cast.mentee.person, THURSDAY - HOUR)
    propose(session, cast.mentee.person, THURSDAY - HOUR, now=NOW + timedelta(days=1, seconds=1))
    assert Move.objects.open().count() == 1


def test_propose_twice_asks_once(cast, session) -> None:
    assert propose(session, cast.mentee.person) == propose(session, cast.mentee.person)
    assert mails() == [("move_proposed", [cast.mentor.person.email], "waiting")]


def test_awaiting_is_what_the_other_proposed_and_can_be_answered(cast, engagement, session) -> None:
    move = propose(session, cast.mentee.person)
    assert list(Move.objects.awaiting(cast.mentor.person, NOW)) == [move]
    assert list(Move.objects.awaiting(cast.mentee.person, NOW)) == []
    assert list(Move.objects.awaiting(cast.stranger, NOW)) == []
    assert list(Move.objects.awaiting(cast.mentor.person, FIRST)) == []


# Skipping


def skip(session: Session, by, word: str = "My train is on strike.", now: datetime = NOW) -> Session:
    return moves.skip_session(session_id=session.pk, by=by, word=word, now=now)


def test_skip_frees_the_time_and_tells_both_without_the_word(cast, session) -> None:
    move = propose(session, cast.mentor.person)
    Mail.objects.all().delete()
    skip(session, cast.mentee.person)
    session.refresh_from_db()
    assert (session.state, session.sequence, session.skipped_by) == ("skipped", 1, cast.mentee.person)
    assert session.read_word() == "My train is on strike."
    assert b"train" not in bytes(session.word_sealed)
    assert held(session) == set()
    assert not Reminder.objects.filter(session=session, state="waiting").exists()
    move.refresh_from_db()
    assert move.state == "lapsed"
    sent = Mail.objects.filter(kind="session_skipped")
    assert {mail.recipients[0] for mail in sent} == {cast.mentor.person.email, cast.mentee.person.email}
    for mail in sent:
        assert (mail.calendar_method, "SEQUENCE:1" in mail.calendar) == ("CANCEL", True)
        assert "train" not in mail.subject + mail.text + mail.html + mail.calendar


def test_skipped_time_is_free_for_others_at_once(cast, session) -> None:
    skip(session, cast.mentee.person)
    reserve_elsewhere(cast, cast.mentor.person, FIRST)
    assert Session.objects.get(series__mentor=cast.mentor.person, starts_at=FIRST, state="planned")


def test_skip_twice_or_once_begun_is_refused(cast, session) -> None:
    with pytest.raises(ScheduleError, match=r"^This session has begun.$"):
        skip(session, cast.mentee.person, now=FIRST)
    skip(session, cast.mentee.person)
    with pytest.raises(ScheduleError, match=r"^This session has been skipped.$"):
        skip(session, cast.mentor.person)
    with pytest.raises(ScheduleError, match=r"^This session has been skipped.$"):
        propose(session, cast.mentor.person)
    assert Mail.objects.filter(kind="session_skipped").count() == 2
