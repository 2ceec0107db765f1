"""`python -m tests.browser.pictures BASE_URL [NAME …]`: the pictures in docs/img, of a running `make run`.

Signs in by the demonstration's buttons. Starts a match run if there is none to show; tries an import and
cancels it; changes nothing else.
"""

import os
import sys
from urllib.parse import urlencode, urlsplit

import django
from playwright.sync_api import Browser, sync_playwright

from mentoring.local import chromium

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentoring.settings")
os.environ.setdefault("DEBUG", "1")
django.setup()

from tests.browser.audit import DESK, PHONE, SCHEMES  # noqa: E402
from tests.browser.conftest import FLAGS  # noqa: E402
from tests.browser.visitor import Visitor  # noqa: E402
from tests.running import ROOT  # noqa: E402

FOLDER = ROOT / "docs" / "img"
LARGE = (1280, 1040)
LARGEST = 250_000  # bytes of a picture
MESSAGE = (
    "Three of my budgets came back with the same word on them: later. You have stood before people who "
    "say it. I would like to learn which of my pages they stop reading at."
)
OFFER = "An afternoon with whatever beeps in your buildings: I keep 900 devices alive and write the lists."
ON_PHONE = ("home", "mentors", "request", "session", "week")
LIGHT_ALONE = ("directory", "hours", "import")
NAMED = frozenset(sys.argv[2:])
SEARCH = "publc speking"  # as one types
# The header names that a spreadsheet of an organisation may have; two rows are in error.
PEOPLE = """Name,Mail,Role,Skills,Languages,Time zone,Manager,Places
Chidi Obi,chidi@harbour.example,both,Storyteling,"Igbo, English",Lagos,,1
Dina Marques,dina@harbour,mentee,,Portuguese,Lisbon,,
Yara Haddad,yara@harbour.example,mentor,Negotiation:4; Patient flow:3,"Arabic (native), English",London,,2
Bo Lindqvist,bo@harbour.example,mentee,Spreadsheets,"Swedish, English",Stockholm,yara@harbour.example,
Emre Kaya,emre@harbour.example,mentor,Public speaking:3,"Turkish, English",Istanbul,,3
"""


def main(url: str) -> None:
    path = chromium.find()
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        mentee = sign_in(browser, url, "Mentee")
        photograph(mentee, "home")
        mentee.follow("Find mentors", mentee.page.get_by_role("main"))
        photograph(mentee, "mentors")
        mentee.follow("Ask for mentoring", exact=False)
        mentee.fill(message=MESSAGE, offer=OFFER)
        mentee.page.locator("[name=start]").first.check()
        photograph(mentee, "request", below="[name=offer]")
        mentee.open("/")
        mentee.go(mentee.page.locator("aside a[href^='/engagements/']").first)
        photograph(mentee, "engagement")
        mentee.go(mentee.page.get_by_role("complementary").locator("a[href*='/people/']").first)
        photograph(mentee, "profile")
        mentee.open("/week/")
        mentee.page.get_by_role("link", name="Week after").click()
        mentee.page.wait_for_url("**/week/?of=*")
        photograph(mentee, "week")
        mentee.go(mentee.page.locator(".days a[href^='/sessions/']").first)
        photograph(mentee, "session")
        mentee.open("/")
        mentee.follow("Mentors")
        mentee.follow("Search all mentors")
        mentee.open(f"{urlsplit(mentee.page.url).path}?{urlencode({'words': SEARCH})}")
        photograph(mentee, "directory")
        mentor = sign_in(browser, url, "Mentor")
        mentor.open("/profile/availability/")
        photograph(mentor, "hours")
        admin = sign_in(browser, url, "Program admin")
        try_import(admin)
        photograph(admin, "import")
        admin.press("Cancel the import")
        to_desk(admin)
        photograph(admin, "desk")
        browser.close()


def sign_in(browser: Browser, url: str, role: str) -> Visitor:
    visitor = Visitor(browser, url, role, "Europe/London", None)
    visitor.open("/account/login/")
    visitor.press(f"{role}:", exact=False)
    return visitor


def try_import(admin: Visitor) -> None:
    admin.follow("Members")
    admin.follow("Import")
    admin.follow("New import")
    file = {"name": "harbour.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode()}
    admin.page.get_by_label("The file").set_input_files(file)  # type: ignore[arg-type]
    admin.press("Upload")
    admin.page.wait_for_url("**/columns/")
    admin.press("Make the dry run")
    admin.reads("2 rows in error")


def to_desk(admin: Visitor) -> None:
    admin.follow("Match runs")
    ready = admin.page.get_by_role("row").filter(has_text="ready for review").get_by_role("link")
    if ready.count():
        admin.go(ready.first)
    else:
        admin.follow("New match run")
        admin.press("Start the match run")
    admin.reads("Load of the mentors")


def photograph(visitor: Visitor, name: str, *, below: str = "") -> None:
    """The page in light and in dark from its beginning, or from a little above what the selector names."""
    if NAMED and name not in NAMED:
        return
    page = visitor.page
    sizes = {"": LARGE} | ({"-phone": PHONE} if name in ON_PHONE else {})
    for suffix, (width, height) in sizes.items():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("scrollTo(0, 0)")
        top = page.locator(below).bounding_box() if below else None
        page.evaluate("y => scrollTo(0, y)", top["y"] - 120 if top else 0)
        for scheme in SCHEMES[:1] if name in LIGHT_ALONE else SCHEMES:
            page.emulate_media(color_scheme=scheme)
            path = FOLDER / f"{name}{suffix}-{scheme}.png"
            page.screenshot(path=path, animations="disabled")
            assert path.stat().st_size <= LARGEST, f"{path} has {path.stat().st_size} bytes"
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})


if __name__ == "__main__":
    main(sys.argv[1])
