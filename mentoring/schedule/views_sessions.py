"""One session: its page, and what the two can do with it."""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import reader_of
from accounts.models import User
from mentoring.schedule import marks, moves
from mentoring.schedule.forms_sessions import MarkForm, MoveForm, SkipForm
from mentoring.schedule.models import Move, Session
from mentoring.schedule.services import ScheduleError


@require_safe
def session_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    session, reader = _session(request, pk), reader_of(request)
    return render(request, "schedule/session_detail.html", _page(session, reader, timezone.now()))


@require_http_methods(["GET", "HEAD", "POST"])
def session_move(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Propose another time, or offer one instead of the other's."""
    session, reader, now = _session(request, pk), reader_of(request), timezone.now()
    if not moves.is_ahead(session, now):
        return _too_late(request, session, now)
    form = _move_form(request, session, now)
    if request.method == "POST" and form.is_valid():
        try:
            moves.propose_move(session_id=session.pk, by=reader, starts_at=form.starts_at, now=now)
        except ScheduleError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Your proposal is on its way to {session.series.other(reader).name}.")
            return redirect("schedule:session-detail", session.pk)
    return render(request, "schedule/session_move.html", _move_page(session, reader, form))


@require_POST
def session_times(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """More times: a fragment, or the whole page with all that was typed."""
    session, reader, now = _session(request, pk), reader_of(request), timezone.now()
    if not moves.is_ahead(session, now):
        return _too_late(request, session, now)
    form = _move_form(request, session, now)
    # Typed so far, not yet sent: nothing to complain of.
    form.errors.clear()
    template = "schedule/_session_times.html" if request.htmx else "schedule/session_move.html"  # type: ignore[attr-defined]
    return render(request, template, _move_page(session, reader, form))


@require_POST
def session_move_accept(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    session, reader, now = _session(request, pk), reader_of(request), timezone.now()
    move_id = _move_id(request)
    try:
        moves.accept_move(session_id=session.pk, move_id=move_id, by=reader, now=now)
    except ScheduleError as error:
        move = Move.objects.open().filter(pk=move_id, session=session).exclude(by=reader).first()
        if move is None or not moves.is_ahead(session, now):
            messages.error(request, str(error))
            return redirect("schedule:session-detail", session.pk)
        # Why it cannot be, and what could be instead.
        form = MoveForm(reader=reader, session=session, now=now, around=max(move.starts_at, now))
        context = _move_page(session, reader, form) | {"refused": str(error)}
        return render(request, "schedule/session_move.html", context)
    messages.success(request, "It is agreed. The new time is reserved for both of you.")
    return redirect("schedule:session-detail", session.pk)


@require_POST
def session_move_decline(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _answer(request, pk, moves.decline_move, "The session stays where it is. {other} is told.")


@require_POST
def session_move_withdraw(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    done = "Your proposal is taken back. The session stays where it is."
    return _answer(request, pk, moves.withdraw_move, done)


@require_http_methods(["GET", "HEAD", "POST"])
def session_skip(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    session, reader, now = _session(request, pk), reader_of(request), timezone.now()
    if not moves.is_ahead(session, now):
        return _too_late(request, session, now)
    other = session.series.other(reader)
    form = SkipForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            moves.skip_session(session_id=session.pk, by=reader, word=form.cleaned_data["word"], now=now)
        except ScheduleError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"The session is skipped and the time is free. {other.name} is told.")
            return redirect("schedule:session-detail", session.pk)
    return render(request, "schedule/session_skip.html", {"form": form, "session": session, "other": other})


@require_POST
def session_mark(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Say whether a session that is over took place."""
    session, reader = _session(request, pk), reader_of(request)
    form = MarkForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say whether you met.")
        return redirect("schedule:session-detail", session.pk)
    try:
        marks.mark_session(
            session_id=session.pk, by=reader, was_held=form.cleaned_data["was_held"], now=timezone.now()
        )
    except ScheduleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Thank you, it is noted.")
    return redirect("schedule:session-detail", session.pk)


def _answer(request: HttpRequest, pk: uuid.UUID, answer: Callable[..., Move], done: str) -> HttpResponse:
    session, reader = _session(request, pk), reader_of(request)
    try:
        answer(session_id=session.pk, move_id=_move_id(request), by=reader, now=timezone.now())
    except ScheduleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done.format(other=session.series.other(reader).name))
    return redirect("schedule:session-detail", session.pk)


def _session(request: HttpRequest, pk: uuid.UUID) -> Session:
    """A session of one's own; program admins have none of another pair's."""
    rows = Session.objects.visible_to(request.user).with_pair()
    rows = rows.select_related("series__engagement__program", "skipped_by", "away")
    return get_object_or_404(rows, pk=pk)


def _page(session: Session, reader: User, now: datetime) -> dict[str, object]:
    series = session.series
    move = Move.objects.open().filter(session=session).select_related("by").first()
    is_ahead = moves.is_ahead(session, now)
    beside = Session.objects.filter(series__engagement_id=series.engagement_id)
    return {
        "session": session,
        "other": series.other(reader),
        "is_over": session.ends_at <= now,
        "is_ended": not series.is_under_way,
        "move": move if is_ahead else None,
        "why_not": moves.why_not(session, move, now) if move and is_ahead else "",
        "may_move": is_ahead,
        "may_mark": marks.is_markable(session, now),
        "marks": session.marks.select_related("person").order_by("marked_at", "pk"),
        "asks_whether_it_suits": marks.asks_whether_it_suits(session),
        "word": session.read_word(),
        "previous": beside.filter(starts_at__lt=session.starts_at).order_by("-starts_at").first(),
        "next": beside.filter(starts_at__gt=session.starts_at).order_by("starts_at").first(),
    }


def _move_form(request: HttpRequest, session: Session, now: datetime) -> MoveForm:
    return MoveForm(
        request.POST if request.method == "POST" else None,
        reader=reader_of(request),
        session=session,
        now=now,
        around=session.starts_at,
    )


def _move_page(session: Session, reader: User, form: MoveForm) -> dict[str, object]:
    theirs = Move.objects.open().filter(session=session).exclude(by=reader).first()
    return {"form": form, "session": session, "other": session.series.other(reader), "theirs": theirs}


def _too_late(request: HttpRequest, session: Session, now: datetime) -> HttpResponse:
    """Back to the session, saying why it cannot be moved or skipped any more."""
    try:
        moves.check_ahead(session, now)
    except ScheduleError as error:
        messages.error(request, str(error))
    to_session = redirect("schedule:session-detail", session.pk)
    return HttpResponseClientRedirect(to_session.url) if request.htmx else to_session  # type: ignore[attr-defined]


def _move_id(request: HttpRequest) -> uuid.UUID:
    """Which proposal the reader has read; an id that is none names no proposal."""
    try:
        return uuid.UUID(request.POST.get("move", ""))
    except ValueError:
        return uuid.UUID(int=0)
