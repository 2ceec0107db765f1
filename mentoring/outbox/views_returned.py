"""Trying an address again that has sent mails back."""

from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from mentoring.outbox.models import Undeliverable

A_DAY = 24 * 60 * 60  # seconds


@require_POST
def mail_again(request: HttpRequest) -> HttpResponse:
    """Once a day: a mailbox that is gone for good is not to be written to each hour."""
    person: Any = request.user
    returned = Undeliverable.objects.filter(email=person.email.lower())
    if returned.exists():
        if cache.add(f"mail-again:{person.pk}", 1, A_DAY):
            returned.delete()
            messages.success(request, "Mails go to your address again from now on.")
        else:
            messages.info(request, "You have tried again within the last day. Come back tomorrow.")
    return redirect("outbox:choices")
