"""How a program's mentors and mentees are matched. For program admins alone."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from matching.forms_settings import MatchSettingsForm, current_settings
from mentoring.programs.access import admin_of
from mentoring.programs.models import Membership, Program
from mentoring.programs.running import change_settings


@require_http_methods(["GET", "HEAD", "POST"])
def match_settings(request: HttpRequest, slug: str) -> HttpResponse:
    admin = admin_of(request.user, slug)
    form = MatchSettingsForm(request.POST or None, initial=current_settings(admin.program))
    if request.method == "POST" and form.is_valid():
        _change(admin, form.cleaned_data)
        messages.success(request, "Saved. Lists of mentors follow at once, and so does the next match run.")
        return redirect("matching:match-settings", slug)
    return render(request, "matching/match_settings.html", {"program": admin.program, "form": form})


@require_POST
def match_settings_reset(request: HttpRequest, slug: str) -> HttpResponse:
    _change(admin_of(request.user, slug), current_settings(Program()))
    messages.success(request, "The match settings are back to the defaults.")
    return redirect("matching:match-settings", slug)


def _change(admin: Membership, entered: Mapping[str, Any]) -> None:
    wanted = {name: entered[name] for name in current_settings(admin.program)}
    change_settings(admin.program, by=admin.person, wanted=wanted, now=timezone.now())
