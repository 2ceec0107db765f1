"""From signing in to a sent request by the keyboard alone, with the focus always to be seen."""

from collections.abc import Callable

import pytest

from tests.browser.visitor import Visitor
from tests.factories import PASSWORD
from tests.running import Site

pytestmark = pytest.mark.browser

MOST_STOPS = 120
# What has the focus: its name, whether an outline shows on it or its label, whether it is in sight.
FOCUSED = """() => {
  const focused = document.activeElement;
  if (!focused?.matches(":focus") || focused === document.body) return null;
  const shown = [focused, focused.closest("label")].filter(Boolean).map(each => getComputedStyle(each));
  const box = (focused.closest("label") ?? focused).getBoundingClientRect();
  const label = focused.labels?.[0]?.textContent ?? focused.getAttribute("aria-label") ?? focused.textContent;
  return {
    name: (focused.name ? focused.name + ": " : "") + label.replace(/\\s+/g, " ").trim(),
    outlined: shown.some(style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2),
    inside: box.bottom > 0 && box.top < innerHeight && box.width > 0 && box.height > 0,
  };
}"""


def test_request_is_sent_by_keyboard_alone(
    site: Site, manage: Callable[..., str], visitor: Callable[..., Visitor]
) -> None:
    site.start_web()
    manage("tests.browser.cohort", "riverside", "--new")
    lucia = visitor("Lucia Ortiz", "Europe/London")
    lucia.open("/")
    enter(lucia, "Sign in")
    write(lucia, "login:", lucia.email)
    write(lucia, "password:", PASSWORD)
    enter(lucia, "Sign in")
    enter(lucia, "Skip to the content")
    enter(lucia, "Find mentors")
    enter(lucia, "Ask for mentoring: Tomas Lind")
    write(lucia, "message:", "Your applications get answers; mine do not.")
    write(lucia, "offer:", "I translate into Spanish.")
    tab_to(lucia, "cadence:")
    with lucia.page.expect_response("**/times/"):
        lucia.page.keyboard.press("ArrowDown")
    tab_to(lucia, "start:")
    lucia.page.keyboard.press("Space")
    lucia.page.keyboard.press("ArrowDown")
    assert lucia.page.locator("[name=start]:checked").count() == 1
    enter(lucia, "Send the request")
    lucia.reads("Your request is on its way to Tomas Lind.", "Every two weeks")
    assert lucia.reported == []


def tab_to(person: Visitor, name: str) -> None:
    """Press Tab until what is so named has the focus; every stop on the way has to show that it has it."""
    passed = []
    for _ in range(MOST_STOPS):
        person.page.keyboard.press("Tab")
        stop = person.page.evaluate(FOCUSED)
        if stop is None:  # the browser's own: between end and beginning of the page, the button in a date
            continue
        assert stop["outlined"], f"no focus to be seen on {stop['name']!r} at {person.page.url}"
        assert stop["inside"], f"the focus is out of sight on {stop['name']!r} at {person.page.url}"
        if stop["name"].startswith(name):
            return
        passed.append(stop["name"])
    raise AssertionError(f"Tab does not reach {name!r} at {person.page.url}; it passes {passed}")


def write(person: Visitor, name: str, text: str) -> None:
    tab_to(person, name)
    person.page.keyboard.type(text)


def enter(person: Visitor, name: str) -> None:
    """Reach a link or button and press Enter."""
    tab_to(person, name)
    if name.startswith("Skip to"):
        person.page.keyboard.press("Enter")
        return
    with person.page.expect_navigation():
        person.page.keyboard.press("Enter")
    person.arrive()
