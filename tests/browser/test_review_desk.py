"""The review desk as a program admin lives in it: one run from its start to a proposal taken back.

Participants look in between: they see nothing before it is published, and nothing after it is undone.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.audit import Audit
from tests.browser.visitor import Visitor
from tests.factories import PASSWORD
from tests.running import Catcher, Site

pytestmark = [pytest.mark.browser, pytest.mark.processes]

REQUESTS = "/programs/riverside/requests/"
RUN_MS = 240_000  # the first run on a machine compiles the engine


def test_review_desk_from_a_run_to_a_proposal_taken_back(
    site: Site, catcher: Catcher, manage: Callable[..., str], visitor: Callable[..., Visitor], audit: Audit
) -> None:
    manage("tests.browser.desk_cohort", "riverside")
    site.start_beat(site.folder / "beat-schedule")
    site.start_worker(wait=False)
    site.start_web()
    marta, lucia, tomas = (
        visitor(name, "Europe/London", audit) for name in ("Marta Silva", "Lucia Ortiz", "Tomas Lind")
    )
    for person in (marta, lucia, tomas):
        sign_in(person)

    first = start_run(marta)
    read_reasons(marta)
    lock_by_hand_and_by_key(marta)
    remove_as_told(marta)
    swap_with_shown_cost(marta)
    read_history(marta)
    compare_with_other_weights(marta, first)
    plan_and_cancel(marta, first)
    for person in (lucia, tomas):
        sees_nothing(person, catcher)
    publish_ticked(marta)
    is_proposed(lucia, catcher, "A mentor is proposed to you: Tomas Lind")
    is_proposed(tomas, catcher, "A mentee is proposed to you: Lucia Ortiz")
    take_back(marta)
    for person, other in ((lucia, "Tomas Lind"), (tomas, "Lucia Ortiz")):
        catcher.wait_for(person.email, subject=f"The proposal of {other} is taken back")
        person.open(REQUESTS)
        person.reads("withdrawn")
        person.open("/")
        person.reads_not("Waiting for your answer")

    for person in (marta, lucia, tomas):
        assert person.reported == []
        assert audit.has_examined(person.visited)
    assert not audit.faults, "\n".join(audit.faults)


def sign_in(person: Visitor) -> None:
    person.open("/account/login/")
    person.fill(login=person.email, password=PASSWORD)
    person.press("Sign in", person.page.get_by_role("main"))


def start_run(marta: Visitor) -> str:
    marta.follow("Match runs")
    marta.follow("New match run")
    expect(marta.page.get_by_label("Most people matched")).to_be_checked()
    marta.press("Start the match run")
    return results(marta)


def results(marta: Visitor) -> str:
    """Wait for the run that is on the page, which goes on by itself; gives its address."""
    expect(marta.page.get_by_role("heading", name="Pairings")).to_be_visible(timeout=RUN_MS)
    marta.page.wait_for_load_state()
    marta.arrive()
    return marta.page.url


def read_reasons(marta: Visitor) -> None:
    marta.reads("3 of 4", "Optimal over all 9 feasible pairs; 1 round.", "points in total")
    picture = marta.page.get_by_role("img", name="Pairings by score:")
    expect(picture).to_be_visible()
    left_out = marta.page.get_by_role("region", name="Left out")
    expect(left_out).to_contain_text("No mentor shares a language with Pavel Horak")
    expect(left_out.get_by_role("link", name="What could be done")).to_have_count(0)
    ours = marta.card("Sam Reid with Grace Hall")
    ours.locator("summary").first.click()
    favour = ours.get_by_role("list", name="In favour").last
    expect(favour).to_contain_text("Grace Hall covers the skill Sam Reid wants: Python")
    expect(ours).to_contain_text("Automate the monthly report")
    expect(ours).to_contain_text("Locking costs nothing")
    expect(ours).to_contain_text("in total, with the rest solved anew")


def lock_by_hand_and_by_key(marta: Visitor) -> None:
    """The page comes back at the pairing, with the focus on it: the keys go on from there."""
    marta.press("Lock", marta.card("Hana Kim with Aiko Mori"), exact=False)
    ours = marta.card("Hana Kim with Aiko Mori")
    expect(ours.locator(".badge")).to_have_text("locked")
    expect(ours).to_be_focused()
    keyboard = marta.page.keyboard
    keyboard.press("?")
    helped = marta.page.get_by_role("dialog", name="Keys for the list of pairings")
    expect(helped).to_be_visible()
    marta.arrive()
    keyboard.press("Escape")
    expect(helped).to_be_hidden()
    names = [card.get_by_role("heading").inner_text() for card in cards(marta).all()]
    at = names.index("Hana Kim with Aiko Mori")
    keyboard.press("k" if at else "j")
    expect(cards(marta).nth(at - 1 if at else 1)).to_be_focused()
    keyboard.press("j" if at else "k")
    expect(ours).to_be_focused()
    with marta.page.expect_navigation():
        keyboard.press("l")
    expect(marta.card("Hana Kim with Aiko Mori").locator(".badge")).to_have_count(0)
    marta.press("Lock", marta.card("Hana Kim with Aiko Mori"), exact=False)
    # in a field the keys are letters
    marta.page.get_by_label("Name").press_sequentially("jxl?")
    expect(marta.page.get_by_label("Name")).to_have_value("jxl?")


def cards(marta: Visitor) -> Locator:
    return marta.page.locator("[data-keys-item]")


def remove_as_told(marta: Visitor) -> None:
    """Without Grace, Sam has Tomas, and Lucia has Grace: Aiko is locked."""
    marta.follow("Remove", marta.card("Sam Reid with Grace Hall"), exact=False)
    told = marta.page.get_by_role("region", name="Remove it, and solve the rest anew")
    for mentee, mentor in (("Sam Reid", "Tomas Lind"), ("Lucia Ortiz", "Grace Hall")):
        row = told.get_by_role("row").filter(has=marta.page.get_by_role("rowheader", name=mentee))
        expect(row.get_by_role("strong")).to_have_text(mentor)
        expect(row.get_by_role("cell").last).to_have_text(re.compile("^−"))
    expect(told).not_to_contain_text("Hana Kim")
    alone = marta.page.get_by_role("region", name="Remove it, and nothing else")
    expect(alone).to_contain_text("1 fewer matched")
    marta.press("Remove, and make these changes")
    expect(marta.card("Sam Reid with Tomas Lind")).to_be_visible()
    expect(marta.card("Lucia Ortiz with Grace Hall")).to_be_visible()
    marta.reads("3 shown, 1 removed")


def swap_with_shown_cost(marta: Visitor) -> None:
    """Back to how it was, but for Sam: he and Hana exchange theirs."""
    marta.press("Unlock", marta.card("Hana Kim with Aiko Mori"), exact=False)
    marta.follow("Swap mentors", marta.card("Sam Reid with Tomas Lind"), exact=False)
    row = marta.page.get_by_role("row").filter(has_text="Hana Kim")
    expect(row.get_by_role("cell").nth(2)).to_have_text(re.compile("^[−+]"))
    marta.press("Swap with Hana Kim")
    for names in ("Sam Reid with Aiko Mori", "Hana Kim with Tomas Lind"):
        expect(marta.card(names).locator(".badge")).to_have_text("locked")


def read_history(marta: Visitor) -> None:
    marta.follow("All", marta.page.get_by_role("region", name="Changes by hand"))
    marta.reads(
        "Swapped the mentors of Sam Reid and Hana Kim",
        "Removed Sam Reid and Grace Hall, and solved the rest anew; 1 other changes with it",
        "Locked Hana Kim and Aiko Mori",
        "Marta Silva",
    )
    marta.follow("The match run", exact=False)


def compare_with_other_weights(marta: Visitor, first: str) -> None:
    marta.follow("Try other settings")
    for name in ("technical", "leadership", "political", "purpose", "passion", "empathy", "time", "language"):
        marta.fill(**{f"weight_{name}": "1"})
    marta.fill(weight_reciprocity="100")
    marta.press("Start the match run")
    results(marta)
    expect(marta.card("Lucia Ortiz with Grace Hall")).to_be_visible()
    marta.follow("Compare with the run of", exact=False)
    marta.reads("Scored by the first run's settings", "What was set differently", "Who changes, and how")
    rows = marta.page.get_by_role("region", name="Who changes, and how").get_by_role("row")
    expect(rows.filter(has_text="Sam Reid")).to_contain_text("Aiko Mori")
    marta.follow("by the second run's settings")
    expect(marta.page.get_by_role("link", name="by the second run's settings")).to_have_attribute(
        "aria-current", "page"
    )
    marta.open(first)


def plan_and_cancel(marta: Visitor, first: str) -> None:
    """Lucia is given Tomas back first, so that there is a pairing to publish that both can be asked about."""
    marta.follow("Swap mentors", marta.card("Lucia Ortiz with Grace Hall"), exact=False)
    marta.follow("give Lucia Ortiz another mentor")
    marta.reads("Tomas Lind", "Full")
    marta.open(first)
    for names in ("Hana Kim with Tomas Lind", "Sam Reid with Aiko Mori"):
        marta.press("Unlock", marta.card(names), exact=False)
    marta.follow("Swap mentors", marta.card("Lucia Ortiz with Grace Hall"), exact=False)
    marta.press("Swap with Hana Kim")
    marta.follow("Publish")
    marta.page.get_by_label("At an hour").check()
    marta.fill(on=f"{date.today() + timedelta(days=2)}", at="09:00")
    marta.press("Publish")
    marta.reads("3 pairings to be published on", "09:00 (Europe/London)")
    expect(marta.card("Lucia Ortiz with Tomas Lind").locator(".badge")).to_have_text("to be published")
    marta.press("Cancel this")
    marta.reads("3 pairings will not be published after all.")


def sees_nothing(person: Visitor, catcher: Catcher) -> None:
    person.open("/")
    person.reads_not("Waiting for your answer")
    person.open(REQUESTS)
    person.reads_not(
        "Proposed by the program", "Tomas Lind" if person.name != "Tomas Lind" else "Lucia Ortiz"
    )
    assert not any("proposed" in str(mail["Subject"]) for mail in catcher.mails)


def publish_ticked(marta: Visitor) -> None:
    marta.page.get_by_label("Tick Lucia Ortiz with Tomas Lind").check()
    marta.press("Publish the ticked ones")
    expect(marta.page.get_by_label("The chosen ones (1)")).to_be_checked()
    marta.page.get_by_role("button", name="Publish", exact=True).click()
    over = marta.page.locator("main:not(:has(#publishing)) .badge", has_text="published in part")
    expect(over).to_be_visible()
    expect(marta.card("Lucia Ortiz with Tomas Lind").locator(".badge")).to_have_text("published")
    marta.page.wait_for_load_state()
    marta.arrive()
    marta.reads("published in part")
    expect(marta.card("Hana Kim with Grace Hall").get_by_role("button", name="Unlock")).to_be_visible()


def is_proposed(person: Visitor, catcher: Catcher, subject: str) -> None:
    catcher.wait_for(person.email, subject=subject)
    person.open("/")
    person.reads("Waiting for your answer")


def take_back(marta: Visitor) -> None:
    marta.press("Take back", marta.card("Lucia Ortiz with Tomas Lind"), exact=False)
    marta.reads("The proposal is taken back.", "Lucia Ortiz and Tomas Lind taken back")
    expect(marta.card("Lucia Ortiz with Tomas Lind").locator(".badge")).to_have_text("locked")
