from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect

from mentoring.demo.accounts import demo_person


@login_not_required
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in as one of the three demonstration people, without a password; not there unless DEBUG is on."""
    if not settings.DEBUG:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    person = demo_person(request.POST.get("key", ""))
    if person is None:
        raise Http404
    login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect(settings.LOGIN_REDIRECT_URL)
