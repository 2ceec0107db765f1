"""What the dispatcher does with a real SMTP server that takes, refuses, delays and hangs up."""

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from mentoring.outbox import dispatching, failures, services
from mentoring.outbox.models import EMPTY, Mail, Undeliverable
from tests.racing import race, refusals
from tests.running import Catcher, text_of, wait_until

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def delivery(settings, catcher: Catcher) -> None:
    settings.DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", catcher.port
    settings.EMAIL_TIMEOUT = 5


@pytest.fixture
def impatient(settings) -> None:
    settings.EMAIL_TIMEOUT = 0.5


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections for as long as the test runs."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def make_mail(to: str = "amara@example.org", **over) -> Mail:
    now = timezone.now()
    fields = {
        "key": str(uuid4()),
        "kind": "account",
        "sender": "Holdfast <holdfast@localhost>",
        "recipients": [to],
        "subject": "A code",
        "text": "7351\n",
        "headers": {"Message-ID": f"<{uuid4()}@holdfast>"},
        "created_at": now,
        "due_at": now,
        "send_before": now + timedelta(days=3),
    }
    return Mail.objects.create(**fields | over)


def state_of(mail: Mail) -> str:
    mail.refresh_from_db()
    return mail.state


def pause_of(mail: Mail) -> float:
    """Minutes until it is due again."""
    mail.refresh_from_db()
    return round((mail.due_at - timezone.now()) / MINUTE, 1)


def test_dispatch_sends_what_is_due(catcher: Catcher) -> None:
    mail = make_mail(html="<b>7351</b>")
    later = make_mail("later@example.org", due_at=timezone.now() + MINUTE)
    assert dispatching.dispatch() == 1
    (taken,) = catcher.mails
    assert (taken["To"], taken["Subject"], text_of(taken)) == ("amara@example.org", "A code", "7351\n")
    assert taken["Message-ID"] == mail.headers["Message-ID"]
    assert taken.get_body(("html",)).get_content() == "<b>7351</b>"
    assert (state_of(mail), state_of(later)) == (Mail.State.SENT, Mail.State.WAITING)
    assert (mail.attempts, mail.lease, mail.error) == (1, None, "")
    assert dispatching.dispatch() == 0


def test_dispatch_takes_twenty_at_a_time_over_one_connection(catcher: Catcher) -> None:
    for n in range(25):
        make_mail(f"person{n}@example.org")
    assert dispatching.dispatch() == 20
    assert catcher.connections == 1
    assert dispatching.dispatch() == 5
    assert len(catcher.mails) == 25


@pytest.mark.django_db(transaction=True)
def test_command_sends_all_that_is_due(catcher: Catcher) -> None:
    for n in range(45):
        make_mail(f"person{n}@example.org")
    call_command("dispatch")
    assert len(catcher.mails) == 45


def refusing(answers: dict[str, str | float]):
    return lambda to, mail: answers.get(to)


def test_permanent_refusal_fails_and_stops_nobody(catcher: Catcher) -> None:
    catcher.refused_recipients = {"gone@example.org": "550 no such person"}
    catcher.script = refusing({"spam@example.org": "554 not wanted"})
    gone, spam, good = make_mail("gone@example.org"), make_mail("spam@example.org"), make_mail()
    dispatching.dispatch()
    assert (state_of(gone), state_of(spam), state_of(good)) == ("failed", "failed", "sent")
    assert "no such person" in gone.error
    assert "not wanted" in spam.error


def test_temporary_refusal_backs_off_and_stops_nobody(catcher: Catcher) -> None:
    catcher.refused_recipients = {"busy@example.org": "451 come back"}
    catcher.script = refusing({"full@example.org": "452 mailbox full", "bye@example.org": "421 closing"})
    slow = [make_mail("busy@example.org"), make_mail("full@example.org"), make_mail("bye@example.org")]
    good = make_mail()
    dispatching.dispatch()
    assert state_of(good) == Mail.State.SENT
    for mail in slow:
        assert (pause_of(mail), mail.state, mail.attempts, mail.lease) == (1.0, Mail.State.WAITING, 1, None)
    assert "come back" in slow[0].error


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 2), (4, 16), (6, 60), (80, 60), (32000, 60)])
def test_pause_doubles_up_to_an_hour(catcher: Catcher, attempts: int, minutes: int) -> None:
    catcher.refused_recipients = {"busy@example.org": "451 come back"}
    mail = make_mail("busy@example.org", attempts=attempts)
    dispatching.dispatch()
    assert pause_of(mail) == minutes


def test_sender_that_is_refused_waits_for_the_operator(catcher: Catcher) -> None:
    catcher.refused_senders = {"holdfast@localhost": "550 not from here"}
    mail = make_mail()
    dispatching.dispatch()
    assert (pause_of(mail), mail.state) == (1.0, Mail.State.WAITING)


def test_hanging_server_backs_off_that_mail_alone(catcher: Catcher, impatient: None) -> None:
    catcher.script = refusing({"slow@example.org": 1.5})
    slow, good = make_mail("slow@example.org"), make_mail()
    dispatching.dispatch()
    assert (pause_of(slow), slow.state) == (1.0, Mail.State.WAITING)
    assert state_of(good) == Mail.State.SENT


def test_slow_batch_gives_the_rest_back(catcher: Catcher, monkeypatch) -> None:
    monkeypatch.setattr(dispatching, "BATCH_SECONDS", 0.2)
    catcher.script = lambda to, mail: 0.3
    mails = [make_mail() for _ in range(3)]
    assert dispatching.dispatch() == 3
    assert [state_of(mail) for mail in mails] == ["sent", "waiting", "waiting"]
    assert [(mail.lease, mail.attempts) for mail in mails[1:]] == [(None, 0), (None, 0)]


def test_unreachable_server_lets_all_that_is_due_wait(catcher: Catcher, settings, closed_port: int) -> None:
    """Nobody fails, nothing counts as tried, and of a long queue only one connection is tried."""
    settings.EMAIL_PORT = closed_port
    mails = [make_mail() for _ in range(30)]
    later = make_mail(due_at=timezone.now() + timedelta(hours=5))
    assert dispatching.dispatch() == 20
    assert dispatching.dispatch() == 0
    for mail in mails:
        assert (pause_of(mail), mail.state, mail.attempts, mail.lease) == (1.0, "waiting", 0, None)
    assert "refused" in mails[0].error
    assert pause_of(later) == 300.0
    settings.EMAIL_PORT = catcher.port
    assert dispatching.dispatch(timezone.now() + MINUTE) == 20
    assert dispatching.dispatch(timezone.now() + MINUTE) == 10
    assert len(catcher.mails) == 30


def test_server_that_never_greets_lets_all_that_is_due_wait(settings, impatient: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_PORT = silent.getsockname()[1]
        mails = [make_mail() for _ in range(10)]
        began = time.monotonic()
        dispatching.dispatch()
        assert time.monotonic() - began < 3
    assert {(pause_of(mail), mail.state) for mail in mails} == {(1.0, "waiting")}


def test_server_that_refuses_the_sign_in_lets_all_wait(settings) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "holdfast", "wrong"
    mails = [make_mail() for _ in range(3)]
    dispatching.dispatch()
    assert {(pause_of(mail), mail.state) for mail in mails} == {(1.0, "waiting")}


def test_mail_is_not_sent_after_it_is_of_use(catcher: Catcher) -> None:
    late = make_mail(send_before=timezone.now(), error="'451 come back'")
    dispatching.dispatch()
    assert (state_of(late), late.error) == ("failed", "Not sent in time to be of use. '451 come back'")
    assert catcher.mails == []


def test_mail_that_expires_while_its_batch_is_sent_is_left(catcher: Catcher) -> None:
    catcher.script = lambda to, mail: 0.3
    make_mail()
    late = make_mail("late@example.org", send_before=timezone.now() + timedelta(seconds=0.2))
    dispatching.dispatch()
    assert catcher.to("late@example.org") == []
    assert state_of(late) == Mail.State.WAITING


@pytest.mark.parametrize(
    "over",
    [
        {"subject": "A code\nBcc: everybody@example.org"},
        {"headers": {"Message-ID": "<1@holdfast>\nBcc: everybody@example.org"}},
        {"sender": "Holdfast <holdfast@localhost>\nBcc: everybody@example.org"},
        {"recipients": ["amara@example.org\nBcc: everybody@example.org"]},
        {"recipients": ["amara@" + "ü" * 80 + ".example"]},
        {"recipients": ["amara@exa mple..org, <>"]},
        {"recipients": ["@example.org"]},
        {"recipients": [""]},
    ],
    ids=range(8),
)
def test_mail_that_cannot_be_written_stops_nobody(catcher: Catcher, over: dict) -> None:
    bad, good = make_mail(**over), make_mail("good@example.org")
    dispatching.dispatch()
    assert state_of(good) == Mail.State.SENT
    assert state_of(bad) == Mail.State.FAILED
    assert [mail["To"] for mail in catcher.mails] == ["good@example.org"]


@pytest.mark.parametrize("to", ["zoë@example.org", "zoe@bücher.example", "李@例え.jp"])
def test_addresses_beyond_ascii_stop_nobody(catcher: Catcher, to: str) -> None:
    mail = make_mail(to)
    good = make_mail("good@example.org", subject="Vielen Dank, Zoë 🙂", text="Grüße – 你好\n")
    dispatching.dispatch()
    assert state_of(good) == Mail.State.SENT
    assert state_of(mail) in {Mail.State.SENT, Mail.State.FAILED}
    (taken,) = catcher.to("good@example.org")
    assert (taken["Subject"], text_of(taken)) == ("Vielen Dank, Zoë 🙂", "Grüße – 你好\n")


def test_lease_keeps_others_away_until_it_ends(catcher: Catcher) -> None:
    now = timezone.now()
    held = make_mail(lease=uuid4(), leased_until=now + MINUTE)
    assert dispatching.dispatch(now) == 0
    assert dispatching.dispatch(now + MINUTE) == 1
    assert state_of(held) == Mail.State.SENT


def test_who_lost_the_lease_neither_sends_nor_records(catcher: Catcher) -> None:
    mail = make_mail(lease=uuid4(), leased_until=timezone.now() + MINUTE)
    dispatching._send_one(mail, uuid4(), dispatching.get_connection())
    assert catcher.mails == []
    assert (state_of(mail), mail.attempts) == (Mail.State.WAITING, 0)


@pytest.mark.django_db(transaction=True)
def test_two_dispatchers_send_each_mail_once(catcher: Catcher) -> None:
    sent = [make_mail(f"person{n}@example.org").headers["Message-ID"] for n in range(100)]

    def work() -> None:
        while dispatching.dispatch():
            pass

    finishes = race([work] * 4)
    assert refusals(finishes) == {}
    assert sorted(mail["Message-ID"] for mail in catcher.mails) == sorted(sent)
    assert set(Mail.objects.values_list("state", "attempts")) == {("sent", 1)}


@pytest.mark.django_db(transaction=True)
def test_mail_withdrawn_while_its_batch_is_sent_stays_here(catcher: Catcher) -> None:
    begun, withdrawn = Event(), Event()

    def script(to: str, mail: object) -> float:
        begun.set()
        withdrawn.wait(timeout=10)
        return 0.0

    def withdraw() -> None:
        begun.wait(timeout=10)
        services.withdraw(["session:1"])
        withdrawn.set()

    catcher.script = script
    first, second = make_mail(), make_mail("second@example.org", about="session:1")
    race([dispatching.dispatch, withdraw])
    assert (state_of(first), state_of(second)) == (Mail.State.SENT, Mail.State.WITHDRAWN)
    assert catcher.to("second@example.org") == []


@pytest.mark.django_db(transaction=True)
def test_dispatcher_that_dies_between_sending_and_recording_repeats_one(catcher: Catcher, settings) -> None:
    """Its lease runs out and another takes the mail: repeated once, under the same id, and never lost."""
    settings.OUTBOX_LEASE = timedelta(seconds=0.5)
    mail = make_mail()
    (claimed,) = dispatching._claim(lease := uuid4(), timezone.now())
    connection = dispatching.get_connection(settings.DELIVERY_BACKEND)
    assert dispatching.deliver(claimed, connection) == dispatching.Outcome()
    connection.close()
    assert str(Mail.objects.get().lease) == str(lease)
    wait_until(lambda: dispatching.dispatch() == 1, 5)
    assert [taken["Message-ID"] for taken in catcher.mails] == [mail.headers["Message-ID"]] * 2
    assert state_of(mail) == Mail.State.SENT


@pytest.mark.django_db(transaction=True)
def test_retry_while_dispatchers_run_sends_once(catcher: Catcher) -> None:
    for _ in range(20):
        make_mail(state="failed", failed_at=timezone.now())

    def retry() -> None:
        for _ in range(5):
            failures.retry(failures.failed(), timezone.now())

    def work() -> None:
        for _ in range(20):
            dispatching.dispatch()

    assert refusals(race([retry, work, retry, work])) == {}
    dispatching.dispatch()
    assert len(catcher.mails) == 20


@pytest.mark.django_db(transaction=True)
def test_mail_whose_sender_died_twice_is_not_sent_a_third_time(catcher: Catcher, settings) -> None:
    settings.OUTBOX_LEASE = timedelta(0)
    mail = make_mail()
    for attempt in range(2):
        (claimed,) = dispatching._claim(lease := uuid4(), timezone.now())
        connection = dispatching.get_connection(settings.DELIVERY_BACKEND)
        with pytest.MonkeyPatch.context() as dying:
            dying.setattr(dispatching, "_settle", lambda *held: None)
            dispatching._send_one(claimed, lease, connection)
        connection.close()
        mail.refresh_from_db()
        assert (mail.state, mail.unsettled, len(catcher.mails)) == ("waiting", attempt + 1, attempt + 1)
    dispatching.dispatch()
    assert len(catcher.mails) == 2
    assert (state_of(mail), mail.error) == (Mail.State.FAILED, dispatching.UNCLEAR)
    assert mail.failed_at is not None


def test_answer_settles_a_try(catcher: Catcher) -> None:
    """However often a server says that it has not taken a mail, it is tried again."""
    catcher.script = refusing({"busy@example.org": "451 come back"})
    mail = make_mail("busy@example.org")
    for _ in range(4):
        dispatching.dispatch()
        mail.refresh_from_db()
        assert mail.unsettled == 0
        Mail.objects.update(due_at=timezone.now())
    assert (state_of(mail), mail.attempts) == (Mail.State.WAITING, 4)


def test_stopping_dispatcher_gives_the_rest_back(catcher: Catcher) -> None:
    mails = [make_mail() for _ in range(3)]
    dispatching.dispatch(is_stopping=lambda: bool(catcher.mails))
    assert [(state_of(mail), mail.lease) for mail in mails] == [
        ("sent", None), ("waiting", None), ("waiting", None),
    ]  # fmt: skip


@pytest.mark.parametrize(("why", "reason"), [("bounced", "RETURNED"), ("complained", "UNWANTED")])
def test_mail_to_where_nothing_arrives_fails_at_once(catcher: Catcher, why: str, reason: str) -> None:
    Undeliverable.objects.create(email="amara@example.org", why=why, since=timezone.now())
    mail, good = (
        make_mail("Amara@Example.org", kind="reminder"),
        make_mail("good@example.org", kind="reminder"),
    )
    dispatching.dispatch()
    assert (state_of(mail), mail.error) == (Mail.State.FAILED, getattr(dispatching, reason))
    assert state_of(good) == Mail.State.SENT
    assert len(catcher.mails) == 1


def test_code_to_sign_in_is_tried_where_nothing_arrived(catcher: Catcher) -> None:
    Undeliverable.objects.create(email="amara@example.org", why="bounced", since=timezone.now())
    mail = make_mail(kind="account")
    dispatching.dispatch()
    assert state_of(mail) == Mail.State.SENT


CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Zoë\r\nEND:VCALENDAR\r\n"


def test_invitation_goes_as_an_alternative_and_as_a_file(catcher: Catcher) -> None:
    headers = {"Message-ID": "<1@holdfast>", "List-Unsubscribe": "<https://example.org/stop/>"}
    make_mail(html="<b>Zoë</b>", calendar=CALENDAR, calendar_method="REQUEST", headers=headers)
    dispatching.dispatch()
    (taken,) = catcher.mails
    assert taken["List-Unsubscribe"] == "<https://example.org/stop/>"
    parts = [part for part in taken.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == [
        "text/plain", "text/html", "text/calendar", "application/ics",
    ]  # fmt: skip
    invitation, file = parts[2:]
    assert invitation.get_param("method") == "REQUEST"
    assert invitation.get_content_charset() == "utf-8"
    assert invitation.get_content().splitlines() == CALENDAR.splitlines()
    assert (file.get_filename(), file.get_content().decode()) == ("invite.ics", CALENDAR)


def test_several_sessions_go_as_a_file_alone(catcher: Catcher) -> None:
    make_mail(calendar=CALENDAR.replace("REQUEST", "PUBLISH"), calendar_method="PUBLISH")
    dispatching.dispatch()
    (file,) = catcher.mails[0].iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("sessions.ics", "text/calendar")
    assert "Zoë" in file.get_content()


def test_bodies_are_forgotten_when_they_have_done_their_work() -> None:
    now = timezone.now()
    hour = timedelta(hours=1)
    sent = make_mail(state="sent", sent_at=now - hour, html="<b>7351</b>", action="Open", link="/x/")
    fresh = make_mail(state="sent", sent_at=now - hour + MINUTE)
    useless = make_mail(state="failed", send_before=now)
    to_retry = make_mail(state="failed")
    assert services.clear_sent(now) == 2
    kept = {mail.pk for mail in Mail.objects.exclude(text="", html="")}
    assert kept == {fresh.pk, to_retry.pk}
    for mail in (sent, useless):
        mail.refresh_from_db()
        assert {field: getattr(mail, field) for field in EMPTY} == EMPTY


def test_rows_are_forgotten_long_after_their_last_use() -> None:
    now = timezone.now()
    long_ago = now - timedelta(days=90)
    for state in ("sent", "failed", "withdrawn", "digested"):
        make_mail(state=state, sent_at=long_ago, send_before=long_ago)
    kept = [
        make_mail(state="sent", sent_at=long_ago - MINUTE, send_before=long_ago + MINUTE),
        make_mail(send_before=long_ago),
        make_mail(state="gathered", send_before=long_ago),
    ]
    assert services.forget_old(now) == 4
    assert set(Mail.objects.all()) == set(kept)
    assert services.forget_old(now) == 0
