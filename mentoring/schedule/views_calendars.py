"""Calendars elsewhere: the private feed that they read, and the one of a person's own that we read."""

import hashlib

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import reader_of
from mentoring.schedule import busy as busy_calendars
from mentoring.schedule import feeds
from mentoring.schedule.forms_calendars import BusyCalendarForm
from mentoring.schedule.models import BusyCalendar


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    return render(request, "schedule/feed.html", {"address": feeds.address_of(reader_of(request))})


@require_POST
def feed_make(request: HttpRequest) -> HttpResponse:
    """The first address, or a new one in place of the old."""
    feeds.make_feed(reader_of(request), timezone.now())
    messages.success(request, "Your private address is ready. An earlier one leads nowhere any more.")
    return redirect("schedule:feed")


@require_POST
def feed_stop(request: HttpRequest) -> HttpResponse:
    feeds.stop_feed(reader_of(request))
    messages.success(request, "Your private address is switched off.")
    return redirect("schedule:feed")


@require_http_methods(["GET", "POST"])
def busy(request: HttpRequest) -> HttpResponse:
    """The address of the reader's own calendar, and how reading it goes."""
    person, now = reader_of(request), timezone.now()
    form = BusyCalendarForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        busy_calendars.keep_address(person, form.cleaned_data["address"], now)
        messages.success(request, "The address is saved. Holdfast reads it within a minute or two.")
        return redirect("schedule:busy")
    shown = {
        "form": form,
        "calendar": BusyCalendar.objects.filter(person=person).first(),
        "ahead": person.busy.filter(during__endswith__gt=now).count(),
    }
    return render(request, "schedule/busy.html", shown)


@require_POST
def busy_again(request: HttpRequest) -> HttpResponse:
    busy_calendars.read_again(reader_of(request), timezone.now())
    messages.success(request, "Holdfast tries the address again within a minute or two.")
    return redirect("schedule:busy")


@require_POST
def busy_stop(request: HttpRequest) -> HttpResponse:
    busy_calendars.forget_address(reader_of(request))
    messages.success(request, "The address is forgotten, and so is all that was read from it.")
    return redirect("schedule:busy")


@login_not_required
@require_safe
def feed_read(request: HttpRequest, token: str) -> HttpResponseBase:
    """What a calendar program fetches, without a sign-in: the token is the permission."""
    if (found := feeds.feed_at(token)) is None:
        raise Http404
    written = feeds.feed_of(found, timezone.now()).encode()
    response = HttpResponse(written, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="holdfast.ics"'
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    etag = f'"{hashlib.sha256(written).hexdigest()}"'
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    conditional = get_conditional_response(request, etag=etag, response=response)
    assert conditional is not None  # it gives back the response that it was given, or a 304
    return conditional
