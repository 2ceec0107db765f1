"""How a program's mentors and mentees are matched. For program admins alone."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from matching.forms_settings import MatchSettingsForm, current_settings
from mentoring.programs.access import admin_of


@require_http_methods(["GET", "HEAD", "POST"])
def match_settings(request: HttpRequest, slug: str) -> HttpResponse:
    program = admin_of(request.user, slug).program
    form = MatchSettingsForm(request.POST or None, initial=current_settings(program))
    if request.method == "POST" and form.is_valid():
        entered = form.cleaned_data
        program.set_matching(
            weights=entered["weights"], must_haves=entered["must_haves"], tilt=entered["tilt"]
        )
        messages.success(request, "Saved. Lists of mentors follow at once, and so does the next match run.")
        return redirect("matching:match-settings", slug)
    return render(request, "matching/match_settings.html", {"program": program, "form": form})


@require_POST
def match_settings_reset(request: HttpRequest, slug: str) -> HttpResponse:
    admin_of(request.user, slug).program.set_matching(weights={}, must_haves={})
    messages.success(request, "The match settings are back to the defaults.")
    return redirect("matching:match-settings", slug)
