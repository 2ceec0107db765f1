"""Reminding two people of their sessions."""

from datetime import timedelta

import pytest

from mentoring.engagements.services import end_engagement
from mentoring.outbox.models import Mail
from mentoring.schedule import reminders
from mentoring.schedule.models import Reminder, Session
from tests.factories import instant
from tests.schedule.test_series import engage

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_reminders_that_are_due_become_mails_in_the_readers_zone(cast) -> None:
    cast.mentor.person.zone = "Asia/Kolkata"
    cast.mentor.person.save(update_fields=["zone"])
    engage(cast)
    assert reminders.queue_reminders(instant(2031, 2, 17, 8, 59)) == 0
    assert reminders.queue_reminders(instant(2031, 2, 17, 9)) == 2
    mails = {mail.recipients[0]: mail for mail in Mail.objects.filter(kind="reminder")}
    assert mails[cast.mentee.person.email].subject == "You meet Leila Haddad on Tuesday 18 February, 09:00"
    assert mails[cast.mentor.person.email].subject == "You meet Amara Eze on Tuesday 18 February, 14:30"
    assert "(Asia/Kolkata)" in mails[cast.mentor.person.email].text
    assert {mail.send_before for mail in mails.values()} == {instant(2031, 2, 18, 9)}


def test_reminders_are_queued_once(cast) -> None:
    engage(cast)
    due = instant(2031, 2, 18, 8)
    assert reminders.queue_reminders(due) == 4
    assert reminders.queue_reminders(due) == 0
    Reminder.objects.update(state=Reminder.State.WAITING)
    reminders.queue_reminders(due)
    assert Mail.objects.filter(kind="reminder").count() == 4


def test_reminder_of_a_session_that_has_begun_is_dropped(cast) -> None:
    engage(cast)
    first = instant(2031, 2, 18, 9)
    assert reminders.queue_reminders(first) == 4
    assert Mail.objects.filter(kind="reminder").count() == 0
    assert set(Reminder.objects.filter(session__starts_at=first).values_list("state", flat=True)) == {
        "dropped"
    }


def test_reminder_of_a_cancelled_session_is_dropped(cast) -> None:
    engage(cast)
    Session.objects.update(state=Session.State.CANCELLED)
    assert reminders.queue_reminders(instant(2031, 2, 18, 8)) == 4
    assert Mail.objects.filter(kind="reminder").count() == 0


def test_ending_while_reminders_are_due_sends_none(cast) -> None:
    engagement = engage(cast)
    due = instant(2031, 2, 18, 8)
    end_engagement(engagement_id=engagement.pk, by=cast.mentor.person, now=due)
    assert reminders.queue_reminders(due) == 0
    assert Mail.objects.filter(kind="reminder").count() == 0


def test_ending_withdraws_reminders_that_wait_in_the_outbox(cast) -> None:
    engagement = engage(cast)
    due = instant(2031, 2, 18, 8)
    reminders.queue_reminders(due)
    end_engagement(engagement_id=engagement.pk, by=cast.mentor.person, now=due)
    assert set(Mail.objects.filter(kind="reminder").values_list("state", "text")) == {("withdrawn", "")}


def test_queue_reminders_settles_more_than_a_batch(cast, monkeypatch) -> None:
    monkeypatch.setattr(reminders, "BATCH", 5)
    engage(cast)
    assert reminders.queue_reminders(instant(2031, 3, 4, 8, 30)) == 12
    # of the first two sessions nobody needs to be reminded any more
    assert Mail.objects.filter(kind="reminder").count() == 4
