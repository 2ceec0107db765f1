"""The servers and processes that are killed, frozen and restarted, and what they are given to do."""

import os
import signal
import threading
import time
from collections import Counter
from datetime import timedelta
from email.message import EmailMessage
from itertools import count
from pathlib import Path

import psutil
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from mentoring.local import postgres, valkey
from mentoring.outbox.models import Mail
from mentoring.schedule.models import Reminder, Series, Session
from tests import factories
from tests.running import Catcher, Script, Site, empty_broker, wait_until

# Leases and wake-ups so short that nobody has to wait for them; everything else as always.
QUICK = {
    "OUTBOX_LEASE_SECONDS": "8",
    "DISPATCH_EVERY": "1",
    "REMINDERS_EVERY": "1",
    "CELERY_SKIP_CHECKS": "1",
    "LOG_LEVEL": "WARNING",
}
TAKES = 0.02  # seconds for which the mail server thinks before it says that it has taken a mail


class Rig:
    def __init__(self, var: Path, database: postgres.Server, broker: valkey.Server) -> None:
        self.var, self.database, self.broker = var, database, broker
        self.home = database.log.parent
        self.received: list[str] = []  # the Message-ID of each mail at the moment at which all of it has come
        self.catcher = Catcher()
        self.catcher.start()
        self.answers(None)
        self.site: Site | None = None
        self._folders = count(1)

    def answers(self, script: Script | None) -> None:
        """How the mail server answers from now on; without a script it takes what comes."""

        def receive(to: str, mail: EmailMessage) -> str | float | None:
            answer = script(to, mail) if script else TAKES
            if not isinstance(answer, str):
                # Counted when it has come, even if who sent it is killed before the answer.
                self.received.append(mail["Message-ID"])
            return answer

        self.catcher.script = receive

    def new_site(self, **over: str) -> Site:
        """The application's processes, none started yet; it replaces the one before."""
        folder = self.var / f"site-{next(self._folders)}"
        folder.mkdir()
        quick = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(self.catcher.port)} | QUICK
        self.site = Site(folder, **quick | over)
        return self.site

    def clear(self) -> None:
        """End all processes and forget all rows."""
        if self.site is not None:
            self.site.stop()
            self.site.listener.close()
            self.site = None
        self.answers(None)
        self.received.clear()
        self.catcher.mails.clear()
        empty_broker()
        connection.close()
        call_command("flush", interactive=False, verbosity=0)

    def close(self) -> None:
        if self.site is not None:
            self.site.stop()
        connection.close()
        self.catcher.stop()
        self.broker.stop()
        self.database.stop()

    def state(self) -> str:
        mails = Counter(Mail.objects.values_list("kind", "state", "error"))
        return f"{mails}, {Counter(Reminder.objects.values_list('state', flat=True))}\n{self.logs()}"

    def logs(self) -> str:
        return self.site.logs() if self.site is not None else ""

    # what goes wrong

    def stop_database(self, how: signal.Signals) -> None:
        """SIGINT is a fast shutdown; SIGKILL a crash, after which it has to recover."""
        connection.close()
        process = psutil.Process(self.database.pid)
        process.send_signal(how)
        if self.database.child is not None:
            self.database.child.wait(timeout=30)

    def start_database(self) -> None:
        """Returns when it accepts connections."""
        self.database = postgres.start(self.home / "postgres")

    def kill_broker(self) -> None:
        os.kill(self.broker.pid, signal.SIGKILL)
        if self.broker.child is not None:
            self.broker.child.wait(timeout=10)

    def start_empty_broker(self) -> None:
        for saved in (self.var / "valkey").glob("*.rdb"):
            saved.unlink()
        self.broker = valkey.start(self.var / "valkey")

    # what is counted

    def repeats(self) -> int:
        return len(self.received) - len(set(self.received))

    def most_repeats_of_one(self) -> int:
        return max(Counter(list(self.received)).values(), default=1) - 1

    def wait_for_reminders(self, due: int, seconds: float) -> None:
        """Until every reminder is in the outbox and every mail of one is settled."""
        settled = [Mail.State.SENT, Mail.State.FAILED, Mail.State.WITHDRAWN]
        mails = Mail.objects.filter(kind="reminder", state__in=settled)
        waiting = Reminder.objects.filter(state=Reminder.State.WAITING, due_at__lte=timezone.now())
        wait_until(lambda: not waiting.exists() and mails.count() >= due, seconds, self.state)
        time.sleep(0.5)


def make_due_reminders(many: int) -> None:
    """So many reminders due this moment, of sessions that begin in forty minutes."""
    program = factories.make_program()
    goal = factories.make_goal(factories.make_mentee(program))
    factories.make_engagement(goal, factories.make_mentor(program))
    series = Series.objects.get()
    Reminder.objects.all().delete()
    Mail.objects.all().delete()
    add_due_sessions(series, many // 2)


def add_due_sessions(series: Series, many: int) -> list[Session]:
    """Sessions that begin in forty minutes, with a reminder for each of the two that is due."""
    now = timezone.now()
    starts_at = now + timedelta(minutes=40)
    sessions = Session.objects.bulk_create(
        Session(
            series=series,
            number=1000 + n,
            on=starts_at.date(),
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1),
        )
        for n in range(many)
    )
    Reminder.objects.bulk_create(
        Reminder(session=session, person=person, kind=Reminder.Kind.LATE, due_at=now)
        for session in sessions
        for person in (series.mentor, series.mentee)
    )
    return sessions


def in_parallel(works: list, threads: int = 4) -> None:
    """Do all of these, four at a time, each thread on a connection of its own."""
    waiting = list(works)
    lock = threading.Lock()
    broken: list[BaseException] = []

    def run() -> None:
        try:
            while True:
                with lock:
                    if not waiting:
                        return
                    work = waiting.pop()
                work()
        except Exception as error:  # noqa: BLE001 (raised again below, in the thread that waits)
            broken.append(error)
        finally:
            connection.close()

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if broken:
        raise broken[0]
