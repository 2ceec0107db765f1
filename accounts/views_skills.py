"""Skills while somebody types, for static/js/skill-picker.js."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import reader_of
from accounts.models import User
from accounts.skills import find_skills

MOST = 8


@require_safe
@never_cache
def skill_search(request: HttpRequest) -> HttpResponse:
    """Those that the reader may pick; `program` narrows them to one of the reader's programs."""
    person = reader_of(request)
    program = _program_of(person, request.GET["program"]) if "program" in request.GET else None
    found = find_skills(request.GET.get("q", ""), person, MOST, program=program)
    rows = [
        {"id": one.skill.pk, "name": one.skill.name, "kind": one.skill.kind, "in": one.parent, "by": one.by}
        for one in found
    ]
    return JsonResponse({"skills": rows})


def _program_of(person: User, wanted: str) -> uuid.UUID:
    """Programs are a higher app, known by the relation's name."""
    try:
        program = uuid.UUID(wanted)
    except ValueError:
        raise Http404 from None
    if not person.memberships.filter(program=program, left_at=None).exists():
        raise Http404
    return program
