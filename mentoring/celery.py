"""The Celery application and its clock.

Every entry only wakes a task that looks in PostgreSQL for what is due; nothing is scheduled in Redis,
so a broker that was away or came back empty has delayed work and lost none.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentoring.settings")
app = Celery("holdfast")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# `expires` keeps a backlog of wake-ups from piling up while no worker runs: one is as good as many.
app.conf.beat_schedule = {
    "dispatch-mail": {
        "task": "outbox.dispatch_mail",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "clear-sent-mail": {"task": "outbox.clear_sent_mail", "schedule": 900.0, "options": {"expires": 900}},
    "queue-reminders": {"task": "schedule.queue_reminders", "schedule": 60.0, "options": {"expires": 60}},
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
    "resume-match-runs": {"task": "matching.resume_match_runs", "schedule": 30.0, "options": {"expires": 30}},
}
