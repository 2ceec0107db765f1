"""How far background work is behind, for whoever watches over an installation: numbers and no names."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from mentoring.outbox.models import Mail
from mentoring.schedule.models import Reminder

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Backlog:
    """Ages are in seconds, 0 where nothing is due."""

    oldest_mail: float
    oldest_reminder: float
    mails: dict[str, int]
    failed_last_day: int

    @property
    def oldest(self) -> float:
        return max(self.oldest_mail, self.oldest_reminder)


def backlog(now: datetime) -> Backlog:
    counted = dict(Mail.objects.order_by().values_list("state").annotate(Count("pk")))
    return Backlog(
        oldest_mail=_age(Mail.objects.due(now).values_list("due_at", flat=True).first(), now),
        oldest_reminder=_age(Reminder.objects.due(now).values_list("due_at", flat=True).first(), now),
        mails={state: counted.get(state, 0) for state in Mail.State.values},
        failed_last_day=Mail.objects.filter(state=Mail.State.FAILED, failed_at__gt=now - ONE_DAY).count(),
    )


def _age(due_at: datetime | None, now: datetime) -> float:
    return 0.0 if due_at is None else (now - due_at).total_seconds()


def exposition(found: Backlog) -> str:
    """The same in Prometheus' text format."""
    lines = [
        *_gauge("oldest_due_mail_seconds", "Age of the oldest mail that is due and not sent"),
        f"holdfast_oldest_due_mail_seconds {found.oldest_mail:.1f}",
        *_gauge("oldest_due_reminder_seconds", "Age of the oldest reminder that is due and not written"),
        f"holdfast_oldest_due_reminder_seconds {found.oldest_reminder:.1f}",
        *_gauge("mails", "Mails in the outbox by state"),
        *(f'holdfast_mails{{state="{state}"}} {many}' for state, many in found.mails.items()),
        *_gauge("mails_failed_last_day", "Mails that failed for good within 24 hours"),
        f"holdfast_mails_failed_last_day {found.failed_last_day}",
    ]
    return "\n".join(lines) + "\n"


def _gauge(name: str, words: str) -> list[str]:
    return [f"# HELP holdfast_{name} {words}.", f"# TYPE holdfast_{name} gauge"]
