"""The Celery application and its clock.

Every entry only wakes a task that looks in PostgreSQL for what is due; nothing is scheduled in Redis,
so a broker that was away or came back empty has delayed work and lost none.
"""

import logging
import os
import time
from dataclasses import dataclass

from celery import Celery
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from mentoring import broker

log = logging.getLogger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentoring.settings")
broker.let_workers_outlive_it()
app = Celery("holdfast")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# How soon a mail that is due is sent, and a reminder that is due written, in seconds.
DISPATCH_EVERY = float(os.environ.get("DISPATCH_EVERY", "5"))
REMINDERS_EVERY = float(os.environ.get("REMINDERS_EVERY", "60"))
# How soon a match run whose worker died is given to another.
MATCH_RESUME_EVERY = float(os.environ.get("MATCH_RESUME_EVERY", "30"))
# `expires` keeps a backlog of wake-ups from piling up while no worker runs: one is as good as many.
app.conf.beat_schedule = {
    "dispatch-mail": {
        "task": "outbox.dispatch_mail",
        "schedule": DISPATCH_EVERY,
        "options": {"expires": DISPATCH_EVERY},
    },
    "send-digests": {"task": "outbox.send_digests", "schedule": 60.0, "options": {"expires": 60}},
    "clear-sent-mail": {"task": "outbox.clear_sent_mail", "schedule": 900.0, "options": {"expires": 900}},
    "forget-old-mail": {
        "task": "outbox.forget_old_mail",
        "schedule": 21600.0,
        "options": {"expires": 21600},
    },
    "queue-reminders": {
        "task": "schedule.queue_reminders",
        "schedule": REMINDERS_EVERY,
        "options": {"expires": REMINDERS_EVERY},
    },
    "read-calendars": {"task": "schedule.read_calendars", "schedule": 60.0, "options": {"expires": 60}},
    "lapse-proposals": {
        "task": "schedule.lapse_proposals",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    # New zone data comes with an upgrade, which starts beat and the workers anew.
    "recompute-zones": {
        "task": "schedule.recompute_zones",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "expire-requests": {
        "task": "engagements.expire_requests",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "end-engagements": {
        "task": "engagements.end_engagements",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    # What was given until midnight (UTC) is counted after it, once; a beat that was away loses no day.
    "release-empathy": {
        "task": "engagements.release_empathy",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "heal-search": {"task": "accounts.heal_search", "schedule": 300.0, "options": {"expires": 300}},
    "compute-meanings": {
        "task": "matching.compute_meanings",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "suggest-mentors": {
        "task": "matching.suggest_everywhere",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "make-downloads": {"task": "owndata.make_downloads", "schedule": 60.0, "options": {"expires": 60}},
    "forget-own-data": {"task": "owndata.forget", "schedule": 900.0, "options": {"expires": 900}},
    "publish-pairings": {"task": "matching.publish_due", "schedule": 30.0, "options": {"expires": 30}},
    "resume-imports": {"task": "transfer.resume_imports", "schedule": 30.0, "options": {"expires": 30}},
    "resume-match-runs": {
        "task": "matching.resume_match_runs",
        "schedule": MATCH_RESUME_EVERY,
        "options": {"expires": MATCH_RESUME_EVERY},
    },
}


# Having found the broker away, a process leaves it alone for so many seconds: no page waits twice.
PAUSE = 5.0


@dataclass
class _Broker:
    away_until: float = 0.0  # by the monotonic clock


_broker = _Broker()


def publish(task: str, *args: str) -> None:
    """Wake a worker, if the broker takes the message within about a second.

    If it does not, nothing is lost and no page fails: what is to be done stands in PostgreSQL, and beat's
    next wake-up finds it there.
    """
    if time.monotonic() < _broker.away_until:
        return
    try:
        app.send_task(task, args=args, retry=False, ignore_result=True)
    except (OperationalError, RedisError, OSError) as error:
        _broker.away_until = time.monotonic() + PAUSE
        log.warning("the broker did not take %s: %r", task, error)


def publish_on_commit(task: str, *args: str) -> None:
    """Publish once the transaction is committed; the same task many times in one is published once."""
    wake_up = _WakeUp(task, args)
    connection = transaction.get_connection()
    # A twin in a savepoint that may be rolled back without us does not speak for us.
    ours = set(connection.savepoint_ids)
    if not any(waiting == wake_up and sids <= ours for sids, waiting, _ in connection.run_on_commit):
        transaction.on_commit(wake_up)


@dataclass(frozen=True)
class _WakeUp:
    task: str
    args: tuple[str, ...]

    def __call__(self) -> None:
        publish(self.task, *self.args)
