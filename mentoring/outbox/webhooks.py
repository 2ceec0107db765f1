"""What a mail provider reports of addresses that send mails back, or whose owners complain."""

from collections.abc import Mapping
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.dispatch import receiver
from django.urls import URLPattern
from django.utils import timezone

from mentoring.outbox.models import Undeliverable

BACKENDS = "anymail.backends."
LONGEST_DETAIL = 300
# Of a mailbox that is full, or a server that is choosy today, more may be hoped for.
PASSING = {RejectReason.TIMED_OUT, RejectReason.BLOCKED}


def urls() -> list[URLPattern]:
    """Where the provider in use reports to, if a secret is set that it has to show; nothing otherwise.

    The other providers' addresses stay away: they would refuse with a server error for want of their keys.
    """
    if not settings.DELIVERY_BACKEND.startswith(BACKENDS) or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        return []
    from anymail.urls import urlpatterns

    provider = settings.DELIVERY_BACKEND.removeprefix(BACKENDS).partition(".")[0]
    names = {f"{provider}_tracking_webhook", f"{provider}_webhook"}
    return [pattern for pattern in urlpatterns if pattern.name in names]


@receiver(tracking)
def note_event(event: AnymailTrackingEvent, **_: Any) -> None:
    """Anymail calls this for each event, once it has checked the secret."""
    why = _why(event)
    email = (event.recipient or "").strip().lower()
    if why is None or not _is_address(email):
        return
    detail = str(event.mta_response or event.description or "")
    detail = detail.encode(errors="replace").decode().replace("\0", "")[:LONGEST_DETAIL]
    noted = Undeliverable(email=email, why=why, detail=detail, since=timezone.now())
    Undeliverable.objects.bulk_create([noted], ignore_conflicts=True)


def _why(event: AnymailTrackingEvent) -> Undeliverable.Why | None:
    """What it says for good of the address, if it does; a delay comes as another event."""
    if event.event_type == EventType.COMPLAINED:
        return Undeliverable.Why.COMPLAINED
    if event.event_type == EventType.BOUNCED and event.reject_reason not in PASSING:
        return None if _is_soft(event) else Undeliverable.Why.BOUNCED
    if event.event_type == EventType.REJECTED:
        # The provider did not try, for what it remembers.
        if event.reject_reason == RejectReason.SPAM:
            return Undeliverable.Why.COMPLAINED
        if event.reject_reason in (RejectReason.BOUNCED, RejectReason.INVALID):
            return Undeliverable.Why.BOUNCED
    return None


def _is_soft(event: AnymailTrackingEvent) -> bool:
    """Postmark's, which Anymail takes for the other; should it last, a hard one follows."""
    told = event.esp_event
    return isinstance(told, Mapping) and told.get("Type") == "SoftBounce"


def _is_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True
