"""What two people write of their sessions, for pages of apps that know nothing of it."""

from typing import Any

from django import template
from django.template import RequestContext
from django.utils import timezone

from accounts.access import reader_of
from mentoring.engagements.models import Engagement
from mentoring.notes import listing, sections
from mentoring.schedule.models import Session

register = template.Library()


@register.inclusion_tag("notes/_session_notes.html", takes_context=True)
def session_notes(context: RequestContext, session: Session) -> dict[str, Any]:
    """All that the reader, one of the two, reads and writes of a session.

    Fetch the session with series__engagement, series__mentor and series__mentee.
    """
    reading = sections.reading_of(session, reader_of(context["request"]), timezone.now())
    return _with_token(context, sections.all_of(reading))


@register.inclusion_tag("notes/_open_commitments.html", takes_context=True)
def open_commitments(context: RequestContext, engagement: Engagement) -> dict[str, Any]:
    """What the two of an engagement have undertaken and is open; for the page that one of them reads."""
    return _with_token(context, listing.of(engagement, reader_of(context["request"]), timezone.now()))


@register.inclusion_tag("notes/_my_commitments.html", takes_context=True)
def my_commitments(context: RequestContext) -> dict[str, Any]:
    """The reader's own open commitments that are due, of all engagements; nothing where nothing is."""
    return _with_token(context, listing.mine(reader_of(context["request"]), timezone.now()))


def _with_token(context: RequestContext, shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "request": context["request"], "csrf_token": context.get("csrf_token")}
