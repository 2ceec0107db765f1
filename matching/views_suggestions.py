"""A mentee's suggestions: shown on their home and goal pages, put away here."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from matching import suggesting
from matching.models import Suggestion


@require_POST
def suggestion_dismiss(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    suggestions = Suggestion.objects.owned_by(request.user).select_related("goal__program", "mentor__person")
    suggestion = get_object_or_404(suggestions, pk=pk)
    suggesting.dismiss(suggestion, now=timezone.now())
    messages.success(
        request,
        f"{suggestion.mentor.person.name} is not suggested to you again for 90 days. Nobody is told.",
    )
    if request.POST.get("back") == "home":
        return redirect("home:program-home", suggestion.goal.program.slug)
    return redirect("goals:goal-detail", suggestion.goal_id)
