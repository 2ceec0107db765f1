import uuid
from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.portrait import portrait_of
from mentoring.programs import favourites, services
from mentoring.programs.access import program_for
from mentoring.programs.forms import MembershipForm, PauseForm
from mentoring.programs.models import Exclusion, Membership, Program
from mentoring.programs.views_joining import join_page, link_closed


@login_not_required
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    program = Program.objects.filter(join_token=token, joins_by_link=True).first()
    if program is None:
        why = "The program takes nobody by this link any more, or it was not copied whole."
        return link_closed(request, why)
    if not isinstance(request.user, User):
        messages.info(request, f"To join {program.name}, create an account or sign in; you come back to it.")
        return redirect_to_login(request.path, login_url=reverse("account_signup"))
    if Membership.objects.current().filter(program=program, person=request.user).exists():
        messages.info(request, f"You are in {program.name} already.")
        return redirect("home:program-home", slug=program.slug)
    return join_page(request, program, request.user)


@require_http_methods(["GET", "POST"])
def membership(request: HttpRequest, slug: str) -> HttpResponse:
    own = program_for(request.user, slug)
    form = MembershipForm(request.POST or None, instance=own)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_membership(own, **form.cleaned_data)
        except services.ProgramError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Your part in the program is changed.")
            return redirect("programs:membership", slug=slug)
    return _membership_page(request, own, form, PauseForm(initial=_pause_of(own)))


@require_POST
def membership_pause(request: HttpRequest, slug: str) -> HttpResponse:
    own = program_for(request.user, slug)
    form = PauseForm(request.POST)
    if form.is_valid():
        try:
            services.pause_membership(own, **form.cleaned_data, today=_today(own))
        except services.ProgramError as refusal:
            form.add_error("paused_until", str(refusal))
        else:
            messages.success(request, "Your pause is noted. What is under way goes on.")
            return redirect("programs:membership", slug=slug)
    return _membership_page(request, own, MembershipForm(instance=own), form)


@require_POST
def membership_unpause(request: HttpRequest, slug: str) -> HttpResponse:
    services.end_pause(program_for(request.user, slug))
    messages.success(request, "You are back: you can be found and asked again.")
    return redirect("programs:membership", slug=slug)


def _membership_page(
    request: HttpRequest, own: Membership, form: MembershipForm, pause: PauseForm
) -> HttpResponse:
    taken = services.places_taken(own)
    context = {"membership": own, "program": own.program, "form": form, "pause": pause, "taken": taken}
    return render(request, "programs/membership.html", context)


def _pause_of(own: Membership) -> dict[str, date | None]:
    """The pause as it stands, so that changing its one day leaves the other; or one from today."""
    if own.pauses or own.will_pause:
        return {"paused_from": own.paused_from or _today(own), "paused_until": own.paused_until}
    return {"paused_from": _today(own)}


def _today(own: Membership) -> date:
    return timezone.localdate(timezone=own.person.zone_info)


@require_http_methods(["GET", "POST"])
def membership_leave(request: HttpRequest, slug: str) -> HttpResponse:
    own = program_for(request.user, slug)
    refusal = ""
    ties = services.ties_of(own)
    if request.method == "POST":
        try:
            services.leave_program(own, now=timezone.now())
        except services.ProgramError as error:
            refusal = str(error)
        else:
            messages.success(request, f"You have left {own.program.name}.")
            return redirect("home:home")
    return render(
        request,
        "programs/membership_leave.html",
        {"membership": own, "program": own.program, "ties": ties, "refusal": refusal},
    )


@require_safe
def person_detail(request: HttpRequest, slug: str, person_id: uuid.UUID) -> HttpResponse:
    reader = program_for(request.user, slug)
    members = Membership.objects.current().filter(program=reader.program_id)
    member = get_object_or_404(members.select_related("person"), person=person_id)
    is_self = member.person_id == reader.person_id
    is_open = Membership.objects.open_to(reader).filter(pk=member.pk).exists()
    can_ask = reader.is_mentee and is_open and reader.program.takes_requests
    return render(
        request,
        "programs/person_detail.html",
        {
            "program": reader.program,
            "reader": reader,
            "member": member,
            "person": member.person,
            "portrait": portrait_of(
                member.person, zone=reader.person.zone_info, now=timezone.now(), program=reader.program_id
            ),
            "is_self": is_self,
            "can_ask": can_ask,
            "between": _between(reader, member),
            # Said in the same words of one who pauses and of one who has excluded the reader.
            "excluded": Exclusion.objects.filter(by=reader.person_id, other=member.person_id).first(),
            "is_favourite": (is_favourite := bool(favourites.among(reader, [member.pk]))),
            "can_mark": is_open or is_favourite,
            "takes_none": member.is_mentor and (member.pauses if is_self else not is_open),
            "goal": _goal_for(reader, request.GET.get("goal", "")) if can_ask else None,
            "mail": member.person.email if services.can_see_mail(reader, member) else "",
        },
    )


def _between(reader: Membership, mentor: Membership) -> dict[str, Any]:
    """The reader's engagement under way with this mentor, and their request that waits, if there is one.
    Engagements are a higher app, known by the relations' names alone."""
    person: Any = reader.person
    pair = {"program": reader.program_id, "mentor": mentor.person_id}
    return {
        "engagement": person.engagements_as_mentee.filter(**pair, state="active").first(),
        "request": person.requests_sent.filter(**pair, state="open").first(),
    }


def _goal_for(reader: Membership, wanted: str) -> Any:
    """The reader's open goal of this id, or their only one when no id is given. Goals are a higher app,
    known by the relation's name alone."""
    person: Any = reader.person
    goals = person.goals.filter(program=reader.program_id, state="open")
    if not wanted:
        few = list(goals[:2])
        return few[0] if len(few) == 1 else None
    try:
        return goals.filter(pk=uuid.UUID(wanted)).first()
    except ValueError:
        return None
