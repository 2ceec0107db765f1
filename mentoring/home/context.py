"""What every page's bar shows: the current program, where one can go in it, and one's other programs."""

from dataclasses import dataclass, field

from django.http import HttpRequest
from django.urls import reverse

from mentoring.programs.models import Membership, Program

SESSION_KEY = "program"
# Tabs of one page, as far as the bar is concerned.
CALENDAR = ("schedule:calendar", "schedule:time-away-list", "schedule:feed", "schedule:busy")


@dataclass(frozen=True)
class Item:
    label: str
    url: str
    current: bool


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
    if here in CALENDAR:
        here = "schedule:week"
    return [Item(label, reverse(name, args=args), here == name) for label, name, args in pages]
