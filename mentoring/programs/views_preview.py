from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.portrait import portrait_of
from mentoring.programs.access import program_for


@require_safe
def profile_preview(request: HttpRequest, slug: str) -> HttpResponse:
    """The page about oneself as it stands for another member, who may not see the mail address."""
    own = program_for(request.user, slug)
    zone = own.person.zone_info
    portrait = portrait_of(own.person, zone=zone, now=timezone.now(), program=own.program_id)
    return render(
        request,
        "programs/profile_preview.html",
        {
            "program": own.program,
            "reader": own,
            "member": own,
            "person": own.person,
            "portrait": portrait,
            "is_self": False,
            "takes_none": own.is_mentor and own.pauses,
            "mail": "",
        },
    )
