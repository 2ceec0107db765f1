"""Match runs: starting, watching, reviewing and publishing them. For program admins alone."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import reader_of
from matching import services
from matching.cohort import outlook
from matching.models import MatchRun
from matching.review import SORTS, load_of, pairings_of, publication_of, skills_of, summary_of
from matching.services import MatchingError
from mentoring.programs.access import admin_of

PER_PAGE = 20
CHANGES_SHOWN = 30
State = MatchRun.State
UNDER_WAY = (State.QUEUED, State.RUNNING)


@require_safe
def match_run_list(request: HttpRequest, slug: str) -> HttpResponse:
    admin = admin_of(request.user, slug)
    runs = MatchRun.objects.filter(program=admin.program).select_related("started_by")
    context = {
        "program": admin.program,
        "page": Paginator(runs.with_matched().order_by("-created_at"), PER_PAGE).get_page(
            request.GET.get("page")
        ),
        "outlook": outlook(admin.program),
        "under_way": runs.filter(state__in=UNDER_WAY).first(),
    }
    return render(request, "matching/match_run_list.html", context)


@require_POST
def match_run_new(request: HttpRequest, slug: str) -> HttpResponse:
    admin = admin_of(request.user, slug)
    try:
        run = services.start_run(program=admin.program, by=admin.person, now=timezone.now())
    except MatchingError as error:
        messages.error(request, str(error))
        return redirect("matching:match-run-list", slug)
    return redirect("matching:match-run-detail", run.pk)


@require_safe
def match_run_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    run = run_or_404(request, pk)
    context: dict[str, Any] = {"run": run, "is_under_way": run.state in UNDER_WAY}
    if run.state in (State.READY, State.PUBLISHED):
        context |= _desk(request, run)
    return render(request, "matching/match_run_detail.html", context)


@require_safe
def match_run_progress(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    run = run_or_404(request, pk)
    if request.htmx and run.state not in UNDER_WAY:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    return render(request, "matching/_progress.html", {"run": run})


@require_POST
def match_run_cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    run = run_or_404(request, pk)
    services.cancel_run(run_id=run.pk, by=reader_of(request), now=timezone.now())
    return redirect("matching:match-run-detail", run.pk)


@require_POST
def match_run_solve_again(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    run = run_or_404(request, pk)
    try:
        services.solve_again(run_id=run.pk, by=reader_of(request), now=timezone.now())
    except MatchingError as error:
        messages.error(request, str(error))
    return redirect("matching:match-run-detail", run.pk)


def run_or_404(request: HttpRequest, pk: uuid.UUID) -> MatchRun:
    runs = MatchRun.objects.visible_to(request.user).select_related("program", "started_by")
    return get_object_or_404(runs, pk=pk)


def back_to(request: HttpRequest, run_id: uuid.UUID, pairing_id: uuid.UUID | None = None) -> HttpResponse:
    """To the desk as it was ordered, and there to the pairing."""
    kept = {name: request.POST[name] for name in ("sort", "page") if request.POST.get(name)}
    url = reverse("matching:match-run-detail", args=[run_id], query=kept)
    return redirect(url if pairing_id is None else f"{url}#pairing-{pairing_id}")


def _desk(request: HttpRequest, run: MatchRun) -> dict[str, Any]:
    reader = reader_of(request)
    sort = request.GET.get("sort", "")
    sort = sort if sort in SORTS else "lowest"
    pairings = pairings_of(run, reader, sort)
    page = Paginator(pairings, PER_PAGE).get_page(request.GET.get("page"))
    summary = summary_of(run)
    left_out = run.left_out.reviewable_by(reader).select_related("mentee__person", "goal")
    return {
        "page": page,
        "rows": [(pairing, skills_of(pairing)) for pairing in page.object_list],
        "sort": sort,
        "sorts": [(name, label) for name, (label, _) in SORTS.items()],
        "summary": summary,
        "own": summary.matched - page.paginator.count,
        "load": load_of(run, reader),
        "left_out": sorted(left_out, key=lambda left: (left.goal_id is None, left.mentee.person.name)),
        "removed": run.pairings.filter(is_removed=True).count(),
        "unpublished": run.pairings.unpublished().reviewable_by(reader).count(),
        "changes": run.changes.readable_by(reader).select_related("by")[:CHANGES_SHOWN],
        "unanswered": run.pairings.unanswered().reviewable_by(reader).exists(),
        "may_change": True,
    } | publication_of(run, reader, timezone.now())
