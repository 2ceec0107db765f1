"""Accomplishments and learning records: the evidence in a profile, one page a record."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts import confirmations, evidence
from accounts.access import reader_of
from accounts.forms_profile import AccomplishmentForm, LearningRecordForm
from accounts.models import Accomplishment, Confirmation, LearningRecord


@require_http_methods(["GET", "POST"])
def accomplishment_new(request: HttpRequest) -> HttpResponse:
    return _accomplishment(request, None)


@require_http_methods(["GET", "POST"])
def accomplishment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _accomplishment(request, get_object_or_404(Accomplishment, person=request.user, pk=pk))


@require_http_methods(["GET", "POST"])
def accomplishment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    accomplishment = get_object_or_404(Accomplishment, person=request.user, pk=pk)
    if request.method == "POST":
        evidence.delete_accomplishment(accomplishment_id=pk, by=reader_of(request))
        return _done(request, "The accomplishment is removed from your profile.")
    return render(request, "accounts/evidence_delete.html", {"record": accomplishment})


@require_http_methods(["GET", "POST"])
def learning_new(request: HttpRequest) -> HttpResponse:
    return _learning(request, None)


@require_safe
def learning_why(request: HttpRequest) -> HttpResponse:
    """How the figure of learning passion comes about; computed by a tag of matching, a higher app."""
    records = list(reader_of(request).learning_records.all())
    return render(request, "accounts/learning_why.html", {"records": records})


@require_http_methods(["GET", "POST"])
def learning_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _learning(request, get_object_or_404(LearningRecord, person=request.user, pk=pk))


@require_http_methods(["GET", "POST"])
def learning_delete(request: HttpRequest, pk: int) -> HttpResponse:
    record = get_object_or_404(LearningRecord, person=request.user, pk=pk)
    if request.method == "POST":
        evidence.delete_learning(record)
        return _done(request, "The learning record is removed from your profile.")
    return render(request, "accounts/evidence_delete.html", {"record": record})


def _accomplishment(request: HttpRequest, accomplishment: Accomplishment | None) -> HttpResponse:
    form = AccomplishmentForm(
        request.POST or None, instance=accomplishment, person=reader_of(request), today=timezone.localdate()
    )
    if request.method == "POST" and form.is_valid():
        has_lost = evidence.save_accomplishment(form.instance, form.cleaned_data["skills"])
        lost = " It is told in other words now, so its confirmation is gone." if has_lost else ""
        return _done(request, f"The accomplishment is saved.{lost}")
    confirmation = Confirmation.objects.filter(accomplishment=accomplishment).first()
    return render(
        request,
        "accounts/accomplishment.html",
        {
            "form": form,
            "record": accomplishment,
            "confirmation": confirmation,
            "is_unconfirmed": confirmation and confirmations.is_unconfirmed(confirmation, timezone.now()),
        },
    )


def _learning(request: HttpRequest, record: LearningRecord | None) -> HttpResponse:
    form = LearningRecordForm(
        request.POST or None, instance=record, person=reader_of(request), today=timezone.localdate()
    )
    if request.method == "POST" and form.is_valid():
        evidence.save_learning(form.instance)
        return _done(request, "The learning record is saved.")
    return render(request, "accounts/learning.html", {"form": form, "record": record})


def _done(request: HttpRequest, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("accounts:profile")
