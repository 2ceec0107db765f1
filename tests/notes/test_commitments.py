"""What each of the two undertook, and where it comes back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mentoring.engagements.services import end_engagement
from mentoring.notes import listing, sections
from mentoring.notes.models import Commitment
from mentoring.notes.services import (
    MOST_COMMITMENTS,
    NotesError,
    drop_commitment,
    finish_commitment,
    make_commitment,
    reopen_commitment,
)

pytestmark = pytest.mark.django_db
State = Commitment.State


def make(session, by, text="Ask him", *, due_in=None, now=None):
    due_on = None if due_in is None else timezone.localdate() + timedelta(days=due_in)
    now = now or timezone.now()
    return make_commitment(session_id=session.pk, by=by, text=text, due_on=due_on, now=now)


def brought(session, reader, now=None) -> tuple[list[str], list[str]]:
    """One's own, and the other's."""
    found = sections.brought(sections.reading_of(session, reader, now or timezone.now()))
    return [line.text for line in found.own], [line.text for line in found.others]


def at_the_end_of(session):
    return session.ends_at - timedelta(minutes=5)


def test_open_commitment_comes_back_until_it_is_done(pair) -> None:
    first, second, third = pair.past[-3:]
    made = make(first, pair.mentee, now=at_the_end_of(first))
    assert brought(second, pair.mentee) == (["Ask him"], [])
    assert brought(third, pair.mentor) == ([], ["Ask him"])
    assert brought(pair.ahead[0], pair.mentee) == (["Ask him"], [])
    assert brought(first, pair.mentee) == ([], [])

    finish_commitment(commitment_id=made.pk, by=pair.mentee, now=third.starts_at)
    assert brought(second, pair.mentee) == (["Ask him"], [])
    assert brought(third, pair.mentee) == (["Ask him"], [])
    assert brought(pair.ahead[0], pair.mentee) == ([], [])


def test_what_was_closed_since_the_two_met_is_still_shown_at_the_next(pair) -> None:
    made = make(pair.past[-1], pair.mentee, now=at_the_end_of(pair.past[-1]))
    drop_commitment(commitment_id=made.pk, by=pair.mentee, now=timezone.now())
    assert brought(pair.ahead[0], pair.mentor) == ([], ["Ask him"])


def test_commitments_wait_for_the_next_session_not_the_one_after(pair) -> None:
    make(pair.past[-1], pair.mentee, now=at_the_end_of(pair.past[-1]))
    assert brought(pair.ahead[1], pair.mentee) == ([], [])
    during_the_next = pair.ahead[0].starts_at + timedelta(minutes=1)
    assert brought(pair.ahead[0], pair.mentee, during_the_next) == (["Ask him"], [])
    assert brought(pair.ahead[1], pair.mentee, during_the_next) == ([], [])
    assert brought(pair.ahead[1], pair.mentee, pair.ahead[0].ends_at) == (["Ask him"], [])


def test_due_ones_come_first_and_closed_ones_last(pair) -> None:
    make(pair.past[-1], pair.mentee, "no date")
    make(pair.past[-1], pair.mentee, "in a week", due_in=7)
    tomorrow = make(pair.past[-1], pair.mentee, "tomorrow", due_in=1)
    make(pair.past[-1], pair.mentee, "today", due_in=0)
    assert brought(pair.ahead[0], pair.mentee)[0] == ["today", "tomorrow", "in a week", "no date"]
    finish_commitment(commitment_id=tomorrow.pk, by=pair.mentee, now=timezone.now())
    assert brought(pair.ahead[0], pair.mentee)[0] == ["today", "in a week", "no date", "tomorrow"]


def test_commitment_is_closed_and_opened_again_by_whoever_undertook_it(pair) -> None:
    made = make(pair.ahead[0], pair.mentee)
    now = timezone.now()
    for close in (finish_commitment, drop_commitment):
        with pytest.raises(Commitment.DoesNotExist):
            close(commitment_id=made.pk, by=pair.mentor, now=now)
    with pytest.raises(Commitment.DoesNotExist):
        reopen_commitment(commitment_id=made.pk, by=pair.mentor)
    assert Commitment.objects.get().state == State.OPEN

    finish_commitment(commitment_id=made.pk, by=pair.mentee, now=now)
    finish_commitment(commitment_id=made.pk, by=pair.mentee, now=now + timedelta(hours=1))
    made.refresh_from_db()
    assert (made.state, made.closed_at) == (State.DONE, now)
    reopen_commitment(commitment_id=made.pk, by=pair.mentee)
    made.refresh_from_db()
    assert (made.state, made.closed_at) == (State.OPEN, None)


def test_one_person_holds_so_many_open_ones_and_no_more(pair) -> None:
    for _ in range(MOST_COMMITMENTS):
        made = make(pair.ahead[0], pair.mentee)
    with pytest.raises(NotesError, match="You have 40 open commitments here"):
        make(pair.ahead[1], pair.mentee)
    make(pair.ahead[0], pair.mentor)
    drop_commitment(commitment_id=made.pk, by=pair.mentee, now=timezone.now())
    make(pair.ahead[0], pair.mentee)
    with pytest.raises(NotesError, match="You have 40 open commitments here"):
        reopen_commitment(commitment_id=made.pk, by=pair.mentee)
    assert Commitment.objects.open().undertaken_by(pair.mentee).count() == MOST_COMMITMENTS


def test_nothing_is_undertaken_or_closed_after_the_end(pair) -> None:
    made = make(pair.past[-1], pair.mentee)
    end_engagement(engagement_id=pair.engagement.pk, by=pair.mentor, now=timezone.now())
    with pytest.raises(NotesError, match="This engagement has ended"):
        make(pair.past[-1], pair.mentor)
    for close in (finish_commitment, drop_commitment):
        with pytest.raises(NotesError, match="This engagement has ended"):
            close(commitment_id=made.pk, by=pair.mentee, now=timezone.now())
    assert Commitment.objects.get().state == State.OPEN


def test_home_lists_ones_own_that_are_due_and_counts_the_rest(pair) -> None:
    make(pair.past[-1], pair.mentee, "overdue", due_in=-1)
    make(pair.past[-1], pair.mentee, "in a week", due_in=7)
    make(pair.past[-1], pair.mentee, "later", due_in=8)
    make(pair.past[-1], pair.mentee, "no date")
    make(pair.past[-1], pair.mentor, "not mine", due_in=1)
    found = listing.mine(pair.mentee, timezone.now())
    assert [line.text for line, _ in found["due"]] == ["overdue", "in a week"]
    assert [line.is_overdue for line, _ in found["due"]] == [True, False]
    assert {other for _, other in found["due"]} == {pair.mentor}
    assert found["more"] == 2


def test_home_says_how_many_more_there_are(pair) -> None:
    for n in range(listing.MOST_AT_HOME + 3):
        make(pair.past[-1], pair.mentee, f"number {n}", due_in=1)
    found = listing.mine(pair.mentee, timezone.now())
    assert (len(found["due"]), found["more"]) == (listing.MOST_AT_HOME, 3)


def test_home_forgets_what_was_closed_a_day_ago_and_what_has_ended(pair) -> None:
    now = timezone.now()
    made = make(pair.past[-1], pair.mentee, due_in=1)
    make(pair.past[-1], pair.mentee, "open", due_in=1)
    finish_commitment(commitment_id=made.pk, by=pair.mentee, now=now)
    assert len(listing.mine(pair.mentee, now)["due"]) == 2
    assert [one.text for one, _ in listing.mine(pair.mentee, now + timedelta(hours=25))["due"]] == ["open"]
    end_engagement(engagement_id=pair.engagement.pk, by=pair.mentor, now=now)
    assert listing.mine(pair.mentee, now) == {"due": [], "more": 0}
