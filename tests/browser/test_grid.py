"""The week of protected time, painted with a mouse, with fingers and with keys alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.browser.audit import DESK, PHONE, Audit
from tests.browser.visitor import Visitor
from tests.running import Site

pytestmark = pytest.mark.browser
URL = "/profile/availability/"
Place = tuple[float, float]


def cell(page: Page, name: str) -> Locator:
    return page.get_by_role("checkbox", name=name, exact=True)


def middle(control: Locator) -> Place:
    box = control.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def painted(page: Page) -> list[str]:
    ticked: list[str] = page.locator(".week__slot input:checked").evaluate_all(
        "boxes => boxes.map(each => each.getAttribute('aria-label'))"
    )
    return ticked


def clear(page: Page) -> None:
    page.evaluate(
        "() => { for (const box of document.querySelectorAll('.week__slot input')) box.checked = false; }"
    )


@pytest.fixture
def grace(site: Site, manage: Callable[..., str], visitor: Callable[..., Visitor], audit: Audit) -> Visitor:
    """A mentor at the page of her hours, with none painted."""
    site.start_web()
    manage("tests.browser.cohort", "riverside", "--new")
    person = visitor("Grace Hall", "Europe/London", audit)
    person.sign_in()
    person.open(URL)
    clear(person.page)
    return person


def test_week_is_painted_with_mouse_fingers_and_keys(grace: Visitor, audit: Audit) -> None:
    with_the_mouse(grace.page)
    with_the_lines(grace.page)
    with_keys_alone(grace)
    with_fingers(grace.page)
    grace.page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    by_another_clock(grace)
    assert grace.reported == []
    assert not audit.faults, "\n".join(audit.faults)


def with_the_mouse(page: Page) -> None:
    """A drag paints all between, or clears it when it begins on painted time."""
    drag(page, "Monday 08:00", "Tuesday 08:30")
    assert painted(page) == ["Monday 08:00", "Tuesday 08:00", "Monday 08:30", "Tuesday 08:30"]
    expect(page.locator("[data-week-total]")).to_have_text("2 hours a week")

    drag(page, "Tuesday 08:30", "Wednesday 08:30")
    assert painted(page) == ["Monday 08:00", "Tuesday 08:00", "Monday 08:30"]

    cell(page, "Monday 08:00").click()
    assert painted(page) == ["Tuesday 08:00", "Monday 08:30"]


def drag(page: Page, first: str, last: str) -> None:
    cell(page, first).scroll_into_view_if_needed()
    page.mouse.move(*middle(cell(page, first)))
    page.mouse.down()
    page.mouse.move(*middle(cell(page, last)), steps=5)
    page.mouse.up()


def with_the_lines(page: Page) -> None:
    clear(page)
    page.get_by_role("button", name="The hour from 09:00, every day").click()
    expect(page.locator("[data-week-total]")).to_have_text("7 hours a week")
    day = page.locator("details[open]").get_by_role("button", name="All of Friday")
    day.click()
    expect(page.locator("[data-week-total]")).to_have_text("22 hours a week")
    day.click()
    expect(page.locator("[data-week-total]")).to_have_text("6 hours a week")


def with_keys_alone(grace: Visitor) -> None:
    """The grid is one stop of Tab; its arrows reach every cell and every head of a line."""
    page = grace.page
    clear(page)
    page.get_by_role("button", name="The hour from 06:00, every day").focus()
    press = page.keyboard.press
    for key in ("ArrowRight", "Space", "Shift+ArrowDown", "Shift+ArrowRight", "End", "Space", "Home"):
        press(key)
    assert painted(page) == ["Monday 06:00", "Monday 06:30", "Tuesday 06:30", "Sunday 06:30"]
    expect(cell(page, "Monday 06:30")).to_be_focused()
    for key in ("ArrowUp", "ArrowUp", "Enter"):
        press(key)
    expect(page.locator("[data-week-total]")).to_have_text("17 hours a week")
    press("Tab")
    assert page.evaluate("document.activeElement.closest('table')") is None
    press("Shift+Tab")
    expect(page.locator("details[open]").get_by_role("button", name="All of Monday")).to_be_focused()


def with_fingers(page: Page) -> None:
    """One finger paints on the cells and scrolls beside them; two scroll; and painting can be turned off."""
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    clear(page)
    cell(page, "Tuesday 10:00").evaluate("box => box.scrollIntoView({block: 'center'})")
    touch = Touch(page)
    was = page.evaluate("scrollY")

    touch.drag([middle(cell(page, "Tuesday 10:00"))], [middle(cell(page, "Wednesday 11:00"))])
    assert painted(page) == [
        f"{day} {clock}" for clock in ("10:00", "10:30", "11:00") for day in ("Tuesday", "Wednesday")
    ]
    assert page.evaluate("scrollY") == was

    beside = middle(page.get_by_role("button", name="The hour from 12:00, every day"))
    touch.drag([beside], [(beside[0], beside[1] - 120)])
    page.wait_for_function("was => scrollY > was + 40", arg=was)
    assert len(painted(page)) == 6

    was = page.evaluate("scrollY")
    x, y = middle(cell(page, "Thursday 13:00"))
    touch.drag([(x, y), (x + 60, y)], [(x, y - 90), (x + 60, y - 90)])
    page.wait_for_function("was => scrollY > was + 40", arg=was)
    assert len(painted(page)) == 6

    page.get_by_label("scrolls").check()
    was = page.evaluate("scrollY")
    x, y = middle(cell(page, "Thursday 15:00"))
    touch.drag([(x, y)], [(x, y - 120)])
    page.wait_for_function("was => scrollY > was + 40", arg=was)
    assert len(painted(page)) == 6


class Touch:
    """Fingers, as the browser's own protocol sends them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})

    def drag(self, first: list[Place], last: list[Place], steps: int = 8) -> None:
        for count in range(1, len(first) + 1):  # one finger after the other
            self._send("touchStart", first[:count])
        for step in range(1, steps + 1):
            share = step / steps
            places = [
                (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
                for a, b in zip(first, last, strict=True)
            ]
            self._send("touchMove", places)
        self._send("touchEnd", [])

    def _send(self, kind: str, places: list[Place]) -> None:
        points = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(places)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def by_another_clock(grace: Visitor) -> None:
    """What is painted is shown by another clock before it is saved, and saved as it was painted."""
    page = grace.page
    clear(page)
    cell(page, "Monday 09:00").click()
    page.get_by_label("Show my hours by the clocks of").select_option("Asia/Tokyo")
    shown = page.locator("#elsewhere")
    expect(shown).to_contain_text("In Tokyo (Asia)")
    expect(shown).to_contain_text("0.5 hours a week")
    drag(page, "Monday 09:30", "Monday 10:30")
    expect(shown).to_contain_text("2 hours a week")
    grace.press("Save")
    grace.reads("Your weekly hours are saved.", "2 hours a week")
