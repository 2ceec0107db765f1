"""The helpers that start real processes do what the tests that use them rely on."""

from datetime import timedelta

import psutil
import pytest
from django.core.mail import EmailMessage
from django.utils import timezone

from mentoring.outbox.backend import OutboxBackend
from mentoring.outbox.models import Mail
from tests.running import Catcher, Site, text_of, wait_until

pytestmark = pytest.mark.processes


def queue(subject: str, text: str) -> None:
    # Django's test environment replaces EMAIL_BACKEND by one that keeps mails in memory.
    EmailMessage(
        subject, text, "Holdfast <holdfast@localhost>", ["amara@example.org"], connection=OutboxBackend()
    ).send()


def test_worker_sends_what_beat_finds(site: Site, catcher: Catcher) -> None:
    queue("Rota", "The rota is here.")
    site.start_worker(wait=False)
    site.start_beat()
    mail = catcher.wait_for("amara@example.org", subject="Rota")
    assert text_of(mail) == "The rota is here.\n"
    wait_until(lambda: Mail.objects.get().state == Mail.State.SENT, 5)


def test_moved_clock_reaches_the_children(site: Site, catcher: Catcher) -> None:
    queue("Later", "Not yet.")
    later = timezone.now() + timedelta(days=2)
    Mail.objects.update(due_at=later)
    site.ahead = timedelta(days=2, minutes=1)
    site.start_beat()
    site.start_worker()
    catcher.wait_for("amara@example.org", subject="Later")
    wait_until(lambda: Mail.objects.get().state == Mail.State.SENT, 5)
    assert Mail.objects.get().sent_at >= later


def test_kill_leaves_no_child(site: Site) -> None:
    worker = site.start_worker()
    children = psutil.Process(worker.pid).children(recursive=True)
    assert len(children) >= 2
    worker.kill()
    _, alive = psutil.wait_procs(children, timeout=3)
    assert alive == []
