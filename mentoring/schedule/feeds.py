"""A person's sessions at a private address, for calendar programs that look there by themselves.

Whoever knows the address reads the feed, so it holds what an invitation holds and nothing more. Its token
has 256 bits; the database finds it by its digest and keeps it sealed, to show to its owner again.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from mentoring.confidential.models import DataKey, place
from mentoring.outbox.choices import choices_of
from mentoring.schedule import ical
from mentoring.schedule.models import Feed, Session

TOKEN_BYTES = 32
PAST = timedelta(days=90)


@dataclass(frozen=True)
class Address:
    https: str
    webcal: str  # the same, which calendar programs open by themselves


def make_feed(person: User, now: datetime) -> None:
    """Give the person a new address; an earlier one leads nowhere from now on."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    feed = Feed(person=person)
    key = DataKey.objects.of(f"person:{person.pk}")
    Feed.objects.update_or_create(
        person=person,
        defaults={
            "token_digest": _digest(token),
            "token_sealed": key.seal(token, place=place(feed, "token")),
            "created_at": now,
        },
    )


def stop_feed(person: User) -> None:
    Feed.objects.filter(person=person).delete()


def address_of(person: User) -> Address | None:
    feed = Feed.objects.filter(person=person).first()
    if feed is None:
        return None
    key = DataKey.objects.of(f"person:{person.pk}")
    token = key.open(bytes(feed.token_sealed), place=place(feed, "token"))
    https = settings.SITE_URL + reverse("schedule:feed-read", args=[token])
    return Address(https, f"webcal:{https.partition(':')[2]}")


def feed_at(token: str) -> Feed | None:
    """The feed with this token, if its owner is active. The same work whatever is asked for."""
    feeds = Feed.objects.filter(token_digest=_digest(token), person__is_active=True)
    return feeds.select_related("person").first()


def feed_of(feed: Feed, now: datetime) -> str:
    """What stands at the address: the sessions of engagements under way, with the reader's alarms."""
    reader = feed.person
    sessions = (
        Session.objects.visible_to(reader)
        .under_way()
        .planned()
        .filter(ends_at__gt=now - PAST)
        .with_pair()
        .order_by("starts_at", "pk")
    )
    choices = choices_of(reader)
    alarms = [minutes for minutes in (choices.early_minutes, choices.late_minutes) if minutes is not None]
    # One stamp for as long as the address lives: the same sessions are the same bytes, and have one ETag.
    return ical.feed_calendar(sessions, reader, alarms=alarms, now=feed.created_at)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
