"""The broker dies while a worker has a task of its, and comes back empty: the worker goes on by itself."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import psutil
import pytest
from django.utils import timezone

from mentoring.engagements.models import Request
from mentoring.engagements.services import decline_request
from mentoring.local import valkey
from tests import factories
from tests.running import Catcher, Site, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
DEATHS = 3  # an unpatched worker does not end at each
AGAIN_WITHIN = 30.0  # seconds: the pauses between tries to connect, and beat's next wake-up


@pytest.fixture
def site(catcher: Catcher, tmp_path: Path) -> Iterator[Site]:
    """With a broker of the test's own, which it may kill."""
    broker = valkey.start(tmp_path / "valkey")
    over = {"REDIS_URL": broker.url, "DISPATCH_EVERY": "1"}
    running = Site(tmp_path, EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(catcher.port), **over)
    yield running
    running.stop()


def decline(waiting: list[Request]) -> str:
    """A mail to the mentee, whose address is given back."""
    request = waiting.pop()
    decline_request(request_id=request.pk, decline="fit", note="Ask Wanjiru.", now=timezone.now())
    return request.mentee.email


def test_worker_outlives_a_broker_that_dies_while_it_works(
    site: Site, catcher: Catcher, tmp_path: Path
) -> None:
    program = factories.make_program()
    mentor = factories.make_mentor(program)
    waiting = [
        factories.make_request(factories.make_goal(factories.make_mentee(program)), mentor)
        for _ in range(2 * DEATHS)
    ]
    worker, beat = site.start_worker(), site.start_beat()
    server = valkey.start(tmp_path / "valkey")
    told = []
    for _ in range(DEATHS):
        sending = Event()
        catcher.script = lambda to, mail, sending=sending: sending.set() or 1.5
        told.append(decline(waiting))
        assert sending.wait(timeout=20)
        process = psutil.Process(server.pid)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
        catcher.script = None
        told.append(decline(waiting))
        shutil.rmtree(tmp_path / "valkey")
        server = valkey.start(tmp_path / "valkey")
        wait_until(
            lambda: sorted(mail["To"] for mail in catcher.mails) == sorted(told), AGAIN_WITHIN, site.logs
        )
    assert worker.is_running()
    assert beat.is_running()
    server.stop()
