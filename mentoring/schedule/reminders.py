"""Reminding two people of their sessions: rows that become mails when they are due."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from mentoring.outbox.choices import held_choices
from mentoring.outbox.hours import fit
from mentoring.outbox.models import Category, MailChoices
from mentoring.outbox.services import withdraw
from mentoring.schedule import mails
from mentoring.schedule.models import Reminder, Session

BATCH = 200
BY_THE_CLOCK = 5 * 60  # minutes


def plan_reminders(sessions: Sequence[Session], now: datetime) -> None:
    """Plan the reminders of sessions that have none yet, for both people of each, as each has chosen.

    One whose hour has passed when the session is made says nothing new.
    """
    people = {one.pk: one for session in sessions for one in (session.series.mentor, session.series.mentee)}
    choices = MailChoices.objects.of(people)
    Reminder.objects.bulk_create(
        Reminder(
            session=session, person=person, kind=kind, due_at=fitted(session, person, wanted, chosen, now)
        )
        for session in sessions
        for person in (session.series.mentor, session.series.mentee)
        for chosen in [choices[person.pk]]
        for kind, before in lengths(chosen).items()
        if (wanted := session.starts_at - before) > now
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
    """Put the mails of reminders that are due into the outbox; returns how many reminders were looked at.

    Dropped is one whose session was cancelled or has begun, one whose reader's account is closed, and an
    early one when the late one is due as well. One that is late and would now fall into quiet hours waits for
    their end. Batches are claimed with SKIP LOCKED, so that any number of workers may do this at once.
    """
    settled = 0
    while batch := _queue_batch(now):
        settled += batch
    return settled


def lengths(choices: MailChoices) -> dict[str, timedelta]:
    """How long before a session its reminders are due, by kind; a kind that is not wanted is not there."""
    minutes = {Reminder.Kind.EARLY: choices.early_minutes, Reminder.Kind.LATE: choices.late_minutes}
    return {kind: timedelta(minutes=count) for kind, count in minutes.items() if count is not None}


def fitted(session: Session, person: User, wanted: datetime, choices: MailChoices, now: datetime) -> datetime:
    quiet = choices.quiet(person.zone_info)
    return fit(wanted, now=now, starts_at=session.starts_at, quiet=quiet)


def in_words(at: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """How far away an instant is, as people say it: by the clock within some hours, else by the day."""
    minutes = round((at - now) / timedelta(minutes=1))
    if minutes < 50:
        rounded = minutes if minutes < 10 else 5 * round(minutes / 5)
        return f"in {rounded} minutes" if rounded > 1 else "in a minute"
    if minutes < 75:
        return "in an hour"
    if minutes < 105:
        return "in an hour and a half"
    if minutes <= BY_THE_CLOCK:
        return f"in {round(minutes / 60)} hours"
    on, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    days = (on - today).days
    return {0: "today", 1: "tomorrow", 7: "in a week"}.get(days, f"in {days} days")


@transaction.atomic
def _queue_batch(now: datetime) -> int:
    reminders = list(
        Reminder.objects.due(now)
        # The session too: one that is being cancelled this moment is left for the next wake-up.
        .select_for_update(of=("self", "session"), skip_locked=True)
        .select_related("person", "session__series__mentor", "session__series__mentee")
        .select_related("session__series__engagement")[:BATCH]
    )
    if not reminders:
        return 0
    choices = held_choices(one.person_id for one in reminders)
    passed = _with_late_one_due(reminders, now)
    queued, dropped, postponed = [], [], []
    for reminder in reminders:
        session, chosen = reminder.session, choices[reminder.person_id]
        has_begun = session.state != Session.State.PLANNED or session.starts_at <= now
        is_vain = has_begun or not reminder.person.is_active
        if is_vain or reminder.pk in passed or not chosen.wants(Category.REMINDERS):
            dropped.append(reminder.pk)
        elif (due_at := fitted(session, reminder.person, now, chosen, now)) > now:
            reminder.due_at = due_at
            postponed.append(reminder)
        else:
            queued.append(reminder.pk)
            when = in_words(session.starts_at, now=now, zone=reminder.person.zone_info)
            mails.reminder_due(session, reminder.person, reminder.kind, when, now, chosen)
    Reminder.objects.filter(pk__in=queued).update(state=Reminder.State.QUEUED)
    Reminder.objects.filter(pk__in=dropped).update(state=Reminder.State.DROPPED)
    Reminder.objects.bulk_update(postponed, ["due_at"])
    return len(reminders)


def _with_late_one_due(reminders: Iterable[Reminder], now: datetime) -> Collection[int]:
    """Keys of the early ones whose late one is due as well, or gone already."""
    early = {(one.session_id, one.person_id): one.pk for one in reminders if one.kind == Reminder.Kind.EARLY}
    late = Reminder.objects.filter(
        ~Q(state=Reminder.State.DROPPED),
        kind=Reminder.Kind.LATE,
        due_at__lte=now,
        session_id__in={session_id for session_id, _ in early},
    )
    pairs = late.values_list("session_id", "person_id")
    return {early[pair] for pair in pairs if pair in early}


def _withdraw_reminders(session_ids: Sequence[uuid.UUID]) -> None:
    withdraw([mails.about(pk) for pk in session_ids], kind="reminder")
