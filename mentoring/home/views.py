from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Profile, User
from mentoring.engagements.empathy import to_rate
from mentoring.engagements.models import Engagement, Request
from mentoring.goals.models import Goal
from mentoring.home.context import SESSION_KEY, current_membership
from mentoring.outbox import failures
from mentoring.programs.access import program_for
from mentoring.programs.joining import programs_asked_by, programs_open_to
from mentoring.programs.models import Membership, Program
from mentoring.schedule.marks import to_mark
from mentoring.schedule.models import Change, Move, Session

LATEST = 5


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The landing page; signed in, one's current program, or what to do without one."""
    if not request.user.is_authenticated:
        return render(request, "home/landing.html")
    memberships = list(
        Membership.objects.current()
        .filter(person_id=request.user.pk)
        .select_related("program")
        .order_by("program__name")
    )
    membership = current_membership(request, memberships)
    if membership is None:
        every = Program.objects.all() if request.user.is_superuser else Program.objects.none()
        context = _ways_in(request.user) | {"every_program": every}
        return render(request, "home/no_program.html", context)
    return redirect("home:program-home", membership.program.slug)


@require_safe
def program_home(request: HttpRequest, slug: str) -> HttpResponse:
    """What awaits me, and when do we meet next?"""
    membership = program_for(request.user, slug)
    if request.session.get(SESSION_KEY) != slug:
        request.session[SESSION_KEY] = slug
    now = timezone.now()
    me, program = membership.person, membership.program
    requests = Request.objects.open().filter(program=program).select_related("mentor", "mentee", "goal")
    engagements = (
        Engagement.objects.visible_to(me).filter(program=program).select_related("mentor", "mentee", "goal")
    )
    goals = Goal.objects.open().owned_by(me).filter(program=program)
    return render(
        request,
        "home/program_home.html",
        {
            "membership": membership,
            "now": now,
            "sessions": Session.objects.visible_to(me).ahead(now).listed(now)[:4],
            # One's own time, whatever program it is in
            "moves": Move.objects.awaiting(me, now).select_related("by", "session__series"),
            "changes": Change.objects.awaiting(me, now).select_related("by", "series"),
            "to_mark": to_mark(me, now).listed(now)[:LATEST],
            "to_rate": to_rate(me, now).filter(program=program)[:LATEST],
            "to_answer": requests.filter(
                Q(mentor=me, mentor_yes_at__isnull=True, approved_at__isnull=False)
                | Q(mentee=me, mentee_yes_at__isnull=True)
            ),
            "to_approve": Request.objects.to_approve_by(membership).count(),
            "waiting": requests.filter(mentee=me, mentee_yes_at__isnull=False),
            "active": engagements.active(),
            "goals": goals.exclude(engagements__state=Engagement.State.ACTIVE)
            if membership.is_mentee
            else goals.none(),
            "failed_mails": failures.failed().filter(program=program).count() if membership.is_admin else 0,
            "applicants": program.applicants.count() if membership.is_admin else 0,
            "steps": _first_steps(membership, goals.exists()),
        }
        | _ways_in(me),
    )


def _ways_in(person: User | AnonymousUser) -> dict[str, Any]:
    asked = programs_asked_by(person)
    return {"asked": asked, "to_join": [one for one in programs_open_to(person) if one not in asked]}


@login_not_required
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


def _first_steps(membership: Membership, has_goal: bool) -> list[tuple[str, str, str]]:
    """What a new member has yet to fill in: title, why, and the name of the page."""
    person = membership.person
    profile = Profile.objects.filter(person=person).first() or Profile(person=person)
    steps = []
    if not profile.headline:
        steps.append(
            (
                "Say who you are",
                "A headline and a few sentences are what others read first.",
                "accounts:basics",
            )
        )
    if not any(bytes(profile.week)):  # a memoryview of the database holds bytes, all of them true
        steps.append(
            (
                "Protect some time",
                "Matches and proposals use the hours that you keep free.",
                "accounts:availability",
            )
        )
    if membership.is_mentor and not person.skills.exists():
        steps.append(("Name your skills", "Mentees find you by what you can help with.", "accounts:skills"))
    if membership.is_mentee and not person.offers.exists():
        steps.append(
            (
                "Name what you offer",
                "Mentoring goes both ways; mentors see what you bring.",
                "accounts:exchange",
            )
        )
    return steps
