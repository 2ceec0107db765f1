"""What every page's bar shows: the current program, where one can go in it, and one's other programs."""

from dataclasses import dataclass, field

from django.http import HttpRequest
from django.urls import reverse

from mentoring.programs.models import Membership, Program

SESSION_KEY = "program"


@dataclass(frozen=True)
class Item:
    label: str
    url: str
    current: str  # for aria-current


@dataclass(frozen=True)
class Navigation:
    program: Program | None = None
    membership: Membership | None = None
    programs: list[Program] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)


def navigation(request: HttpRequest) -> dict[str, Navigation]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"nav": Navigation()}
    memberships = list(
        Membership.objects.current()
        .filter(person_id=user.pk)
        .select_related("program")
        .order_by("program__name")
    )
    current = current_membership(request, memberships)
    if current is None:
        return {"nav": Navigation()}
    others = [membership.program for membership in memberships if membership is not current]
    return {"nav": Navigation(current.program, current, others, _items(request, current))}


def current_membership(request: HttpRequest, memberships: list[Membership]) -> Membership | None:
    """The membership of the program in the address; else of the one last visited; else the first."""
    match = request.resolver_match
    wanted = [match.kwargs.get("slug") if match else None, request.session.get(SESSION_KEY)]
    for slug in wanted:
        for membership in memberships:
            if membership.program.slug == slug:
                return membership
    return memberships[0] if memberships else None


def _items(request: HttpRequest, membership: Membership) -> list[Item]:
    slug = membership.program.slug
    pages = [("Home", "home:program-home", [slug]), ("Mentors", "matching:mentor-list", [slug])]
    if membership.is_mentee:
        pages.append(("Goals", "goals:goal-list", [slug]))
    pages.append(("Requests", "engagements:request-list", [slug]))
    if membership.is_mentor or membership.is_mentee:
        pages.append(("Calendar", "schedule:week", []))
    if membership.is_admin:
        pages.append(("Members", "programs:member-list", [slug]))
        pages.append(("Match runs", "matching:match-run-list", [slug]))
    here = request.resolver_match.view_name if request.resolver_match else ""
    return [Item(label, reverse(name, args=args), _current(name, here)) for label, name, args in pages]


def _current(name: str, here: str) -> str:
    """Where one is: on this very page, or on one of those that only the calendar leads to."""
    if name == "schedule:week" and here.startswith("schedule:"):
        return "page" if here == name else "true"
    return "page" if here == name else ""
