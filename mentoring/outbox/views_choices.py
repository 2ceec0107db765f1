"""One's mail choices, and stopping mails from the mail itself."""

from typing import cast

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from mentoring.outbox.choices import Reader, choices_of, read_stop, save_choices, stop_mails, stopped_by
from mentoring.outbox.forms import ChoicesForm


@require_http_methods(["GET", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    person = cast(Reader, request.user)  # who is not signed in does not come here
    form = ChoicesForm(request.POST or None, initial=ChoicesForm.showing(choices_of(person)))
    if request.method == "POST" and form.is_valid():
        save_choices(person, form.chosen(), now=timezone.now())
        messages.success(request, "Your choices are saved. They hold from now on, for mails that wait too.")
        return redirect("outbox:choices")
    return render(request, "outbox/choices.html", {"form": form, "zone": person.zone})


@never_cache
@csrf_exempt  # the reader's mail service posts here for them, with no session (RFC 8058)
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def mail_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever holds the token stops these mails; a token of nobody and one that is no token look the same."""
    found = read_stop(token)
    person = found and get_user_model().objects.filter(pk=found[0]).first()
    if not found or not person:
        raise Http404
    stopped = stopped_by(found[1])
    if request.method == "POST":
        stop_mails(person, stopped, now=timezone.now())
    return render(request, "outbox/mail_stop.html", {"stopped": stopped, "is_done": request.method == "POST"})
