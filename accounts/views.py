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
    BasicsForm,
    LanguageFormSet,
    OfferFormSet,
    SkillFormSet,
    WishFormSet,
)
from accounts.meter import steps_of
from accounts.models import Profile, User
from accounts.portrait import portrait_of


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
            "steps": steps_of(portrait, mentors=mentors, mentees=mentees),
            "is_own": True,
            "person": person,
        },
    )


@require_safe
def profile_preview(request: HttpRequest) -> HttpResponse:
    """As others see it in the one program that the person is in; a choice where there are several.
    Programs, a higher app, are known by name."""
    memberships = reader_of(request).memberships.filter(left_at=None).select_related("program")
    programs = [membership.program for membership in memberships.order_by("program__name")]
    if len(programs) == 1:
        return redirect("programs:profile-preview", slug=programs[0].slug)
    return render(request, "accounts/profile_preview.html", {"programs": programs})


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
