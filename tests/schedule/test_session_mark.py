"""Saying afterwards whether a session took place, and what follows when two remember it differently."""

from datetime import date, time, timedelta

import pytest

from mentoring.engagements.services import end_engagement
from mentoring.outbox.models import Mail
from mentoring.schedule import marks, moves
from mentoring.schedule.models import Mark, Session
from mentoring.schedule.services import ScheduleError
from tests import factories
from tests.factories import instant

pytestmark = pytest.mark.django_db
NOW = instant(2031, 2, 1, 12)
WEEK = timedelta(weeks=1)
FIRST_IS_OVER = instant(2031, 2, 18, 10)


@pytest.fixture
def engagement(cast):
    """Twelve Tuesdays at 09:00 in London, until 6 May 2031."""
    terms = {"starts_on": date(2031, 2, 18), "ends_on": date(2031, 5, 6), "at": time(9)}
    engagement = factories.make_engagement(cast.goal, cast.mentor, now=NOW, **terms)
    Mail.objects.all().delete()
    return engagement


@pytest.fixture
def sessions(engagement) -> list[Session]:
    return list(engagement.series.get().sessions.order_by("number"))


def mark(session: Session, by, was_held: bool, now=None) -> str:
    """What the session's outcome is then."""
    now = now or session.ends_at
    marked = marks.mark_session(session_id=session.pk, by=by, was_held=was_held, now=now)
    return Session.objects.get(pk=marked.pk).outcome


def kinds() -> list[tuple[str, str]]:
    return sorted((mail.kind, mail.recipients[0]) for mail in Mail.objects.all())


def both(cast, kind: str) -> list[tuple[str, str]]:
    return sorted((kind, person.email) for person in (cast.mentor.person, cast.mentee.person))


@pytest.mark.parametrize(
    ("mentor", "mentee", "outcome"),
    [
        (True, None, "held"),
        (None, False, "missed"),
        (True, True, "held"),
        (False, False, "missed"),
        (True, False, "unclear"),
        (False, True, "unclear"),
    ],
)
def test_outcome_follows_what_both_say(cast, sessions, mentor, mentee, outcome: str) -> None:
    got = ""
    for member, was_held in ((cast.mentor, mentor), (cast.mentee, mentee)):
        if was_held is not None:
            got = mark(sessions[0], member.person, was_held)
    assert got == outcome


def test_a_mark_can_be_changed_and_stays_one_a_person(cast, sessions) -> None:
    assert mark(sessions[0], cast.mentor.person, True) == "held"
    assert mark(sessions[0], cast.mentor.person, False) == "missed"
    assert Mark.objects.count() == 1


def test_marks_that_differ_tell_both_once(cast, sessions) -> None:
    mark(sessions[0], cast.mentor.person, True)
    assert kinds() == []
    assert mark(sessions[0], cast.mentee.person, False) == "unclear"
    assert kinds() == both(cast, "session_unclear")
    assert mark(sessions[0], cast.mentee.person, True) == "held"
    assert mark(sessions[0], cast.mentee.person, False) == "unclear"
    assert kinds() == both(cast, "session_unclear")
    assert {mail.calendar for mail in Mail.objects.all()} == {""}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (FIRST_IS_OVER - timedelta(seconds=1), "^This session is not over yet.$"),
        (FIRST_IS_OVER + timedelta(days=14), "^This can be said for 14 days after a session.$"),
    ],
)
def test_marks_have_their_time(cast, sessions, now, words: str) -> None:
    with pytest.raises(ScheduleError, match=words):
        mark(sessions[0], cast.mentor.person, True, now)
    assert not Mark.objects.exists()


def test_the_last_moment_of_the_14_days_counts(cast, sessions) -> None:
    last = FIRST_IS_OVER + timedelta(days=14, seconds=-1)
    assert mark(sessions[0], cast.mentor.person, True, last) == "held"


def test_what_was_skipped_or_has_ended_is_not_marked(cast, engagement, sessions) -> None:
    moves.skip_session(session_id=sessions[0].pk, by=cast.mentor.person, word="Ill.", now=NOW)
    with pytest.raises(ScheduleError, match=r"^This session has been skipped.$"):
        mark(sessions[0], cast.mentor.person, True)
    end_engagement(engagement_id=engagement.pk, by=cast.mentor.person, now=sessions[1].ends_at)
    with pytest.raises(ScheduleError, match=r"^The engagement has ended.$"):
        mark(sessions[1], cast.mentor.person, True)


def test_two_missed_in_a_row_ask_both_once(cast, sessions) -> None:
    mark(sessions[0], cast.mentor.person, False)
    assert kinds() == []
    mark(sessions[1], cast.mentee.person, False)
    assert kinds() == both(cast, "missed_twice")
    # the other says the same; a third is missed; a mark is changed and changed back
    mark(sessions[1], cast.mentor.person, False)
    mark(sessions[2], cast.mentor.person, False)
    mark(sessions[2], cast.mentor.person, True)
    mark(sessions[2], cast.mentor.person, False)
    assert kinds() == both(cast, "missed_twice")


def test_two_missed_again_after_one_was_held_ask_again(cast, sessions) -> None:
    for session, was_held in zip(sessions, (False, False, True, False, False), strict=False):
        mark(session, cast.mentor.person, was_held)
    assert kinds() == sorted(both(cast, "missed_twice") * 2)


def test_missed_in_a_row_leaves_out_what_was_skipped(cast, sessions) -> None:
    moves.skip_session(session_id=sessions[1].pk, by=cast.mentor.person, word="Ill.", now=NOW)
    Mail.objects.all().delete()
    mark(sessions[0], cast.mentor.person, False)
    mark(sessions[2], cast.mentor.person, False)
    assert kinds() == both(cast, "missed_twice")


@pytest.mark.parametrize("between", [True, None])
def test_missed_with_one_between_that_was_not_asks_nobody(cast, sessions, between: bool | None) -> None:
    mark(sessions[0], cast.mentor.person, False)
    if between is not None:
        mark(sessions[1], cast.mentor.person, between)
    mark(sessions[2], cast.mentor.person, False)
    assert kinds() == []


def test_missed_is_counted_in_the_order_of_numbers_however_marked(cast, sessions) -> None:
    late = sessions[1].ends_at
    mark(sessions[1], cast.mentor.person, False, late)
    assert kinds() == []
    mark(sessions[0], cast.mentor.person, False, late)
    assert kinds() == both(cast, "missed_twice")
    assert [one.number for one in marks.missed_in_a_row(sessions[0])] == [1, 2]
    assert marks.missed_in_a_row(sessions[2]) == []
