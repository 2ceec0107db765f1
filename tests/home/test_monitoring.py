"""What monitoring reads: how old the oldest due mail and reminder are; with a token, and nobody without."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from mentoring.outbox.models import Mail
from mentoring.schedule.models import Reminder
from tests import factories
from tests.outbox.test_dispatch import make_mail

pytestmark = pytest.mark.django_db
TOKEN = "a token of monitoring"


def read(client, token: str = TOKEN):
    return client.get("/healthz/due", headers={"Authorization": f"Bearer {token}"})


def values(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


@pytest.fixture
def token(settings) -> None:
    settings.MONITORING_TOKEN = TOKEN


def test_due_tells_ages_and_counts(client, token: None, cast) -> None:
    now = timezone.now()
    factories.make_engagement(cast.goal, cast.mentor)
    Mail.objects.all().delete()
    Reminder.objects.filter(pk=Reminder.objects.order_by("pk")[0].pk).update(
        due_at=now - timedelta(seconds=200)
    )
    make_mail(due_at=now - timedelta(seconds=90))
    make_mail(due_at=now - timedelta(hours=9), state="withdrawn")
    make_mail(due_at=now + timedelta(hours=1))
    for hours in (1, 25):
        make_mail(state="failed", failed_at=now - timedelta(hours=hours))
    answer = read(client)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = values(answer.text)
    assert 90 <= found["holdfast_oldest_due_mail_seconds"] < 150
    assert 200 <= found["holdfast_oldest_due_reminder_seconds"] < 260
    states = {state: found[f'holdfast_mails{{state="{state}"}}'] for state in ("waiting", "failed", "sent")}
    assert states == {"waiting": 2, "failed": 2, "sent": 0}
    assert found["holdfast_mails_failed_last_day"] == 1


def test_due_of_nothing_is_zero(client, token: None) -> None:
    assert set(values(read(client).text).values()) == {0.0}


@pytest.mark.parametrize("given", ["", "another", TOKEN + "x", "ü" * 9, "\ud800"])
def test_due_without_the_token_is_404(client, token: None, given: str) -> None:
    assert client.get("/healthz/due", HTTP_AUTHORIZATION=f"Bearer {given}").status_code == 404


def test_due_where_no_token_is_set_is_404(client, settings) -> None:
    assert settings.MONITORING_TOKEN == ""
    assert client.get("/healthz/due").status_code == 404
    assert read(client, "").status_code == 404
    assert read(client).status_code == 404


def test_due_command_fails_beyond_its_bound(capsys: pytest.CaptureFixture[str]) -> None:
    make_mail(due_at=timezone.now() - timedelta(seconds=90))
    call_command("due")
    assert "holdfast_oldest_due_mail_seconds 9" in capsys.readouterr().out
    with pytest.raises(CommandError, match="due for 9"):
        call_command("due", "--at-most", "60")
