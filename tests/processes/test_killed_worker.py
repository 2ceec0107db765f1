"""Five hundred reminders are due, and the worker that sends them is killed twenty times."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from mentoring.outbox.models import Mail
from mentoring.schedule.models import Reminder, Series, Session
from tests import factories
from tests.running import Catcher, Running, Site, empty_broker, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
SESSIONS = 125  # each with two reminders for each of the two
KILLS = 20
MAILS_BETWEEN = 20


@pytest.fixture
def site(catcher: Catcher, tmp_path: Path):
    """A lease and wake-ups so short that the test need not wait for them; everything else as always."""
    empty_broker()
    quick = {
        "OUTBOX_LEASE_SECONDS": "3",
        "DISPATCH_EVERY": "1",
        "REMINDERS_EVERY": "1",
        "CELERY_SKIP_CHECKS": "1",
    }
    running = Site(tmp_path, EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(catcher.port), **quick)
    yield running
    running.stop()


def make_due_reminders() -> None:
    program = factories.make_program()
    goal = factories.make_goal(factories.make_mentee(program))
    factories.make_engagement(goal, factories.make_mentor(program))
    Mail.objects.all().delete()
    series = Series.objects.get()
    now = timezone.now()
    sessions = Session.objects.bulk_create(
        Session(
            series=series,
            number=1000 + n,
            starts_at=now + timedelta(minutes=40),
            ends_at=now + timedelta(minutes=100),
        )
        for n in range(SESSIONS)
    )
    Reminder.objects.bulk_create(
        Reminder(session=session, person=person, kind=kind, due_at=now)
        for session in sessions
        for person in (series.mentor, series.mentee)
        for kind in Reminder.Kind
    )


def test_no_reminder_is_lost_and_each_kill_repeats_at_most_one(
    site: Site, catcher: Catcher, capsys: pytest.CaptureFixture[str]
) -> None:
    make_due_reminders()
    due = SESSIONS * 4
    received: list[str] = []

    def receive(to: str, mail) -> float:
        # Counted when it has come, even if who sent it is killed before the answer.
        received.append(mail["Message-ID"])
        return 0.02

    catcher.script = receive
    began = time.monotonic()
    site.start_beat()
    # One sends while the next one starts; each is one process, so that one mail at most is under way in it.
    workers: list[Running] = [site.start_worker(f"worker{n}", concurrency=1, wait=False) for n in range(2)]
    # the first while the reminders go into the outbox, batch by batch
    wait_until(lambda: Reminder.objects.filter(state=Reminder.State.QUEUED).exists(), 40, "a first batch")
    for kill in range(KILLS):
        wait_until(lambda so_many=MAILS_BETWEEN * kill: len(set(received)) >= so_many, 40, "more mails")
        workers.pop(0).kill()
        workers.append(site.start_worker(f"worker{kill + 2}", concurrency=1, wait=False))
    sent_by_then = len(set(received))
    sent = Mail.objects.filter(kind="reminder", state=Mail.State.SENT)
    wait_until(lambda: sent.count() == due, 60, "all are sent")
    seconds = time.monotonic() - began
    repeats = len(received) - len(set(received))
    with capsys.disabled():
        print(f"\n{due} reminders, {KILLS} kills: {repeats} repeats, {seconds:.0f} s", end=" ")
    assert sent_by_then < due, "the kills came too late to matter"
    assert set(received) == {mail.headers["Message-ID"] for mail in sent}
    assert set(Reminder.objects.filter(session__number__gte=1000).values_list("state", flat=True)) == {
        "queued"
    }
    assert Mail.objects.filter(kind="reminder").count() == due
    assert repeats <= KILLS
