"""Sending through a provider's interface: a real HTTP server answers as Postmark does."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from mentoring.outbox import dispatching
from mentoring.outbox.models import Mail
from tests.outbox.test_dispatch import CALENDAR, make_mail, pause_of, state_of

pytestmark = pytest.mark.django_db
TAKEN = {"SubmittedAt": "2026-11-17T07:25:01Z", "MessageID": "0a129aee", "ErrorCode": 0, "Message": "OK"}
INACTIVE = (
    "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: "
    "bad@example.org. Inactive recipients are ones that have generated a hard bounce."
)


class Provider(ThreadingHTTPServer):
    """Answers `status` and `body` for an address in `answers`, hangs up without one, and takes the rest."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, Any] | float | None] = {}
        self.taken: list[dict[str, Any]] = []
        self.tokens: set[str | None] = set()


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        mail = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.tokens.add(self.headers["X-Postmark-Server-Token"])
        answer = self.server.answers.get(mail["To"], (200, TAKEN | {"To": mail["To"]}))
        if isinstance(answer, float):
            time.sleep(answer)
            return
        if answer is None:
            return
        status, body = answer
        if status == 200:
            self.server.taken.append(mail)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def provider(settings) -> Iterator[Provider]:
    server = Provider()
    Thread(target=server.serve_forever, daemon=True).start()
    settings.DELIVERY_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "a token",
        "POSTMARK_API_URL": f"http://127.0.0.1:{server.server_port}/",
        "REQUESTS_TIMEOUT": 5,
    }
    yield server
    server.shutdown()
    server.server_close()


def test_provider_takes_a_mail_with_its_headers_and_its_invitation(provider: Provider) -> None:
    headers = {"Message-ID": "<1@holdfast>", "List-Unsubscribe": "<https://example.org/stop/>"}
    mail = make_mail(html="<b>7351</b>", headers=headers, calendar=CALENDAR, calendar_method="REQUEST")
    dispatching.dispatch()
    assert (state_of(mail), mail.error) == (Mail.State.SENT, "")
    (taken,) = provider.taken
    assert (taken["To"], taken["TextBody"], taken["HtmlBody"]) == (
        "amara@example.org", "7351\n", "<b>7351</b>",
    )  # fmt: skip
    assert {"Name": "List-Unsubscribe", "Value": "<https://example.org/stop/>"} in taken["Headers"]
    (file,) = taken["Attachments"]
    assert file["Name"] == "invite.ics"
    assert file["ContentType"].startswith("text/calendar")
    assert provider.tokens == {"a token"}


REFUSED = {"ErrorCode": 300, "Message": "Invalid 'From' address: 'Zanzibar'."}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((422, REFUSED), "failed"),
        ((400, {}), "failed"),
        ((413, {}), "failed"),
        ((422, {"ErrorCode": 406, "Message": INACTIVE}), "failed"),
        ((401, {"ErrorCode": 10, "Message": "No such token"}), "waiting"),
        ((403, {}), "waiting"),
        ((429, {}), "waiting"),
        ((500, {}), "waiting"),
        ((503, {}), "waiting"),
        ((200, b"<html>"), "waiting"),
        (None, "waiting"),
    ],
    ids=["unacceptable", "bad", "too large", "inactive", "token", "forbidden", "too many", "broken", "away",
         "unreadable", "hung up"],
)  # fmt: skip
def test_answer_fails_that_mail_or_has_it_wait(provider: Provider, answer: Any, state: str) -> None:
    provider.answers["bad@example.org"] = answer
    bad, good = make_mail("bad@example.org"), make_mail("good@example.org")
    dispatching.dispatch()
    assert (state_of(bad), state_of(good)) == (state, Mail.State.SENT)
    assert bad.error
    assert "\n" not in bad.error
    assert bad.unsettled == 0
    if state == "waiting":
        assert pause_of(bad) == 1.0


def test_provider_that_hangs_backs_off_that_mail_alone(provider: Provider, settings) -> None:
    settings.ANYMAIL = settings.ANYMAIL | {"REQUESTS_TIMEOUT": 0.5}
    provider.answers["slow@example.org"] = 1.5
    slow, good = make_mail("slow@example.org"), make_mail("good@example.org")
    dispatching.dispatch()
    assert (pause_of(slow), slow.state, state_of(good)) == (1.0, Mail.State.WAITING, Mail.State.SENT)


def test_provider_that_cannot_be_reached_backs_off(provider: Provider) -> None:
    provider.shutdown()
    provider.server_close()
    mail = make_mail()
    dispatching.dispatch()
    assert (pause_of(mail), mail.state) == (1.0, Mail.State.WAITING)


@pytest.mark.parametrize("to", ["amara@", "amara@example.org\nBcc: all@example.org", "", "a <b"])
def test_address_that_cannot_be_written_stops_nobody(provider: Provider, to: str) -> None:
    bad, good = make_mail(to), make_mail("good@example.org")
    dispatching.dispatch()
    assert state_of(good) == Mail.State.SENT
    assert state_of(bad) in {Mail.State.FAILED, Mail.State.SENT}
    assert [mail["To"] for mail in provider.taken if "," in mail["To"]] == []
