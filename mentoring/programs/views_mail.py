"""A program's mails that did not arrive, for its admins: to whom, when and why, never the words."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mentoring.outbox import failures
from mentoring.outbox.models import Mail
from mentoring.programs.access import admin_of

PAGE_SIZE = 50


@require_safe
def mail_list(request: HttpRequest, slug: str) -> HttpResponse:
    program = admin_of(request.user, slug).program
    now = timezone.now()
    is_put_off = request.GET.get("state") == Mail.State.WAITING
    mails = (failures.put_off() if is_put_off else failures.failed()).filter(program=program)
    page = Paginator(failures.listed(mails, now), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "programs/mail_list.html",
        {
            "program": program,
            "page": page,
            "rows": [failures.Failure.of(mail) for mail in page.object_list],
            "is_put_off": is_put_off,
            "failed": failures.failed().filter(program=program).count(),
            "put_off": failures.put_off().filter(program=program).count(),
            "retriable": failures.retriable(failures.failed().filter(program=program), now).count(),
        },
    )


@require_POST
def mail_retry(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    program = admin_of(request.user, slug).program
    mail = get_object_or_404(Mail.objects.filter(program=program).only("pk", "state"), pk=pk)
    if failures.retry(Mail.objects.filter(pk=mail.pk), timezone.now()):
        messages.success(request, "The mail is sent again now.")
    else:
        messages.info(request, "This mail cannot be sent again, or is being sent already.")
    return redirect("programs:mail-list", slug=slug)


@require_POST
def mail_retry_all(request: HttpRequest, slug: str) -> HttpResponse:
    program = admin_of(request.user, slug).program
    many = failures.retry(failures.failed().filter(program=program), timezone.now())
    messages.success(request, f"{many} mail{'' if many == 1 else 's'} sent again now.")
    return redirect("programs:mail-list", slug=slug)
