"""A series as a whole: proposing other terms from some date on, answering them; and one's time away."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import reader_of
from mentoring.schedule import changes
from mentoring.schedule.forms_series import ChangeForm
from mentoring.schedule.models import Change, Series
from mentoring.schedule.preview import preview
from mentoring.schedule.services import ScheduleError
from mentoring.schedule.times import series_dates

NOTICE = timedelta(days=2)


@require_http_methods(["GET", "HEAD", "POST"])
def series_change(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Propose other terms, or offer others instead of those that the other proposes."""
    series, reader, now = _series(request, pk), reader_of(request), timezone.now()
    if not changes.is_open_to_change(series, now):
        return _too_late(request, series)
    form = _change_form(request, series)
    if request.method == "POST" and form.is_valid():
        try:
            change = changes.propose_change(series_id=series.pk, by=reader, terms=form.terms, now=now)
        except ScheduleError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Your terms are on their way to {series.other(reader).name}.")
            return redirect("schedule:change-detail", change.pk)
    return render(request, "schedule/series_change.html", _change_page(request, series, form))


@require_POST
def series_change_times(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The times that suit the terms in the form: a fragment, or the whole page with all that was typed."""
    series = _series(request, pk)
    if not changes.is_open_to_change(series, timezone.now()):
        return _too_late(request, series)
    form = _change_form(request, series)
    # Typed so far, not yet sent: nothing to complain of.
    form.errors.clear()
    template = "schedule/_times.html" if request.htmx else "schedule/series_change.html"  # type: ignore[attr-defined]
    return render(request, template, _change_page(request, series, form))


@require_safe
def change_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    change, reader, now = _change(request, pk), reader_of(request), timezone.now()
    series = change.series
    return render(
        request,
        "schedule/change_detail.html",
        {
            "change": change,
            "series": series,
            "other": series.other(reader),
            "preview": preview(change.terms, series.mentor, series.mentee, reader=reader),
            "given_up": changes.given_up(change, now).planned().count(),
            "is_mine": change.by_id == reader.pk,
            "is_open": changes.is_open_to_answer(change, now),
        },
    )


@require_POST
def change_accept(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    done = "It is agreed. The new time is reserved for both of you."
    return _answer(request, pk, changes.accept_change, done, seen=request.POST.get("seen", ""))


@require_POST
def change_decline(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _answer(request, pk, changes.decline_change, "Your sessions stay as they are.")


@require_POST
def change_withdraw(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _answer(request, pk, changes.withdraw_change, "Your proposal is taken back.")


def _answer(
    request: HttpRequest, pk: uuid.UUID, answer: Callable[..., Any], done: str, **read: str
) -> HttpResponse:
    change = _change(request, pk)
    try:
        answer(change_id=change.pk, by=reader_of(request), now=timezone.now(), **read)
    except ScheduleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect("schedule:change-detail", change.pk)


def _too_late(request: HttpRequest, series: Series) -> HttpResponse:
    """Back to the engagement, saying why there is nothing to propose."""
    messages.info(request, "The terms of these sessions can no longer be changed.")
    to_engagement = redirect("engagements:engagement-detail", series.engagement_id)
    return HttpResponseClientRedirect(to_engagement.url) if request.htmx else to_engagement  # type: ignore[attr-defined]


def _series(request: HttpRequest, pk: uuid.UUID) -> Series:
    rows = Series.objects.visible_to(request.user).select_related("mentor", "mentee", "engagement")
    return get_object_or_404(rows, pk=pk)


def _change(request: HttpRequest, pk: uuid.UUID) -> Change:
    rows = Change.objects.visible_to(request.user)
    return get_object_or_404(
        rows.select_related("by", "series__mentor", "series__mentee", "series__engagement"), pk=pk
    )


def _change_form(request: HttpRequest, series: Series) -> ChangeForm:
    today = timezone.localdate()
    waiting = series.changes.filter(state=Change.State.OPEN).first() or series
    from_on = min(max(today + NOTICE, waiting.starts_on), series.ends_on)
    ahead = [on for on in series_dates(waiting.starts_on, series.ends_on, waiting.cadence) if on >= from_on]
    return ChangeForm(
        request.POST if request.method == "POST" else None,
        initial={
            "from_on": from_on,
            "on": ahead[0] if ahead else None,
            "at": waiting.at,
            "cadence": waiting.cadence,
            "minutes": waiting.minutes,
            "zone_kept": waiting.zone,
        },
        series=series,
        reader=reader_of(request),
        today=today,
    )


def _change_page(request: HttpRequest, series: Series, form: ChangeForm) -> dict[str, object]:
    return {
        "series": series,
        "form": form,
        "other": series.other(request.user),
        "waiting": series.changes.filter(state=Change.State.OPEN).first(),
        "terms": series.terms,
    }
