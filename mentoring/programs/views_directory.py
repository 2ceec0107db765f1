"""The directory of a program's mentors, and what a member marks in it."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from accounts import skill_search
from accounts.vocabulary import Vocabulary, vocabulary_of
from mentoring.programs import favourites
from mentoring.programs.access import program_for
from mentoring.programs.directory import find
from mentoring.programs.directory_cards import cards_of
from mentoring.programs.forms_directory import DirectoryForm
from mentoring.programs.models import Membership

MEANT = 3  # skills that the words may name


@require_safe
def directory(request: HttpRequest, slug: str) -> HttpResponse:
    reader = program_for(request.user, slug)
    vocabulary = vocabulary_of(reader.program_id)
    form = DirectoryForm(request.GET, vocabulary=vocabulary)
    form.is_valid()  # what is not valid says so beside its field and narrows nothing
    wanted = form.cleaned_data
    found = find(reader, wanted, vocabulary, request.GET.get("page", ""))
    is_fragment = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    context = {
        "is_fragment": is_fragment,
        "reader": reader,
        "program": reader.program,
        "form": form,
        "found": found,
        "is_narrowed": any(value for name, value in wanted.items() if name not in ("sort", "full")),
        "cards": cards_of(found, reader, vocabulary, wanted_skills=_meant(wanted, vocabulary)),
    }
    template = "programs/_directory_results.html" if is_fragment else "programs/directory.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _meant(wanted: Mapping[str, Any], vocabulary: Vocabulary) -> list[int]:
    """The skills that were asked for, which a card shows before others: that is why somebody was found."""
    named = [each.skill.pk for each in skill_search.find(vocabulary, wanted.get("words") or "", MEANT)]
    return [wanted["skill"], *named] if wanted.get("skill") else named


@require_POST
def favourite_add(request: HttpRequest, slug: str, person_id: uuid.UUID) -> HttpResponse:
    reader = program_for(request.user, slug)
    member = get_object_or_404(Membership.objects.open_to(reader).select_related("person"), person=person_id)
    favourites.add(reader, member, now=timezone.now())
    return _marked(request, reader, member, is_favourite=True)


@require_POST
def favourite_remove(request: HttpRequest, slug: str, person_id: uuid.UUID) -> HttpResponse:
    """Of any member: who pauses by now can still be taken off."""
    reader = program_for(request.user, slug)
    members = Membership.objects.current().filter(program=reader.program_id).select_related("person")
    member = get_object_or_404(members, person=person_id)
    favourites.remove(reader, person_id)
    return _marked(request, reader, member, is_favourite=False)


def _marked(
    request: HttpRequest, reader: Membership, member: Membership, *, is_favourite: bool
) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        context = {
            "program": reader.program,
            "member": member,
            "is_favourite": is_favourite,
            "back_to": request.POST.get("next", ""),
        }
        return render(request, "programs/_favourite.html", context)
    back_to = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back_to, allowed_hosts=None) and back_to.startswith("/"):
        return redirect(back_to)
    return redirect("programs:person-detail", slug=reader.program.slug, person_id=member.person_id)
