"""Changes by hand to a run, each told before it is made. Nobody decides on a pairing of their own: 404."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import reader_of
from matching import desk, forecast
from matching.fits import fits, shown
from matching.forecast import Choice, SwapChoice
from matching.forms import AssignForm, SwapForm
from matching.models import MatchRun, Pairing, PairingQuerySet
from matching.review import left_out_of
from matching.services import MatchingError
from matching.standing import Standing, standing_around, standing_of
from matching.views_runs import PER_PAGE, back_to, run_or_404
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership


@require_POST
def pairing_lock(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _change(request, pk, desk.lock_pairing)


@require_POST
def pairing_unlock(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _change(request, pk, desk.unlock_pairing)


@require_http_methods(["GET", "HEAD", "POST"])
def pairing_remove(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What removing would do; posted with the `key` of a forecast, the rest is solved anew as told there."""
    if request.method == "POST":
        if key := request.POST.get("key", ""):
            return _change(request, pk, desk.remove_and_solve, key=key)
        return _change(request, pk, desk.remove_pairing)
    pairing = pairing_or_404(request, pk)
    standing = standing_around(pairing, reader_of(request))
    context = {
        "pairing": pairing,
        "run": pairing.run,
        "alone": standing and forecast.without(standing, pairing),
        "solved": standing and not pairing.is_locked and forecast.solved_without(standing, pairing),
    }
    return render(request, "matching/pairing_remove.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def pairing_swap(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The pairings whose mentor could be swapped with this one's, and what each swap would do."""
    pairing = pairing_or_404(request, pk)
    others = pairing.run.pairings.unpublished().reviewable_by(request.user).exclude(pk=pairing.pk)
    if request.method == "POST":
        form = SwapForm(request.POST)
        return _swap(request, pairing, get_object_or_404(others, pk=_chosen(form, "other")))
    standing = standing_around(pairing, reader_of(request))
    found = forecast.swaps(standing, pairing) if standing else []
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {"pairing": pairing, "run": pairing.run, "page": page, "swaps": _with_pairings(others, page)}
    return render(request, "matching/pairing_swap.html", context)


def _with_pairings(others: PairingQuerySet, page: Page[SwapChoice]) -> list[tuple[Pairing, SwapChoice]]:
    rows = others.select_related("mentee__person", "mentor__person")
    found = {pairing.mentee_id: pairing for pairing in rows.filter(mentee__in=[swap.mentee for swap in page])}
    return [(found[swap.mentee], swap) for swap in page if swap.mentee in found]


def _swap(request: HttpRequest, pairing: Pairing, other: Pairing) -> HttpResponse:
    try:
        desk.swap_mentors(pairing_id=pairing.pk, other_id=other.pk, by=reader_of(request), now=timezone.now())
    except MatchingError as error:
        messages.error(request, str(error))
        return redirect("matching:pairing-swap", pairing.pk)
    messages.success(request, "The two mentors are swapped, and both pairings are locked.")
    return back_to(request, pairing.run_id, pairing.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def match_run_assign(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The mentors whom a mentee could have instead of nobody, or of the one they have; by membership's id.

    With a `mentor` too, what giving them this one would do; posting it with that forecast's key does it.
    """
    run = run_or_404(request, pk)
    form = AssignForm(request.POST if request.method == "POST" else request.GET)
    mentee = _mentee_or_404(request, run, _chosen(form, "mentee"))
    if request.method == "POST":
        mentor = _mentor_or_404(request, run, _chosen(form, "mentor"))
        return _assign(request, run, mentee, mentor, form.cleaned_data.get("key", ""))
    standing = standing_of(run, reader_of(request))
    context = {
        "run": run,
        "mentee": mentee,
        "left_out": left_out_of(run, reader_of(request)).filter(mentee=mentee).first(),
        "pairing": run.pairings.standing()
        .filter(mentee=mentee)
        .select_related("mentor__person", "goal")
        .first(),
    }
    if (asked := form.cleaned_data.get("mentor")) is not None:
        mentor = _mentor_or_404(request, run, asked)
        return render(request, "matching/match_run_give.html", context | _told(run, standing, mentee, mentor))
    return render(
        request, "matching/match_run_assign.html", context | _choices(request, run, mentee, standing)
    )


def _assign(
    request: HttpRequest, run: MatchRun, mentee: Membership, mentor: Membership, key: str
) -> HttpResponse:
    try:
        pairing = desk.assign_mentor(
            run_id=run.pk,
            mentee_id=mentee.pk,
            mentor_id=mentor.pk,
            by=reader_of(request),
            now=timezone.now(),
            key=key,
        )
    except MatchingError as error:
        messages.error(request, str(error))
        return back_to(request, run.pk)
    messages.success(request, "The pairing is made, and locked.")
    return back_to(request, run.pk, pairing.pk)


def _choices(
    request: HttpRequest, run: MatchRun, mentee: Membership, standing: Standing | None
) -> dict[str, Any]:
    found = forecast.choices(standing, mentee.pk) if standing and mentee.pk in standing.row else []
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return {"page": page, "cards": _cards(run, mentee, list(page)), "is_known": standing is not None}


def _told(run: MatchRun, standing: Standing | None, mentee: Membership, mentor: Membership) -> dict[str, Any]:
    """What giving this mentor would do, and how the two would fit."""
    if standing is None or mentee.pk not in standing.row or mentor.pk not in standing.column:
        raise Http404
    points = standing.candidates_of(mentee.pk).get(standing.column[mentor.pk])
    choice = Choice(mentor.pk, points or 0, 0, 0, "")
    return {
        "mentor": mentor,
        "forecast": forecast.given(standing, mentee.pk, mentor.pk),
        "cards": _cards(run, mentee, [choice]),
    }


def _cards(run: MatchRun, mentee: Membership, choices: Sequence[Choice]) -> list[dict[str, Any]]:
    """The mentors chosen, with reasons as their profiles are now; whoever has left is passed over."""
    goals = Goal.objects.filter(pk__in=_goals_of(run, mentee))
    if not choices or not goals:
        return []
    found = fits(run.program, goals, timezone.localdate(), run)
    column = {row.membership: j for j, row in enumerate(found.mentors.rows)}
    here = [choice for choice in choices if choice.mentor in column]
    columns = [column[choice.mentor] for choice in here]
    said = found.explanations([0] * len(columns), columns, voice="admin", zone=run.zone)
    return [
        {"choice": choice, "row": found.mentors.rows[j]} | shown(explanation)
        for choice, j, explanation in zip(here, columns, said, strict=True)
    ]


def _goals_of(run: MatchRun, mentee: Membership) -> list[uuid.UUID]:
    """The goal with which the mentee is in the run."""
    rows = (
        run.pairings.standing().filter(mentee=mentee),
        run.left_out.filter(mentee=mentee, goal__isnull=False),
    )
    return [goal for found in rows for goal in found.values_list("goal", flat=True)]


def _mentee_or_404(request: HttpRequest, run: MatchRun, mentee: uuid.UUID) -> Membership:
    """Somebody left out, or with a pairing that the reader may decide on."""
    left_out = run.left_out.reviewable_by(request.user).filter(goal__isnull=False)
    paired = run.pairings.unpublished().reviewable_by(request.user)
    concerned = Q(pk__in=left_out.values("mentee")) | Q(pk__in=paired.values("mentee"))
    members = Membership.objects.select_related("person").filter(concerned)
    return get_object_or_404(members, pk=mentee)


def _mentor_or_404(request: HttpRequest, run: MatchRun, mentor: uuid.UUID) -> Membership:
    members = run.program.memberships.select_related("person").exclude(person_id=request.user.pk)
    return get_object_or_404(members, pk=mentor)


def _chosen(form: Form, name: str) -> uuid.UUID:
    """Whom a form means by an id; 404 where it is none."""
    form.is_valid()
    chosen: uuid.UUID | None = form.cleaned_data.get(name)
    if chosen is None:
        raise Http404
    return chosen


def _change(
    request: HttpRequest, pk: uuid.UUID, change: Callable[..., Pairing], **given: str
) -> HttpResponse:
    pairing = pairing_or_404(request, pk)
    try:
        change(pairing_id=pairing.pk, by=reader_of(request), now=timezone.now(), **given)
    except MatchingError as error:
        messages.error(request, str(error))
    return back_to(request, pairing.run_id, pairing.pk)


def pairing_or_404(request: HttpRequest, pk: uuid.UUID) -> Pairing:
    pairings = Pairing.objects.standing().reviewable_by(request.user)
    return get_object_or_404(
        pairings.select_related("run__program", "mentee__person", "mentor__person", "goal"), pk=pk
    )
