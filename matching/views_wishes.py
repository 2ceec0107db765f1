"""What members wish for themselves. Each page is about one's own membership and nobody else's."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from matching import wishes
from matching.forms_wishes import EmphasisForm, PreferenceForm, PreferenceSearch, order_text
from mentoring.programs.access import program_for
from mentoring.programs.models import Membership, MembershipQuerySet

PER_PAGE = 10


@require_http_methods(["GET", "HEAD", "POST"])
def what_matters(request: HttpRequest, slug: str) -> HttpResponse:
    member = _as_mentee(request, slug)
    program = member.program
    form = EmphasisForm(request.POST or None, weights=program.weights, initial=wishes.emphasis_of(member))
    if request.method == "POST" and program.tilt and form.is_valid():
        wishes.keep_emphasis(member, form.cleaned_data)
        messages.success(request, "Saved. The mentors stand in the order that this gives.")
        return redirect("matching:mentor-list", slug)
    return render(request, "matching/what_matters.html", {"program": program, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def preferred_mentors(request: HttpRequest, slug: str) -> HttpResponse:
    return _preferences(request, _as_mentee(request, slug), as_mentor=False)


@require_http_methods(["GET", "HEAD", "POST"])
def preferred_mentees(request: HttpRequest, slug: str) -> HttpResponse:
    member = program_for(request.user, slug)
    if not member.is_mentor:
        raise Http404
    return _preferences(request, member, as_mentor=True)


def _preferences(request: HttpRequest, member: Membership, *, as_mentor: bool) -> HttpResponse:
    """The list as a whole is posted: each button of the page holds the order that pressing it gives."""
    form = PreferenceForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            wishes.prefer(member, as_mentor=as_mentor, order=form.cleaned_data["order"])
        except wishes.WishError as refusal:
            form.add_error("order", str(refusal))
        else:
            return redirect(request.get_full_path())
    search = PreferenceSearch(request.GET)
    search.is_valid()  # what is not valid says so beside its field and narrows nothing
    chosen = wishes.preferred_by(member, as_mentor=as_mentor)
    others = wishes.preferable_to(member, as_mentor=as_mentor).exclude(pk__in=[one.pk for one in chosen])
    context = {
        "program": member.program,
        "member": member,
        "as_mentor": as_mentor,
        "form": form,
        "search": search,
        "choices": _choices(chosen),
        "page": _found(others, search.cleaned_data.get("words", ""), request.GET.get("page")),
        "after": "".join(f"{one.pk}," for one in chosen),
        "is_full": len(chosen) >= wishes.MOST_PREFERRED,
        "here": request.get_full_path(),
    }
    return render(request, "matching/preferences.html", context)


def _choices(chosen: Sequence[Membership]) -> list[dict[str, Any]]:
    """Each with the orders that its buttons give; the first cannot go up, nor the last down."""
    order = [one.pk for one in chosen]
    return [
        {
            "membership": one,
            "up": order_text(_swapped(order, place - 1, place)),
            "down": order_text(_swapped(order, place, place + 1)),
            "without": order_text(order[:place] + order[place + 1 :]),
        }
        for place, one in enumerate(chosen)
    ]


def _swapped(order: Sequence[uuid.UUID], place: int, other: int) -> list[uuid.UUID]:
    swapped = list(order)
    if place >= 0 and other < len(order):
        swapped[place], swapped[other] = order[other], order[place]
    return swapped


def _found(others: MembershipQuerySet, words: str, number: str | None) -> Any:
    """Never by mail address, which other members do not see."""
    if words:
        others = others.filter(
            Q(person__name__icontains=words) | Q(person__profile__headline__icontains=words)
        )
    listed = others.select_related("person__profile").order_by("person__name", "pk")
    return Paginator(listed, PER_PAGE).get_page(number)


def _as_mentee(request: HttpRequest, slug: str) -> Membership:
    member = program_for(request.user, slug)
    if not member.is_mentee:
        raise Http404
    return member
