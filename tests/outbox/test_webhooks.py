"""What providers report: their own payloads, with the secret, mark addresses; nothing else does."""

import base64
import hashlib
import hmac
import importlib
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.urls import clear_url_caches
from django.utils import timezone

import mentoring.urls
from mentoring.outbox.models import Undeliverable

pytestmark = pytest.mark.django_db
SECRET = "holdfast:a long secret"
KEY = "signing-key"


@pytest.fixture
def provider(settings, client) -> Iterator:
    """Lets a test say which provider is in use; the addresses are read anew then, and after it."""

    def use(name: str, secret: str = SECRET) -> None:
        settings.DELIVERY_BACKEND = f"anymail.backends.{name}.EmailBackend"
        settings.ANYMAIL = {"MAILGUN_WEBHOOK_SIGNING_KEY": KEY, "WEBHOOK_SECRET": [secret] if secret else []}
        read_anew()

    def read_anew() -> None:
        importlib.reload(mentoring.urls)
        clear_url_caches()

    yield use
    settings.DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    read_anew()


def post(client, path: str, payload: dict, secret: str = SECRET):
    headers = {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"} if secret else {}
    return client.post(path, json.dumps(payload), content_type="application/json", headers=headers)


def postmark(**over) -> dict:
    """As Postmark's documentation gives a bounce."""
    return {
        "RecordType": "Bounce",
        "MessageStream": "outbound",
        "ID": 4323372036854775807,
        "Type": "HardBounce",
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Tag": "Test",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Metadata": {"a_key": "a_value"},
        "ServerID": 23,
        "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
        "Details": "Test bounce details",
        "Email": "Amara@Example.org",
        "From": "holdfast@example.org",
        "BouncedAt": "2026-11-05T16:33:54.9070259Z",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Test subject",
    } | over


def complaint() -> dict:
    return postmark(RecordType="SpamComplaint", Type="SpamComplaint", TypeCode=512, Name="Spam complaint")


def mailgun(event: str = "failed", severity: str = "permanent", recipient: str = "Amara@Example.org") -> dict:
    """As Mailgun's documentation gives a permanent failure, signed."""
    timestamp, token = "1529006854", "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
    signature = hmac.new(KEY.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {
        "signature": {"timestamp": timestamp, "token": token, "signature": signature},
        "event-data": {
            "id": "G9Bn5sl1TC6nu79C8C0bwg",
            "timestamp": 1521233195.375624,
            "log-level": "error",
            "event": event,
            "severity": severity,
            "reason": "suppress-bounce",
            "delivery-status": {
                "attempt-no": 1,
                "message": "",
                "code": 605,
                "description": "Not delivering to previously bounced address",
                "session-seconds": 0,
            },
            "flags": {"is-routed": False, "is-authenticated": True, "is-system-test": False},
            "message": {"headers": {"to": recipient, "message-id": "20130503192659.1@mg.example.org"}},
            "recipient": recipient,
            "recipient-domain": "example.org",
            "tags": [],
            "user-variables": {},
        },
    }


def noted() -> list[tuple[str, str]]:
    return list(Undeliverable.objects.values_list("email", "why"))


def test_postmark_bounce_marks_the_address_once(client, provider) -> None:
    provider("postmark")
    for _ in range(2):
        assert post(client, "/anymail/postmark/tracking/", postmark()).status_code == 200
    assert noted() == [("amara@example.org", "bounced")]
    assert "Test bounce" in Undeliverable.objects.get().detail
    assert timezone.now() - Undeliverable.objects.get().since < timedelta(minutes=1)


def test_postmark_complaint_marks_the_address(client, provider) -> None:
    provider("postmark")
    post(client, "/anymail/postmark/tracking/", complaint())
    assert noted() == [("amara@example.org", "complained")]


@pytest.mark.parametrize(
    "payload",
    [
        postmark(Type="SoftBounce"),
        postmark(Type="Transient"),
        postmark(Type="DnsError"),
        postmark(Type="Blocked"),
        postmark(Type="AutoResponder"),
        postmark(RecordType="Delivery", Type="", Recipient="amara@example.org"),
        postmark(Email=""),
        postmark(Email="no address"),
        postmark(Email="a\0b@example.org"),
        postmark(Email="\ud800@example.org"),
    ],
    ids=range(10),
)
def test_what_passes_or_names_no_address_marks_none(client, provider, payload: dict) -> None:
    provider("postmark")
    assert post(client, "/anymail/postmark/tracking/", payload).status_code == 200
    assert noted() == []


def test_words_that_no_database_takes_are_no_error(client, provider) -> None:
    provider("postmark")
    payload = postmark(Details="gone\0 \ud800" + "x" * 500)
    assert post(client, "/anymail/postmark/tracking/", payload).status_code == 200
    assert len(Undeliverable.objects.get().detail) == 300


def test_mailgun_failure_marks_the_address(client, provider) -> None:
    provider("mailgun")
    assert post(client, "/anymail/mailgun/tracking/", mailgun()).status_code == 200
    assert noted() == [("amara@example.org", "bounced")]


def test_mailgun_complaint_marks_and_a_delay_does_not(client, provider) -> None:
    provider("mailgun")
    post(client, "/anymail/mailgun/tracking/", mailgun(severity="temporary"))
    assert noted() == []
    post(client, "/anymail/mailgun/tracking/", mailgun("complained"))
    assert noted() == [("amara@example.org", "complained")]


@pytest.mark.parametrize("secret", ["", "holdfast:another", "holdfast", SECRET + "x"])
def test_report_without_the_secret_is_refused(client, provider, secret: str) -> None:
    provider("postmark")
    assert post(client, "/anymail/postmark/tracking/", postmark(), secret).status_code == 400
    assert noted() == []


def test_mailgun_report_with_another_signature_is_refused(client, provider) -> None:
    provider("mailgun")
    forged = mailgun()
    forged["signature"]["signature"] = "0" * 64
    assert post(client, "/anymail/mailgun/tracking/", forged).status_code == 400
    assert noted() == []


def test_without_a_secret_there_is_no_such_address(client, provider) -> None:
    provider("postmark", secret="")
    assert post(client, "/anymail/postmark/tracking/", postmark(), "").status_code == 404


def test_only_the_provider_in_use_is_listened_to(client, provider) -> None:
    provider("postmark")
    for path in ("/anymail/mailgun/tracking/", "/anymail/postmark/inbound/", "/anymail/"):
        assert post(client, path, mailgun()).status_code == 404


def test_reader_sees_that_mails_come_back_and_tries_again_once_a_day(cast, client_of) -> None:
    person = cast.mentee.person
    client = client_of(person)
    assert "Mails to you come back" not in client.get("/mail/").text
    for answer in ("Mails go to your address again", "within the last day"):
        Undeliverable.objects.create(email=person.email.lower(), why="bounced", since=timezone.now())
        assert "Mails to you come back" in client.get("/mail/").text
        assert answer in client.post("/mail/again/", follow=True).text
    assert noted() == [(person.email.lower(), "bounced")]
    assert "Mails to you come back" not in client_of(cast.mentor.person).get("/mail/").text
    assert client.get("/mail/again/").status_code == 405
