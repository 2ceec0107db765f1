"""Confirmation of an accomplishment: asked for by its person, answered by somebody without an account."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts import confirmations
from accounts.access import reader_of
from accounts.confirmations import ConfirmationError
from accounts.forms_confirmation import AnswerForm, AskForm
from accounts.models import Accomplishment


@require_http_methods(["GET", "POST"])
def confirmation_ask(request: HttpRequest, pk: int) -> HttpResponse:
    accomplishment = get_object_or_404(Accomplishment, person=request.user, pk=pk)
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            confirmations.ask(
                accomplishment_id=pk, by=reader_of(request), now=timezone.now(), **form.cleaned_data
            )
        except ConfirmationError as refusal:
            form.add_error("email", str(refusal))
        else:
            messages.success(request, f"{form.cleaned_data['name']} gets a mail, and has 30 days to answer.")
            return redirect("accounts:accomplishment-edit", pk=pk)
    return render(request, "accounts/confirmation_ask.html", {"form": form, "record": accomplishment})


@require_POST
def confirmation_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    return _done(request, pk, confirmations.withdraw, "It is taken back.")


@require_POST
def correction_accept(request: HttpRequest, pk: int) -> HttpResponse:
    return _done(
        request,
        pk,
        confirmations.accept_correction,
        "The accomplishment is told in these words and confirmed.",
    )


@require_POST
def correction_refuse(request: HttpRequest, pk: int) -> HttpResponse:
    return _done(request, pk, confirmations.refuse_correction, "Your words stay as they are.")


@never_cache
@csrf_exempt  # the token is all that counts here, no session; and no-referrer makes browsers send no origin
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever holds the token answers, once. Looking changes nothing: mail scanners follow links."""
    confirmation = confirmations.open_at(token, timezone.now())
    if confirmation is None:
        return _to_outsider(request, "confirm_closed", {}, status=404)
    told = confirmation.accomplishment
    form = AnswerForm(
        request.POST if request.method == "POST" else None,
        initial={"what": told.what, "how": told.how},
        person=told.person.name,
    )
    if request.method == "POST" and form.is_valid():
        try:
            confirmation = confirmations.answer(token=token, now=timezone.now(), **form.cleaned_data)
        except ConfirmationError as refusal:
            form.add_error(None, str(refusal))
        else:
            return _to_outsider(
                request, "confirm_done", {"confirmation": confirmation, "person": told.person}
            )
    context = {"form": form, "confirmation": confirmation, "record": told, "person": told.person}
    return _to_outsider(request, "confirm", context)


def _to_outsider(
    request: HttpRequest, page: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    response = render(request, f"accounts/{page}.html", context, status=status)
    response["Referrer-Policy"] = "no-referrer"  # the address is a secret
    response["X-Robots-Tag"] = "noindex"
    return response


def _done(request: HttpRequest, pk: int, service: Any, words: str) -> HttpResponse:
    get_object_or_404(Accomplishment, person=request.user, pk=pk)
    try:
        service(accomplishment_id=pk, by=reader_of(request))
    except ConfirmationError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, words)
    return redirect("accounts:accomplishment-edit", pk=pk)
