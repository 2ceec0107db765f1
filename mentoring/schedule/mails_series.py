"""What is said by mail about a whole series, time away and new zone data: one function a message."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from accounts.models import User
from mentoring.outbox.models import Category
from mentoring.outbox.services import queue_mail
from mentoring.schedule.mails import about_change, calendar_file
from mentoring.schedule.models import Change, Series, Session, TimeAway
from mentoring.schedule.preview import preview


def about_time_away(away_id: uuid.UUID) -> str:
    return f"time_away:{away_id}"


def change_proposed(change: Change, other: User, now: datetime) -> None:
    _about_change(change, other, "change_proposed", now)


def change_declined(change: Change, now: datetime) -> None:
    _about_change(change, change.by, "change_declined", now)


def change_withdrawn(change: Change, now: datetime) -> None:
    _about_change(change, change.series.other(change.by), "change_withdrawn", now)


def series_changed(series: Series, cancelled: Sequence[uuid.UUID], now: datetime) -> None:
    """To both: what is given up and what is reserved instead, in one mail."""
    given_up = _loaded(cancelled)
    reserved = _loaded(series.sessions.planned().values_list("pk", flat=True))
    agreed = preview(series.terms, series.mentor, series.mentee)
    for reader in (series.mentor, series.mentee):
        _about_series(
            series, reader, "series_changed", now, key=f"series_changed:{series.pk}:{reader.pk}",
            sessions=[*given_up, *reserved], given_up=given_up, preview=agreed, first=reserved[0],
        )  # fmt: skip


def is_away(
    away: TimeAway, series: Series, skipped: Sequence[Session], now: datetime, *, was_asked: bool
) -> None:
    """To the other, without a reason: what is skipped. What they are asked to move comes as a mail each."""
    reader = series.other(away.person)
    _about_series(
        series, reader, "person_away", now, key=f"person_away:{away.pk}:{series.pk}",
        about=about_time_away(away.pk), sessions=skipped, skipped=skipped, was_asked=was_asked,
        know_by=skipped[0].starts_at,
    )  # fmt: skip


def time_away_noted(
    away: TimeAway, skipped: Sequence[Session], asked: Sequence[Session], now: datetime
) -> None:
    """To the person: a summary over all programs, and what leaves their calendar."""
    reader = away.person
    queue_mail(
        kind="time_away_noted",
        to=reader,
        template="time_away_noted",
        context={
            "away": away,
            "skipped": [(session, session.series.other(reader)) for session in skipped],
            "asked": [(session, session.series.other(reader)) for session in asked],
        },
        key=f"time_away_noted:{away.pk}",
        about=about_time_away(away.pk),
        now=now,
        category=Category.SESSIONS,
        **calendar_file(skipped, reader, now),
    )


def is_not_away(
    away_id: uuid.UUID, person: User, series: Series, restored: Sequence[Session], now: datetime
) -> None:
    """To the other: what is reserved again."""
    _about_series(
        series, series.other(person), "person_not_away", now, key=f"person_not_away:{away_id}:{series.pk}",
        sessions=restored, restored=restored, know_by=restored[0].starts_at,
    )  # fmt: skip


def zone_changed(
    series: Series, moved: Sequence[tuple[Session, datetime]], taken: Sequence[Session], now: datetime
) -> None:
    """To both: what new zone data has moved, from when to when, and what it could not move.

    Essential, since time is reserved and given back without anybody's doing.
    """
    concerned = [*(session for session, _ in moved), *taken]
    first = min([*(was_at for _, was_at in moved), *(session.starts_at for session in concerned)])
    for reader in (series.mentor, series.mentee):
        key = f"zone_changed:{series.pk}:{now.isoformat()}:{reader.pk}"
        _about_series(
            series, reader, "zone_changed", now, key=key, know_by=first, category=Category.ESSENTIAL,
            sessions=[session for session, _ in moved], moved=moved, taken=taken,
        )  # fmt: skip


def _about_change(change: Change, reader: User, template: str, now: datetime) -> None:
    series = change.series
    agreed = preview(change.terms, series.mentor, series.mentee)
    _about_series(
        series, reader, template, now, key=f"{template}:{change.pk}", about=about_change(change.pk),
        change=change, preview=agreed, know_by=agreed.first.starts_at if agreed.first else None,
    )  # fmt: skip


def _about_series(
    series: Series,
    reader: User,
    template: str,
    now: datetime,
    *,
    key: str,
    about: str = "",
    know_by: datetime | None = None,
    sessions: Sequence[Session] = (),
    category: Category = Category.SESSIONS,
    **context: Any,
) -> None:
    """Queue a mail about a series; `sessions` are those that its calendar file holds, as they now stand."""
    queue_mail(
        kind=template,
        to=reader,
        template=template,
        context={"series": series, "other": series.other(reader), **context},
        key=key,
        now=now,
        about=about,
        know_by=know_by,
        category=category,
        program_id=series.engagement.program_id,
        **calendar_file(sessions, reader, now),
    )


def _loaded(ids: Any) -> list[Session]:
    rows = Session.objects.filter(pk__in=ids).order_by("starts_at")
    return list(rows.with_pair())
