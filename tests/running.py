"""Real processes for tests: a web server, workers, beat, and a catcher for the mails that they send.

    def test_something(site: Site, catcher: Catcher) -> None:   # fixtures: import them in a conftest.py
        site.start_worker(), site.start_beat()
        web = site.start_web()                                   # answers at site.url
        mail = catcher.wait_for("amara@example.org")

Use with `django_db(transaction=True)`: the processes see only what is committed to the test's database.
"""

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import connection
from kombu import Connection

from mentoring.local.processes import end_of, spawn

ROOT = Path(__file__).resolve().parent.parent
# Given what arrives and a moment's thought: None takes the mail, an answer such as "550 no" refuses it,
# a number of seconds makes the client wait before the mail is taken. HANG_UP closes in the middle.
Script = Callable[[str, EmailMessage], str | float | None]
HANG_UP = "hang up"


def wait_until(condition: Callable[[], bool], seconds: float, what: str | Callable[[], str] = "") -> float:
    """Wait until it is so and return how many seconds that took; fails the test otherwise, saying `what`."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            pytest.fail(f"not within {seconds:.0f} s: {what() if callable(what) else what or condition}")
        time.sleep(0.05)
    return time.monotonic() - began


class Catcher:
    """A real SMTP server on a port of its own that keeps what it takes."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script
        self.refused_senders: dict[str, str] = {}  # the answer by address, such as "550 no"
        self.refused_recipients: dict[str, str] = {}
        self.mails: list[EmailMessage] = []  # what was taken, in the order in which it came
        self.refused: list[EmailMessage] = []
        self.connections = 0
        listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = listener.getsockname()[1]
        self._controller = _Listening(self, listener)

    def start(self) -> None:
        self._controller.start()
        self.connections = 0

    def stop(self) -> None:
        self._controller.stop(no_assert=True)

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in list(self.mails) if mail["To"] == address]

    def wait_for(
        self, address: str, *, subject: str = "", text: str = "", seconds: float = 30
    ) -> EmailMessage:
        """The newest mail to this address whose subject and text hold these words."""

        def found() -> list[EmailMessage]:
            return [
                mail for mail in self.to(address) if subject in str(mail["Subject"]) and text in text_of(mail)
            ]

        wait_until(lambda: bool(found()), seconds, f"a mail to {address} about {subject!r}")
        return found()[-1]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused_senders:
            return self.refused_senders[address]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused_recipients:
            return self.refused_recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = (envelope.original_content or b"").replace(b"\r\n", b"\n")
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        answer = self.script(envelope.rcpt_tos[0], mail) if self.script else None
        if answer == HANG_UP:
            server.transport.abort()
        if isinstance(answer, str):
            self.refused.append(mail)
            return answer
        if answer is not None:
            await asyncio.sleep(answer)
        self.mails.append(mail)
        return "250 taken"


class _Listening(Controller):
    """aiosmtpd's controller on a socket that is there already: no port is guessed."""

    def __init__(self, catcher: Catcher, listener: socket.socket) -> None:
        self.catcher, self.listener = catcher, listener
        super().__init__(catcher, hostname="127.0.0.1", port=catcher.port)

    def factory(self) -> SMTP:
        self.catcher.connections += 1
        return super().factory()

    def _create_server(self):
        return self.loop.create_server(self._factory_invoker, sock=self.listener)


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return "" if part is None else part.get_content()


@dataclass
class Running:
    """One process (and its children) in a session of its own, with its output in a file."""

    name: str
    command: Sequence[str | Path]
    env: dict[str, str]
    log: Path
    on_parent_death: signal.Signals = signal.SIGKILL
    pass_fds: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = spawn(
                self.command,
                output=output,
                on_parent_death=self.on_parent_death,
                cwd=ROOT,
                env=self.env,
                pass_fds=self.pass_fds,
            )

    @property
    def pid(self) -> int:
        assert self.process is not None, f"{self.name} has not been started"
        return self.process.pid

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def says(self, words: str) -> bool:
        """Whether its output holds the words; fails the test if it has ended."""
        assert self.is_running(), f"{self.name} ended:\n{end_of(self.log, 20)}"
        return words in self.log.read_text(errors="replace")

    def kill(self) -> None:
        """kill -9 of the process and of all its children at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait(timeout=10)

    def stop(self, seconds: float = 10) -> None:
        """Ask it to end, and kill what is still there of it and its children after so many seconds."""
        if self.process is not None and self.is_running():
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=seconds)
        self.kill()


class Site:
    """The application's processes on the database of the running test.

    `over` are environment variables; `ahead` moves the clock of every process that starts from then on.
    """

    def __init__(self, folder: Path, **over: str) -> None:
        self.folder = folder
        self.started: list[Running] = []
        self.ahead = timedelta()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **os.environ,
            "DEBUG": "1",
            "DJANGO_SETTINGS_MODULE": "mentoring.settings",
            "DATABASE_URL": database_url_of_test(),
            "SITE_URL": self.url,
            "PYTHONUNBUFFERED": "1",
            **over,
        }

    def start_worker(self, name: str = "worker", concurrency: int = 2, *, wait: bool = True) -> Running:
        command = ["celery", "-A", "mentoring", "worker", "--concurrency", str(concurrency)]
        command += ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        worker = self._start(name, [*command, "--hostname", f"{name}-{self.port}@%h"])
        if wait:
            wait_until(lambda: worker.says(" ready."), 60, f"{name} is ready")
        return worker

    def start_beat(self, schedule: Path | None = None) -> Running:
        """`schedule` is the file that says when it last woke each task; without one nothing is due yet."""
        schedule = schedule or self.folder / f"beat-schedule-{len(self.started)}"
        return self._start("beat", ["celery", "-A", "mentoring", "beat", "--schedule", schedule])

    def start_loop(self, name: str = "loop") -> Running:
        return self._start(name, ["django", "dispatch", "--loop"])

    def start_web(self, workers: int = 2) -> Running:
        command = ["gunicorn", "mentoring.wsgi", "--bind", f"fd://{self.listener.fileno()}"]
        command += ["--worker-class", "gthread", "--workers", str(workers), "--threads", "4"]
        command += ["--graceful-timeout", "2", "--no-control-socket"]
        web = self._start("web", command, pass_fds=[self.listener.fileno()])
        wait_until(lambda: web.is_running() and self.answers(), 90, "the web server answers")
        return web

    def answers(self) -> bool:
        """Whether the web server answers anything at all within two seconds."""
        http_connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            http_connection.request("GET", "/account/login/")
            http_connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            http_connection.close()
        return True

    def stop(self) -> None:
        """Nothing is kept, so nobody is asked."""
        for process in self.started:
            process.kill()
        self.listener.close()

    def logs(self, lines: int = 30) -> str:
        return "\n".join(f"--- {one.name}\n{end_of(one.log, lines)}" for one in self.started)

    def _start(self, name: str, command: Sequence[str | Path], pass_fds: Sequence[int] = ()) -> Running:
        python: list[str | Path] = [sys.executable, "-m"]
        if self.ahead:
            python += ["tests.moved_clock", str(self.ahead.total_seconds())]
        log = self.folder / f"{name}-{len(self.started)}.log"
        process = Running(name, [*python, *command], self.env, log, pass_fds=pass_fds)
        process.start()
        self.started.append(process)
        return process


def database_url_of_test() -> str:
    """Where the running test's database is (it has the name of the given one and a prefix)."""
    given = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(given._replace(path=f"/{connection.settings_dict['NAME']}"))


def empty_broker() -> None:
    """Take away what an earlier test left waiting, or taken and not done."""
    with Connection(settings.CELERY_BROKER_URL) as broker:
        broker.default_channel.client.delete("celery", "unacked", "unacked_index", "unacked_mutex")


@pytest.fixture
def catcher() -> Iterator[Catcher]:
    caught = Catcher()
    caught.start()
    yield caught
    caught.stop()


@pytest.fixture
def site(transactional_db: None, catcher: Catcher, tmp_path: Path) -> Iterator[Site]:
    """The application's processes, none started yet, which send their mails to the catcher."""
    empty_broker()
    running = Site(tmp_path, EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(catcher.port))
    yield running
    running.stop()
