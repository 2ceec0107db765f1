"""Where the two meet online: one address for all their sessions, or another for one of them."""

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.forms_fields import LinkField
from accounts.models import User
from mentoring.schedule import mails
from mentoring.schedule.models import Series, Session
from mentoring.schedule.services import ScheduleError

PAIR = ("series__engagement", "series__mentor", "series__mentee")
NOT_ONE = "Give the address of the meeting as it stands in the browser, beginning with https://."


class MeetingLinkField(LinkField):
    """A web address that a browser opens as what it looks like: no name and password before the host, no
    space, no backslash, no character that is not seen."""

    def __init__(self) -> None:
        super().__init__(help_text="Of the video call, or of the place if it has a page.")
        self.label = "Meeting link"

    def clean(self, value: Any) -> Any:
        link = super().clean(value)
        if not link:
            return link
        if not link.isprintable() or set(link) & set(' \\"<>'):
            raise ValidationError(NOT_ONE, code="invalid")
        parts = urlsplit(link)
        try:
            _ = parts.port, host_of(link)
        except ValueError as error:  # no such port; a name that the domain name system cannot hold
            raise ValidationError(NOT_ONE, code="invalid") from error
        if parts.username is not None or parts.password is not None:
            raise ValidationError("Give the address without a name or password in it.", code="credentials")
        return parts._replace(scheme=parts.scheme.lower()).geturl()


class LinkForm(forms.Form):
    link = MeetingLinkField()


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
        _tell(session, by, now)


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
        _tell(following, by, now)


def _lock(sessions: Any) -> Any:
    return sessions.select_for_update(of=("self",), no_key=True).select_related(*PAIR)


def _check_under_way(series: Series) -> None:
    engagement: Any = series.engagement  # a higher app, known by the field's name
    if engagement.state != "active":
        raise ScheduleError("This engagement has ended; its meeting link stays as it is.")


def _set(session: Session, link: str) -> None:
    session.link, session.sequence = link, session.sequence + 1
    session.save(update_fields=["link", "sequence"])


def _tell(session: Session, by: User, now: datetime) -> None:
    mails.meeting_link_changed(session, by, now)
