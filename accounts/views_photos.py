import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import photos
from accounts.access import reader_of
from accounts.forms_photos import PhotoForm
from accounts.models import Photo
from mentoring.uploads import was_too_large

SIZES = ("large", "small")  # as the columns are called


@require_safe
def photo(request: HttpRequest, person_id: uuid.UUID, key: str, size: str) -> HttpResponse:
    """A browser may keep it and has to ask each time: whoever may no longer see it, sees it no longer."""
    if size not in SIZES:
        raise Http404
    seen = Photo.objects.visible_to(request.user).defer(*SIZES)
    shown = get_object_or_404(seen, person=person_id, person__photo_key=key)
    etag = quote_etag(f"{key}-{size}")
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(bytes(getattr(shown, size)), content_type="image/webp")
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@require_http_methods(["GET", "POST"])
def photo_edit(request: HttpRequest) -> HttpResponse:
    person = reader_of(request)
    form = PhotoForm()
    if request.method == "POST":
        form = PhotoForm(
            request.POST, request.FILES, person=person, is_too_large=was_too_large(request, "photo")
        )
        if form.is_valid():
            photos.save_photo(person, form.encoded, now=timezone.now())
            messages.success(request, "Your photo is saved.")
            return redirect("accounts:photo-edit")
    return render(request, "accounts/photo_edit.html", {"form": form, "person": person})


@require_POST
def photo_remove(request: HttpRequest) -> HttpResponse:
    photos.remove_photo(reader_of(request))
    messages.success(request, "Your photo is removed. Others see your initials.")
    return redirect("accounts:photo-edit")
