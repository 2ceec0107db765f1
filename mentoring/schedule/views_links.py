"""Setting the meeting link of one session, or of all that have none of their own."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import reader_of
from mentoring.schedule import links
from mentoring.schedule.forms_links import LinkForm
from mentoring.schedule.models import Series, Session
from mentoring.schedule.services import ScheduleError


@require_http_methods(["GET", "HEAD", "POST"])
def session_link(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    sessions = Session.objects.visible_to(request.user).select_related("series__mentor", "series__mentee")
    session = get_object_or_404(sessions, pk=pk)
    form = LinkForm(_posted(request), initial={"link": session.link})
    if request.method == "POST" and form.is_valid():
        try:
            links.set_session_link(
                session_id=pk, by=reader_of(request), link=form.cleaned_data["link"], now=timezone.now()
            )
        except ScheduleError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The meeting link of this session is saved.")
            return redirect("schedule:session-detail", pk)
    context = {"form": form, "session": session, "other": session.series.other(request.user)}
    return render(request, "schedule/session_link.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def series_link(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    mine = Series.objects.visible_to(request.user).select_related("mentor", "mentee")
    series = get_object_or_404(mine, pk=pk)
    form = LinkForm(_posted(request), initial={"link": series.link})
    if request.method == "POST" and form.is_valid():
        try:
            links.set_series_link(
                series_id=pk, by=reader_of(request), link=form.cleaned_data["link"], now=timezone.now()
            )
        except ScheduleError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The meeting link of your sessions is saved.")
            return redirect("engagements:engagement-detail", series.engagement_id)
    context = {"form": form, "series": series, "other": series.other(request.user)}
    return render(request, "schedule/series_link.html", context)


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None
