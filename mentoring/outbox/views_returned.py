"""Trying an address again that has sent mails back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from mentoring.outbox.failures import try_again
from mentoring.outbox.models import Undeliverable


@require_POST
def mail_again(request: HttpRequest) -> HttpResponse:
    person: Any = request.user
    if Undeliverable.objects.at(person.email).exists():
        if try_again(person):
            messages.success(request, "Mails go to your address again from now on.")
        else:
            messages.info(request, "You have tried again within the last day. Come back tomorrow.")
    return redirect("outbox:choices")
