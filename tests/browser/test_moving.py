"""A session moved between two people for whom it lies on different dates, and what else they do with it.

Rosa proposes, Kiri offers another time, Rosa accepts; their mails and calendars follow. Sam, who meets Kiri
too, finds out what is reserved.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import vobject
from playwright.sync_api import Locator, expect

from tests.browser.audit import PHONE, SIDEWAYS, Audit
from tests.browser.pair_cohort import HERS, KIRI, ROSA, SAM, THEIRS
from tests.browser.test_keyboard import enter, tab_to
from tests.browser.visitor import Visitor
from tests.running import Catcher, Site, text_of

pytestmark = [pytest.mark.browser, pytest.mark.processes]

WORD = "My sister marries that day. Tell me afterwards how the board went."
AGENDA = "How to open the talk with the board"
UNDERTAKEN = "Ask the night staff what they would change"
SHARED = "Begin with what the ward has saved."
PRIVATE = "She hesitates when the board is named."
CONFIDENTIAL = (WORD, AGENDA, UNDERTAKEN, SHARED, PRIVATE)


def test_two_people_in_two_zones_move_a_session(
    site: Site, catcher: Catcher, manage: Callable[..., str], visitor: Callable[..., Visitor], audit: Audit
) -> None:
    manage("tests.browser.pair_cohort", "riverside")
    site.start_beat(site.folder / "beat-schedule")
    site.start_worker(wait=False)
    site.start_web()
    rosa, kiri, sam = visitor(ROSA, HERS, audit), visitor(KIRI, THEIRS, audit), visitor(SAM, THEIRS, audit)
    for person in (rosa, sam):
        person.sign_in()

    old = open_next_session(rosa, KIRI)
    new = agree_on_another_time(rosa, kiri, sam, old, catcher)
    their_calendars_follow(rosa, kiri, old, new, catcher)
    skip_the_next_one(kiri, rosa, catcher)
    prepare(rosa, kiri, new)
    let_it_pass(site, rosa, kiri, new)
    it_comes_back_until_done(rosa, kiri)
    end_and_read_on(rosa, kiri, new)

    assert not any(word in written(mail) for mail in catcher.mails for word in CONFIDENTIAL)
    for person in (rosa, kiri, sam):
        assert person.reported == []
        assert audit.has_examined(person.visited)
    assert not audit.faults, "\n".join(audit.faults)


def test_move_is_proposed_by_keyboard_alone_and_accepted_on_a_phone(
    site: Site, manage: Callable[..., str], visitor: Callable[..., Visitor]
) -> None:
    manage("tests.browser.pair_cohort", "riverside")
    site.start_web()
    rosa, kiri = visitor(ROSA, HERS), visitor(KIRI, THEIRS)
    rosa.sign_in()
    open_next_session(rosa, KIRI)
    enter(rosa, "Propose another time")
    tab_to(rosa, "start:")
    rosa.page.keyboard.press("Space")
    rosa.page.keyboard.press("ArrowDown")
    tab_to(rosa, "days: More times")
    with rosa.page.expect_response("**/move/times/"):
        rosa.page.keyboard.press("Enter")
    expect(rosa.page.locator("#times [name=start]:checked")).to_have_count(1)
    chosen = instant_of(rosa.page.locator("#times [name=start]:checked"))
    enter(rosa, "Propose this time")
    says_when(rosa, chosen, within=proposal(rosa))

    kiri.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    kiri.sign_in()
    kiri.follow("Rosa Vega", waiting(kiri), exact=False)
    fits(kiri)
    says_when(kiri, chosen, within=proposal(kiri))
    kiri.press("Accept this time")
    fits(kiri)
    says_when(kiri, chosen)
    assert rosa.reported == kiri.reported == []


def test_move_is_agreed_without_script_and_on_a_phone(
    site: Site, manage: Callable[..., str], visitor: Callable[..., Visitor]
) -> None:
    manage("tests.browser.pair_cohort", "riverside")
    site.start_web()
    rosa, kiri = visitor(ROSA, HERS, script=False), visitor(KIRI, THEIRS, script=False)
    rosa.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    for person in (rosa, kiri):
        person.sign_in()
    open_next_session(rosa, KIRI)
    rosa.follow("Propose another time")
    times = rosa.page.locator("#times [name=start]:not([value=other])")
    few = times.count()
    times.nth(1).check()
    rosa.press("More times")
    assert times.count() > few
    expect(times.nth(1)).to_be_checked()
    expect(rosa.page.locator(".field__error, .errorlist")).to_have_count(0)
    chosen = instant_of(times.last)
    times.last.check()
    rosa.press("Propose this time")
    says_when(rosa, chosen, within=proposal(rosa))

    kiri.open("/")
    kiri.follow("Rosa Vega", waiting(kiri), exact=False)
    kiri.press("Accept this time")
    says_when(kiri, chosen)
    assert rosa.reported == kiri.reported == []


# The move


def agree_on_another_time(
    rosa: Visitor, kiri: Visitor, sam: Visitor, old: datetime, catcher: Catcher
) -> datetime:
    """Kiri offers another time than the one that Rosa proposes; gives what they agree on."""
    proposed = propose(rosa, "Propose another time", number=0, other="Kiri")
    asked = catcher.wait_for(kiri.email, subject="Rosa Vega proposes another time for")
    assert in_words(proposed, kiri) in text_of(asked)
    follow_mail(kiri, asked)
    kiri.sign_in()
    says_when(kiri, proposed, within=proposal(kiri))
    says_when(kiri, old)
    open_next_session(sam, KIRI)
    assert not is_free(sam, old)

    offered = propose(kiri, "Offer another time", number=-1, other="Rosa")
    assert offered != proposed
    answered = catcher.wait_for(rosa.email, subject="Kiri Walker proposes another time for")
    assert [calendars(mail) for mail in (asked, answered)] == [[], []], "a proposal changes nothing yet"
    follow_mail(rosa, answered)
    says_when(rosa, offered, within=proposal(rosa))
    says_when(rosa, old)
    rosa.press("Accept this time")
    rosa.reads("It is agreed.", "at another time than usual")
    assert is_free(sam, old)
    assert not is_free(sam, offered)
    return offered


def propose(person: Visitor, link: str, *, number: int, other: str) -> datetime:
    """Propose the time of that number among those that are free for both; gives it."""
    person.follow(link)
    choice = person.page.locator("#times [name=start]:not([value=other])").nth(number)
    expect(choice.locator("xpath=ancestor::label")).to_contain_text(f"for {other}")
    choice.check()
    instant = instant_of(choice)
    person.press("Propose this time")
    person.reads("Your proposal is on its way to", "You propose another time")
    says_when(person, instant, within=proposal(person))
    return instant


def is_free(sam: Visitor, instant: datetime) -> bool:
    """Whether Sam could move his own session with Kiri there."""
    if sam.page.get_by_role("link", name="Propose another time").count():
        sam.follow("Propose another time")
    else:
        sam.follow("Propose another instead")
    local = instant.astimezone(ZoneInfo(sam.zone))
    sam.page.get_by_label("A time of my own").check()
    sam.page.get_by_text("Name a time of your own").click()
    sam.fill(on=f"{local:%Y-%m-%d}", at=f"{local:%H:%M}")
    sam.press("Propose this time")
    if sam.page.get_by_text("You propose another time").count():
        says_when(sam, instant, within=proposal(sam))
        return True
    sam.reads("This time is not free any more: one of you has another session then.")
    sam.follow("Cancel")
    return False


def their_calendars_follow(
    rosa: Visitor, kiri: Visitor, old: datetime, new: datetime, catcher: Catcher
) -> None:
    """One entry that moves, in mails from which calendar programs take it; both pages say the new time."""
    for person, other in ((rosa, kiri), (kiri, rosa)):
        opened = catcher.wait_for(person.email, subject=f"You and {other.name}: it is agreed")
        before = next(event for event in events(opened, "PUBLISH") if event.dtstart.value == old)
        moved = catcher.wait_for(person.email, subject=f"You meet {other.name}", text="instead of")
        (after,) = events(moved, "REQUEST")
        assert (after.dtstart.value, after.uid.value) == (new, before.uid.value)
        assert int(after.sequence.value) == int(before.sequence.value) + 1
        assert after.status.value == "CONFIRMED"
        assert in_words(new, person) in text_of(moved)
        assert in_words(old, person) in text_of(moved)
        follow_mail(person, moved)
        says_when(person, new)
        local = new.astimezone(ZoneInfo(other.zone))
        person.reads(f"{day_of(local)}, {local:%H:%M} for {other.name.split()[0]} ({other.zone})")
        person.follow(f"With {other.name}", exact=False)
        says_when(person, new)


# The session after it, what is written, and what comes back


def skip_the_next_one(kiri: Visitor, rosa: Visitor, catcher: Catcher) -> None:
    open_next_session(kiri, ROSA)
    kiri.follow("Next session:", exact=False)
    was_at = shown_at(kiri)
    kiri.follow("Skip this one")
    kiri.fill(word=WORD)
    kiri.press("Skip it")
    kiri.reads("You have skipped this session", WORD)
    told = catcher.wait_for(rosa.email, subject="You do not meet Kiri Walker")
    (event,) = events(told, "CANCEL")
    assert (event.dtstart.value, event.status.value, int(event.sequence.value)) == (was_at, "CANCELLED", 1)
    follow_mail(rosa, told)
    rosa.reads("Kiri Walker has skipped this session", WORD)
    expect(rosa.page.get_by_role("link", name="Propose another time")).to_have_count(0)


def prepare(rosa: Visitor, kiri: Visitor, new: datetime) -> None:
    """Agenda, a commitment, and notes on the next session's page."""
    assert open_next_session(rosa, KIRI) == new
    put(rosa, "agenda", "Add", text=AGENDA)
    due_on = new.astimezone(ZoneInfo(rosa.zone)) + timedelta(days=5)
    put(rosa, "commitments", "Undertake it", text=UNDERTAKEN, due_on=f"{due_on:%Y-%m-%d}")
    put(rosa, "shared-note", "Save the shared note", text=SHARED)
    put(rosa, "private-note", "Save the private note", text=PRIVATE)
    rosa.arrive()
    rosa.open(urlsplit(rosa.page.url).path)
    expect(rosa.page.locator("#private-note textarea")).to_have_value(PRIVATE)
    assert open_next_session(kiri, ROSA) == new
    kiri.reads(AGENDA, UNDERTAKEN, f"by {day_of(due_on)}")
    expect(kiri.page.locator("#shared-note textarea")).to_have_value(SHARED)
    expect(kiri.page.locator("#private-note textarea")).to_have_value("")
    assert PRIVATE not in kiri.page.content()
    expect(kiri.page.get_by_role("button", name="Done")).to_have_count(0)


def put(person: Visitor, section: str, button: str, **answers: str) -> None:
    """Fill in a section of the session's page and send it; the section comes back by itself."""
    within = person.page.locator(f"#{section}")
    person.fill(within, **answers)
    with person.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        within.get_by_role("button", name=button, exact=True).click()
    assert answered.value.status == 200
    person.page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-settling')")


def let_it_pass(site: Site, rosa: Visitor, kiri: Visitor, new: datetime) -> None:
    """Rosa has the form for another time open while the session begins; when it is over both say it was."""
    rosa.follow("Propose another time")
    rosa.page.locator("#times [name=start]").nth(1).check()
    for process in site.started:
        process.stop()
    site.ahead = new + timedelta(hours=2) - datetime.now(UTC)
    site.start_web()
    rosa.press("Propose this time")
    rosa.reads("This session has begun.", "Did you meet?")
    rosa.reads_not("You propose another time")
    rosa.press("We met")
    kiri.open(urlsplit(rosa.page.url).path)
    kiri.reads("What you both say")
    kiri.press("We met")
    kiri.reads("held")


def it_comes_back_until_done(rosa: Visitor, kiri: Visitor) -> None:
    """At the top of the next session that is kept, which is the third: the second is skipped."""
    for person, other in ((rosa, KIRI), (kiri, ROSA)):
        open_next_session(person, other)
        expect(person.page.locator("#brought")).to_contain_text(UNDERTAKEN)
    done = rosa.page.locator("#brought").get_by_role("button", name="Done")
    done.click()
    expect(rosa.page.locator("#brought")).to_contain_text("done on")
    rosa.arrive()
    rosa.follow("Next session:", exact=False)
    rosa.reads_not(UNDERTAKEN)


def end_and_read_on(rosa: Visitor, kiri: Visitor, new: datetime) -> None:
    """After the end both read what there is, and change nothing but their own notes."""
    kiri.follow("With Rosa Vega", exact=False)
    kiri.follow("End the engagement")
    kiri.press("End it")
    kiri.reads("This engagement has ended")
    rosa.follow("With Kiri Walker", exact=False)
    local = new.astimezone(ZoneInfo(rosa.zone))
    rosa.follow(f"{day_of(local)}, {local:%H:%M}", exact=False)
    rosa.reads(AGENDA, UNDERTAKEN, SHARED, PRIVATE)
    buttons = rosa.page.get_by_role("main").get_by_role("button")
    expect(buttons).to_have_text(["Save the private note"])


# Reading pages and mails


def open_next_session(person: Visitor, other: str) -> datetime:
    """From home by the engagement's page; gives the instant of the session that comes next."""
    person.open("/")
    person.follow(other, person.page.get_by_role("complementary"))
    person.follow("Agenda and notes")
    return shown_at(person)


def shown_at(person: Visitor) -> datetime:
    """The instant of the session whose page it is, which is also said in the person's own zone."""
    instant = datetime.fromisoformat(
        person.page.locator("h1 time").get_attribute("datetime") or ""
    ).astimezone(UTC)
    says_when(person, instant)
    return instant


def says_when(person: Visitor, instant: datetime, within: Locator | None = None) -> None:
    local = instant.astimezone(ZoneInfo(person.zone))
    place = within or person.page.get_by_role("main")
    expect(place).to_contain_text(re.compile(rf"{day_of(local)}(?: {local.year})?,?\s+{local:%H:%M}"))


def proposal(person: Visitor) -> Locator:
    return person.page.get_by_role("main").locator("section", has_text=re.compile("proposes? another time"))


def waiting(person: Visitor) -> Locator:
    return person.page.get_by_role("main").locator("section", has_text="Waiting for your answer")


def fits(person: Visitor) -> None:
    """Nothing is wider than the screen."""
    assert person.page.evaluate(SIDEWAYS) is None


def instant_of(choice: Locator) -> datetime:
    return datetime.fromisoformat(choice.input_value()).astimezone(UTC)


def day_of(local: datetime) -> str:
    return f"{local:%A} {local.day} {local:%B}"


def in_words(instant: datetime, person: Visitor) -> str:
    local = instant.astimezone(ZoneInfo(person.zone))
    return f"{day_of(local)} {local.year}, {local:%H:%M}"


def follow_mail(person: Visitor, mail: EmailMessage) -> None:
    """Open the address of a session that the mail names."""
    found = re.search(r"/sessions/[0-9a-f-]+/", text_of(mail))
    assert found, text_of(mail)
    person.open(found[0])


def calendars(mail: EmailMessage) -> list[EmailMessage]:
    kinds = ("text/calendar", "application/ics")
    return [part for part in mail.walk() if part.get_content_type() in kinds]


def events(mail: EmailMessage, method: str) -> list[vobject.base.Component]:
    """What an independent reader finds in the part that calendar programs act on."""
    (part,) = [each for each in calendars(mail) if each.get_content_type() == "text/calendar"]
    calendar = vobject.readOne(part.get_content())
    assert part.get_param("method") == calendar.method.value == method
    return calendar.vevent_list


def written(mail: EmailMessage) -> str:
    """All that stands in a mail, decoded."""
    parts = [part for part in mail.walk() if not part.is_multipart()]
    decoded = [(part.get_payload(decode=True) or b"").decode(errors="replace") for part in parts]
    return "\n".join([str(mail["Subject"]), *decoded])
