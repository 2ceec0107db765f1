"""Reminding two people of their sessions: rows that become mails when they are due."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from mentoring.outbox.services import queue_mail, withdraw
from mentoring.schedule.mails import about
from mentoring.schedule.models import Reminder, Session

REMINDERS = {Reminder.Kind.EARLY: timedelta(hours=24), Reminder.Kind.LATE: timedelta(hours=1)}
BATCH = 200


def plan_reminders(sessions: Sequence[Session], now: datetime) -> None:
    """Plan the reminders of sessions that have none yet, for both people of each.

    One whose hour has passed when the session is made says nothing new.
    """
    Reminder.objects.bulk_create(
        Reminder(session=session, person=person, kind=kind, due_at=session.starts_at - before)
        for session in sessions
        for person in (session.series.mentor, session.series.mentee)
        for kind, before in REMINDERS.items()
        if session.starts_at - before > now
    )


@transaction.atomic
def replan_reminders(session: Session, now: datetime) -> None:
    """Plan the reminders of a session anew, at the time that it has now. The caller has locked its row."""
    _withdraw_reminders([session.pk])
    Reminder.objects.filter(session=session).delete()
    plan_reminders([session], now)


@transaction.atomic
def drop_reminders(session_ids: Sequence[uuid.UUID]) -> None:
    """Send no reminder of these sessions any more. The caller has locked their rows."""
    waiting = Reminder.objects.filter(session_id__in=session_ids, state=Reminder.State.WAITING)
    waiting.update(state=Reminder.State.DROPPED)
    _withdraw_reminders(session_ids)


def queue_reminders(now: datetime) -> int:
    """Put the mails of reminders that are due into the outbox; returns how many reminders were settled.

    A reminder of a session that was cancelled or has begun is dropped. Batches are claimed with SKIP
    LOCKED, so that any number of workers may do this at once.
    """
    settled = 0
    while batch := _queue_batch(now):
        settled += batch
    return settled


@transaction.atomic
def _queue_batch(now: datetime) -> int:
    reminders = list(
        Reminder.objects.due(now)
        # The session too: one that is being cancelled this moment is left for the next wake-up.
        .select_for_update(of=("self", "session"), skip_locked=True)
        .select_related("person", "session__series__mentor", "session__series__mentee")[:BATCH]
    )
    queued, dropped = [], []
    for reminder in reminders:
        session = reminder.session
        if session.state != Session.State.PLANNED or session.starts_at <= now:
            dropped.append(reminder.pk)
            continue
        queued.append(reminder.pk)
        _queue_reminder(reminder, now)
    Reminder.objects.filter(pk__in=queued).update(state=Reminder.State.QUEUED)
    Reminder.objects.filter(pk__in=dropped).update(state=Reminder.State.DROPPED)
    return len(reminders)


def _queue_reminder(reminder: Reminder, now: datetime) -> None:
    session = reminder.session
    series = session.series
    queue_mail(
        kind="reminder",
        to=reminder.person,
        template="reminder",
        context={
            "session": session,
            "other": series.other(reminder.person),
            "engagement_id": series.engagement_id,
        },
        # A session that was moved is reminded of again.
        key=f"reminder:{session.pk}:{reminder.person_id}:{reminder.kind}:{session.sequence}",
        now=now,
        about=about(session.pk),
        send_before=session.starts_at,
    )


def _withdraw_reminders(session_ids: Sequence[uuid.UUID]) -> None:
    withdraw([about(pk) for pk in session_ids], kind="reminder")
