"""Mentors for a goal."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from matching.browse import Listing, Relations, cards_of, listing, narrow, relations_of
from matching.forms import MentorFilter
from mentoring.goals.models import Goal
from mentoring.programs.access import program_for
from mentoring.programs.models import Membership

PER_PAGE = 12


@require_safe
def mentor_list(request: HttpRequest, slug: str) -> HttpResponse:
    member = program_for(request.user, slug)
    goals = list(Goal.objects.owned_by(request.user).open().filter(program=member.program))
    goal = _chosen(goals, request.GET.get("goal")) if member.is_mentee else None
    today = timezone.localdate()
    found = listing(member, goal, today)
    form = MentorFilter(request.GET, found=found)
    form.is_valid()  # what is not valid says so beside its field and narrows nothing
    wanted = form.cleaned_data
    columns = narrow(found, wanted, zone=member.person.zone, today=today)
    page = Paginator(columns, PER_PAGE).get_page(request.GET.get("page"))
    is_fragment = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    context = {
        "is_fragment": is_fragment,
        "member": member,
        "goals": goals if member.is_mentee else [],
        "goal": goal,
        "form": form,
        "found": found,
        "page": page,
        "cards": _cards(found, list(page.object_list), member, goal),
    }
    template = "matching/_mentor_results.html" if is_fragment else "matching/mentor_list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _chosen(goals: Sequence[Goal], asked: str | None) -> Goal | None:
    """The goal that was asked for among one's own open ones, else the first."""
    if not asked:
        return goals[0] if goals else None
    for goal in goals:
        if str(goal.pk) == asked:
            return goal
    raise Http404


def _cards(
    found: Listing, columns: Sequence[int], member: Membership, goal: Goal | None
) -> list[dict[str, Any]]:
    relations = relations_of(member) if member.is_mentee else None
    cards = []
    for card in cards_of(found, columns, zone=member.person.zone):
        card["url"] = reverse("programs:person-detail", args=[member.program.slug, card["person"]])
        card["meta"] = _places(card["places_free"])
        if relations is not None:
            card |= _action(card, relations, member, goal)
        cards.append(card)
    return cards


def _action(
    card: dict[str, Any], relations: Relations, member: Membership, goal: Goal | None
) -> dict[str, Any]:
    """What the mentee can do next with this mentor."""
    person: uuid.UUID = card["person"]
    if person in relations.engagements:
        url = reverse("engagements:engagement-detail", args=[relations.engagements[person]])
        return {"action_url": url, "action_label": "Open your engagement", "meta": "You meet already"}
    if person in relations.requests:
        url = reverse("engagements:request-detail", args=[relations.requests[person]])
        return {"action_url": url, "action_label": "See your request", "meta": "Your request waits"}
    if goal is None or not card["places_free"] or not member.program.takes_requests:
        return {}
    url = reverse("engagements:request-new", args=[member.program.slug, person])
    return {"action_url": f"{url}?goal={goal.pk}", "action_label": "Ask for mentoring"}


def _places(free: int) -> str:
    return "No place free" if not free else "1 place free" if free == 1 else f"{free} places free"
