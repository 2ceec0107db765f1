"""One's time away: the list, and what it would mean for sessions before it is saved or removed."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import reader_of
from accounts.models import User
from mentoring.schedule import away
from mentoring.schedule.forms_series import TimeAwayForm
from mentoring.schedule.models import Session, TimeAway
from mentoring.schedule.services import ScheduleError


@require_safe
def time_away_list(request: HttpRequest) -> HttpResponse:
    rows = TimeAway.objects.owned_by(request.user).annotate(skipped=Count("sessions"))
    return render(
        request,
        "schedule/time_away_list.html",
        {"times": rows.filter(ends_on__gte=timezone.localdate()), "today": timezone.localdate()},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def time_away_new(request: HttpRequest) -> HttpResponse:
    """The days first; when they cover sessions, those are shown before anything is saved."""
    reader, now = reader_of(request), timezone.now()
    form = TimeAwayForm(request.POST if request.method == "POST" else None, today=timezone.localdate())
    covered: list[Session] = []
    if request.method == "POST" and form.is_valid():
        days = {name: form.cleaned_data[name] for name in ("starts_on", "ends_on")}
        covered = away.covered_sessions(reader, **days, now=now)
        if not covered or request.POST.get("seen") == away.key_of(covered):
            try:
                return _take(request, form, reader, now, seen=away.key_of(covered))
            except ScheduleError as error:
                form.add_error(None, str(error))
                covered = away.covered_sessions(reader, **days, now=now)
    context = {"form": form, "covered": _with_others(covered, reader), "seen": away.key_of(covered)}
    return render(request, "schedule/time_away_new.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def time_away_remove(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    reader, now = reader_of(request), timezone.now()
    row = get_object_or_404(TimeAway.objects.owned_by(reader), pk=pk)
    if request.method != "POST":
        skipped = _with_others(away.restorable(row, now), reader)
        return render(request, "schedule/time_away_remove.html", {"away": row, "skipped": skipped})
    restores = request.POST.get("sessions") == "restore"
    try:
        outcome = away.remove_time_away(away_id=row.pk, person=reader, restores=restores, now=now)
    except ScheduleError as error:
        messages.info(request, str(error))
        return redirect("schedule:time-away-list")
    done = "These days are yours to meet on again."
    if outcome.restored:
        done += f" {_counted(outcome.restored)} reserved again."
    if outcome.taken:
        done += f" {_counted(outcome.taken)} not: that time is not free any more."
    messages.success(request, done)
    return redirect("schedule:time-away-list")


def _take(
    request: HttpRequest, form: TimeAwayForm, reader: User, now: datetime, *, seen: str
) -> HttpResponse:
    cleaned = form.cleaned_data
    _, outcome = away.take_time_away(
        person=reader,
        starts_on=cleaned["starts_on"],
        ends_on=cleaned["ends_on"],
        asks=cleaned["choice"] == TimeAwayForm.ASK,
        now=now,
        seen=seen,
    )
    done = "Your time away is noted."
    if outcome.skipped:
        done += f" {_counted(outcome.skipped)} skipped."
    if outcome.asked:
        done += f" For {len(outcome.asked)} you have proposed another time."
    messages.success(request, done)
    return redirect("schedule:time-away-list")


def _counted(sessions: Sequence[Session]) -> str:
    return "1 session is" if len(sessions) == 1 else f"{len(sessions)} sessions are"


def _with_others(sessions: Sequence[Session], reader: User) -> list[tuple[Session, User]]:
    return [(session, session.series.other(reader)) for session in sessions]
