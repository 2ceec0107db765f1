"""Changes that an admin makes to a run by hand. Nobody decides on a pairing of their own: 404."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import reader_of
from matching import desk
from matching.fits import fits, shown
from matching.forms import AssignForm, SwapForm
from matching.models import LeftOut, Pairing
from matching.services import MatchingError
from matching.views_runs import back_to, run_or_404
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership


@require_POST
def pairing_lock(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _change(request, pk, desk.lock_pairing)


@require_POST
def pairing_unlock(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _change(request, pk, desk.unlock_pairing)


@require_POST
def pairing_remove(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _change(request, pk, desk.remove_pairing)


@require_http_methods(["GET", "HEAD", "POST"])
def pairing_swap(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The pairings whose mentor could be swapped with this one's, and what each swap would do."""
    pairing = _pairing_or_404(request, pk)
    others = pairing.run.pairings.standing().reviewable_by(request.user).exclude(pk=pairing.pk)
    if request.method == "POST":
        form = SwapForm(request.POST)
        return _swap(request, pairing, get_object_or_404(others, pk=_chosen(form, "other")))
    candidates = (
        others.filter(is_locked=False)
        .exclude(mentor_id=pairing.mentor_id)
        .select_related("mentee__person", "mentor__person")
    )
    swaps = desk.possible_swaps(pairing, list(candidates), timezone.localdate())
    context = {"pairing": pairing, "run": pairing.run, "swaps": swaps}
    return render(request, "matching/pairing_swap.html", context)


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
    """The mentors whom a mentee who is left out could have, with reasons; `mentee` is a membership's id."""
    run = run_or_404(request, pk)
    form = AssignForm(request.POST if request.method == "POST" else request.GET)
    waiting = LeftOut.objects.reviewable_by(request.user).filter(run=run, goal__isnull=False)
    left_out = get_object_or_404(
        waiting.select_related("run__program", "mentee__person", "goal"), mentee_id=_chosen(form, "mentee")
    )
    if request.method == "POST":
        mentors = run.program.memberships.exclude(person_id=request.user.pk)
        return _assign(request, left_out, get_object_or_404(mentors, pk=_chosen(form, "mentor")))
    context = {"run": run, "left_out": left_out, "cards": _assignable_cards(request, left_out)}
    return render(request, "matching/match_run_assign.html", context)


def _assign(request: HttpRequest, left_out: LeftOut, mentor: Membership) -> HttpResponse:
    try:
        pairing = desk.assign_mentor(
            run_id=left_out.run_id,
            mentee_id=left_out.mentee_id,
            mentor_id=mentor.pk,
            by=reader_of(request),
            now=timezone.now(),
        )
    except MatchingError as error:
        messages.error(request, str(error))
        return back_to(request, left_out.run_id)
    messages.success(request, "The pairing is made, and locked.")
    return back_to(request, left_out.run_id, pairing.pk)


def _assignable_cards(request: HttpRequest, left_out: LeftOut) -> list[dict[str, Any]]:
    run = left_out.run
    goals = Goal.objects.filter(pk__in=[left_out.goal_id])
    found = fits(run.program, goals, timezone.localdate(), run)
    cards = []
    for j in desk.assignable(run, found):
        row = found.mentors.rows[j]
        if row.person != request.user.pk:
            explanation = found.explanation(0, j, voice="admin", zone=run.zone)
            cards.append({"row": row} | shown(explanation))
    return cards


def _chosen(form: Form, name: str) -> uuid.UUID:
    """Whom a form means by an id; 404 where it is none."""
    form.is_valid()
    chosen: uuid.UUID | None = form.cleaned_data.get(name)
    if chosen is None:
        raise Http404
    return chosen


def _change(request: HttpRequest, pk: uuid.UUID, change: Callable[..., Pairing]) -> HttpResponse:
    pairing = _pairing_or_404(request, pk)
    try:
        change(pairing_id=pairing.pk, by=reader_of(request), now=timezone.now())
    except MatchingError as error:
        messages.error(request, str(error))
    return back_to(request, pairing.run_id, pairing.pk)


def _pairing_or_404(request: HttpRequest, pk: uuid.UUID) -> Pairing:
    pairings = Pairing.objects.standing().reviewable_by(request.user)
    return get_object_or_404(
        pairings.select_related("run__program", "mentee__person", "mentor__person", "goal"), pk=pk
    )
