"""What goes into the outbox: with the change that it speaks of, once for each key, and out again unsent."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import transaction

from mentoring.celery import publish_on_commit
from mentoring.outbox import services
from mentoring.outbox.backend import OutboxBackend
from mentoring.outbox.models import Mail
from tests import factories
from tests.factories import instant

NOW = instant(2031, 5, 6, 12)


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def queue(cast, key: str = "a key", **over) -> None:
    """Queue the mail of a request received, any that will do."""
    request = factories.make_request(cast.goal, cast.mentor, state="withdrawn", closed_at=NOW)
    services.queue_mail(
        **{
            "kind": "request_received",
            "to": cast.mentee.person,
            "template": "request_received",
            "context": {"request": request, "goal": request.goal, "other": request.mentee},
            "key": key,
            "now": NOW,
        }
        | over
    )


def test_queue_mail_writes_one_row_with_the_change(cast) -> None:
    queue(cast, about="request:1")
    mail = Mail.objects.get()
    assert (mail.kind, mail.about, mail.state) == ("request_received", "request:1", Mail.State.WAITING)
    assert mail.recipients == [cast.mentee.person.email]
    assert (mail.due_at, mail.send_before) == (NOW, NOW + timedelta(days=3))
    assert "Amara" in mail.text
    assert "<" not in mail.subject


def test_queue_mail_with_the_same_key_twice_is_one_mail(cast) -> None:
    queue(cast)
    queue(cast, about="another")
    assert Mail.objects.get().about == ""


def test_queue_mail_is_undone_by_a_rollback(cast) -> None:
    with rolled_back():
        queue(cast)
    assert Mail.objects.count() == 0


def test_queue_mail_keeps_a_subject_on_one_line(cast) -> None:
    cast.mentee.person.name = "Amara\r\nBcc: everybody@example.org"
    cast.mentee.person.save(update_fields=["name"])
    queue(cast)
    subject = Mail.objects.get().subject
    assert "Bcc: everybody@example.org" in subject
    assert subject.isprintable()


def test_withdraw_takes_back_what_waits_and_forgets_it(cast) -> None:
    queue(cast, "first", about="session:1")
    queue(cast, "second", about="session:1")
    queue(cast, "third", about="session:2")
    Mail.objects.filter(key="second").update(state=Mail.State.SENT, sent_at=NOW)
    assert services.withdraw(["session:1"]) == 1
    withdrawn = Mail.objects.get(key="first")
    assert (withdrawn.state, withdrawn.text, withdrawn.html) == (Mail.State.WITHDRAWN, "", "")
    assert Mail.objects.get(key="second").state == Mail.State.SENT
    assert Mail.objects.get(key="third").state == Mail.State.WAITING


@pytest.mark.django_db(transaction=True)
def test_backend_writes_in_the_callers_transaction() -> None:
    mail = EmailMultiAlternatives("A\ncode", "7351", "h@example.org", ["amara@example.org"])
    mail.attach_alternative("<b>7351</b>", "text/html")
    mail.connection = OutboxBackend()
    with rolled_back():
        mail.send()
    assert Mail.objects.count() == 0
    mail.send()
    mail.send()
    first, second = Mail.objects.order_by("pk")
    assert (first.subject, first.text, first.html) == ("A code", "7351", "<b>7351</b>")
    assert first.headers["Message-ID"] != second.headers["Message-ID"]


@pytest.mark.parametrize(
    "more", [{"bcc": ["a@example.org"]}, {"cc": ["a@example.org"]}, {"reply_to": ["a@b.org"]}]
)
def test_backend_refuses_what_it_could_not_send_as_it_is(db, more) -> None:
    with pytest.raises(ValueError, match="outbox holds"):
        EmailMessage("Code", "7351", None, ["amara@example.org"], connection=OutboxBackend(), **more).send()


def test_backend_refuses_an_attachment(db) -> None:
    mail = EmailMessage("Code", "7351", None, ["amara@example.org"], connection=OutboxBackend())
    mail.attach("a.txt", "text")
    with pytest.raises(ValueError, match="outbox holds"):
        mail.send()


def test_publish_on_commit_wakes_once_a_transaction(db, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        for _ in range(5):
            publish_on_commit("outbox.dispatch_mail")
            publish_on_commit("matching.solve_match_run", "1")
        publish_on_commit("matching.solve_match_run", "2")
    assert len(callbacks) == 3


def test_publish_on_commit_survives_the_rollback_of_its_twin(db, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        with rolled_back():
            publish_on_commit("outbox.dispatch_mail")
            with transaction.atomic():
                publish_on_commit("outbox.dispatch_mail")
        publish_on_commit("outbox.dispatch_mail")
    assert len(callbacks) == 1


def test_publish_on_commit_outlives_a_later_savepoint(db, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        with transaction.atomic():
            publish_on_commit("outbox.dispatch_mail")
        with rolled_back():
            publish_on_commit("outbox.dispatch_mail")
    assert len(callbacks) == 1
