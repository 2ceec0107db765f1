"""Match runs: starting, watching and reviewing them. For program admins alone."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import reader_of
from accounts.vocabulary import vocabulary_of
from matching import services
from matching.cohort import outlook
from matching.forecast import helpful_places, prices_of, worth_of_places
from matching.forms import DeskFilter, ObjectiveForm
from matching.forms_settings import MatchSettingsForm, current_settings
from matching.models import MatchRun, Pairing, PairingQuerySet, Preference
from matching.review import (
    error_for,
    left_out_of,
    load_of,
    pairings_of,
    proof_of,
    publication_of,
    settings_in_words,
    skills_of,
    summary_of,
    took,
)
from matching.services import REVIEWABLE, MatchingError, RunSettings
from matching.standing import standing_of
from mentoring.programs.access import admin_of
from mentoring.programs.models import Membership, Program

PER_PAGE = 20
MANY_PER_PAGE = 50
MOST_TICKED = 500
FEW = 8  # of a list that has a page of its own
KEPT = ("words", "show", "sort", "page")  # of the desk's address, while one works through it
State = MatchRun.State
UNDER_WAY = (State.QUEUED, State.RUNNING)


@require_safe
def match_run_list(request: HttpRequest, slug: str) -> HttpResponse:
    admin = admin_of(request.user, slug)
    runs = MatchRun.objects.filter(program=admin.program).select_related("started_by")
    context = {
        "program": admin.program,
        "page": Paginator(runs.with_results(admin.person).order_by("-created_at"), PER_PAGE).get_page(
            request.GET.get("page")
        ),
        "outlook": outlook(admin.program),
        "under_way": runs.filter(state__in=UNDER_WAY).first(),
        "reviewable": REVIEWABLE,
        "compared": _reviewable(runs, request.GET.get("with", "")),
    }
    return render(request, "matching/match_run_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def match_run_new(request: HttpRequest, slug: str) -> HttpResponse:
    """What to aim at, under which settings: the program's, or those of the run named as `like`."""
    admin = admin_of(request.user, slug)
    like = _like(request, admin.program)
    given = request.POST or None
    objective = ObjectiveForm(given, initial={"objective": like.objective} if like else None)
    settings = MatchSettingsForm(given, initial=current_settings(like or admin.program))
    if request.method == "POST" and objective.is_valid() & settings.is_valid():
        return _start(request, admin, objective.cleaned_data["objective"], settings.cleaned_data)
    context = {
        "program": admin.program,
        "like": like,
        "objective": objective,
        "form": settings,
        "outlook": outlook(admin.program),
        "wishing": Preference.objects.filter(by__program=admin.program).aggregate(
            mentees=Count("by", distinct=True, filter=Q(as_mentor=False)),
            mentors=Count("by", distinct=True, filter=Q(as_mentor=True)),
        ),
    }
    return render(request, "matching/match_run_new.html", context)


def _reviewable(runs: QuerySet[MatchRun], named: str) -> MatchRun | None:
    pk = uuid_of(named)
    return None if pk is None else runs.filter(pk=pk, state__in=REVIEWABLE).first()


def _like(request: HttpRequest, program: Program) -> MatchRun | None:
    like = uuid_of(request.GET.get("like", ""))
    return MatchRun.objects.filter(program=program, pk=like).first() if like else None


def _start(request: HttpRequest, admin: Membership, objective: str, entered: dict[str, Any]) -> HttpResponse:
    settings = RunSettings(entered["weights"], entered["must_haves"], entered["tilt"])
    try:
        run = services.start_run(
            program=admin.program,
            by=admin.person,
            now=timezone.now(),
            objective=objective,
            settings=settings,
        )
    except MatchingError as error:
        messages.error(request, str(error))
        return redirect("matching:match-run-list", admin.program.slug)
    return redirect("matching:match-run-detail", run.pk)


@require_safe
def match_run_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    run = run_or_404(request, pk)
    context: dict[str, Any] = {
        "run": run,
        "is_under_way": run.state in UNDER_WAY,
        "error": error_for(run, reader_of(request)),
    }
    if run.state in REVIEWABLE:
        context |= _desk(request, run)
    return render(request, "matching/match_run_detail.html", context)


@require_safe
def match_run_progress(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    run = run_or_404(request, pk)
    if request.htmx and run.state not in UNDER_WAY:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    return render(request, "matching/_progress.html", {"run": run})


@require_safe
def match_run_costs(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What locking and removing would cost, for the pairings named; the desk fetches it once it is shown."""
    run = run_or_404(request, pk)
    named = ticked(request, run.pairings.unpublished().reviewable_by(request.user))
    standing = standing_of(run, reader_of(request)) if run.state in REVIEWABLE else None
    prices = prices_of(standing, named[:PER_PAGE]) if standing else {}
    return render(request, "matching/_costs.html", {"prices": prices.items()})


@require_safe
def match_run_left_out(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    run = run_or_404(request, pk)
    reader = reader_of(request)
    page = Paginator(left_out_of(run, reader), PER_PAGE).get_page(request.GET.get("page"))
    standing = standing_of(run, reader)
    context = {
        "run": run,
        "page": page,
        "able": standing.have_somebody(left.mentee_id for left in page) if standing else set(),
        "helpful": helpful_places(standing) if standing else [],
    }
    return render(request, "matching/match_run_left_out.html", context)


@require_safe
def match_run_load(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    run = run_or_404(request, pk)
    reader = reader_of(request)
    standing = standing_of(run, reader)
    loads = load_of(run, reader, worth_of_places(standing) if standing else {})
    page = Paginator(loads, MANY_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "matching/match_run_load.html", {"run": run, "page": page})


@require_safe
def match_run_changes(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What admins have changed by hand, the latest first."""
    run = run_or_404(request, pk)
    changes = run.changes.readable_by(request.user).select_related("by")
    page = Paginator(changes, MANY_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "matching/match_run_changes.html", {"run": run, "page": page})


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


def uuid_of(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def ticked(request: HttpRequest, pairings: PairingQuerySet) -> list[Pairing]:
    """Of these pairings those that the request names; what else it names is passed over."""
    named = request.POST.getlist("pairing") if request.method == "POST" else request.GET.getlist("pairing")
    ids = {pk for one in named[:MOST_TICKED] if (pk := uuid_of(one))}
    found = pairings.filter(pk__in=ids) if ids else pairings.none()
    return list(found.select_related("mentee__person", "mentor__person"))


def run_or_404(request: HttpRequest, pk: uuid.UUID) -> MatchRun:
    runs = MatchRun.objects.visible_to(request.user).select_related("program", "started_by")
    return get_object_or_404(runs, pk=pk)


def back_to(request: HttpRequest, run_id: uuid.UUID, pairing_id: uuid.UUID | None = None) -> HttpResponse:
    """To the desk as it was ordered, and there to the pairing."""
    kept = {name: request.POST[name] for name in KEPT if request.POST.get(name)}
    url = reverse("matching:match-run-detail", args=[run_id], query=kept)
    return redirect(url if pairing_id is None else f"{url}#pairing-{pairing_id}")


def _desk(request: HttpRequest, run: MatchRun) -> dict[str, Any]:
    reader = reader_of(request)
    # Before the rows are read: what ends between the two is then shown as under way, and asked for again.
    publication = publication_of(run, reader, timezone.now())
    wanted = DeskFilter(request.GET).wanted()
    page = Paginator(pairings_of(run, reader, **wanted), PER_PAGE).get_page(request.GET.get("page"))
    left_out = left_out_of(run, reader)
    few_left_out = list(left_out[:FEW])
    standing = standing_of(run, reader)
    vocabulary = vocabulary_of(run.program_id)
    return {
        "page": page,
        "rows": [(pairing, skills_of(pairing, vocabulary)) for pairing in page.object_list],
        "filter": DeskFilter(initial=wanted),
        "wanted": wanted,
        "summary": summary_of(run, reader),
        "proof": proof_of(run, reader),
        "seconds": took(run),
        "settings": settings_in_words(run),
        "another": MatchRun.objects.filter(program=run.program, state__in=REVIEWABLE)
        .exclude(pk=run.pk)
        .order_by("-created_at")
        .first(),
        "takes_part": run.program.memberships.filter(person=reader).exclude(is_mentor=False, is_mentee=False),
        "standing_known": standing is not None,
        "load": load_of(run, reader)[:FEW],
        "left_out": few_left_out,
        "able": standing.have_somebody(left.mentee_id for left in few_left_out) if standing else set(),
        "left_out_count": left_out.count(),
        "removed": run.pairings.filter(is_removed=True).reviewable_by(reader).count(),
        "unpublished": run.pairings.unpublished().reviewable_by(reader).count(),
        "unanswered": run.pairings.unanswered().reviewable_by(reader).count(),
        "changes": run.changes.readable_by(reader).select_related("by")[:FEW],
    } | publication
