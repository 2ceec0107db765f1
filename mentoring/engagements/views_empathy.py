"""What a mentee says of how it was with a mentor. Nobody else has this page."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import reader_of
from mentoring.engagements.empathy import ratable_by, rate_empathy, rating_of
from mentoring.engagements.forms_empathy import EmpathyForm
from mentoring.engagements.services import EngagementError


@require_http_methods(["GET", "HEAD", "POST"])
def empathy(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    engagement = get_object_or_404(ratable_by(request.user), pk=pk)
    rating = rating_of(engagement)
    data = request.POST if request.method == "POST" else None
    form = EmpathyForm(data, mentor=engagement.mentor.get_short_name(), rating=rating)
    if form.is_valid():
        try:
            rate_empathy(
                engagement_id=engagement.pk,
                by=reader_of(request),
                answers=form.cleaned_data,
                now=timezone.now(),
            )
        except EngagementError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Your answers are kept. Thank you for saying how it was.")
        return redirect("engagements:empathy", engagement.pk)
    return render(
        request, "engagements/empathy.html", {"engagement": engagement, "rating": rating, "form": form}
    )
