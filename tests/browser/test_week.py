"""A week that is too much, time away from it, and which mails and calendars follow: one person's journey."""

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import vobject
from playwright.sync_api import Locator, expect

from tests.browser.audit import PHONE, SIDEWAYS, Audit
from tests.browser.test_moving import calendars, events
from tests.browser.visitor import Visitor
from tests.browser.week_cohort import GRACE, HANA, NOOR, SAM, first_monday
from tests.running import Catcher, Site

pytestmark = [pytest.mark.browser, pytest.mark.processes]

ZONE = "Europe/London"
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)


def test_week_says_what_is_too_much_and_time_away_skips_it(
    site: Site, catcher: Catcher, manage: Callable[..., str], visitor: Callable[..., Visitor], audit: Audit
) -> None:
    manage("tests.browser.week_cohort", "riverside")
    site.start_beat(site.folder / "beat-schedule")
    site.start_worker(wait=False)
    site.start_web()
    noor = visitor(NOOR, ZONE, audit)
    noor.sign_in()
    read_the_week(noor)
    turn_by_keys(noor)
    look_at_a_clock_change(noor)
    read_it_on_a_phone(noor)
    be_away(noor, catcher)
    feed = follow_in_a_calendar(noor)
    choose_mails(noor)
    stop_by_one_click(noor, catcher)
    stop_the_feed(noor, feed)

    assert noor.reported == []
    assert audit.has_examined(noor.visited)
    assert not audit.faults, "\n".join(audit.faults)


# The week


def read_the_week(noor: Visitor) -> None:
    """This week nothing is reserved; the sessions begin in the next, or the one after."""
    noor.follow("Calendar")
    noor.reads("Your week", "0 h of 2 h", f"Times in {ZONE}")
    while not noor.page.get_by_role("heading", name=title_of(first_monday())).count():
        turn(noor, "Week after")
    noor.arrive()
    tuesday = day_of(noor, "Tuesday")
    expect(tuesday).to_contain_text(re.compile(rf"09:00\s*–10:00 with {SAM}"))
    expect(tuesday).to_contain_text(re.compile(rf"10:00\s*–11:00 with {GRACE}"))
    expect(tuesday).to_contain_text("Protected 09:00–11:00")
    expect(day_of(noor, "Wednesday")).to_contain_text(HANA)
    expect(day_of(noor, "Friday")).to_contain_text("Nothing is reserved or protected.")
    noor.reads("3 h of 2 h", "Riverside, 2 sessions", "Harbour, 1 session")
    concerns = noor.page.get_by_role("region", name="Where this week is too much")
    for words in (
        "Sessions take 3 hours of this week, but you protect only 2 hours of it.",
        f"Tuesday, 09:00 with {SAM} and 10:00 with {GRACE} have no break between them.",
        f"Wednesday, 14:00 with {HANA} lies outside the time you protect.",
    ):
        expect(concerns).to_contain_text(re.compile(words.replace(" ", r"\s+")))
    expect(concerns.get_by_role("link", name="Move the first")).to_have_attribute(
        "href", re.compile("^/sessions/.+/move/$")
    )


def turn_by_keys(noor: Visitor) -> None:
    """Back and forth, by keys and by the browser's own way back."""
    noor.page.get_by_role("link", name="Week after").focus()
    noor.page.keyboard.press("n")
    expect(noor.page.get_by_role("heading", name=title_of(first_monday() + WEEK))).to_be_visible()
    noor.page.keyboard.press("p")
    expect(noor.page.get_by_role("heading", name=title_of(first_monday()))).to_be_visible()
    noor.page.go_back()
    expect(noor.page.get_by_role("heading", name=title_of(first_monday() + WEEK))).to_be_visible()
    noor.page.go_forward()
    expect(noor.page.get_by_role("heading", name=title_of(first_monday()))).to_be_visible()


def look_at_a_clock_change(noor: Visitor) -> None:
    change = next_clock_change()
    noor.open(f"/week/?of={change:%G-W%V}")
    way, hours = ("forward", 23) if change.month < 7 else ("back", 25)
    noor.reads(f"The clocks go {way} on Sunday {change.day} {change:%B}: the day has {hours} hours.")


def read_it_on_a_phone(noor: Visitor) -> None:
    noor.open(f"/week/?of={first_monday():%G-W%V}")
    noor.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert noor.page.evaluate(SIDEWAYS) is None
    expect(day_of(noor, "Tuesday")).to_contain_text(SAM)
    turn(noor, "Week after")
    noor.follow(f"with {SAM}", day_of(noor, "Tuesday"), exact=False)
    assert noor.page.evaluate(SIDEWAYS) is None
    noor.reads("09:00 to 10:00")


# Time away


def be_away(noor: Visitor, catcher: Catcher) -> None:
    """The second week's Tuesday: what is on it is shown first, then skipped, and both others are told."""
    tuesday = first_monday() + WEEK + DAY
    noor.open("/week/")
    noor.follow("Time away")
    noor.follow("Add time away")
    noor.fill(starts_on=f"{tuesday}", ends_on=f"{tuesday}")
    noor.press("Go on")
    noor.reads("2 sessions fall on these days", SAM, GRACE, "Nothing is saved yet.")
    noor.reads_not(HANA)
    noor.press("Save")
    noor.reads("Your time away is noted.", "2 sessions skipped")
    for name in (SAM, GRACE):
        told = catcher.wait_for(f"{name.split()[0].lower()}@example.org", subject=NOOR, text="away")
        (event,) = events(told, "PUBLISH")
        assert event.status.value == "CANCELLED"
        assert event.dtstart.value.astimezone(ZoneInfo(ZONE)).date() == tuesday
    noor.open(f"/week/?of={tuesday:%G-W%V}")
    expect(day_of(noor, "Tuesday")).to_contain_text("You are away.")
    expect(day_of(noor, "Tuesday")).to_contain_text("skipped")
    noor.reads("1 h of")


# Calendars and mails


def follow_in_a_calendar(noor: Visitor) -> str:
    """The private address is read without any cookie; gives it."""
    noor.follow("Your own calendar")
    noor.press("Make my private address")
    address = noor.page.get_by_label("Your private address").input_value()
    kept, skipped = first_monday() + DAY, first_monday() + WEEK + DAY
    starts = {event.dtstart.value.astimezone(ZoneInfo(ZONE)) for event in fetch(address).vevent_list}
    days = [each.date() for each in starts]
    assert (days.count(kept), days.count(skipped), days.count(kept + DAY)) == (2, 0, 1)
    assert {each.hour for each in starts} == {9, 10, 14}
    return address


def choose_mails(noor: Visitor) -> None:
    noor.open("/week/")
    noor.follow("Mails")
    noor.fill(quiet_from="22:00", quiet_until="22:00", digest_at="23:30")
    noor.press("Save")
    noor.reads("Quiet hours end at another time than they begin.")
    noor.fill(quiet_until="07:00")
    noor.press("Save")
    noor.reads("This time is within your quiet hours.")
    noor.fill(digest_at="18:00", late_minutes="30")
    noor.press("Save")
    noor.reads("Your choices are saved.")
    for name, value in {"quiet_from": "22:00", "quiet_until": "07:00", "digest_at": "18:00"}.items():
        expect(noor.page.locator(f"[name={name}]")).to_have_value(value)
    noor.fill(quiet_from="", quiet_until="", digest_at="")
    noor.press("Save")


def stop_by_one_click(noor: Visitor, catcher: Catcher) -> None:
    """As a mail service does it for its reader: one POST, without a cookie or a token of a form."""
    told = next(mail for mail in reversed(catcher.to(noor.email)) if mail["List-Unsubscribe"])
    assert told["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert calendars(told)
    address = str(told["List-Unsubscribe"]).strip("<> ")
    body = urllib.parse.urlencode({"List-Unsubscribe": "One-Click"}).encode()
    with urllib.request.urlopen(urllib.request.Request(address, data=body), timeout=10) as answer:
        assert answer.status == 200
    noor.open("/mail/")
    wanted = noor.page.locator("[name=wanted]:checked")
    assert [each.input_value() for each in wanted.all()] == ["requests", "reminders"]
    noor.open(urllib.parse.urlsplit(address).path)
    noor.reads("Stop these mails?")


def stop_the_feed(noor: Visitor, address: str) -> None:
    noor.open("/calendar/feed/")
    noor.press("Switch it off")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(address)


# Reading


def turn(noor: Visitor, name: str) -> None:
    """The week changes in its place, without another page."""
    was = noor.page.locator("#week-title").inner_text()
    noor.page.get_by_role("link", name=name).click()
    expect(noor.page.locator("#week-title")).not_to_have_text(was)


def title_of(monday: date) -> str:
    sunday = monday + 6 * DAY
    month = "" if monday.month == sunday.month else f" {monday:%B}"
    return f"{monday.day}{month} to {sunday.day} {sunday:%B} {sunday.year}"


def day_of(noor: Visitor, name: str) -> Locator:
    return noor.page.get_by_role("list", name="The week by day").get_by_role("listitem", name=name)


def next_clock_change() -> date:
    """The next day that has other than 24 hours."""
    zone, on = ZoneInfo(ZONE), date.today()
    while True:
        on += DAY
        begins, ends = (
            datetime(each.year, each.month, each.day, tzinfo=zone).astimezone(UTC) for each in (on, on + DAY)
        )
        if ends - begins != DAY:
            return on


def fetch(address: str) -> vobject.base.Component:
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert answer.headers.get_content_type() == "text/calendar"
        return vobject.readOne(answer.read().decode())
