"""Time away that is noted and removed again: calendars end with what stands; nobody hears of it in vain."""

from datetime import date, time

import pytest

from mentoring.outbox.models import Mail, MailChoices
from mentoring.schedule import away
from mentoring.schedule.models import Series, TimeAway
from mentoring.schedule.services import ScheduleError
from tests import factories
from tests.factories import instant

pytestmark = pytest.mark.django_db
NOW = instant(2031, 2, 1, 23)
FOURTH, ELEVENTH = date(2031, 3, 4), date(2031, 3, 11)


@pytest.fixture
def series(cast) -> Series:
    """Tuesdays at 09:00 in London; both were invited to each session by mail, and sleep from ten to seven."""
    for person in (cast.mentor.person, cast.mentee.person):
        MailChoices.objects.create(
            person=person, entries="reserved", quiet_from=time(22), quiet_until=time(7)
        )
    factories.make_engagement(
        cast.goal, cast.mentor, now=NOW, starts_on=date(2031, 2, 18), ends_on=date(2031, 5, 6)
    )
    Mail.objects.update(state="sent", sent_at=NOW)
    return Series.objects.get()


def waiting(series: Series) -> set[tuple[str, str, str]]:
    """(kind, reader, method) of what is still to be sent of sessions."""
    mails = Mail.objects.filter(state="waiting").exclude(kind="reminder")
    return set(mails.values_list("kind", "person__name", "calendar_method"))


def test_time_away_removed_before_it_is_told_leaves_the_entries_as_they_were(series) -> None:
    row, outcome = away.take_time_away(
        person=series.mentor, starts_on=FOURTH, ends_on=ELEVENTH, asks=False, now=NOW
    )
    assert len(outcome.skipped) == 2
    assert ("session_cancelled", "Amara Eze", "CANCEL") in waiting(series)
    away.remove_time_away(away_id=row.pk, person=series.mentor, restores=True, now=NOW)
    assert waiting(series) == {
        ("session_reserved", "Leila Haddad", "REQUEST"),
        ("session_reserved", "Amara Eze", "REQUEST"),
        ("person_not_away", "Amara Eze", ""),
    }
    assert {mail.calendar.count("SEQUENCE:2") for mail in Mail.objects.filter(
        kind="session_reserved", state="waiting")} == {1}  # fmt: skip


def test_skipped_again_after_it_was_restored_leaves_calendars_again(series) -> None:
    for _ in range(2):
        row, _ = away.take_time_away(
            person=series.mentor, starts_on=FOURTH, ends_on=FOURTH, asks=False, now=NOW
        )
        assert waiting(series) >= {("session_cancelled", "Amara Eze", "CANCEL")}
        away.remove_time_away(away_id=row.pk, person=series.mentor, restores=True, now=NOW)
        assert not waiting(series) & {("session_cancelled", "Amara Eze", "CANCEL")}


def test_days_removed_twice_are_removed_once(series) -> None:
    row, _ = away.take_time_away(person=series.mentor, starts_on=FOURTH, ends_on=FOURTH, asks=False, now=NOW)
    away.remove_time_away(away_id=row.pk, person=series.mentor, restores=True, now=NOW)
    with pytest.raises(ScheduleError, match="removed already"):
        away.remove_time_away(away_id=row.pk, person=series.mentor, restores=True, now=NOW)
    assert not TimeAway.objects.exists()


def test_session_that_both_are_away_for_comes_back_with_the_second(series) -> None:
    mine, _ = away.take_time_away(person=series.mentor, starts_on=FOURTH, ends_on=FOURTH, asks=False, now=NOW)
    theirs, _ = away.take_time_away(
        person=series.mentee, starts_on=FOURTH, ends_on=FOURTH, asks=False, now=NOW
    )
    first = away.remove_time_away(away_id=mine.pk, person=series.mentor, restores=True, now=NOW)
    assert (len(first.restored), len(first.taken)) == (0, 1)
    second = away.remove_time_away(away_id=theirs.pk, person=series.mentee, restores=True, now=NOW)
    assert [session.on for session in second.restored] == [FOURTH]
