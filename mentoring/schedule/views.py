from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from mentoring.schedule.models import Session

PAST = 20
AHEAD = 100


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """All of the reader's sessions, in every program, in their own zone."""
    now = timezone.now()
    mine = Session.objects.visible_to(request.user).select_related("series__mentor", "series__mentee")
    return render(
        request,
        "schedule/calendar.html",
        {
            "ahead": mine.ahead(now)[:AHEAD],
            "past": mine.planned().filter(ends_at__lte=now).order_by("-starts_at")[:PAST],
        },
    )
