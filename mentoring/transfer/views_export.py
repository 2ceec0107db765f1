from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from mentoring.programs.access import admin_of
from mentoring.transfer.exporting import EXPORTS
from mentoring.transfer.writing import KINDS, download

TOLD = [
    (
        "members",
        "Members",
        "Name, mail address, roles, skills, languages, time zone, manager, places and titles of goals. "
        "An import understands this file.",
    ),
    (
        "engagements",
        "Engagements",
        "The two people, the goal's title, state, first and last day, and how often they meet.",
    ),
    (
        "sessions",
        "Sessions",
        "For each engagement how many sessions are planned, held, missed, skipped and cancelled.",
    ),
]


@require_safe
def export(request: HttpRequest, slug: str) -> HttpResponse:
    program = admin_of(request.user, slug).program
    return render(request, "transfer/export.html", {"program": program, "exports": TOLD})


@require_safe
def export_file(request: HttpRequest, slug: str, what: str, kind: str) -> HttpResponseBase:
    program = admin_of(request.user, slug).program
    if what not in EXPORTS or kind not in KINDS:
        raise Http404
    name = f"{program.slug}-{what}-{timezone.now():%Y-%m-%d}"
    return download(name, kind, EXPORTS[what](program))
