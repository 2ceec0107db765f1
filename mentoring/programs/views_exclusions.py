""" "Not this person": said on a person's page, listed and undone on one's own."""

import uuid

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import reader_of
from mentoring.programs import exclusions
from mentoring.programs.access import program_for
from mentoring.programs.models import Exclusion, Membership


@require_http_methods(["GET", "POST"])
def exclusion_new(request: HttpRequest, slug: str, person_id: uuid.UUID) -> HttpResponse:
    reader = program_for(request.user, slug)
    members = Membership.objects.current().filter(program=reader.program_id).exclude(pk=reader.pk)
    member = get_object_or_404(members.select_related("person"), person=person_id)
    if request.method == "POST":
        exclusions.exclude(reader.person, member.person)
        messages.success(request, f"You and {member.person.name} are no longer proposed to each other.")
        return redirect("programs:exclusion-list")
    context = {
        "program": reader.program,
        "person": member.person,
        "is_under_way": exclusions.is_under_way(reader, person_id),
    }
    return render(request, "programs/exclusion_new.html", context)


@require_safe
def exclusion_list(request: HttpRequest) -> HttpResponse:
    """Of whom the reader has no program in common with any more, the name alone."""
    beside = Membership.objects.visible_to(request.user).filter(person=OuterRef("other"))
    rows = Exclusion.objects.filter(by=reader_of(request)).select_related("other__profile")
    rows = rows.annotate(is_beside=Exists(beside))
    return render(request, "programs/exclusion_list.html", {"exclusions": rows.order_by("other__name", "pk")})


@require_POST
def exclusion_delete(request: HttpRequest, pk: int) -> HttpResponse:
    name = exclusions.undo(reader_of(request), pk)
    if name is None:
        raise Http404
    messages.success(request, f"You and {name} may be proposed to each other again.")
    return redirect("programs:exclusion-list")
