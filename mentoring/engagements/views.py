import uuid
from datetime import date, datetime, timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import reader_of
from accounts.models import User
from mentoring.engagements import services
from mentoring.engagements.empathy import ratable_by, rating_of
from mentoring.engagements.forms import DeclineForm, RefuseForm, RequestForm, TermsForm
from mentoring.engagements.models import Engagement, Request, RequestQuerySet
from mentoring.engagements.services import EngagementError
from mentoring.goals.models import Goal
from mentoring.goals.skills import wanted_by
from mentoring.programs.access import program_for
from mentoring.programs.models import Membership
from mentoring.schedule.models import Change, Series, Session, SessionQuerySet
from mentoring.schedule.preview import preview, skipped_from_the_start

LATEST = 100
PER_PAGE = 50


@require_safe
def request_list(request: HttpRequest, slug: str) -> HttpResponse:
    """One's own requests; for a program admin also those of the others."""
    membership = program_for(request.user, slug)
    me = membership.person
    requests = Request.objects.filter(program=membership.program).select_related("mentor", "mentee", "goal")
    others = requests.exclude(mentor=me).exclude(mentee=me) if membership.is_admin else requests.none()
    to_approve = requests.to_approve_by(membership)
    only_to_approve = request.GET.get("show") == "approval"
    return render(
        request,
        "engagements/request_list.html",
        {
            "membership": membership,
            "received": requests.filter(mentor=me).approved()[:LATEST],
            "sent": requests.filter(mentee=me)[:LATEST],
            "to_approve": to_approve.count(),
            "only_to_approve": only_to_approve,
            "page": Paginator(to_approve if only_to_approve else others, PER_PAGE).get_page(
                request.GET.get("page")
            ),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def request_new(request: HttpRequest, slug: str, person_id: uuid.UUID) -> HttpResponse:
    mentee, mentor = _mentee_and_mentor(request, slug, person_id)
    if not mentee.program.takes_requests:
        messages.error(request, services.NOBODY_ASKS)
        return redirect("programs:person-detail", slug, person_id)
    form = _request_form(request, mentee, mentor.person)
    if request.method == "POST" and form.is_valid():
        cleaned = form.cleaned_data
        try:
            sent = services.send_request(
                mentee=mentee,
                mentor_id=mentor.person_id,
                goal=cleaned["goal"],
                message=cleaned["message"],
                offer=cleaned["offer"],
                terms=form.terms,
                now=timezone.now(),
            )
        except EngagementError as error:
            form.add_error(None, str(error))
        else:
            on_its_way = f"Your request is on its way to {mentor.person.name}."
            waits = f"Your request waits for the program's approval; then it goes to {mentor.person.name}."
            messages.success(request, on_its_way if sent.approved_at else waits)
            return redirect("engagements:request-detail", sent.pk)
    return render(request, "engagements/request_new.html", {"form": form, "mentee": mentee, "mentor": mentor})


@require_POST
def request_times(request: HttpRequest, slug: str, person_id: uuid.UUID) -> HttpResponse:
    """The times that suit the terms in the form: a fragment, or the whole page with all that was typed."""
    mentee, mentor = _mentee_and_mentor(request, slug, person_id)
    form = _request_form(request, mentee, mentor.person)
    # Typed so far, not yet sent: nothing to complain of.
    form.errors.clear()
    template = "schedule/_times.html" if request.htmx else "engagements/request_new.html"  # type: ignore[attr-defined]
    return render(request, template, {"form": form, "mentee": mentee, "mentor": mentor})


@require_safe
def request_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    asked = _request(request, pk)
    return render(
        request, "engagements/request_detail.html", request_page(asked, reader_of(request), DeclineForm())
    )


@require_POST
def request_accept(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    asked = _request(request, pk)
    if request.user.pk not in (asked.mentor_id, asked.mentee_id):
        raise Http404
    try:
        accepted = services.accept_request(
            request_id=asked.pk,
            by=reader_of(request),
            now=timezone.now(),
            terms_key=request.POST.get("terms", ""),
        )
    except EngagementError as error:
        messages.error(request, str(error))
        return redirect("engagements:request-detail", asked.pk)
    if accepted.state != Request.State.ACCEPTED:
        messages.success(request, "Your yes is noted. The engagement opens when the other says yes too.")
        return redirect("engagements:request-detail", asked.pk)
    agreed = "It is agreed. Every session is reserved for both of you."
    if skipped := skipped_from_the_start(accepted.engagement.pk):
        agreed += f" Skipped, as one of you is away: {', '.join(date_format(on, 'j F') for on in skipped)}."
    messages.success(request, agreed)
    return redirect("engagements:engagement-detail", accepted.engagement.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def other_terms(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The mentor says yes, at another time, rhythm or end date."""
    asked = _asked_of(request, pk)
    form = _other_terms_form(request, asked)
    if request.method == "POST" and form.is_valid():
        try:
            services.offer_other_terms(request_id=asked.pk, terms=form.terms, now=timezone.now())
        except EngagementError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Your terms are on their way to {asked.mentee.name}.")
            return redirect("engagements:request-detail", asked.pk)
    return render(request, "engagements/other_terms.html", {"form": form, "asked": asked})


@require_POST
def other_terms_times(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    asked = _asked_of(request, pk)
    form = _other_terms_form(request, asked)
    form.errors.clear()
    template = "schedule/_times.html" if request.htmx else "engagements/other_terms.html"  # type: ignore[attr-defined]
    return render(request, template, {"form": form, "asked": asked})


@require_POST
def request_decline(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    asked = get_object_or_404(request_rows(request), pk=pk, mentor_id=request.user.pk)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return render(
            request, "engagements/request_detail.html", request_page(asked, reader_of(request), form)
        )
    try:
        services.decline_request(
            request_id=asked.pk,
            decline=form.cleaned_data["decline"],
            note=form.cleaned_data["note"],
            now=timezone.now(),
        )
    except EngagementError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Your answer is on its way to {asked.mentee.name}.")
    return redirect("engagements:request-detail", asked.pk)


@require_POST
def request_withdraw(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    asked = get_object_or_404(request_rows(request), pk=pk, mentee_id=request.user.pk)
    try:
        services.withdraw_request(request_id=asked.pk, now=timezone.now())
    except EngagementError as error:
        messages.error(request, str(error))
    else:
        told = f"{asked.mentor.name} is told that there is nothing to answer."
        messages.success(request, told if asked.approved_at else "Your request is withdrawn.")
    return redirect("engagements:request-detail", asked.pk)


@require_safe
def engagement_list(request: HttpRequest, slug: str) -> HttpResponse:
    """One's own engagements; for a program admin also the dates and state of the others'."""
    membership = program_for(request.user, slug)
    me = membership.person
    in_program = Engagement.objects.filter(program=membership.program).select_related(
        "mentor", "mentee", "goal"
    )
    mine = in_program.visible_to(me)
    others = in_program.exclude(mentor=me).exclude(mentee=me) if membership.is_admin else in_program.none()
    return render(
        request,
        "engagements/engagement_list.html",
        {
            "membership": membership,
            "active": mine.active(),
            "ended": mine.filter(state=Engagement.State.ENDED)[:LATEST],
            "page": Paginator(others, PER_PAGE).get_page(request.GET.get("page")),
        },
    )


@require_safe
def engagement_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    engagement, reader, now = _engagement(request, pk), reader_of(request), timezone.now()
    context = {"engagement": engagement, "may_end": engagement.state == Engagement.State.ACTIVE, "now": now}
    if reader.pk not in (engagement.mentor_id, engagement.mentee_id):
        return render(request, "engagements/engagement_metadata.html", context | _metadata(engagement, now))
    return render(
        request, "engagements/engagement_detail.html", context | _pair_page(engagement, reader, now)
    )


@require_http_methods(["GET", "HEAD", "POST"])
def engagement_end(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    engagement = _engagement(request, pk)
    if engagement.state == Engagement.State.ENDED:
        return redirect("engagements:engagement-detail", engagement.pk)
    if request.method != "POST":
        ahead = Session.objects.ahead(timezone.now()).filter(series__engagement=engagement).count()
        return render(request, "engagements/engagement_end.html", {"engagement": engagement, "ahead": ahead})
    services.end_engagement(engagement_id=engagement.pk, by=reader_of(request), now=timezone.now())
    messages.success(request, "The engagement has ended. Thank you for what you both gave to it.")
    return redirect("engagements:engagement-detail", engagement.pk)


def request_rows(request: HttpRequest) -> RequestQuerySet:
    return Request.objects.visible_to(request.user).select_related(
        "program", "mentor", "mentee", "goal", "engagement"
    )


def _request(request: HttpRequest, pk: uuid.UUID) -> Request:
    return get_object_or_404(request_rows(request), pk=pk)


def _asked_of(request: HttpRequest, pk: uuid.UUID) -> Request:
    """An open request that was made to the reader."""
    return get_object_or_404(request_rows(request).open(), pk=pk, mentor_id=request.user.pk)


def _other_terms_form(request: HttpRequest, asked: Request) -> TermsForm:
    return TermsForm(
        request.POST if request.method == "POST" else None,
        initial={name: getattr(asked, name) for name in ("cadence", "minutes", "ends_on")},
        reader=asked.mentor,
        mentor=asked.mentor,
        mentee=asked.mentee,
        longest_weeks=asked.program.longest_weeks,
        today=timezone.localdate(),
    )


def request_page(asked: Request, reader: User, form: DeclineForm) -> dict[str, object]:
    is_mentor, is_mentee = reader.pk == asked.mentor_id, reader.pk == asked.mentee_id
    is_open = asked.state == Request.State.OPEN and asked.expires_at > timezone.now()
    agreed = preview(asked.terms, asked.mentor, asked.mentee, reader=reader)
    return {
        "asked": asked,
        "is_mentor": is_mentor,
        "is_mentee": is_mentee,
        "voice": "mentor" if is_mentor else "mentee" if is_mentee else "admin",
        "may_approve": is_open and not asked.approved_at and not is_mentor and not is_mentee,
        "may_accept": is_open
        and asked.approved_at
        and (is_mentor or is_mentee)
        and not asked.has_yes_of(reader),
        "may_decline": is_open and is_mentor,
        "may_withdraw": is_open and is_mentee,
        "preview": agreed,
        "other": asked.mentee if is_mentor else asked.mentor if is_mentee else None,
        "wanted": wanted_by(asked.goal),
        "form": form,
        "refuse_form": RefuseForm(),
    }


def _pair_page(engagement: Engagement, reader: User, now: datetime) -> dict[str, object]:
    series = Series.objects.in_force().filter(engagement=engagement).first()
    is_mentee, is_active = reader.pk == engagement.mentee_id, engagement.state == Engagement.State.ACTIVE
    sessions = list(_sessions_kept(engagement).listed(now))
    ahead = [one for one in sessions if one.ends_at > now]
    return {
        "other": engagement.other(reader),
        "series": series,
        "change": Change.objects.open().filter(series__engagement=engagement).first(),
        "ahead": ahead,
        "past": [one for one in sessions if one.ends_at <= now],
        "next": next((one for one in ahead if one.state == Session.State.PLANNED), None),
        "may_read_goal": is_mentee or is_active,
        "blocker": engagement.goal.read_blocker() if is_mentee or is_active else "",
        "may_see_address": is_active,
        "may_rate": is_mentee and ratable_by(reader).filter(pk=engagement.pk).exists(),
        "has_rated": is_mentee and rating_of(engagement) is not None,
    }


def _metadata(engagement: Engagement, now: datetime) -> dict[str, object]:
    """What a program admin reads: dates, states and counts."""
    sessions = list(_sessions_kept(engagement))
    planned = [one for one in sessions if one.state == Session.State.PLANNED]
    over = [one for one in planned if one.ends_at <= now]
    return {
        "sessions": sessions,
        "ahead": len(planned) - len(over),
        "past": len(over),
        "held": sum(one.outcome == Session.Outcome.HELD for one in over),
        "missed": sum(one.outcome == Session.Outcome.MISSED for one in over),
        "skipped": sum(one.state == Session.State.SKIPPED for one in sessions),
    }


def _sessions_kept(engagement: Engagement) -> SessionQuerySet:
    """All but those in whose place a later agreement put others."""
    replaced = Q(state=Session.State.CANCELLED, series__replaced_by__isnull=False)
    return Session.objects.filter(series__engagement=engagement).exclude(replaced)


def _mentee_and_mentor(
    request: HttpRequest, slug: str, person_id: uuid.UUID
) -> tuple[Membership, Membership]:
    mentee = program_for(request.user, slug)
    if not mentee.is_mentee:
        raise Http404
    mentor = get_object_or_404(
        Membership.objects.open_to(mentee).select_related("person"), person_id=person_id
    )
    return mentee, mentor


def _request_form(request: HttpRequest, mentee: Membership, mentor: User) -> RequestForm:
    today = timezone.localdate()
    usual_end: date = today + timedelta(weeks=mentee.program.usual_weeks)
    return RequestForm(
        request.POST if request.method == "POST" else None,
        initial={
            "goal": _own_goal(request, mentee),
            "ends_on": usual_end,
            "cadence": mentee.program.usual_cadence,
            "minutes": 60,
        },
        mentee_membership=mentee,
        reader=mentee.person,
        mentor=mentor,
        mentee=mentee.person,
        longest_weeks=mentee.program.longest_weeks,
        today=today,
    )


def _own_goal(request: HttpRequest, mentee: Membership) -> Goal | None:
    """The goal named in the address if it is an open one of the mentee's, else their first."""
    goals = Goal.objects.open().owned_by(mentee.person).filter(program=mentee.program)
    return next((goal for goal in goals if str(goal.pk) == request.GET.get("goal")), goals.first())


def _engagement(request: HttpRequest, pk: uuid.UUID) -> Engagement:
    """One's own engagement, or as a program admin any of the program (its page then shows metadata alone)."""
    rows = Engagement.objects.readable_by(request.user).select_related(
        "program", "mentor", "mentee", "goal", "request"
    )
    return get_object_or_404(rows, pk=pk)
