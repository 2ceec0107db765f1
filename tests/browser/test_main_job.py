"""The main job from sign-up to reminder, as three people at three browsers against the real processes.

Only the clock is moved: the processes are stopped, and started again some days ahead.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser.audit import Audit
from tests.browser.joining import (
    PASSWORD,
    PROGRAM,
    fill_in_as_mentee,
    fill_in_as_mentor,
    fill_rows,
    join_as_mentee,
    join_before_signing_up,
    join_link,
    sign_in_by_code,
    sign_in_on_the_way_to,
    sign_up,
)
from tests.browser.visitor import Visitor
from tests.running import Catcher, Site, text_of, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.processes]

GOAL = "Run the ward's rota myself by the summer"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def test_main_job_from_sign_up_to_reminder(
    site: Site, catcher: Catcher, manage: Callable[..., str], visitor: Callable[..., Visitor], audit: Audit
) -> None:
    marta = visitor("Marta Silva", "Europe/Lisbon", audit)
    daniel = visitor("Daniel Okafor", "America/New_York", audit)
    ewa = visitor("Ewa Nowak", "Europe/Warsaw", audit)
    start(site)

    sign_up(marta, catcher, password=PASSWORD)
    marta.reads("You are not in a mentoring program yet.")
    manage("manage", "create_program", PROGRAM, "--admin", marta.email, "--slug", "riverside")
    link = join_link(marta)
    manage("tests.browser.cohort", "riverside")

    join_before_signing_up(daniel, link, catcher)
    fill_in_as_mentor(daniel)
    sign_in_by_code(daniel, catcher)

    sign_up(ewa, catcher, password=PASSWORD)
    join_as_mentee(ewa, link)
    fill_in_as_mentee(ewa)
    sign_in_on_the_way_to(ewa, "/programs/riverside/goals/")
    write_goal(ewa)
    find_mentor(ewa)
    ask(ewa)
    accept(daniel, catcher)
    first = both_see_when_they_meet(ewa, daniel)

    assert reminders(catcher, ewa) == reminders(catcher, daniel) == []
    for number, before in enumerate((DAY, HOUR), start=1):
        move_clock(site, first - before + timedelta(seconds=20))
        for person, other in ((ewa, daniel), (daniel, ewa)):
            mail = reminded(catcher, person, number)
            assert f"You meet {other.name} on {in_words(first, person.zone)} to " in mail
            assert f"({person.zone})" in mail

    end_in_one_step(daniel, ewa, catcher)
    run = start_match_run(marta, site)
    review(marta, run)
    nothing_is_visible_yet(ewa, daniel, run, catcher)
    publish(marta)
    both_say_yes(ewa, daniel, catcher)
    second = both_see_when_they_meet(ewa, daniel)
    move_clock(site, second - DAY + timedelta(seconds=20), with_web=False)
    assert f"You meet {daniel.name} on {in_words(second, ewa.zone)} to " in reminded(catcher, ewa, 3)
    assert f"You meet {ewa.name} on {in_words(second, daniel.zone)} to " in reminded(catcher, daniel, 3)

    for person in (marta, daniel, ewa):
        assert person.reported == []
        assert audit.has_examined(person.visited)
    assert not audit.faults, "\n".join(audit.faults)


# The processes and their clock


def start(site: Site, *, with_web: bool = True) -> None:
    site.start_beat(site.folder / "beat-schedule")
    site.start_worker(wait=False)
    if with_web:
        site.start_web()


def move_clock(site: Site, to: datetime, *, with_web: bool = True) -> None:
    """Stop what runs and start it again at that time. Beat finds in its schedule how long it was away."""
    stop(site, "beat", "worker", *(["web"] if with_web else []))
    site.ahead = to - datetime.now(UTC)
    start(site, with_web=with_web)


def stop(site: Site, *names: str) -> None:
    for process in site.started:
        if process.name in names and process.is_running():
            process.stop()


def in_words(instant: datetime, zone: str) -> str:
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local:%A} {local.day} {local:%B} {local.year}, {local:%H:%M}"


def reminders(catcher: Catcher, person: Visitor) -> list[str]:
    return [text_of(mail) for mail in catcher.to(person.email) if ": you meet" in str(mail["Subject"])]


def reminded(catcher: Catcher, person: Visitor, number: int) -> str:
    """The text of the newest reminder, once there are so many and no more."""
    wait_until(lambda: len(reminders(catcher, person)) >= number, 60, f"reminder {number} of {person.name}")
    assert len(reminders(catcher, person)) == number
    return reminders(catcher, person)[-1]


# Steps 2 to 4: the goal, the mentors for it, the request


def write_goal(ewa: Visitor) -> None:
    ewa.follow("Write a goal")
    ewa.fill(
        title=GOAL,
        why="The rota decides how tired we are.",
        success="Three months without a swap in the last week.",
        target_on=f"{date.today() + 150 * DAY}",
        blocker="I give in when senior nurses push.",
    )
    wanted = {"Rostering": "3", "Negotiation": "2", "Reading the room": "1"}
    fill_rows(ewa, "Add a skill", "skills", ("skill", "importance"), wanted)
    ewa.press("Save the goal")
    ewa.reads(GOAL, "I give in when senior nurses push.", *wanted)


def find_mentor(ewa: Visitor) -> None:
    ewa.follow("Find mentors for this goal")
    cards = ewa.page.locator("#mentors article")
    expect(cards).to_have_count(4)
    expect(cards.first).to_contain_text("Daniel Okafor")
    best = ewa.card("Daniel Okafor")
    expect(best.get_by_role("list", name="In favour").get_by_role("listitem").first).to_be_visible()
    expect(ewa.card("Aiko Mori").get_by_role("list", name="Against")).to_be_visible()
    best.get_by_text("How it adds up").click()
    assert best.locator(".parts li").count() >= 4
    scores = [int(each) for each in ewa.page.locator("#mentors .score__total strong").all_inner_texts()]
    assert scores == sorted(scores, reverse=True)

    all_of_them = ewa.page.url
    narrowed = [
        ("skill", "Rostering", 1),
        ("language", "Polish", 1),
        ("day", "Sunday", 0),
        ("part", "Mornings", 3),  # in Warsaw; it is night where Daniel lives
        ("words", "night shift", 1),
    ]
    for field, answer, count in narrowed:
        ewa.fill(**{field: answer})
        expect(cards).to_have_count(count)
        ewa.arrive()
        ewa.open(all_of_them)


def ask(ewa: Visitor) -> None:
    ewa.follow("Read the profile of Daniel Okafor", exact=False)
    ewa.follow("Ask Daniel to be your mentor", exact=False)
    page = ewa.page
    expect(page.get_by_label(GOAL)).to_be_checked()
    ewa.fill(message="You plan four wards; I lose one.", offer="Your rota as one clear chart.")
    with page.expect_response("**/times/"):
        page.locator("[name=cadence]").select_option("2w")
    with page.expect_response("**/times/"):
        page.locator("[name=cadence]").select_option("1w")
    ewa.arrive()
    slot = page.locator("#times [name=start]").first
    expect(slot.locator("xpath=ancestor::label")).to_contain_text("for Daniel")
    slot.check()
    ewa.press("Send the request")
    ewa.reads("Your request is on its way to Daniel Okafor.", "waiting")


# Steps 5 and 6: the answer, the engagement, its end


def accept(daniel: Visitor, catcher: Catcher) -> None:
    catcher.wait_for(daniel.email, subject="Ewa Nowak asks for your mentoring")
    daniel.open("/")
    daniel.reads("Waiting for your answer")
    daniel.follow("Requests")
    daniel.follow("Ewa Nowak")
    daniel.reads(GOAL, "You plan four wards; I lose one.", "of 100 for fit", "(America/New_York)")
    expect(daniel.page.get_by_role("list", name="In favour").get_by_role("listitem").first).to_be_visible()
    daniel.reads_not("I give in when senior nurses push.")
    daniel.press("Accept")
    daniel.reads("It is agreed.", "I give in when senior nurses push.")


def both_see_when_they_meet(ewa: Visitor, daniel: Visitor) -> datetime:
    """Each in their own zone, on the engagement's page, at home and in the calendar; gives the instant."""
    instants = set()
    for person, other in ((ewa, daniel), (daniel, ewa)):
        person.open("/")
        person.reads("Next sessions")
        person.follow(other.name, person.page.get_by_role("complementary"))
        shown = person.page.locator(".date time").first
        instant = datetime.fromisoformat(shown.get_attribute("datetime") or "")
        local = instant.astimezone(ZoneInfo(person.zone))
        expect(shown).to_have_text(f"{local:%a} {local.day} {local:%b} {local.year}, {local:%H:%M}")
        at = f"{local:%A} {local.day} {local:%B}, {local:%H:%M}"
        person.reads(f"Times in {person.zone}", at)
        assert person.page.locator(".timeline li").count() >= 11
        person.follow("Calendar")
        person.follow("All sessions")
        person.reads(at, other.name)
        instants.add(instant)
    assert len(instants) == 1
    return instants.pop()


def end_in_one_step(daniel: Visitor, ewa: Visitor, catcher: Catcher) -> None:
    daniel.open("/")
    daniel.follow(ewa.name, daniel.page.get_by_role("complementary"))
    daniel.follow("End the engagement")
    daniel.press("End it")
    daniel.reads("This engagement has ended")
    catcher.wait_for(ewa.email, subject="Your engagement with Daniel Okafor has ended")
    ewa.open("/programs/riverside/engagements/")
    ewa.reads("Ended", daniel.name)
    ewa.open("/calendar/")
    ewa.reads("No session lies ahead")


# Step 8: the admin's match run


def start_match_run(marta: Visitor, site: Site) -> str:
    """Watch a run from its beginning, for which it has to wait, to its end; gives its address."""
    stop(site, "worker")
    marta.open("/")
    marta.follow("Members")
    marta.reads("10 members", "Pavel Horak", "Europe/Warsaw", "0 of 2")
    marta.follow("Match runs")
    marta.follow("New match run")
    marta.press("Start the match run")
    marta.reads("Waiting for a worker to begin")
    site.start_worker()
    # the page goes on by itself; the first run on a machine compiles the engine
    expect(marta.page.get_by_role("heading", name="Pairings")).to_be_visible(timeout=240_000)
    marta.arrive()
    return marta.page.url


def review(marta: Visitor, run: str) -> None:
    marta.reads("4 of 5", "Left out")
    left_out = marta.page.get_by_role("region", name="Left out")
    expect(left_out.get_by_role("listitem")).to_have_count(1)
    expect(left_out).to_contain_text("Pavel Horak")
    expect(left_out).to_contain_text("language")
    ours = marta.card("Ewa Nowak with Daniel Okafor")
    ours.locator("summary").first.click()
    expect(ours.get_by_role("list", name="In favour").get_by_role("listitem").first).to_be_visible()
    expect(ours).to_contain_text("Second year as a ward nurse")
    marta.press("Lock", ours, exact=False)
    expect(marta.card("Ewa Nowak with Daniel Okafor").locator(".badge")).to_have_text("locked")
    marta.follow("Swap mentors", marta.card("Sam Reid with Grace Hall"), exact=False)
    marta.press("Swap with Lucia Ortiz")
    expect(marta.card("Sam Reid with Tomas Lind")).to_be_visible()
    expect(marta.card("Lucia Ortiz with Grace Hall")).to_be_visible()
    marta.follow("Remove", marta.card("Hana Kim with Aiko Mori"), exact=False)
    marta.press("Remove")
    expect(marta.card("Hana Kim with Aiko Mori")).to_have_count(0)
    marta.reads("3 shown, 1 removed")
    expect(left_out.get_by_role("listitem")).to_have_count(2)
    marta.follow("What could be done for Hana Kim", left_out)
    marta.reads("Marta Silva removed the pairing.", "Daniel Okafor")
    marta.open(run)


def nothing_is_visible_yet(ewa: Visitor, daniel: Visitor, run: str, catcher: Catcher) -> None:
    for person, other in ((ewa, daniel), (daniel, ewa)):
        person.open("/")
        person.reads_not("Waiting for your answer", "You have asked")
        person.open("/programs/riverside/requests/")
        expect(person.page.get_by_role("main").get_by_role("link", name=other.name)).to_have_count(1)
        answer = person.context.request.get(run)
        assert answer.status == 404
    assert not any("proposed" in str(mail["Subject"]) for mail in catcher.mails)


def publish(marta: Visitor) -> None:
    marta.follow("Publish")
    marta.reads("All that are not published yet (3)")
    marta.page.get_by_role("button", name="Publish", exact=True).click()
    # The page loads once more when publishing is over: what stands before that is not the page to examine.
    over = marta.page.locator("main:not(:has(#publishing)) article .badge", has_text="published")
    expect(over).to_have_count(3)
    marta.page.wait_for_load_state()
    marta.arrive()


def both_say_yes(ewa: Visitor, daniel: Visitor, catcher: Catcher) -> None:
    catcher.wait_for(daniel.email, subject="A mentee is proposed to you: Ewa Nowak")
    catcher.wait_for(ewa.email, subject="A mentor is proposed to you: Daniel Okafor")
    for person, other, yes in ((daniel, ewa, "Accept"), (ewa, daniel, "Yes, please")):
        person.open("/")
        person.reads("Waiting for your answer")
        person.follow(other.name, person.page.get_by_role("main"), exact=False)
        person.reads("Proposed by the program", f"for you: {other.name}", GOAL)
        person.press(yes)
    ewa.reads("It is agreed.", "Kept at")
