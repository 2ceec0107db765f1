from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from accounts.second_factor import lacks_one

# One's account, where a second factor is set up and one signs out.
ACCOUNT_PAGES = ("account_", "mfa_", "usersessions_", "accounts:sign-in-end")
# Open to everybody, and more to who is signed in. Programs and home are higher apps, known by name.
PERSONAL = ("home:home", "programs:join", "programs:invitation-accept")


class ReaderMiddleware:
    """Shows instants in the reader's own zone, and keeps pages behind sign-in out of every cache."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        with timezone.override(request.user.zone_info):
            response = self.get_response(request)
        if not response.has_header("Cache-Control"):  # a photo's own view says how long it may be kept
            add_never_cache_headers(response)  # includes no-store
        return response


class SecondFactorMiddleware:
    """Leads whoever needs a second factor and has none to where it is set up, before anything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        name = match.view_name if match is not None else ""
        is_open = not getattr(view, "login_required", True) and name not in PERSONAL
        is_account = name.startswith(ACCOUNT_PAGES)
        if is_open or is_account or not request.user.is_authenticated or not lacks_one(request.user):
            return None
        messages.warning(request, "You run a program, or this installation: set up a second factor to go on.")
        return redirect("mfa_index")
