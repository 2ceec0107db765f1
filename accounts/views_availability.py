from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import services
from accounts.access import reader_of
from accounts.forms_availability import AvailabilityForm, ElsewhereForm
from accounts.meeting import hours_at_night
from accounts.models import Profile, User
from accounts.portrait import hours_in_zone, zone_in_words
from accounts.week import EMPTY_WEEK, from_indices, unpack
from accounts.week_grid import week_grid


@require_http_methods(["GET", "POST"])
def availability(request: HttpRequest) -> HttpResponse:
    person = reader_of(request)
    # What is painted and not yet saved comes with the question how it looks elsewhere.
    asked = request.POST if request.method == "POST" else request.GET if "painted" in request.GET else None
    form = AvailabilityForm(asked)
    if request.method == "POST" and form.is_valid():
        services.save_week(person, form.cleaned_data["slots"])
        messages.success(request, "Your weekly hours are saved.")
        return redirect("accounts:profile")
    chosen = form.understood() if asked is not None else _saved_week(person)
    elsewhere = ElsewhereForm(request.GET if "zone" in request.GET else None, person=person)
    context = {"elsewhere": elsewhere, "preview": _preview(person, elsewhere, chosen)}
    if request.method == "GET" and request.headers.get("HX-Request"):
        return render(request, "accounts/_elsewhere.html", context)
    memberships: Any = person.memberships
    return render(
        request,
        "accounts/availability.html",
        context
        | {
            "form": form,
            "week": week_grid(chosen),
            "zone": zone_in_words(person.zone),
            # Programs, a higher app, are known by the relation's name.
            "memberships": memberships.filter(left_at=None)
            .select_related("program")
            .order_by("program__name"),
        },
    )


def _saved_week(person: User) -> set[int]:
    packed = Profile.objects.filter(person=person).values_list("week", flat=True).first() or EMPTY_WEEK
    return set(unpack(packed).nonzero()[0].tolist())


def _preview(person: User, form: ElsewhereForm, chosen: Collection[int]) -> dict[str, Any] | None:
    """The hours by the clocks of the zone that is asked for, or that somebody whom the person meets is in."""
    if (zone := form.chosen()) is None:
        return None
    packed, now = from_indices(chosen), timezone.now()
    return {
        "zone": zone_in_words(zone.key),
        "days": hours_in_zone(packed, home=person.zone_info, zone=zone, now=now),
        "hours": f"{len(chosen) / 2:g}",
        "at_night": f"{hours_at_night(packed, home=person.zone_info, zone=zone, now=now):g}",
        "here": f"{now.astimezone(person.zone_info):%H:%M}",
        "there": f"{now.astimezone(zone):%H:%M}",
    }
