"""One's own data: a download of everything, and erasing oneself."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import reader_of
from mentoring.database import patiently
from mentoring.owndata import erasing, services
from mentoring.owndata.forms import EraseForm
from mentoring.owndata.models import Download
from mentoring.owndata.services import OwnDataError


@require_http_methods(["GET", "POST"])
def download(request: HttpRequest) -> HttpResponse:
    person, now = reader_of(request), timezone.now()
    if request.method == "POST":
        try:
            services.ask_download(person=person, now=now)
        except OwnDataError as error:
            messages.error(request, str(error))
        return redirect("owndata:download")
    mine = Download.objects.filter(person=person)
    shown = {"waiting": mine.waiting().first(), "ready": mine.ready(now).first()}
    return render(request, "owndata/download.html", shown)


@require_safe
def download_progress(request: HttpRequest) -> HttpResponse:
    """What the page asks for again and again while the zip is made."""
    waiting = Download.objects.filter(person=reader_of(request)).waiting().first()
    if request.htmx and waiting is None:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    return render(request, "owndata/_progress.html", {"waiting": waiting})


@require_safe
def download_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """For whoever has the link of the mail and is signed in as the person, both."""
    found = services.download_at(token, reader_of(request), timezone.now())
    if found is None:
        raise Http404
    response = StreamingHttpResponse(services.bytes_of(found), content_type="application/zip")
    response["Content-Length"] = str(found.size)
    response["Content-Disposition"] = 'attachment; filename="holdfast-your-data.zip"'
    response["Referrer-Policy"] = "no-referrer"
    patch_cache_control(response, private=True, no_store=True)
    return response


@reauthentication_required
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    person, now = reader_of(request), timezone.now()
    form = EraseForm(person, request.POST or None)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            patiently(lambda: erasing.erase(person_id=person.pk, now=now), patience=10)
        except OwnDataError as error:
            refusal = str(error)
        else:
            logout(request)
            return redirect("owndata:erased")
    shown = {
        "form": form,
        "refusal": refusal,
        "alone": erasing.left_without_admin(person),
        "ending": erasing.under_way(person),
    }
    return render(request, "owndata/erase.html", shown)


@login_not_required
@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    """The same words for everybody: nothing is known any more of who was here."""
    return render(request, "owndata/erased.html")
