"""Where the two meet online: one address for all their sessions, or another for one of them."""

import uuid
from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction

from accounts.models import User
from mentoring.schedule import mails
from mentoring.schedule.models import Series, Session, SessionQuerySet
from mentoring.schedule.services import ScheduleError


def host_of(link: str) -> str:
    """Whose page a link opens, in letters that cannot look like others."""
    host = urlsplit(link).hostname or ""
    return host if host.isascii() else host.encode("idna").decode()


@transaction.atomic
def set_session_link(*, session_id: uuid.UUID, by: User, link: str, now: datetime) -> None:
    """Another place for one session, or with an empty link that of the others. Both get its entry anew."""
    session = _lock(Session.objects.filter(pk=session_id)).get()
    if session.state != Session.State.PLANNED or session.ends_at <= now:
        raise ScheduleError("This session is over or does not take place.")
    _check_under_way(session.series)
    if session.link != link:
        _set(session, link)
        mails.meeting_link_changed(session, by, now)


@transaction.atomic
def set_series_link(*, series_id: uuid.UUID, by: User, link: str, now: datetime) -> None:
    """One place for every session of the engagement that has none of its own.

    The next one's calendar entry is sent anew, to both; the later ones' come with their own mails, rather
    than as many mails at once.
    """
    # All that the engagement has had, for a change may begin later than the next session; before the
    # sessions, in the order in which everybody locks.
    every = Series.objects.filter(engagement__series=series_id).order_by("pk")
    series = list(every.select_for_update(of=("self",), no_key=True).select_related("engagement"))
    _check_under_way(series[0])
    ahead = Session.objects.ahead(now).filter(series__in=series, link="")
    following = _lock(ahead).first()
    changed = Series.objects.filter(pk__in=[each.pk for each in series]).exclude(link=link).update(link=link)
    if changed and following is not None:
        following.series.link = link
        _set(following, "")
        mails.meeting_link_changed(following, by, now)


def _lock(sessions: SessionQuerySet) -> SessionQuerySet:
    return sessions.select_for_update(of=("self",), no_key=True).with_pair()


def _check_under_way(series: Series) -> None:
    if not series.is_under_way:
        raise ScheduleError("This engagement has ended; its meeting link stays as it is.")


def _set(session: Session, link: str) -> None:
    session.link, session.sequence = link, session.sequence + 1
    session.save(update_fields=["link", "sequence"])
