"""Who stands where in a program: every program page begins with one of these."""

from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from accounts.models import User
from mentoring.programs.models import Membership


def program_for(user: User | AnonymousUser, slug: str) -> Membership:
    """The user's own current membership of the program. 404 to everybody else: that it exists is a secret."""
    membership = (
        Membership.objects.current()
        .select_related("program", "person")
        .filter(program__slug=slug, person_id=user.pk)
        .first()
    )
    if membership is None:
        raise Http404
    return membership


def admin_of(user: User | AnonymousUser, slug: str) -> Membership:
    """The same for a program admin."""
    membership = program_for(user, slug)
    if not membership.is_admin:
        raise Http404
    return membership
