"""The forms of the main job in a browser that runs no JavaScript at all."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor
from tests.running import Site

pytestmark = pytest.mark.browser


def test_forms_work_without_script(
    site: Site, manage: Callable[..., str], visitor: Callable[..., Visitor]
) -> None:
    site.start_web()
    manage("tests.browser.cohort", "riverside", "--new")
    sam = visitor("Sam Reid", "Europe/London", script=False)
    grace = visitor("Grace Hall", "Europe/London", script=False)
    for person in (sam, grace):
        person.sign_in()

    change_skills(grace)
    change_hours(grace)
    write_goal(sam)
    ask(sam)
    accept_and_end(grace)

    for person in (sam, grace):
        assert person.reported == []


def change_skills(grace: Visitor) -> None:
    """Two rows to fill in stand there already, and a row is removed by its box."""
    grace.open("/profile/skills/")
    grace.fill(**{"skills-1-skill": "SQL", "skills-1-level": "3"})
    grace.press("Save")
    grace.reads("Your skills are saved.", "Python", "SQL")
    grace.open("/profile/skills/")
    removed = grace.page.get_by_role("group", name="Skill").filter(has=grace.page.locator("input[value=SQL]"))
    removed.get_by_label("Remove").check()
    grace.press("Save")
    grace.reads("Python")
    grace.reads_not("SQL")


def change_hours(grace: Visitor) -> None:
    grace.open("/profile/availability/")
    for name in ("Saturday 09:00", "Saturday 09:30", "Saturday 10:00"):
        grace.page.get_by_label(name, exact=True).check()
    grace.page.get_by_label("Monday 08:00", exact=True).uncheck()
    grace.press("Save")
    grace.reads("Your weekly hours are saved.", "61 hours a week", "09:00–10:30")


def write_goal(sam: Visitor) -> None:
    sam.open("/programs/riverside/goals/new/")
    sam.fill(title="Draw the ward's figures by myself", why="I wait for others.", success="A chart a week.")
    sam.fill(target_on=f"{date.today() + timedelta(days=100)}", **{"skills-0-skill": "Python"})
    sam.press("Save the goal")
    sam.reads("Your goal is written down.", "Python")


def ask(sam: Visitor) -> None:
    sam.follow("Find mentors for this goal")
    sam.page.locator("[name=skill]").select_option(label="Python")
    sam.press("Filter")
    expect(sam.page.locator("#mentors article")).to_have_count(1)
    sam.follow("Ask for mentoring", exact=False)
    sam.fill(message="May I watch you clean one report?", offer="I know every ward's figures by heart.")
    times = sam.page.locator("#times [name=start]:not([value=other])")
    of_an_hour = [each.input_value() for each in times.all()]
    sam.page.locator("[name=minutes]").select_option("90")
    sam.press("Show times for these terms")
    assert [each.input_value() for each in times.all()] != of_an_hour
    expect(sam.page.locator("[name=message]")).to_have_value("May I watch you clean one report?")
    expect(sam.page.locator(".field__error, .errorlist")).to_have_count(0)
    times.last.check()
    sam.press("Send the request")
    sam.reads("Your request is on its way to Grace Hall.")


def accept_and_end(grace: Visitor) -> None:
    grace.open("/programs/riverside/requests/")
    grace.follow("Sam Reid")
    grace.press("Accept")
    grace.reads("It is agreed.", "s, 1½ hours", "Europe/London")
    grace.follow("End the engagement")
    grace.press("End it")
    grace.reads("This engagement has ended")
