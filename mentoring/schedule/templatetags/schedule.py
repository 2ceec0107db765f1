"""What pages say of sessions: with whom, and for how long."""

from datetime import date, datetime, timedelta

from django import template

from accounts.models import User
from mentoring.schedule import marks
from mentoring.schedule.models import Series, Session

register = template.Library()


@register.filter
def other(series: Series, person: User) -> User:
    """The other of the two."""
    return series.other(person)


@register.filter
def is_markable(session: Session, now: datetime) -> bool:
    return marks.is_markable(session, now)


@register.filter
def iso_week(on: date) -> str:
    """The name of its week, such as "2026-W48"."""
    return f"{on:%G-W%V}"


@register.filter
def hours(length: timedelta) -> str:
    """Such as "1 hour 30 minutes"; nothing is "no time"."""
    whole, minutes = divmod(round(length / timedelta(minutes=1)), 60)
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((whole, "hour"), (minutes, "minute")) if n]
    return " ".join(parts) or "no time"


@register.filter
def short_hours(length: timedelta) -> str:
    """Such as "1 h 30"."""
    whole, minutes = divmod(round(length / timedelta(minutes=1)), 60)
    if not whole and minutes:
        return f"{minutes} min"
    return f"{whole} h {minutes:02}" if minutes else f"{whole} h"
