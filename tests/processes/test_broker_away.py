"""The broker freezes, then dies and comes back empty: pages answer all the while, and no mail is lost."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from threading import Event
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import psutil
import pytest
from django.utils import timezone

from accounts.models import User
from mentoring.engagements.models import Request
from mentoring.local import valkey
from mentoring.outbox.models import Mail
from mentoring.schedule.models import Reminder, Session
from tests import factories
from tests.running import Catcher, Site, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
FROZEN = float(os.environ.get("FROZEN_SECONDS", "60"))
AT_MOST = 3.0  # seconds for any page
AGAIN_WITHIN = 30.0  # seconds until what waited is sent: beat's ten, and the pauses between tries to connect


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[valkey.Server]:
    """One of the test's own: the one that all tests share must not stand still."""
    server = valkey.start(tmp_path / "valkey")
    yield server
    server.stop()


@pytest.fixture
def site(broker: valkey.Server, catcher: Catcher, tmp_path: Path) -> Iterator[Site]:
    over = {"REDIS_URL": broker.url, "REMINDERS_EVERY": "5"}
    running = Site(tmp_path, EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(catcher.port), **over)
    yield running
    running.stop()


class Visitor:
    """A browser without a screen, that times what it asks for."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.cookies = CookieJar()
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(self.cookies))
        self.slowest: dict[str, float] = {}

    def get(self, path: str, kind: str = "") -> str:
        return self._ask(path, None, kind or path)

    def post(self, path: str, kind: str, **form: str) -> str:
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        return self._ask(path, urlencode({**form, "csrfmiddlewaretoken": token}).encode(), kind)

    def sign_in(self, person: User) -> None:
        self.cookies.clear()
        self.get("/account/login/", "sign-in page")
        page = self.post("/account/login/", "sign-in", login=person.email, password=factories.PASSWORD)
        assert "Sign out" in page or "/account/logout/" in page

    def _ask(self, path: str, body: bytes | None, kind: str) -> str:
        began = time.monotonic()
        with self.opener.open(f"{self.site.url}{path}", body, timeout=30) as answer:
            text = answer.read().decode()
            assert answer.status == 200, path
        self.slowest[kind] = max(self.slowest.get(kind, 0.0), time.monotonic() - began)
        return text


def ask_for_decline(visitor: Visitor, waiting: list[Request]) -> Request:
    """The mentor declines a request: a page that queues a mail and wakes the dispatcher."""
    request = waiting.pop()
    visitor.get(f"/requests/{request.pk}/", "request")
    visitor.post(f"/requests/{request.pk}/decline/", "decline", decline="fit", note="Ask Wanjiru.")
    return request


def all_sent(count: int) -> bool:
    sent = Mail.objects.filter(state=Mail.State.SENT)
    return sent.filter(kind="request_declined").count() == count and sent.filter(kind="reminder").count() == 4


def test_pages_answer_and_work_resumes(
    site: Site, broker: valkey.Server, catcher: Catcher, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = factories.make_program(slug="crossways")
    mentor = factories.make_mentor(program)
    waiting = [
        factories.make_request(factories.make_goal(factories.make_mentee(program)), mentor) for _ in range(40)
    ]
    goal = factories.make_goal(factories.make_mentee(program))
    reminded = factories.make_engagement(goal, mentor)
    Mail.objects.all().delete()
    pages = ["/", "/programs/crossways/", "/programs/crossways/requests/", "/programs/crossways/engagements/"]
    pages += ["/calendar/", "/profile/"]
    site.start_web()
    worker, beat = site.start_worker(), site.start_beat()
    warm = Visitor(site)
    warm.sign_in(mentor.person)
    for page in pages:
        warm.get(page)
    declined = [ask_for_decline(warm, waiting)]
    catcher.wait_for(declined[0].mentee.email, seconds=30)

    visitor = Visitor(site)
    process = psutil.Process(broker.pid)
    process.suspend()
    first = Session.objects.order_by("starts_at")[0]
    assert Reminder.objects.filter(session=first).update(due_at=timezone.now()) == 4
    began = time.monotonic()
    rounds = 0
    try:
        while time.monotonic() - began < FROZEN:
            visitor.sign_in(mentor.person)
            for page in pages:
                visitor.get(page)
            if len(waiting) > 10:
                declined.append(ask_for_decline(visitor, waiting))
            rounds += 1
            time.sleep(0.5 if rounds < 4 else 2.5)
    finally:
        process.resume()
    after_freeze = wait_until(lambda: all_sent(len(declined)), AGAIN_WITHIN, site.logs)

    # it dies while the worker has a task of its to acknowledge
    sending = Event()
    catcher.script = lambda to, mail: sending.set() or 2.0
    declined.append(ask_for_decline(visitor, waiting))
    assert sending.wait(timeout=15)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    catcher.script = None
    for _ in range(3):
        visitor.sign_in(mentor.person)
        declined.append(ask_for_decline(visitor, waiting))
    shutil.rmtree(tmp_path / "valkey")
    again = valkey.start(tmp_path / "valkey")
    after_death = wait_until(lambda: all_sent(len(declined)), AGAIN_WITHIN, site.logs)
    declined.append(ask_for_decline(visitor, waiting))
    at_once = wait_until(lambda: all_sent(len(declined)), AGAIN_WITHIN, site.logs)
    again.stop()

    with capsys.disabled():
        print(
            f"\nfrozen {FROZEN:.0f} s, {rounds} rounds; all sent {after_freeze:.1f} s after it went on, "
            f"{after_death:.1f} s after an empty one started, then in {at_once:.1f} s;",
            {kind: round(seconds, 2) for kind, seconds in visitor.slowest.items()},
        )
    assert worker.is_running()
    assert beat.is_running()
    assert max(visitor.slowest.values()) < AT_MOST
    readers = [request.mentee for request in declined] + [reminded.mentor, reminded.mentee] * 2
    assert sorted(mail["To"] for mail in catcher.mails) == sorted(reader.email for reader in readers)
