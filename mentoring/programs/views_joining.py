"""Who comes in and how, for the program's admins; and taking an invitation, for whoever has one."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import reader_of
from accounts.models import User
from mentoring.programs import joining, running
from mentoring.programs.access import admin_of
from mentoring.programs.forms import JoinForm
from mentoring.programs.forms_joining import InviteForm
from mentoring.programs.models import Applicant, Invitation, Program
from mentoring.programs.services import ProgramError

PER_PAGE = 50


@require_safe
def invitation_list(request: HttpRequest, slug: str) -> HttpResponse:
    program = admin_of(request.user, slug).program
    now = timezone.now()
    unanswered = program.invitations.unanswered()
    context = {
        "program": program,
        "now": now,
        "join_link": settings.SITE_URL + reverse("programs:join", args=[program.join_token]),
        "applicants": program.applicants.select_related("person__profile")[:PER_PAGE],
        "applicant_count": program.applicants.count(),
        "page": Paginator(unanswered.select_related("by"), PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "programs/invitation_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_new(request: HttpRequest, slug: str) -> HttpResponse:
    program, now = admin_of(request.user, slug).program, timezone.now()
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        places = form.places()
        lately = program.invitations.filter(sent_at__gt=now - timedelta(days=1)).count()
        if lately + len(places) > joining.INVITED_A_DAY:
            form.add_error("addresses", f"{joining.INVITED_A_DAY} invitations a day at most. Go on tomorrow.")
        else:
            done = joining.invite(program, by=reader_of(request), rows=places, now=now)
            messages.success(request, _said(done))
            return redirect("programs:invitation-list", slug=slug)
    return render(request, "programs/invitation_new.html", {"program": program, "form": form})


@require_POST
def invitation_withdraw(request: HttpRequest, slug: str, pk: uuid.UUID) -> HttpResponse:
    return _change(
        request, slug, pk, joining.withdraw_invitation, "The invitation is withdrawn; its link is dead."
    )


@require_POST
def invitation_resend(request: HttpRequest, slug: str, pk: uuid.UUID) -> HttpResponse:
    return _change(request, slug, pk, joining.resend_invitation, "The invitation is on its way again.")


@require_POST
def link_rotate(request: HttpRequest, slug: str) -> HttpResponse:
    program = admin_of(request.user, slug).program
    running.rotate_link(program, by=reader_of(request), now=timezone.now())
    messages.success(request, "There is a new link. The old one leads nowhere from now on.")
    return redirect("programs:invitation-list", slug=slug)


@require_POST
def applicant_accept(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    return _answer(request, slug, pk, joining.accept_applicant, "is a member now, and is told.")


@require_POST
def applicant_decline(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    return _answer(request, slug, pk, joining.decline_applicant, "is told in neutral words.")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever has the address sees who invites them to what, and takes the place once signed in."""
    invitation = joining.open_invitation(token, timezone.now())
    if invitation is None:
        why = "An invitation is good for one person, for three weeks. It was taken or withdrawn, or is over."
        return link_closed(request, why)
    if request.method == "POST" and isinstance(request.user, User):
        try:
            joining.accept_invitation(invitation, request.user, now=timezone.now())
        except ProgramError as error:
            messages.error(request, str(error))
            return redirect("home:home")
        messages.success(request, f"Welcome to {invitation.program.name}.")
        return redirect("home:program-home", slug=invitation.program.slug)
    back = {"next": request.path}
    context = {
        "invitation": invitation,
        "program": invitation.program,
        "sign_up_url": f"{reverse('account_signup')}?{urlencode(back | {'email': invitation.email})}",
        "sign_in_url": f"{reverse('account_login')}?{urlencode(back)}",
    }
    return render(request, "programs/invitation_accept.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def join_by_domain(request: HttpRequest, slug: str) -> HttpResponse:
    """For somebody whose confirmed mail address opens the program; to others it is not there."""
    program = next((one for one in joining.programs_open_to(request.user) if one.slug == slug), None)
    if program is None:
        raise Http404
    return join_page(request, program, reader_of(request))


def link_closed(request: HttpRequest, why: str) -> HttpResponse:
    """Says so in words, since whoever follows such a link did nothing wrong."""
    return render(request, "programs/link_closed.html", {"why": why}, status=404)


def join_page(request: HttpRequest, program: Program, person: User) -> HttpResponse:
    """Asks how somebody would take part who has found a way in."""
    form = JoinForm(request.POST or None, program=program)
    if request.method == "POST" and form.is_valid():
        try:
            member = joining.enter(program, person, **form.roles(), now=timezone.now())
        except ProgramError as refusal:
            form.add_error(None, str(refusal))
        else:
            return _entered(request, program, is_in=member is not None)
    asked = Applicant.objects.filter(program=program, person=person).first()
    context = {
        "program": program,
        "form": form,
        "asked": asked,
        "needs_yes": joining.needs_yes(program, person),
    }
    return render(request, "programs/join.html", context)


def _entered(request: HttpRequest, program: Program, *, is_in: bool) -> HttpResponse:
    if not is_in:
        messages.success(request, f"You have asked to join {program.name}. You are told by mail.")
        return redirect("home:home")
    messages.success(request, f"Welcome to {program.name}. Say who you are, so that others can find you.")
    return redirect("accounts:profile")


def _change(
    request: HttpRequest, slug: str, pk: uuid.UUID, change: Callable[..., None], said: str
) -> HttpResponse:
    program = admin_of(request.user, slug).program
    invitation = get_object_or_404(Invitation, pk=pk, program=program)
    try:
        change(invitation, by=reader_of(request), now=timezone.now())
    except ProgramError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("programs:invitation-list", slug=slug)


def _answer(request: HttpRequest, slug: str, pk: int, answer: Callable[..., None], said: str) -> HttpResponse:
    program = admin_of(request.user, slug).program
    applicant = get_object_or_404(Applicant.objects.select_related("person"), pk=pk, program=program)
    try:
        answer(applicant, by=reader_of(request), now=timezone.now())
    except ProgramError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{applicant.person.name} {said}")
    return redirect("programs:invitation-list", slug=slug)


def _said(done: joining.Invited) -> str:
    count = len(done.sent)
    said = f"{count} invitation{'' if count == 1 else 's'} on the way."
    if done.members:
        said += f" In the program already: {_some(done.members)}."
    if done.waiting:
        said += f" Invited already: {_some(done.waiting)}."
    if done.often:
        said += f" Mailed {joining.MAILED_A_DAY} times today, and not once more: {_some(done.often)}."
    return said


def _some(addresses: list[str]) -> str:
    return f"{', '.join(addresses[:5])}{' …' if len(addresses) > 5 else ''}"
