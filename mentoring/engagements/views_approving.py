"""What an admin answers to a request that waits for the program's approval."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import reader_of
from mentoring.engagements import approving
from mentoring.engagements.forms import DeclineForm, RefuseForm
from mentoring.engagements.models import Request
from mentoring.engagements.services import EngagementError
from mentoring.engagements.views import request_page, request_rows
from mentoring.programs.models import Program


@require_POST
def request_approve(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    asked, admin = _asked_between_others(request, pk), reader_of(request)
    try:
        approving.approve_request(request_id=asked.pk, by=admin, now=timezone.now())
    except EngagementError as error:
        messages.error(request, str(error))
        return redirect("engagements:request-detail", asked.pk)
    messages.success(request, f"Approved. {asked.mentor.name} is told, and answers next.")
    return _back_to_approving(asked)


@require_POST
def request_refuse(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    asked, admin = _asked_between_others(request, pk), reader_of(request)
    form = RefuseForm(request.POST)
    if not form.is_valid():
        page = request_page(asked, admin, DeclineForm()) | {"refuse_form": form}
        return render(request, "engagements/request_detail.html", page)
    try:
        approving.refuse_request(
            request_id=asked.pk, by=admin, note=form.cleaned_data["note"], now=timezone.now()
        )
    except EngagementError as error:
        messages.error(request, str(error))
        return redirect("engagements:request-detail", asked.pk)
    messages.success(request, f"{asked.mentee.name} is told; {asked.mentor.name} has not heard of it.")
    return _back_to_approving(asked)


def _asked_between_others(request: HttpRequest, pk: uuid.UUID) -> Request:
    """A request of a program that the reader administers, and of which they are not half."""
    rows = request_rows(request).filter(program__in=Program.objects.administered_by(request.user))
    return get_object_or_404(rows.exclude(mentor=request.user.pk).exclude(mentee=request.user.pk), pk=pk)


def _back_to_approving(asked: Request) -> HttpResponse:
    return redirect(reverse("engagements:request-list", args=[asked.program.slug]) + "?show=approval")
