from django.http import HttpRequest

from accounts.models import User


def reader_of(request: HttpRequest) -> User:
    """The person who is signed in; LoginRequiredMiddleware lets nobody else reach a view that asks."""
    assert isinstance(request.user, User)
    return request.user
