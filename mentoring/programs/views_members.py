"""The members of a program, for its admins."""

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import reader_of
from mentoring.programs import services
from mentoring.programs.access import admin_of
from mentoring.programs.forms import MemberFilter, MemberForm
from mentoring.programs.models import Membership
from mentoring.programs.services import change_member

PAGE_SIZE = 50


@require_safe
def member_list(request: HttpRequest, slug: str) -> HttpResponse:
    program = admin_of(request.user, slug).program
    chosen = MemberFilter(request.GET or None)
    words = chosen.cleaned_data if chosen.is_valid() else {}
    members = (
        Membership.objects.current()
        .filter(program=program)
        .matching(words.get("q", ""), role=words.get("role", ""))
        .with_counts()
        .select_related("person")
        .prefetch_related("person__languages")
        .order_by("person__name", "pk")
    )
    page = Paginator(members, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "programs/member_list.html",
        {
            "program": program,
            "page": page,
            "filter": chosen,
            "is_filtered": any(words.values()),
        },
    )


@require_http_methods(["GET", "POST"])
def member_edit(request: HttpRequest, slug: str, pk: uuid.UUID) -> HttpResponse:
    program = admin_of(request.user, slug).program
    members = Membership.objects.current().filter(program=program).select_related("person")
    member = get_object_or_404(members, pk=pk)
    form = MemberForm(request.POST or None, instance=member)
    if request.method == "POST" and form.is_valid():
        try:
            change_member(member, by=reader_of(request), roles=form.cleaned_data, now=timezone.now())
        except services.ProgramError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{member.person.name} is changed.")
            gave_up = member.person_id == request.user.pk and not form.cleaned_data["is_admin"]
            return redirect("home:program-home" if gave_up else "programs:member-list", slug=slug)
    taken = services.places_taken(member)
    return render(
        request,
        "programs/member_edit.html",
        {"program": program, "member": member, "form": form, "taken": taken},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def member_remove(request: HttpRequest, slug: str, pk: uuid.UUID) -> HttpResponse:
    """Says what ends with the membership, then ends it in one step."""
    program = admin_of(request.user, slug).program
    members = Membership.objects.current().filter(program=program).select_related("person", "program")
    member = get_object_or_404(members.exclude(person=request.user.pk), pk=pk)
    context = {"program": program, "member": member, "ties": services.ties_of(member), "refusal": ""}
    if request.method == "POST":
        try:
            services.leave_program(member, by=reader_of(request), now=timezone.now())
        except services.ProgramError as error:
            context["refusal"] = str(error)
        else:
            messages.success(request, f"{member.person.name} is no longer in {program.name}, and is told.")
            return redirect("programs:member-list", slug=slug)
    return render(request, "programs/member_remove.html", context)
