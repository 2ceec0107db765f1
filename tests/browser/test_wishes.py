"""A mentee ranks mentors, with script and without; an admin sees shares move as they weigh."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.audit import Audit
from tests.browser.visitor import Visitor
from tests.factories import PASSWORD
from tests.running import Site

pytestmark = pytest.mark.browser


def test_wishes_and_weights(
    site: Site, manage: Callable[..., str], visitor: Callable[..., Visitor], audit: Audit
) -> None:
    site.start_web()
    manage("tests.browser.cohort", "riverside", "--new")
    sam = visitor("Sam Reid", "Europe/London", audit)
    plain = visitor("Lucia Ortiz", "Europe/London", script=False)
    marta = visitor("Marta Silva", "Europe/London", audit)
    for person in (sam, plain, marta):
        person.open("/account/login/")
        person.fill(login=person.email, password=PASSWORD)
        person.press("Sign in", person.page.get_by_role("main"))

    rank(sam)
    rank_without_script(plain)
    say_what_matters(sam)
    weigh(marta)

    for person in (sam, plain, marta):
        assert person.reported == []
    assert not audit.faults, "\n".join(audit.faults)


def expect_order(person: Visitor, *names: str) -> None:
    expect(person.page.locator("ol.list .person__name")).to_have_text(list(names))


def rank(sam: Visitor) -> None:
    """The focus stays on the button that moves somebody, wherever they go."""
    sam.open("/programs/riverside/preferences/mentors/")
    for name in ("Aiko Mori", "Grace Hall", "Tomas Lind"):
        sam.page.get_by_role("button", name=f"Rank {name}").click()
        expect(sam.page.locator("ol.list .person__name").last).to_have_text(name)
    up = sam.page.get_by_role("button", name=re.compile("^Up.*Tomas Lind"))
    up.focus()
    for order in (("Aiko Mori", "Tomas Lind", "Grace Hall"), ("Tomas Lind", "Aiko Mori", "Grace Hall")):
        sam.page.keyboard.press("Enter")
        expect_order(sam, *order)
        expect(up).to_be_focused()
    sam.page.get_by_role("button", name="Remove Aiko Mori").click()
    expect(sam.page.get_by_role("status")).to_have_text("2 of 5 ranked")
    sam.open("/programs/riverside/preferences/mentors/")
    expect_order(sam, "Tomas Lind", "Grace Hall")


def rank_without_script(lucia: Visitor) -> None:
    lucia.open("/programs/riverside/preferences/mentors/")
    lucia.fill(words="a thousand engineers")
    lucia.press("Find")
    lucia.press("Rank Aiko Mori")
    lucia.open("/programs/riverside/preferences/mentors/")
    lucia.press("Rank Tomas Lind")
    lucia.go(lucia.page.get_by_role("button", name=re.compile("^Down.*Aiko Mori")))
    expect_order(lucia, "Tomas Lind", "Aiko Mori")


def say_what_matters(sam: Visitor) -> None:
    sam.open("/programs/riverside/what-matters/")
    sam.page.get_by_role("group", name="Time").get_by_label("More").check()
    sam.press("Save")
    sam.follow("What matters to you")
    expect(sam.page.get_by_role("group", name="Time").get_by_label("More")).to_be_checked()


def weigh(marta: Visitor) -> None:
    marta.open("/programs/riverside/match-settings/")
    share = marta.page.get_by_role("row", name="Time").locator("[data-share]")
    expect(share).to_have_text("10")
    marta.page.get_by_label("Weight of Time").fill("110")  # too much, so it counts for nothing yet
    expect(share).to_have_text("0")
    marta.page.get_by_label("Weight of Time").fill("60")
    expect(share).to_have_text("40")
    marta.page.get_by_label("Must-have for Language").select_option("70%")
    marta.press("Save")
    expect(share).to_have_text("40")
    expect(marta.page.get_by_label("Must-have for Language")).to_have_value("70")
    marta.press("Back to the defaults")
    expect(share).to_have_text("10")
