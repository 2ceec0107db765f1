from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts import services
from accounts.access import reader_of
from accounts.forms_fields import SkillList
from accounts.forms_profile import (
    AvailabilityForm,
    BasicsForm,
    LanguageFormSet,
    OfferFormSet,
    SkillFormSet,
    WishFormSet,
)
from accounts.models import Profile, User
from accounts.portrait import gaps_in, portrait_of, zone_in_words
from accounts.week import EMPTY_WEEK, unpack
from accounts.week_grid import week_grid


@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    person = reader_of(request)
    portrait = portrait_of(person, zone=person.zone_info, now=timezone.now())
    mentors, mentees = _roles_of(person)
    return render(
        request,
        "accounts/profile.html",
        {
            "portrait": portrait,
            "gaps": gaps_in(portrait, mentors=mentors, mentees=mentees),
            "is_own": True,
            "person": person,
        },
    )


@require_http_methods(["GET", "POST"])
def basics(request: HttpRequest) -> HttpResponse:
    person = reader_of(request)
    form = BasicsForm(request.POST or None, initial=_basics_of(person))
    languages = LanguageFormSet(
        request.POST or None, prefix="languages", initial=list(person.languages.values("code", "fluency"))
    )
    if request.method == "POST" and all([form.is_valid(), languages.is_valid()]):
        spoken = [(row["code"], row["fluency"]) for row in languages.rows()]
        services.save_basics(person, **form.cleaned_data, languages=spoken)
        return _saved(request, "Your basics are saved.")
    return render(request, "accounts/basics.html", {"form": form, "languages": languages})


@require_http_methods(["GET", "POST"])
def skills(request: HttpRequest) -> HttpResponse:
    person = reader_of(request)
    rows = SkillFormSet(
        request.POST or None,
        prefix="skills",
        initial=list(person.skills.values("skill", "level")),
        form_kwargs={"skills": SkillList(person)},
    )
    if request.method == "POST" and rows.is_valid():
        services.save_skills(person, [(row["skill"], row["level"]) for row in rows.rows()])
        return _saved(request, "Your skills are saved.")
    return render(request, "accounts/skills.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
def exchange(request: HttpRequest) -> HttpResponse:
    person = reader_of(request)
    listed: dict[str, Any] = {"form_kwargs": {"skills": SkillList(person)}}
    wishes = WishFormSet(
        request.POST or None, prefix="wishes", initial=list(person.wishes.values("skill")), **listed
    )
    offers = OfferFormSet(
        request.POST or None, prefix="offers", initial=list(person.offers.values("skill", "words")), **listed
    )
    if request.method == "POST" and all([wishes.is_valid(), offers.is_valid()]):
        services.save_exchange(
            person,
            wishes=[row["skill"] for row in wishes.rows()],
            offers=[(row["skill"], row["words"]) for row in offers.rows()],
        )
        return _saved(request, "What you would like to learn and what you offer is saved.")
    return render(request, "accounts/exchange.html", {"wishes": wishes, "offers": offers})


@require_http_methods(["GET", "POST"])
def availability(request: HttpRequest) -> HttpResponse:
    person = reader_of(request)
    form = AvailabilityForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if form.is_valid():
            services.save_week(person, form.cleaned_data["slots"])
            return _saved(request, "Your weekly hours are saved.")
        chosen = form.understood()
    else:
        packed = Profile.objects.filter(person=person).values_list("week", flat=True).first() or EMPTY_WEEK
        chosen = set(unpack(packed).nonzero()[0].tolist())
    return render(
        request,
        "accounts/availability.html",
        {"form": form, "week": week_grid(chosen), "zone": zone_in_words(person.zone)},
    )


def _roles_of(person: User) -> tuple[bool, bool]:
    """Mentor, mentee anywhere; both while in no program yet. Programs, a higher app, are known by name."""
    roles = list(person.memberships.filter(left_at=None).values_list("is_mentor", "is_mentee"))
    return not roles or any(mentor for mentor, _ in roles), not roles or any(mentee for _, mentee in roles)


def _basics_of(person: User) -> dict[str, str]:
    profile = Profile.objects.filter(person=person).first() or Profile(person=person)
    return {
        "name": person.name,
        "zone": person.zone,
        "headline": profile.headline,
        "about": profile.about,
        "country": profile.country,
    }


def _saved(request: HttpRequest, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("accounts:profile")
