"""Where one is signed in; allauth lists the sign-in sessions and ends all others at once."""

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST


@require_POST
def sign_in_end(request: HttpRequest, pk: int) -> HttpResponse:
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    is_here = session.is_current()
    session.end()
    if is_here:
        return redirect("account_login")
    messages.success(request, "That browser is signed out.")
    return redirect("usersessions_list")
