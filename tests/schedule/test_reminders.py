"""Reminding two people of their sessions: planned, queued once, said in the reader's own words for time."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mentoring.engagements.services import end_engagement
from mentoring.outbox.models import Mail, MailChoices
from mentoring.schedule import reminders
from mentoring.schedule.models import Reminder, Session
from mentoring.schedule.reminders import drop_reminders, in_words, queue_reminders, replan_reminders
from tests.factories import instant
from tests.racing import race, refusals
from tests.schedule.test_series import engage

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTE = timedelta(minutes=1)
FIRST = instant(2031, 2, 18, 9)  # of the twelve Tuesdays
NOW = FIRST - 3 * DAY


def choose(person: Any, **over: Any) -> None:
    MailChoices.objects.update_or_create(person=person, defaults=over)


def reminder_mails() -> dict[str, Mail]:
    return {mail.recipients[0]: mail for mail in Mail.objects.filter(kind="reminder")}


def settled() -> set[tuple[str, str]]:
    """(kind, state) of the reminders of the first session."""
    return set(Reminder.objects.filter(session__starts_at=FIRST).values_list("kind", "state"))


def test_reminders_that_are_due_become_mails_in_the_readers_zone(cast) -> None:
    cast.mentor.person.zone = "Asia/Kolkata"
    cast.mentor.person.save(update_fields=["zone"])
    engage(cast)
    assert queue_reminders(FIRST - DAY - MINUTE) == 0
    assert queue_reminders(FIRST - DAY) == 2
    mails = reminder_mails()
    to_mentee, to_mentor = mails[cast.mentee.person.email], mails[cast.mentor.person.email]
    assert to_mentee.subject == "Tomorrow: you meet Leila Haddad on Tuesday 18 February, 09:00"
    assert to_mentor.subject == "Tomorrow: you meet Amara Eze on Tuesday 18 February, 14:30"
    assert "(Asia/Kolkata)" in to_mentor.text
    assert {mail.send_before for mail in mails.values()} == {FIRST}
    assert {(mail.category, mail.program_id) for mail in mails.values()} == {("reminders", cast.program.pk)}


def test_late_reminder_says_how_soon(cast) -> None:
    engage(cast)
    queue_reminders(FIRST - DAY)
    assert queue_reminders(FIRST - HOUR) == 2
    subjects = Mail.objects.filter(kind="reminder", state="waiting").values_list("subject", flat=True)
    assert [subject.partition(":")[0] for subject in subjects] == ["In an hour"] * 2


def test_reminder_that_is_late_says_how_far_it_is_now(cast) -> None:
    engage(cast)
    queue_reminders(FIRST - 2 * HOUR)
    assert {mail.subject[:11] for mail in reminder_mails().values()} == {"In 2 hours:"}


def test_early_reminder_that_still_waits_is_withdrawn_when_the_late_one_is_queued(cast) -> None:
    engage(cast)
    queue_reminders(FIRST - DAY)
    queue_reminders(FIRST - HOUR)
    states = Mail.objects.filter(kind="reminder").order_by("pk").values_list("key", "state")
    assert [(key.split(":")[3], state) for key, state in states] == [
        *[("early", "withdrawn")] * 2,
        *[("late", "waiting")] * 2,
    ]


def test_reminders_are_queued_once(cast) -> None:
    engage(cast)
    for _ in range(2):
        queue_reminders(FIRST - DAY)
        Reminder.objects.update(state=Reminder.State.WAITING)
    assert Mail.objects.filter(kind="reminder").count() == 2
    assert queue_reminders(FIRST - DAY) == 2
    assert queue_reminders(FIRST - DAY) == 0


def test_early_reminder_is_dropped_when_the_late_one_is_due_as_well(cast) -> None:
    engage(cast)
    assert queue_reminders(FIRST - HOUR) == 4
    assert settled() == {("early", "dropped"), ("late", "queued")}
    assert len(reminder_mails()) == 2


def test_early_reminder_is_dropped_when_the_late_one_went_in_another_batch(cast, monkeypatch) -> None:
    monkeypatch.setattr(reminders, "BATCH", 1)
    engage(cast)
    Reminder.objects.filter(kind="early", session__starts_at=FIRST).update(due_at=FIRST - HOUR / 2)
    assert queue_reminders(FIRST - HOUR / 2) == 4
    assert settled() == {("early", "dropped"), ("late", "queued")}


def test_reminder_of_a_session_that_has_begun_is_dropped(cast) -> None:
    engage(cast)
    assert queue_reminders(FIRST) == 4
    assert Mail.objects.filter(kind="reminder").count() == 0
    assert settled() == {("early", "dropped"), ("late", "dropped")}


def test_reminder_of_a_cancelled_session_is_dropped(cast) -> None:
    engage(cast)
    Session.objects.update(state=Session.State.CANCELLED)
    assert queue_reminders(FIRST - HOUR) == 4
    assert Mail.objects.filter(kind="reminder").count() == 0


def test_reminder_that_is_not_wanted_is_dropped(cast) -> None:
    engage(cast)
    choose(cast.mentee.person, stopped=["reminders"])
    queue_reminders(FIRST - DAY)
    assert list(reminder_mails()) == [cast.mentor.person.email]
    assert settled() == {("early", "dropped"), ("early", "queued"), ("late", "waiting")}


def test_reminder_that_is_late_waits_for_the_end_of_quiet_hours(cast) -> None:
    """It was due at nine in the evening and the worker was away until eleven."""
    engage(cast)
    choose(cast.mentee.person, quiet_from=time(22), quiet_until=time(7))
    early = Reminder.objects.filter(person=cast.mentee.person, kind="early", session__starts_at=FIRST)
    early.update(due_at=FIRST - 12 * HOUR)
    queue_reminders(FIRST - 10 * HOUR)
    waiting = early.get()
    assert (waiting.state, waiting.due_at) == ("waiting", FIRST - 2 * HOUR)
    queue_reminders(FIRST - 2 * HOUR)
    assert reminder_mails()[cast.mentee.person.email].subject.startswith("In 2 hours:")


def test_reminder_is_fitted_to_the_zone_of_the_hour_at_which_it_is_due(cast) -> None:
    """As when a process dies after it has saved another zone and before it has planned reminders anew."""
    choose(cast.mentee.person, quiet_from=time(22), quiet_until=time(7))
    engage(cast)
    cast.mentee.person.zone = "America/Los_Angeles"  # where it is one o'clock at night
    cast.mentee.person.save(update_fields=["zone"])
    queue_reminders(FIRST - DAY)
    assert list(reminder_mails()) == [cast.mentor.person.email]
    early = Reminder.objects.get(person=cast.mentee.person, kind="early", session__starts_at=FIRST)
    assert (early.state, early.due_at) == ("waiting", FIRST - DAY + 6 * HOUR)


def test_reminder_carries_the_session_for_the_calendar_unless_that_is_not_wanted(cast) -> None:
    engage(cast)
    choose(cast.mentee.person, entries="none")
    queue_reminders(FIRST - DAY)
    mails = reminder_mails()
    methods = {to: (mail.calendar_method, "METHOD:REQUEST" in mail.calendar) for to, mail in mails.items()}
    assert methods == {cast.mentor.person.email: ("REQUEST", True), cast.mentee.person.email: ("", False)}


def test_early_reminder_long_before_is_gathered_for_whoever_has_a_digest(cast) -> None:
    choose(cast.mentee.person, early_minutes=48 * 60, digest_at=time(18), entries="none")
    engage(cast)
    queue_reminders(FIRST - 2 * DAY)
    mail = reminder_mails()[cast.mentee.person.email]
    assert (mail.state, mail.due_at) == ("gathered", FIRST - 2 * DAY + 9 * HOUR)
    queue_reminders(FIRST - HOUR)
    late = Mail.objects.get(kind="reminder", person=cast.mentee.person, key__contains=":late:")
    assert late.state == "waiting"


def test_moved_session_is_reminded_of_again(cast) -> None:
    engage(cast)
    queue_reminders(FIRST - DAY)
    session = Session.objects.select_related("series__mentor", "series__mentee").get(starts_at=FIRST)
    session.starts_at, session.ends_at, session.sequence = FIRST + 3 * DAY, FIRST + 3 * DAY + HOUR, 1
    session.save()
    replan_reminders(session, FIRST - DAY)
    assert {mail.state for mail in reminder_mails().values()} == {"withdrawn"}
    due = Reminder.objects.filter(session=session, state="waiting").values_list("kind", "due_at")
    assert set(due) == {("early", FIRST + 2 * DAY), ("late", FIRST + 3 * DAY - HOUR)}
    queue_reminders(FIRST + 2 * DAY)
    assert Mail.objects.filter(kind="reminder", state="waiting").count() == 2


def test_dropped_reminders_are_withdrawn_and_other_mails_stay(cast) -> None:
    engage(cast)
    queue_reminders(FIRST - DAY)
    (session,) = Session.objects.filter(starts_at=FIRST)
    Mail.objects.filter(kind="reminder", person=cast.mentor.person).update(kind="session_moved")
    drop_reminders([session.pk])
    assert settled() == {("early", "queued"), ("late", "dropped")}
    states = Mail.objects.filter(about=f"session:{session.pk}").values_list("kind", "state")
    assert set(states) == {("reminder", "withdrawn"), ("session_moved", "waiting")}


def test_ending_while_reminders_are_due_sends_none(cast) -> None:
    engagement = engage(cast)
    due = FIRST - HOUR
    end_engagement(engagement_id=engagement.pk, by=cast.mentor.person, now=due)
    assert queue_reminders(due) == 0
    assert Mail.objects.filter(kind="reminder").count() == 0


def test_ending_withdraws_reminders_that_wait_in_the_outbox(cast) -> None:
    engagement = engage(cast)
    due = FIRST - HOUR
    queue_reminders(due)
    end_engagement(engagement_id=engagement.pk, by=cast.mentor.person, now=due)
    assert set(Mail.objects.filter(kind="reminder").values_list("state", "text")) == {("withdrawn", "")}


def test_queue_reminders_settles_more_than_a_batch(cast, monkeypatch) -> None:
    monkeypatch.setattr(reminders, "BATCH", 5)
    engage(cast)
    assert queue_reminders(instant(2031, 3, 4, 8, 30)) == 12
    # of the first two sessions nobody needs to be reminded any more, and once of the third is enough
    assert Mail.objects.filter(kind="reminder").count() == 2


def test_batch_asks_once_for_what_its_readers_have_chosen(cast) -> None:
    engage(cast)
    Reminder.objects.filter(kind="early").update(due_at=NOW)
    with CaptureQueriesContext(connection) as queries:
        assert queue_reminders(NOW) == 24
    asked = [one["sql"] for one in queries if "mailchoices" in one["sql"] or "advisory" in one["sql"]]
    assert [sql.split()[1].partition("(")[0] for sql in asked] == [
        "pg_advisory_xact_lock_shared",
        '"outbox_mailchoices"."person_id",',
    ]


@pytest.mark.django_db(transaction=True)
def test_many_workers_queue_each_reminder_once(cast, monkeypatch) -> None:
    monkeypatch.setattr(reminders, "BATCH", 1)
    engage(cast)
    work: list[Callable[[], Any]] = [lambda: queue_reminders(FIRST - DAY)] * 5
    finishes = race(work)
    assert refusals(finishes) == {}
    assert sum(finish.returned for finish in finishes) == 2
    assert Mail.objects.filter(kind="reminder").count() == 2


# Words


def there(words: str, zone: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("now", "at", "said"),
    [
        ("2031-02-17 09:00", "2031-02-18 09:00", "tomorrow"),
        ("2031-02-18 08:00", "2031-02-18 09:00", "in an hour"),
        ("2031-02-17 23:30", "2031-02-18 00:30", "in an hour"),
        ("2031-02-17 23:45", "2031-02-18 00:00", "in 15 minutes"),
        ("2031-02-18 08:33", "2031-02-18 09:00", "in 25 minutes"),
        ("2031-02-18 08:53", "2031-02-18 09:00", "in 7 minutes"),
        ("2031-02-18 08:59", "2031-02-18 09:00", "in a minute"),
        ("2031-02-18 07:30", "2031-02-18 09:00", "in an hour and a half"),
        ("2031-02-18 05:00", "2031-02-18 09:00", "in 4 hours"),
        ("2031-02-17 21:00", "2031-02-18 02:00", "in 5 hours"),
        ("2031-02-17 20:00", "2031-02-18 08:00", "tomorrow"),
        ("2031-02-18 00:30", "2031-02-18 12:30", "today"),
        ("2031-02-16 09:00", "2031-02-18 09:00", "in 2 days"),
        ("2031-02-11 09:00", "2031-02-18 09:00", "in a week"),
        ("2031-02-08 09:00", "2031-02-18 09:00", "in 10 days"),
        # a day of 23 hours and one of 25: it is tomorrow even so
        ("2031-03-29 09:00", "2031-03-30 09:00", "tomorrow"),
        ("2031-10-25 09:00", "2031-10-26 09:00", "tomorrow"),
    ],
)
def test_in_words_by_the_clock_of_london(now: str, at: str, said: str) -> None:
    zone = "Europe/London"
    assert in_words(there(at, zone), now=there(now, zone), zone=ZoneInfo(zone)) == said


def test_in_words_is_of_the_readers_day_and_nobody_elses() -> None:
    now, at = instant(2031, 2, 17, 15), instant(2031, 2, 18, 9)
    said = {zone: in_words(at, now=now, zone=ZoneInfo(zone)) for zone in ("UTC", "Asia/Tokyo")}
    assert said == {"UTC": "tomorrow", "Asia/Tokyo": "today"}


@given(st.integers(1, 20 * 24 * 60), st.sampled_from(["UTC", "Europe/London", "Pacific/Apia"]))
@hypothesis_settings(deadline=None)
def test_in_words_names_the_day_that_the_readers_calendar_shows(minutes: int, name: str) -> None:
    zone, now = ZoneInfo(name), instant(2031, 3, 28, 17)
    at = now + minutes * MINUTE
    said = in_words(at, now=now, zone=zone)
    on: date = at.astimezone(zone).date()
    days = (on - now.astimezone(zone).date()).days
    if said in ("today", "tomorrow"):
        assert days == ["today", "tomorrow"].index(said)
    elif said.endswith("days"):
        assert said == f"in {days} days"
    else:
        assert minutes <= 5 * 60 or said == "in a week"
