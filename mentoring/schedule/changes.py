"""Changing a series from some date on: one of the two proposes other terms, the other answers.

Every function takes both people's locks before it reads what stands in the database, as everything does
that reserves for them or ends what they have.
"""

import uuid
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from mentoring.outbox.services import locked_about, withdraw
from mentoring.schedule import mails_series as mails
from mentoring.schedule.mails import about_change
from mentoring.schedule.models import Change, Series, Session, SessionQuerySet
from mentoring.schedule.preview import preview
from mentoring.schedule.services import (
    ScheduleError,
    cancel_sessions,
    close_changes,
    lock_people,
    reserve_series,
)
from mentoring.schedule.times import Terms

State = Change.State
FIRST_ZONE = timedelta(hours=14)  # its dates begin so long before those of UTC
CLOSED = {
    State.ACCEPTED: "These terms are agreed already.",
    State.DECLINED: "These terms have been declined already.",
    State.WITHDRAWN: "These terms have been taken back.",
    State.REPLACED: "Other terms have been proposed meanwhile.",
    State.LAPSED: "These terms are no longer possible.",
}


@transaction.atomic
def propose_change(*, series_id: uuid.UUID, by: User, terms: Terms, now: datetime) -> Change:
    """Propose other terms, which replace a proposal that waits, of either. Until then nothing changes.

    Twice does once: the proposal that waits already is given back.
    """
    series = _lock_series(series_id)
    _check_terms(series, terms, now)
    waiting = series.changes.filter(state=State.OPEN).first()
    if waiting and (waiting.by_id, waiting.terms) == (by.pk, terms):
        return waiting
    lately = series.changes.filter(by=by, created_at__gt=now - timedelta(days=1))
    if lately.count() >= Change.A_DAY:
        raise ScheduleError("You have proposed many times today. Give it until tomorrow.")
    if waiting:
        _close(waiting, State.REPLACED, now)
    change = Change.objects.create(series=series, by=by, created_at=now, **asdict(terms))
    mails.change_proposed(change, series.other(by), now)
    return change


@transaction.atomic
def accept_change(*, change_id: uuid.UUID, by: User, now: datetime, seen: str | None = None) -> Series:
    """Say yes: a new series is reserved from its first date on, in place of what the old one had there.

    All of it or nothing: if any session of the new one collides, everything stays as it was. `seen` is the
    key of the preview that the person has read: nobody says yes to dates that differ without knowing.
    """
    change = _lock_open(change_id)
    series = change.series
    if change.by_id == by.pk:
        raise ScheduleError("You proposed these terms. It is for the other to accept.")
    _check_terms(series, change.terms, now)
    if seen is not None and seen != preview(change.terms, series.mentor, series.mentee).key:
        raise ScheduleError("The dates that differ have changed meanwhile. These are the ones now.")
    ahead = given_up(change, now)
    locked = list(ahead.order_by("pk").select_for_update())
    planned = [session.pk for session in locked if session.state == Session.State.PLANNED]
    cancel_sessions(planned, now)
    # What time away had skipped does not come back with it: the new series has sessions of its own.
    ahead.filter(state=Session.State.SKIPPED).update(state=Session.State.CANCELLED, away=None)
    successor = reserve_series(
        engagement_id=series.engagement_id,
        mentor=series.mentor,
        mentee=series.mentee,
        terms=change.terms,
        now=now,
        replacing=series,
    )
    _close(change, State.ACCEPTED, now)
    mails.series_changed(successor, planned, now)
    return successor


@transaction.atomic
def decline_change(*, change_id: uuid.UUID, by: User, now: datetime) -> Change:
    """The other says no: the series stays as it is, and the proposer is told."""
    change = _lock_open(change_id)
    if change.by_id == by.pk:
        raise ScheduleError("You proposed these terms. You can take them back.")
    _close(change, State.DECLINED, now)
    mails.change_declined(change, now)
    return change


@transaction.atomic
def withdraw_change(*, change_id: uuid.UUID, by: User, now: datetime) -> Change:
    """The proposer takes it back. The other is told if the proposal has reached them, or may have."""
    change = _lock_open(change_id)
    if change.by_id != by.pk:
        raise ScheduleError("Only the one who proposed them can take them back. You can decline them.")
    has_been_told = any(mail.is_on_its_way for mail in locked_about(about_change(change.pk)))
    _close(change, State.WITHDRAWN, now)
    if has_been_told:
        mails.change_withdrawn(change, now)
    return change


@transaction.atomic
def lapse_changes(now: datetime) -> int:
    """Close the open changes whose first session would have begun; returns how many."""
    near = Change.objects.open().filter(starts_on__lte=(now + FIRST_ZONE).date()).order_by("pk")
    # Whoever holds one this moment is answering it, or closes it; the next wake-up looks again.
    locked = near.select_for_update(no_key=True, skip_locked=True)
    return close_changes([change for change in locked if _is_late(change.terms, now)], now)


def given_up(change: Change, now: datetime) -> SessionQuerySet:
    """The sessions ahead whose place the new ones would take, skipped ones too."""
    return Session.objects.filter(series_id=change.series_id, on__gte=change.starts_on, starts_at__gt=now)


def is_open_to_answer(change: Change, now: datetime) -> bool:
    """Whether it can still be accepted or declined; series and engagement must be loaded."""
    return (
        change.state == State.OPEN
        and is_open_to_change(change.series, now)
        and not _is_late(change.terms, now)
    )


def is_open_to_change(series: Series, now: datetime) -> bool:
    """Whether other terms can still be proposed; the engagement must be loaded."""
    is_over = series.ends_on <= now.astimezone(series.zone_info).date()
    has_successor = Series.objects.filter(replaces=series).exists()
    return series.is_under_way and not has_successor and not is_over


def _lock_series(series_id: uuid.UUID) -> Series:
    rows = Series.objects.select_related("mentor", "mentee", "engagement")
    pair = rows.get(pk=series_id)
    lock_people([pair.mentor_id, pair.mentee_id])
    return rows.select_for_update(of=("self",), no_key=True).get(pk=series_id)


def _lock_open(change_id: uuid.UUID) -> Change:
    series = _lock_series(Change.objects.get(pk=change_id).series_id)
    change = (
        Change.objects.select_for_update(of=("self",), no_key=True).select_related("by").get(pk=change_id)
    )
    if change.state != State.OPEN:
        raise ScheduleError(CLOSED[State(change.state)])
    change.series = series
    return change


def _check_terms(series: Series, terms: Terms, now: datetime) -> None:
    """Refuse terms that the series cannot have, whatever is reserved."""
    if not series.is_under_way:
        raise ScheduleError("The engagement has ended.")
    if Series.objects.filter(replaces=series).exists():
        raise ScheduleError("These two have agreed on other terms meanwhile.")
    if _is_late(terms, now):
        raise ScheduleError("The first session at the new time would lie in the past. Choose a later date.")
    if terms.ends_on > series.ends_on:
        raise ScheduleError("The engagement ends before these terms would.")
    if series.minutes == terms.minutes and (
        _dates_ahead(series.terms, terms) == [one.starts_at for one in terms.occurrences()]
    ):
        raise ScheduleError("These are the terms that you have already.")


def _is_late(terms: Terms, now: datetime) -> bool:
    """Whether the first session does not lie ahead, or there is none."""
    occurrences = terms.occurrences()
    return not occurrences or occurrences[0].starts_at <= now


def _dates_ahead(old: Terms, new: Terms) -> list[datetime]:
    """When the old terms meet from the first date of the new ones on."""
    return [one.starts_at for one in old.occurrences() if one.on >= new.starts_on]


def _close(change: Change, state: str, now: datetime) -> None:
    """Close it, and send nothing any more that asks for an answer."""
    withdraw([about_change(change.pk)])
    change.state, change.closed_at = state, now
    change.save(update_fields=["state", "closed_at"])
