"""What is said by mail about sessions: one function a message, each through `_about_session`."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from accounts.models import User
from mentoring.outbox.choices import held_choices
from mentoring.outbox.models import Category, Mail, MailChoices
from mentoring.outbox.services import queue_mail, withdraw
from mentoring.schedule import ical
from mentoring.schedule.models import Move, Session


def about(session_id: uuid.UUID) -> str:
    return f"session:{session_id}"


def about_change(change_id: uuid.UUID) -> str:
    return f"change:{change_id}"


def sessions_reserved(
    sessions: Iterable[Session], now: datetime, *, invited: Collection[tuple[uuid.UUID, uuid.UUID]] = ()
) -> None:
    """One invitation for each session, to whoever of its two has chosen to have them so, or has had one
    (`invited`) and it was taken back."""
    pairs = [(session, one) for session in sessions for one in (session.series.mentor, session.series.mentee)]
    choices = held_choices(reader.pk for _, reader in pairs)
    for session, reader in pairs:
        is_wanted = choices[reader.pk].entries == MailChoices.Entries.RESERVED
        if is_wanted or (session.pk, reader.pk) in invited:
            _about_session(
                session, reader, "session_reserved", now, choices=choices[reader.pk],
                key=f"session_reserved:{session.pk}:{reader.pk}:{session.sequence}",
                send_before=session.starts_at,
            )  # fmt: skip


def invited_to(session_ids: Sequence[uuid.UUID]) -> set[tuple[uuid.UUID, uuid.UUID]]:
    """(session, person) of the invitations that have gone out, or may be going out this moment.

    What waits is locked until the transaction ends. Ask before anything is withdrawn.
    """
    subjects = {about(pk): pk for pk in session_ids}
    sent = Mail.objects.filter(about__in=subjects, calendar_method="REQUEST").order_by("pk")
    return {
        (subjects[mail.about], mail.person_id)
        for mail in sent.select_for_update()
        if mail.is_on_its_way and mail.person_id is not None
    }


def sessions_cancelled(invited: set[tuple[uuid.UUID, uuid.UUID]], now: datetime) -> None:
    """Take cancelled sessions out of the calendars that our mails have put them into; others hear nothing."""
    cancelled = Session.objects.filter(pk__in={session_id for session_id, _ in invited})
    for session in cancelled.with_pair().order_by("starts_at"):
        for reader in (session.series.mentor, session.series.mentee):
            if (session.pk, reader.pk) in invited:
                key = f"session_cancelled:{session.pk}:{session.sequence}:{reader.pk}"
                _about_session(session, reader, "session_cancelled", now, key=key, method="CANCEL")


def move_proposed(move: Move, session: Session, other: User, now: datetime) -> None:
    _about_session(
        session, other, "move_proposed", now, key=proposal_key(move), method="", move=move,
        send_before=min(session.starts_at, move.starts_at),
    )  # fmt: skip


def proposal_key(move: Move) -> str:
    return f"move_proposed:{move.pk}"


def move_declined(move: Move, session: Session, now: datetime) -> None:
    _about_session(
        session, move.by, "move_declined", now, key=f"move_declined:{move.pk}", method="", move=move,
        send_before=session.starts_at,
    )  # fmt: skip


def move_withdrawn(move: Move, session: Session, now: datetime) -> None:
    _about_session(
        session, session.series.other(move.by), "move_withdrawn", now, key=f"move_withdrawn:{move.pk}",
        method="", move=move, send_before=session.starts_at,
    )  # fmt: skip


def session_moved(session: Session, was_at: datetime, now: datetime) -> None:
    """To both: their calendars move with it."""
    for reader in (session.series.mentor, session.series.mentee):
        _about_session(
            session, reader, "session_moved", now, was_at=was_at, send_before=session.starts_at,
            key=f"session_moved:{session.pk}:{session.sequence}:{reader.pk}",
        )  # fmt: skip


def session_skipped(session: Session, now: datetime) -> None:
    """To both; what was said on skipping stands on the session's page alone."""
    for reader in (session.series.mentor, session.series.mentee):
        _about_session(
            session, reader, "session_skipped", now, method="CANCEL", send_before=session.ends_at,
            key=f"session_skipped:{session.pk}:{session.sequence}:{reader.pk}",
        )  # fmt: skip


def meeting_link_changed(session: Session, by: User, now: datetime) -> None:
    """To both: their calendars show where to meet. The host is named, the link itself stands on the page."""
    withdraw([about(session.pk)], kind="meeting_link_changed")
    for reader in (session.series.mentor, session.series.mentee):
        _about_session(
            session, reader, "meeting_link_changed", now, by=by, send_before=session.ends_at,
            key=f"meeting_link_changed:{session.pk}:{session.sequence}:{reader.pk}",
        )  # fmt: skip


def session_unclear(session: Session, now: datetime) -> None:
    """To both, once a session."""
    for reader in (session.series.mentor, session.series.mentee):
        key = f"session_unclear:{session.pk}:{reader.pk}"
        _about_session(session, reader, "session_unclear", now, key=key, method="")


def withdraw_outcome(session: Session) -> None:
    """What waits to be said of an outcome that is not true any more is not said."""
    for kind in ("session_unclear", "missed_twice"):
        withdraw([about(session.pk)], kind=kind)


def missed_twice(session: Session, now: datetime) -> None:
    """To both, each for themselves."""
    for reader in (session.series.mentor, session.series.mentee):
        key = f"missed_twice:{session.pk}:{reader.pk}"
        _about_session(session, reader, "missed_twice", now, key=key, method="")


def has_asked_whether_it_suits(run: Sequence[Session]) -> bool:
    """Whether `missed_twice` has been said of any of these: the outbox keeps its rows."""
    subjects = [about(session.pk) for session in run]
    return Mail.objects.filter(kind="missed_twice", about__in=subjects).exists()


def reminder_due(
    session: Session, reader: User, kind: str, when: str, now: datetime, choices: MailChoices
) -> None:
    """`when` says how far away the session is: "tomorrow", "in an hour". An earlier one that still waits is
    withdrawn, for what it says is not true any more. The reader's `choices` are held."""
    withdraw([about(session.pk)], kind="reminder", to=reader.pk)
    _about_session(
        session, reader, "reminder", now, category=Category.REMINDERS, when=when, choices=choices,
        # A session that was moved is reminded of again.
        key=f"reminder:{session.pk}:{reader.pk}:{kind}:{session.sequence}", send_before=session.starts_at,
    )  # fmt: skip


def _about_session(
    session: Session,
    reader: User,
    template: str,
    now: datetime,
    *,
    key: str,
    method: str = "REQUEST",
    category: Category = Category.SESSIONS,
    send_before: datetime | None = None,
    choices: MailChoices | None = None,
    **context: Any,
) -> None:
    """Queue a mail about one session with its calendar part; `method` is REQUEST, CANCEL, or "" for none.

    What it says takes effect when the session begins, or would have begun before (`was_at`). The templates
    have `session`, `series`, `other` (the other of the two) and `reader`. Fetch the session `with_pair`,
    as it stands after the change.
    """
    series = session.series
    choices = choices or held_choices([reader.pk])[reader.pk]
    if choices.entries == MailChoices.Entries.NONE:
        method = ""
    queue_mail(
        kind=template,
        to=reader,
        template=template,
        context={"session": session, "series": series, "other": series.other(reader), **context},
        key=key,
        now=now,
        about=about(session.pk),
        know_by=min(session.starts_at, context.get("was_at", session.starts_at)),
        send_before=send_before,
        category=category,
        program_id=series.engagement.program_id,
        calendar=ical.invitation(session, reader, method=method, now=now) if method else "",
        calendar_method=method,
        choices=choices,
    )


def calendar_file(sessions: Sequence[Session], reader: User, now: datetime) -> dict[str, Any]:
    """All sessions as one file, as `queue_mail` takes it: for a reader to whom each comes by a mail of its
    own only when it is near. With it the choices that say so, held until the transaction ends."""
    if not sessions:
        return {}
    choices = held_choices([reader.pk])[reader.pk]
    if choices.entries != MailChoices.Entries.REMINDER:
        return {"choices": choices}
    file = ical.series_calendar(sessions, reader, now)
    return {"calendar": file, "calendar_method": "PUBLISH", "choices": choices}
