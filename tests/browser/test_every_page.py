"""Every page that links lead to from home, for each role: nothing is broken, and axe finds nothing."""

from collections.abc import Callable

import pytest
from django.urls import Resolver404

from tests.browser.audit import Audit, view_of
from tests.browser.visitor import Visitor
from tests.factories import PASSWORD
from tests.running import Site

pytestmark = pytest.mark.browser

LINKS = """() => [...document.querySelectorAll("a[href]:not([download])")].map(each => each.href)
  .filter(href => new URL(href).origin === location.origin)"""
# One page of each role that no other test need keep up to date; the crawl finds many more.
REACHED = {
    "mentee": {
        "goals:goal-edit",
        "engagements:engagement-end",
        "engagements:empathy",
        "programs:membership-leave",
        "matching:what-matters",
        "matching:preferred-mentors",
        "mfa_index",
        "schedule:week",
        "schedule:session-move",
        "schedule:session-skip",
        "schedule:session-link",
        "schedule:series-link",
        "schedule:series-change",
        "schedule:change-detail",
        "schedule:time-away-remove",
        "schedule:feed",
        "schedule:busy",
        "outbox:choices",
        "owndata:erase",
    },
    "mentor": {
        "engagements:other-terms",
        "accounts:confirmation-ask",
        "accounts:learning-delete",
        "accounts:learning-why",
        "programs:profile-preview",
        "matching:preferred-mentees",
        "account_email",
    },
    "admin": {
        "programs:member-edit",
        "matching:match-run-list",
        "matching:match-settings",
        "programs:person-detail",
        "programs:mail-list",
    },
}


def test_every_page_linked_from_home_is_sound(
    site: Site, manage: Callable[..., str], visitor: Callable[..., Visitor], audit: Audit
) -> None:
    site.start_web()
    manage("tests.browser.cohort", "riverside", "--new")
    crawl(visitor("Nobody Yet", "Europe/London", audit))
    people = {"mentee": "Hana Kim", "mentor": "Grace Hall", "admin": "Marta Silva"}
    for role, name in people.items():
        person = visitor(name, "Europe/London", audit)
        person.sign_in()
        crawl(person)
        assert REACHED[role] <= person.visited
        assert person.reported == []
    assert not audit.faults, "\n".join(audit.faults)


def crawl(person: Visitor) -> None:
    """Open one page of each view, as links lead to it, beginning at the page where the person is."""
    if person.page.url == "about:blank":
        person.open("/")
    tried = set(person.visited)  # what a link names; it may lead on to another
    ahead = links_of(person)
    while ahead:
        address = ahead.pop(0)
        if view_of(address) not in tried:
            tried.add(view_of(address))
            person.open(address)
            if view_of(person.page.url) == "account_reauthenticate":
                person.fill(password=PASSWORD)
                person.press("Confirm")
            ahead += links_of(person)


def links_of(person: Visitor) -> list[str]:
    links = dict.fromkeys(href.split("#")[0] for href in person.page.evaluate(LINKS))
    return [href for href in links if _is_page(href)]


def _is_page(href: str) -> bool:
    try:
        return not view_of(href).endswith("logout")
    except Resolver404:  # a file
        return False
