"""Publishing the pairings of a run, at once or at an hour, and taking them back. For program admins alone."""

import uuid
from datetime import UTC, datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import reader_of
from matching import publishing
from matching.forms import PublishForm
from matching.models import MatchRun, Pairing
from matching.review import publication_of
from matching.services import MatchingError
from matching.views_runs import back_to, run_or_404, ticked


@require_http_methods(["GET", "HEAD", "POST"])
def match_run_publish(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Which pairings, and when; the chosen ones come as `pairing` in the address."""
    run, now = run_or_404(request, pk), timezone.now()
    waiting = run.pairings.unpublished().reviewable_by(request.user)
    chosen = ticked(request, waiting)
    form = PublishForm(
        request.POST or None, waiting=waiting, chosen=chosen, reader=reader_of(request), now=now
    )
    if request.method == "POST" and form.is_valid():
        return _plan(request, run, form)
    context = {
        "run": run,
        "form": form,
        "count": waiting.count(),
        "chosen": chosen,
        # said to whoever could have a pairing, whether or not they have one
        "takes_part": run.program.memberships.filter(person=reader_of(request))
        .exclude(is_mentor=False, is_mentee=False)
        .exists(),
    }
    return render(request, "matching/match_run_publish.html", context)


def _plan(request: HttpRequest, run: MatchRun, form: PublishForm) -> HttpResponse:
    try:
        count = publishing.plan_publishing(
            run_id=run.pk,
            by=reader_of(request),
            now=form.now,
            at=form.cleaned_data.get("instant"),
            chosen=form.chosen_ids(),
        )
    except MatchingError as error:
        messages.error(request, str(error))
    else:
        if not count:
            messages.info(request, "There was nothing left to publish.")
    return redirect("matching:match-run-detail", run.pk)


@require_safe
def match_run_publishing(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """How far publishing, or taking back, has come; when it is done the page is loaded anew."""
    run = run_or_404(request, pk)
    context = {"run": run} | publication_of(run, reader_of(request), timezone.now())
    if request.htmx and not context["is_publishing"]:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    return render(request, "matching/_publishing.html", context)


@require_POST
def match_run_cancel_publishing(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Of what is planned for the instant `at`, or of all."""
    run = run_or_404(request, pk)
    try:
        count = publishing.cancel_publishing(
            run_id=run.pk, by=reader_of(request), now=timezone.now(), at=_instant(request.POST.get("at"))
        )
    except MatchingError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{in_words(count)} will not be published after all.")
    return redirect("matching:match-run-detail", run.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def match_run_take_back(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """All that nobody has answered yet, or of it the chosen ones, named as `pairing`."""
    run = run_or_404(request, pk)
    unanswered = run.pairings.unanswered().reviewable_by(request.user)
    chosen = ticked(request, unanswered)
    if request.method != "POST":
        context = {"run": run, "chosen": chosen, "count": len(chosen) or unanswered.count()}
        return render(request, "matching/match_run_take_back.html", context)
    try:
        publishing.take_back_all(
            run_id=run.pk,
            by=reader_of(request),
            now=timezone.now(),
            chosen=[pairing.pk for pairing in chosen] if "pairing" in request.POST else None,
        )
    except MatchingError as error:
        messages.error(request, str(error))
    return redirect("matching:match-run-detail", run.pk)


@require_POST
def pairing_take_back(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    pairing = get_object_or_404(Pairing.objects.standing().reviewable_by(request.user), pk=pk)
    try:
        publishing.take_back_pairing(pairing_id=pairing.pk, by=reader_of(request), now=timezone.now())
    except MatchingError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The proposal is taken back. Whoever had been told of it is told.")
    return back_to(request, pairing.run_id, pairing.pk)


def in_words(count: int) -> str:
    return "1 pairing" if count == 1 else f"{count} pairings"


def _instant(text: str | None) -> datetime | None:
    """404 for what is no instant: nothing else may be meant than what the page named."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)  # PostgreSQL knows no offset of 16 hours or more
    except (ValueError, OverflowError) as error:
        raise Http404 from error
    raise Http404
