"""How a program works, for its admins to change, and what they have changed."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import reader_of
from mentoring.programs import running
from mentoring.programs.access import admin_of
from mentoring.programs.forms_settings import PARTS
from mentoring.programs.models import Program

ENTRIES_A_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    program = admin_of(request.user, slug).program
    typed = request.POST if request.method == "POST" else None
    parts = [part(typed, instance=program) for part in PARTS]
    wrong = [part for part in parts if not part.is_valid()]  # each is asked, so that all is said at once
    if typed is not None and not wrong:
        wanted = {name: value for part in parts for name, value in part.cleaned_data.items()}
        running.change_settings(program, by=reader_of(request), wanted=wanted, now=timezone.now())
        messages.success(request, "The settings are saved.")
        return redirect("programs:settings", slug=slug)
    return render(request, "programs/settings.html", {"program": program, "parts": parts})


@require_safe
def audit(request: HttpRequest, slug: str) -> HttpResponse:
    """Read by the program's admins, and by superusers, who are no members."""
    if getattr(request.user, "is_superuser", False):
        program = Program.objects.filter(slug=slug).first()
        if program is None:
            raise Http404
    else:
        program = admin_of(request.user, slug).program
    is_admin = Program.objects.administered_by(request.user).filter(pk=program.pk).exists()
    page = Paginator(program.audit.select_related("by"), ENTRIES_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "programs/audit.html", {"program": program, "page": page, "is_admin": is_admin})
