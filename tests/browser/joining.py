"""The first step of the main job: signing up, joining a program, filling in the profile."""

import re
from datetime import date, timedelta

from playwright.sync_api import expect

from tests.browser.visitor import Visitor
from tests.running import Catcher, text_of, wait_until

PASSWORD = "seven quiet herons"
PROGRAM = "Riverside Hospitals"


def code_from(catcher: Catcher, person: Visitor, number: int) -> str:
    """The code in the person's mails with a code, the one of that number."""

    def codes() -> list[str]:
        found = (re.search(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$", text_of(mail), re.MULTILINE)
                 for mail in catcher.to(person.email))  # fmt: skip
        return [each[1] for each in found if each]

    wait_until(lambda: len(codes()) >= number, 30, f"a code for {person.name}")
    return codes()[number - 1]


def sign_up(person: Visitor, catcher: Catcher, *, password: str) -> None:
    person.open("/")
    person.follow("Create an account")
    fill_in_sign_up(person, catcher, password)


def fill_in_sign_up(person: Visitor, catcher: Catcher, password: str) -> None:
    expect(person.page.locator("[name=zone]")).to_have_value(person.zone)
    person.fill(name=person.name, email=person.email, password1=password)
    person.press("Create the account")
    person.fill(code=code_from(catcher, person, 1))
    person.press("Confirm")


def sign_out(person: Visitor) -> None:
    person.page.locator("summary[aria-label^='Your account']").click()
    person.press("Sign out")


def sign_in_by_code(person: Visitor, catcher: Catcher) -> None:
    sign_out(person)
    person.follow("Sign in")
    person.follow("Mail me a sign-in code")
    person.fill(email=person.email)
    person.press("Mail me a code")
    person.fill(code=code_from(catcher, person, 2))
    person.press("Confirm")
    person.reads("Good to see you, Daniel")


def sign_in_on_the_way_to(person: Visitor, address: str) -> None:
    sign_out(person)
    person.open(address)
    person.fill(login=person.email, password=PASSWORD)
    person.press("Sign in", person.page.locator("main"))
    assert person.page.url.endswith(address)


def join_link(admin: Visitor) -> str:
    admin.open("/")
    admin.follow("Members")
    admin.reads(admin.name, "1 member")
    admin.follow("Joining")
    return admin.page.get_by_label("Whoever has it can join").input_value()


def join_before_signing_up(person: Visitor, link: str, catcher: Catcher) -> None:
    person.open(link)
    person.reads(f"To join {PROGRAM}")
    fill_in_sign_up(person, catcher, password="")
    assert person.page.url == link
    person.page.get_by_label("As mentor:").check()
    person.fill(capacity="2")
    person.press(f"Join {PROGRAM}")
    person.reads(f"Welcome to {PROGRAM}")


def join_as_mentee(person: Visitor, link: str) -> None:
    person.open(link)
    person.page.get_by_label("As mentee:").check()
    person.press(f"Join {PROGRAM}")


def fill_in_as_mentor(daniel: Visitor) -> None:
    fill_in_basics(
        daniel,
        headline="Plans the night shift of four wards",
        about="I came up from the wards. I like a plan that survives a Friday night.",
        languages={"English": "4", "Polish": "3"},
    )
    fill_in_skills(daniel, {"Rostering": "4", "Negotiation": "3", "Reading the room": "3"})
    fill_in_exchange(daniel, learns="Data visualisation", shares="Coaching", words="An hour's walk")
    paint_hours(daniel, "Monday 08:00", "Friday 13:30", hours=30)
    add_accomplishment(daniel)
    add_learning_record(daniel, "The night rota as a game", "I ask who pays for a swap before I allow it.")
    daniel.reads("Rostering", "Negotiation", "Polish", "The night rota as a game")
    daniel.reads_not("What would help others to find you")


def fill_in_as_mentee(ewa: Visitor) -> None:
    fill_in_basics(
        ewa,
        headline="Second year as a ward nurse",
        about="I trained in Kraków and like order.",
        languages={"Polish": "4", "English": "3"},
    )
    fill_in_skills(ewa, {"Data visualisation": "3"})
    fill_in_exchange(ewa, learns="Rostering", shares="Data visualisation", words="Your rota as a chart")
    paint_hours(ewa, "Monday 13:00", "Friday 18:30", hours=30)
    select_hours_by_keyboard(ewa)
    add_accomplishment(ewa)
    add_learning_record(ewa, "Charts that nurses read", "I leave out what nobody decides by.")


def to_profile_page(person: Visitor, address: str) -> None:
    person.open("/profile/")
    link = person.page.locator(f"main a[href='{address}']").locator("visible=true").first
    person.go(link)


def fill_in_basics(person: Visitor, *, headline: str, about: str, languages: dict[str, str]) -> None:
    to_profile_page(person, "/profile/basics/")
    person.fill(headline=headline, about=about, country="Poland")
    fill_rows(person, "Add a language", "languages", ("code", "fluency"), languages)
    person.press("Save")
    person.reads("Your basics are saved.", headline)


def fill_rows(person: Visitor, more: str, prefix: str, fields: tuple[str, str], rows: dict[str, str]) -> None:
    """Fill in the rows of a formset, adding one where there are too few."""
    for number, (first, second) in enumerate(rows.items()):
        if not person.page.locator(f"[name={prefix}-{number}-{fields[0]}]").count():
            person.page.get_by_role("button", name=more).click()
        person.fill(**{f"{prefix}-{number}-{fields[0]}": first, f"{prefix}-{number}-{fields[1]}": second})


def fill_in_skills(person: Visitor, levels: dict[str, str]) -> None:
    to_profile_page(person, "/profile/skills/")
    fill_rows(person, "Add a skill", "skills", ("skill", "level"), levels)
    person.press("Save")
    person.reads("Your skills are saved.", *levels)


def fill_in_exchange(person: Visitor, *, learns: str, shares: str, words: str) -> None:
    to_profile_page(person, "/profile/exchange/")
    person.fill(**{"wishes-0-skill": learns, "offers-0-skill": shares, "offers-0-words": words})
    person.page.get_by_role("button", name="Add an offer").click()
    person.page.get_by_role("group", name="Offer").last.get_by_role("button", name="Remove").click()
    person.press("Save")
    person.reads(learns, shares, words)


def paint_hours(person: Visitor, first: str, last: str, *, hours: int) -> None:
    """Drag over the grid with the mouse."""
    to_profile_page(person, "/profile/availability/")
    page = person.page
    page.get_by_label(last, exact=True).scroll_into_view_if_needed()
    for step, name in enumerate((first, last)):
        box = page.get_by_label(name, exact=True).bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=1 + 4 * step)
        if step == 0:
            page.mouse.down()
    page.mouse.up()
    expect(page.locator("[data-week-total]")).to_have_text(f"{hours} hours a week")
    person.press("Save")
    person.reads("Your weekly hours are saved.", f"{hours} hours a week")


def select_hours_by_keyboard(person: Visitor) -> None:
    """The grid is one stop of the Tab key; arrows move in it, and with Shift paint."""
    to_profile_page(person, "/profile/availability/")
    keyboard = person.page.keyboard
    person.page.locator("details[open] input[tabindex='0']").first.focus()
    for _ in range(5):
        keyboard.press("ArrowRight")
    keyboard.press("Space")
    keyboard.press("Shift+ArrowDown")
    expect(person.page.get_by_label("Saturday 13:30", exact=True)).to_be_checked()
    person.press("Save")
    person.reads("31 hours a week")


def add_accomplishment(person: Visitor) -> None:
    person.follow("Add an accomplishment")
    person.fill(what="Cut swapped shifts by half", how="By asking the night staff first.", on="2024-05-01")
    person.page.locator("[name=skills]").first.check()
    person.press("Save")
    person.reads("Cut swapped shifts by half")


def add_learning_record(person: Visitor, what: str, changed: str) -> None:
    person.follow("Add a learning record")
    person.fill(what=what, on=f"{date.today() - timedelta(days=90)}", changed=changed)
    person.page.locator("[name=kind]").select_option("course")
    person.press("Save")
    person.reads(what, changed)
