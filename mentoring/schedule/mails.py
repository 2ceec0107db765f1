"""What is said by mail about sessions: one function a message, each through `_about_session`."""

import uuid
from datetime import datetime
from typing import Any

from accounts.models import User
from mentoring.outbox.models import Category, MailChoices
from mentoring.outbox.services import queue_mail
from mentoring.schedule import ical
from mentoring.schedule.models import Session


def about(session_id: uuid.UUID) -> str:
    return f"session:{session_id}"


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
    **context: Any,
) -> None:
    """Queue a mail about one session with its calendar part; `method` is REQUEST, CANCEL, or "" for none.

    The templates have `session`, `series`, `other` (the other of the two) and `reader`. Fetch the session
    with series__engagement, series__mentor and series__mentee, as it stands after the change.
    """
    series = session.series
    if _entries_of(reader) == MailChoices.Entries.NONE:
        method = ""
    queue_mail(
        kind=template,
        to=reader,
        template=template,
        context={"session": session, "series": series, "other": series.other(reader), **context},
        key=key,
        now=now,
        about=about(session.pk),
        send_before=send_before,
        category=category,
        program_id=series.engagement.program_id,
        calendar=ical.invitation(session, reader, method=method, now=now) if method else "",
        calendar_method=method,
    )


def _entries_of(reader: User) -> str:
    choices = MailChoices.objects.filter(person=reader).first() or MailChoices(person=reader)
    return choices.entries
