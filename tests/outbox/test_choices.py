"""What people choose of their mails, on the page and for every mail that is queued or waits."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from threading import Event
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from mentoring.engagements.services import end_engagement
from mentoring.outbox import services
from mentoring.outbox.choices import Chosen, save_choices
from mentoring.outbox.models import STOPPABLE, Category, Mail, MailChoices
from mentoring.schedule import mails
from mentoring.schedule.mails import session_moved
from mentoring.schedule.models import Reminder, Session
from mentoring.schedule.reminders import queue_reminders
from tests import factories
from tests.factories import instant
from tests.outbox.test_queue import queue
from tests.racing import race, refusals

pytestmark = pytest.mark.django_db
NOW = instant(2031, 5, 6, 12)  # 13:00 in London
NIGHT = instant(2031, 5, 6, 22)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAGE = "/mail/"
POSTED = {
    "wanted": ["requests", "reminders"],
    "early_minutes": "2880",
    "late_minutes": "none",
    "quiet_from": "22:00",
    "quiet_until": "07:00",
    "digest_at": "08:15",
    "entries": "none",
}


def chosen(**over: Any) -> Chosen:
    fields: dict[str, Any] = {
        "stopped": [],
        "early_minutes": 24 * 60,
        "late_minutes": 60,
        "quiet_from": None,
        "quiet_until": None,
        "digest_at": None,
        "entries": "reminder",
    }
    return Chosen(**fields | over)


QUIET = {"quiet_from": time(22), "quiet_until": time(7)}


def choose(person: Any, **over: Any) -> None:
    """A row, with none of what saving it does besides."""
    MailChoices.objects.update_or_create(person=person, defaults=vars(chosen(**over)))


def mail_of(cast: Any, key: str = "a key", now: datetime = NOW, **over: Any) -> Mail:
    queue(cast, key, **{"category": Category.REQUESTS, "now": now} | over)
    return Mail.objects.get(key=key)


# The page


def test_page_shows_what_holds_for_who_has_chosen_nothing(cast, client_of) -> None:
    form = client_of(cast.mentee.person).get(PAGE).context["form"]
    assert form["wanted"].value() == [one.value for one in STOPPABLE]
    assert (form["early_minutes"].value(), form["late_minutes"].value()) == (1440, 60)
    assert MailChoices.objects.count() == 0


def test_page_saves_and_shows_what_was_saved(cast, client_of) -> None:
    client = client_of(cast.mentee.person)
    assert client.post(PAGE, POSTED).url == PAGE
    saved = MailChoices.objects.get()
    assert (saved.person_id, saved.stopped) == (cast.mentee.person_id, ["sessions"])
    assert (saved.early_minutes, saved.late_minutes, saved.entries) == (2880, None, "none")
    assert (saved.quiet_from, saved.quiet_until, saved.digest_at) == (time(22), time(7), time(8, 15))
    page = client.get(PAGE)
    assert page.context["form"]["wanted"].value() == POSTED["wanted"]
    assertContains(page, '<option value="2880" selected>2 days before</option>', html=True)
    for name in ("quiet_from", "quiet_until", "digest_at"):
        assertContains(page, f'name="{name}" value="{POSTED[name]}"')


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"quiet_until": ""}, "quiet_until"),
        ({"quiet_from": ""}, "quiet_from"),
        ({"quiet_until": "22:00"}, "quiet_until"),
        ({"digest_at": "06:59"}, "digest_at"),
        ({"digest_at": "22:00"}, "digest_at"),
        ({"quiet_from": "08:00", "quiet_until": "09:00"}, "digest_at"),
        ({"digest_at": "8 o'clock"}, "digest_at"),
        ({"quiet_from": "22:00:30"}, "quiet_from"),
        ({"early_minutes": "60"}, "early_minutes"),
        ({"late_minutes": "1440"}, "late_minutes"),
        ({"late_minutes": ""}, "late_minutes"),
        ({"entries": "sometimes"}, "entries"),
        ({"entries": ""}, "entries"),
        ({"wanted": ["essential"]}, "wanted"),
        ({"wanted": ["digest"]}, "wanted"),
    ],
)
def test_page_refuses_what_makes_no_sense(cast, client_of, over: dict, field: str) -> None:
    answer = client_of(cast.mentee.person).post(PAGE, POSTED | over)
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert MailChoices.objects.count() == 0


def test_page_takes_no_mails_at_all_for_an_answer(cast, client_of) -> None:
    client_of(cast.mentee.person).post(PAGE, POSTED | {"wanted": []})
    assert MailChoices.objects.get().stopped == [one.value for one in STOPPABLE]


def test_page_takes_posts_of_its_owner_alone(cast, client, client_of) -> None:
    assert client.post(PAGE, POSTED).url.startswith(reverse("account_login"))
    assert client_of(cast.mentee.person).delete(PAGE).status_code == 405
    client_of(cast.mentee.person).post(PAGE, POSTED | {"person": str(cast.mentor.person_id)})
    assert list(MailChoices.objects.values_list("person", flat=True)) == [cast.mentee.person_id]


# What becomes of a mail that is queued


def test_mail_that_is_not_wanted_is_known_by_its_key_and_says_nothing(cast) -> None:
    choose(cast.mentee.person, stopped=["requests"])
    mail = mail_of(cast)
    assert (mail.state, mail.text, mail.html, mail.opening) == (Mail.State.WITHDRAWN, "", "", "")
    choose(cast.mentee.person)
    assert mail_of(cast).state == Mail.State.WITHDRAWN
    assert mail_of(cast, "another", to=cast.mentor.person).state == Mail.State.WAITING


@pytest.mark.parametrize("category", STOPPABLE)
def test_each_category_is_stopped_by_itself(cast, category: Category) -> None:
    choose(cast.mentee.person, stopped=[category.value])
    states = {one: mail_of(cast, one.value, category=one).state for one in STOPPABLE}
    assert [one for one, state in states.items() if state == Mail.State.WITHDRAWN] == [category]


def test_essential_mail_goes_at_once_whatever_is_chosen(cast) -> None:
    choose(cast.mentee.person, stopped=[one.value for one in Category], digest_at=time(8), **QUIET)
    mail = mail_of(cast, now=NIGHT, category=Category.ESSENTIAL)
    assert (mail.state, mail.due_at) == (Mail.State.WAITING, NIGHT)
    assert set(mail.headers) == {"Message-ID"}
    assert "Stop mails" not in mail.text


def test_account_mail_goes_at_once_whatever_is_chosen(cast, client, settings) -> None:
    settings.EMAIL_BACKEND = "mentoring.outbox.backend.OutboxBackend"
    choose(cast.mentee.person, stopped=[one.value for one in Category], digest_at=time(8), **QUIET)
    client.post(reverse("account_request_login_code"), {"email": cast.mentee.person.email})
    code = Mail.objects.get()
    assert (code.category, code.state, set(code.headers)) == ("essential", "waiting", {"Message-ID"})
    assert code.due_at == code.created_at


@pytest.mark.parametrize(
    ("now", "due_at"),
    [(NOW, NOW), (NIGHT, instant(2031, 5, 7, 6)), (instant(2031, 5, 7, 6), instant(2031, 5, 7, 6))],
)
def test_mail_waits_until_quiet_hours_end_in_the_readers_zone(cast, now: datetime, due_at: datetime) -> None:
    choose(cast.mentee.person, **QUIET)
    assert mail_of(cast, now=now).due_at == due_at


@pytest.mark.parametrize(
    ("know_by", "is_told_at_once"), [(None, False), (DAY, True), (DAY + HOUR, False), (-HOUR, False)]
)
def test_what_takes_effect_within_a_day_is_told_at_once(cast, know_by, is_told_at_once: bool) -> None:
    choose(cast.mentee.person, digest_at=time(8), **QUIET)
    mail = mail_of(cast, now=NIGHT, know_by=know_by and NIGHT + know_by)
    assert (mail.state == Mail.State.WAITING and mail.due_at == NIGHT) is is_told_at_once


def test_mail_of_no_use_after_quiet_hours_goes_at_once(cast) -> None:
    choose(cast.mentee.person, **QUIET)
    mail = mail_of(cast, now=NIGHT, send_before=NIGHT + 2 * HOUR, know_by=NIGHT + 3 * DAY)
    assert mail.due_at == NIGHT


def test_mail_is_gathered_until_the_digest(cast, settings) -> None:
    choose(cast.mentee.person, digest_at=time(8))
    mail = mail_of(cast)
    assert (mail.state, mail.due_at) == (Mail.State.GATHERED, instant(2031, 5, 7, 7))
    assert (mail.action, mail.opening) == (
        "Read the request",
        f"Amara Eze asks you to be a mentor for the goal “{cast.goal.title}”. What they ask, what they offer"
        " in return and the times they suggest are on the page, with the reasons why the two…",
    )
    assert mail.link.startswith(f"{settings.SITE_URL}/requests/")


def test_mail_with_a_calendar_entry_is_not_gathered(cast) -> None:
    choose(cast.mentee.person, digest_at=time(8))
    mail = mail_of(cast, calendar="BEGIN:VCALENDAR", calendar_method="REQUEST")
    assert (mail.state, mail.due_at) == (Mail.State.WAITING, NOW)


def test_mail_of_no_use_by_the_digest_is_not_gathered(cast) -> None:
    choose(cast.mentee.person, digest_at=time(8))
    mail = mail_of(cast, send_before=NOW + HOUR, know_by=NOW + 3 * DAY)
    assert mail.state == Mail.State.WAITING


# Saving bites at once


def test_saving_withdraws_what_waits_and_is_not_wanted(cast) -> None:
    mail_of(cast, "waits")
    mail_of(cast, "essential", category=Category.ESSENTIAL)
    mail_of(cast, "other", to=cast.mentor.person)
    mail_of(cast, "sent")
    Mail.objects.filter(key="sent").update(state="sent", sent_at=NOW)
    save_choices(cast.mentee.person, chosen(stopped=["requests"]), now=NOW)
    states = dict(Mail.objects.values_list("key", "state"))
    assert states == {"waits": "withdrawn", "essential": "waiting", "other": "waiting", "sent": "sent"}
    assert Mail.objects.get(key="waits").text == ""


def test_saving_leaves_what_a_dispatcher_holds(cast) -> None:
    mail_of(cast)
    Mail.objects.update(lease="00000000-0000-4000-8000-000000000000", leased_until=NOW + HOUR)
    save_choices(cast.mentee.person, chosen(stopped=["requests"]), now=NOW)
    assert Mail.objects.get().state == Mail.State.WAITING


def test_saving_withdraws_what_was_tried_and_leaves_its_time(cast) -> None:
    mail_of(cast)
    Mail.objects.update(attempts=1, due_at=NOW + HOUR)
    save_choices(cast.mentee.person, chosen(**QUIET), now=NOW)
    assert Mail.objects.get().due_at == NOW + HOUR
    save_choices(cast.mentee.person, chosen(stopped=["requests"]), now=NOW)
    assert Mail.objects.get().state == Mail.State.WITHDRAWN


def test_saving_does_not_put_off_a_digest_that_is_due(cast) -> None:
    choose(cast.mentee.person, digest_at=time(8))
    due = mail_of(cast).due_at
    save_choices(cast.mentee.person, chosen(digest_at=time(8), **QUIET), now=due)
    assert (Mail.objects.get().state, Mail.objects.get().due_at) == (Mail.State.GATHERED, due)


def test_switching_the_digest_off_sends_what_is_gathered_at_once(cast) -> None:
    choose(cast.mentee.person, digest_at=time(8))
    mail_of(cast)
    later = NOW + HOUR
    save_choices(cast.mentee.person, chosen(), now=later)
    mail = Mail.objects.get()
    assert (mail.state, mail.due_at) == (Mail.State.WAITING, later)


def test_another_time_for_the_digest_moves_what_is_gathered(cast) -> None:
    choose(cast.mentee.person, digest_at=time(8))
    mail_of(cast)
    save_choices(cast.mentee.person, chosen(digest_at=time(18)), now=NOW)
    mail = Mail.objects.get()
    assert (mail.state, mail.due_at) == (Mail.State.GATHERED, instant(2031, 5, 6, 17))


def test_giving_up_quiet_hours_lets_go_what_waits_for_their_end(cast) -> None:
    choose(cast.mentee.person, **QUIET)
    assert mail_of(cast, now=NIGHT).due_at > NIGHT
    save_choices(cast.mentee.person, chosen(), now=NIGHT + HOUR)
    assert Mail.objects.get().due_at == NIGHT + HOUR


def test_another_zone_moves_what_waits_for_the_end_of_quiet_hours(cast, client_of) -> None:
    choose(cast.mentee.person, quiet_from=time(0), quiet_until=time(23, 59))
    mail_of(cast, now=timezone.now())
    client_of(cast.mentee.person).post(
        reverse("accounts:basics"),
        {
            "name": "Amara Eze",
            "zone": "Asia/Kathmandu",
            "languages-TOTAL_FORMS": "1",
            "languages-INITIAL_FORMS": "0",
            "languages-0-code": "en",
            "languages-0-fluency": "3",
        },
    )
    cast.mentee.person.refresh_from_db()
    assert cast.mentee.person.zone == "Asia/Kathmandu"
    mail = Mail.objects.get()
    assert mail.due_at.astimezone(cast.mentee.person.zone_info).time() == time(23, 59)


def test_giving_up_entries_by_mail_takes_them_out_of_what_waits(cast) -> None:
    entry = {"calendar": "BEGIN:VCALENDAR", "calendar_method": "REQUEST"}
    for key in ("waits", "tried"):
        mail_of(cast, key, **entry)
    Mail.objects.filter(key="tried").update(attempts=1)
    save_choices(cast.mentee.person, chosen(entries="reserved"), now=NOW)
    assert set(Mail.objects.values_list("calendar_method", flat=True)) == {"REQUEST"}
    save_choices(cast.mentee.person, chosen(entries="none", digest_at=time(8)), now=NOW)
    states = {mail.key: (mail.calendar, mail.calendar_method, mail.state) for mail in Mail.objects.all()}
    assert states == {
        "waits": ("", "", "gathered"),
        "tried": ("BEGIN:VCALENDAR", "REQUEST", "waiting"),
    }


# Reminders by choice


def due_of(person: Any, first: Session) -> dict[str, datetime]:
    waiting = Reminder.objects.filter(person=person, session=first, state="waiting")
    return dict(waiting.values_list("kind", "due_at"))


@pytest.fixture
def first(cast) -> Session:
    """Tuesday 20 May 2031, 09:00 in London; there are more after it."""
    factories.make_engagement(cast.goal, cast.mentor, now=NOW, starts_on=datetime(2031, 5, 20), at=time(9))
    session = Session.objects.order_by("starts_at").first()
    assert session is not None
    assert session.starts_at == instant(2031, 5, 20, 8)
    return session


def test_saving_plans_reminders_that_wait_anew(cast, first: Session) -> None:
    mentee = cast.mentee.person
    save_choices(mentee, chosen(early_minutes=2880, late_minutes=None), now=NOW)
    assert due_of(mentee, first) == {"early": first.starts_at - 2 * DAY}
    assert due_of(cast.mentor.person, first) == {
        "early": first.starts_at - DAY,
        "late": first.starts_at - HOUR,
    }
    save_choices(mentee, chosen(early_minutes=None, late_minutes=15), now=NOW)
    assert due_of(mentee, first) == {"late": first.starts_at - timedelta(minutes=15)}


def test_saving_twice_plans_once(cast, first: Session) -> None:
    for _ in range(2):
        save_choices(cast.mentee.person, chosen(early_minutes=720), now=NOW)
    assert due_of(cast.mentee.person, first) == {
        "early": first.starts_at - 12 * HOUR,
        "late": first.starts_at - HOUR,
    }


def test_saving_sends_no_reminder_twice(cast, first: Session) -> None:
    due = first.starts_at - DAY
    queue_reminders(due)
    save_choices(cast.mentee.person, chosen(early_minutes=720), now=due)
    assert list(due_of(cast.mentee.person, first)) == ["late"]


def test_asking_for_an_earlier_reminder_loses_none(cast, first: Session) -> None:
    now = first.starts_at - 2 * HOUR
    queue_reminders(now)
    save_choices(cast.mentee.person, chosen(late_minutes=240), now=now)
    assert due_of(cast.mentee.person, first) == {"late": now}


def test_sessions_reserved_later_are_reminded_of_as_chosen(cast) -> None:
    save_choices(cast.mentee.person, chosen(early_minutes=2880, late_minutes=30), now=NOW)
    factories.make_engagement(cast.goal, cast.mentor, now=NOW, starts_on=datetime(2031, 5, 20), at=time(9))
    (first, *_) = Session.objects.order_by("starts_at")
    assert due_of(cast.mentee.person, first) == {
        "early": first.starts_at - 2 * DAY,
        "late": first.starts_at - HOUR / 2,
    }


def test_reminders_avoid_quiet_hours(cast, first: Session) -> None:
    """The early one is moved to the end of the night, the late one to the evening before."""
    save_choices(cast.mentee.person, chosen(quiet_from=time(8, 30), quiet_until=time(8, 50)), now=NOW)
    assert due_of(cast.mentee.person, first)["early"] == first.starts_at - DAY
    save_choices(cast.mentee.person, chosen(quiet_from=time(20), quiet_until=time(8, 50)), now=NOW)
    assert due_of(cast.mentee.person, first)["late"] == instant(2031, 5, 19, 18, 55)


# Two at once


def pass_each_other(cast: Any, person: Any) -> list[Any]:
    """A mail is queued in a transaction that ends only after its reader has begun to save choices."""
    queued, saved = Event(), Event()

    def write() -> None:
        with transaction.atomic():
            mail_of(cast)
            queued.set()
            saved.wait(timeout=1)

    def save() -> None:
        queued.wait(timeout=10)
        save_choices(person, chosen(stopped=["requests"]), now=NOW)
        saved.set()

    return race([write, save])


@pytest.mark.django_db(transaction=True)
def test_mail_queued_while_its_category_is_stopped_is_withdrawn(cast) -> None:
    assert refusals(pass_each_other(cast, cast.mentee.person)) == {}
    assert Mail.objects.get().state == Mail.State.WITHDRAWN


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_it_would_be_sent(cast, monkeypatch) -> None:
    monkeypatch.setattr(services, "held_choices", MailChoices.objects.of)
    assert refusals(pass_each_other(cast, cast.mentee.person)) == {}
    assert Mail.objects.get().state == Mail.State.WAITING


def tell_and_choose_at_once(cast: Any) -> Mail:
    """A move is told of in a transaction that ends only after its reader has begun to give up entries."""
    person, due = cast.mentee.person, instant(2031, 5, 19, 8)
    factories.make_engagement(cast.goal, cast.mentor, now=NOW, starts_on=datetime(2031, 5, 20), at=time(9))
    Mail.objects.all().delete()
    queued, saved = Event(), Event()

    def tell() -> None:
        with transaction.atomic():
            session = Session.objects.with_pair().earliest("starts_at")
            session_moved(session, session.starts_at, due)
            queued.set()
            saved.wait(timeout=1)

    def save() -> None:
        queued.wait(timeout=10)
        save_choices(person, chosen(entries="none"), now=due)
        saved.set()

    assert refusals(race([tell, save])) == {}
    return Mail.objects.get(person=person)


@pytest.mark.django_db(transaction=True)
def test_mail_queued_while_entries_are_given_up_has_none(cast) -> None:
    assert tell_and_choose_at_once(cast).calendar == ""


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_it_would_have_one(cast, monkeypatch) -> None:
    for module in (services, mails):
        monkeypatch.setattr(module, "held_choices", MailChoices.objects.of)
    assert "METHOD:REQUEST" in tell_and_choose_at_once(cast).calendar


@pytest.mark.django_db(transaction=True)
def test_saving_while_reminders_are_queued_and_sessions_given_up_ends_well(cast) -> None:
    engagement = factories.make_engagement(
        cast.goal, cast.mentor, now=NOW, starts_on=datetime(2031, 5, 20), at=time(9)
    )
    due = instant(2031, 5, 20, 7)

    def save(person: Any, minutes: int) -> Callable[[], None]:
        return lambda: save_choices(person, chosen(early_minutes=minutes, stopped=["sessions"]), now=due)

    people = [cast.mentor.person, cast.mentee.person]
    runners: list[Callable[[], Any]] = [save(one, minutes) for one in people for minutes in (720, 1440, 2880)]
    runners += [lambda: queue_reminders(due)] * 3
    runners += [lambda: end_engagement(engagement_id=engagement.pk, by=cast.mentor.person, now=due)]
    assert refusals(race(runners)) == {}
    assert set(Reminder.objects.values_list("state", flat=True)) <= {"queued", "dropped"}
    assert not Mail.objects.filter(kind="reminder", state="waiting").exists()
    assert MailChoices.objects.count() == 2
