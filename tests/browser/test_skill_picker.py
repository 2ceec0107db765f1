"""Skills picked by typing, with the keyboard alone; the same form on a narrow screen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor
from tests.running import Site

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


def test_skills_are_picked_by_keyboard(
    site: Site, manage: Callable[..., str], visitor: Callable[..., Visitor]
) -> None:
    site.start_web()
    manage("tests.browser.cohort", "riverside", "--new")
    sam = visitor("Sam Reid", "Europe/London")
    sam.sign_in()
    sam.open("/profile/exchange/")
    page = sam.page

    first = page.locator("[name=wishes-0-skill]")
    first.focus()
    page.keyboard.type("public spek")
    expect(page.get_by_role("option", name="Public speaking")).to_be_visible()
    expect(first).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    active = first.get_attribute("aria-activedescendant")
    expect(page.locator(f"[id='{active}']")).to_contain_text("Public speaking")
    sam.arrive()  # examines the open list
    page.keyboard.press("Enter")
    expect(first).to_have_value("Public speaking")
    expect(first).to_have_attribute("aria-expanded", "false")
    expect(page.locator("[name=wishes-0-skill-id]")).not_to_have_value("")

    page.get_by_role("button", name="Add a wish").press("Enter")
    added = page.locator("[name=wishes-1-skill]")
    expect(added).to_be_focused()
    page.keyboard.type("k8s")
    expect(page.get_by_role("option", name="Kubernetes")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(added).to_have_value("k8s")  # the server reads it

    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Add a wish").press("Enter")
    page.keyboard.type("negociat")
    expect(page.get_by_role("option", name="Negotiation").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("option", name="Negotiation").first.click()
    expect(page.locator("[name=wishes-2-skill]")).to_have_value("Negotiation")

    page.keyboard.press("Enter")
    sam.reads("Public speaking", "Kubernetes", "Negotiation")
    assert sam.reported == []
