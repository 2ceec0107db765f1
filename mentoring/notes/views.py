"""Writing for and after a session. Each view changes one section and answers with it, or with the page."""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.access import reader_of
from mentoring.notes import listing, sections, services
from mentoring.notes.forms import AgendaItemForm, PrivateNoteForm, SharedNoteForm
from mentoring.notes.models import AgendaItem, Commitment
from mentoring.notes.sections import Reading, reading_of
from mentoring.notes.services import NotesError
from mentoring.schedule.models import Session

MOST_DIGITS = 9


@sensitive_post_parameters("text")
@require_POST
def agenda_item_add(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    reading = _reading(request, pk)
    form = AgendaItemForm(request.POST, auto_id="agenda-%s")
    if form.is_valid() and _did(
        form,
        services.add_agenda_item,
        session_id=pk,
        by=reading.reader,
        text=form.cleaned_data["text"],
        now=reading.now,
    ):
        return _written(request, reading, "agenda", sections.agenda(reading))
    return _refused(request, reading, "agenda", sections.agenda(reading, form))


@require_POST
def agenda_item_take_back(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    mine = AgendaItem.objects.filter(by_id=request.user.pk).select_related("session__series")
    item = get_object_or_404(mine, pk=pk)
    named = _reading_named(request, item.session.series.engagement_id)
    reading = named or _reading(request, item.session_id)
    try:
        services.take_back_agenda_item(item_id=pk, by=reading.reader)
    except NotesError as error:
        messages.error(request, str(error))
    return _written(request, reading, "agenda", sections.agenda(reading), refocus=True)


@sensitive_post_parameters("text")
@require_POST
def commitment_make(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    reading = _reading(request, pk)
    form = sections.commitment_form(request.POST)
    if form.is_valid() and _did(
        form,
        services.make_commitment,
        session_id=pk,
        by=reading.reader,
        **form.cleaned_data,
        now=reading.now,
    ):
        return _written(request, reading, "commitments", sections.commitments(reading))
    return _refused(request, reading, "commitments", sections.commitments(reading, form))


@require_POST
def commitment_finish(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _change_commitment(request, pk, services.finish_commitment, now=timezone.now())


@require_POST
def commitment_drop(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _change_commitment(request, pk, services.drop_commitment, now=timezone.now())


@require_POST
def commitment_reopen(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _change_commitment(request, pk, services.reopen_commitment)


@sensitive_post_parameters("text")
@require_POST
def shared_note_save(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    reading = _reading(request, pk)
    form, version = SharedNoteForm(request.POST, auto_id="shared-note-%s"), _version(request)
    if form.is_valid() and _did(
        form,
        services.save_shared_note,
        session_id=pk,
        by=reading.reader,
        text=form.cleaned_data["text"],
        version=version,
        now=reading.now,
    ):
        return _written(request, reading, "shared_note", sections.shared_note(reading))
    return _refused(request, reading, "shared_note", sections.shared_note(reading, form, version))


@sensitive_post_parameters("text")
@require_POST
def private_note_save(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    reading = _reading(request, pk)
    form = PrivateNoteForm(request.POST, auto_id="private-note-%s")
    if not form.is_valid():
        return _refused(request, reading, "private_note", sections.private_note(reading, form))
    services.save_private_note(
        session_id=pk, author=reading.reader, text=form.cleaned_data["text"], now=reading.now
    )
    return _written(request, reading, "private_note", sections.private_note(reading))


def _change_commitment(
    request: HttpRequest, pk: uuid.UUID, service: Callable[..., None], **known: Any
) -> HttpResponse:
    """One's own commitment, changed on a session's page, the engagement's or at home; answered there."""
    reader = reader_of(request)
    mine = Commitment.objects.undertaken_by(reader).select_related("engagement__program")
    commitment = get_object_or_404(mine, pk=pk)
    reading = _reading_named(request, commitment.engagement_id)
    try:
        service(commitment_id=pk, by=reader, **known)
    except NotesError as error:
        messages.error(request, str(error))
    if reading is None:
        return _listed(request, commitment)
    if commitment.made_in_id == reading.session.pk:
        return _written(request, reading, "commitments", sections.commitments(reading), refocus=True)
    return _written(request, reading, "brought", sections.brought(reading), refocus=True)


def _reading(request: HttpRequest, pk: uuid.UUID) -> Reading:
    rows = Session.objects.visible_to(request.user).select_related(
        "series__engagement", "series__mentor", "series__mentee"
    )
    return reading_of(get_object_or_404(rows, pk=pk), reader_of(request), timezone.now())


def _reading_named(request: HttpRequest, engagement_id: uuid.UUID) -> Reading | None:
    """The session on whose page a button was pressed; none on the engagement's page and at home."""
    named = request.POST.get("session", "")
    if not named:
        return None
    try:
        reading = _reading(request, uuid.UUID(named))
    except ValueError as error:
        raise Http404 from error
    if reading.session.series.engagement_id != engagement_id:
        raise Http404
    return reading


def _version(request: HttpRequest) -> int:
    """What the text was based on; whatever no form of ours sends is based on nothing."""
    named = request.POST.get("version", "")
    return int(named) if named.isascii() and named.isdecimal() and len(named) <= MOST_DIGITS else 0


def _did(form: forms.Form, service: Callable[..., Any], **words: Any) -> bool:
    try:
        service(**words)
    except NotesError as error:
        form.add_error(None, str(error))
        return False
    return True


def _written(
    request: HttpRequest, reading: Reading, name: str, section: object, *, refocus: bool = False
) -> HttpResponse:
    """The section as it is now; `refocus` where the button that was pressed is gone from it."""
    if request.htmx:  # type: ignore[attr-defined]
        context = {"reading": reading, name: section, "said": "Saved.", "refocus": refocus}
        return render(request, f"notes/_{name}.html", context)
    page = reverse("schedule:session-detail", args=[reading.session.pk])
    return redirect(f"{page}#{name.replace('_', '-')}")


def _refused(request: HttpRequest, reading: Reading, name: str, section: object) -> HttpResponse:
    """The section again, or all of them on a page, with what was typed and why it is refused."""
    context = {"reading": reading, name: section}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, f"notes/_{name}.html", context)
    return render(request, "notes/session_notes.html", sections.all_of(reading) | context)


def _listed(request: HttpRequest, commitment: Commitment) -> HttpResponse:
    """The list on the engagement's page or at home, wherever the button stood."""
    is_home = request.POST.get("back") == "home"
    if request.htmx:  # type: ignore[attr-defined]
        reader, now = reader_of(request), timezone.now()
        name = "my_commitments" if is_home else "open_commitments"
        shown = listing.mine(reader, now) if is_home else listing.of(commitment.engagement, reader, now)
        return render(request, f"notes/_{name}.html", {**shown, "refocus": True})
    if is_home:
        return redirect("home:program-home", commitment.engagement.program.slug)
    return redirect("engagements:engagement-detail", commitment.engagement_id)
