"""`python -m tests.browser.pictures BASE_URL`: the pictures in docs/img, taken of a running `make run`.

Signs in by the demonstration's buttons. Starts a match run if there is none to show; changes nothing else.
"""

import os
import sys

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
        mentee.go(mentee.page.locator("a[href^='/engagements/']").first)
        photograph(mentee, "engagement")
        mentee.go(mentee.page.get_by_role("complementary").locator("a[href*='/people/']").first)
        photograph(mentee, "profile")
        mentee.open("/week/")
        mentee.page.get_by_role("link", name="Week after").click()
        mentee.page.wait_for_url("**/week/?of=*")
        photograph(mentee, "week")
        mentee.go(mentee.page.locator(".days a[href^='/sessions/']").first)
        photograph(mentee, "session")
        admin = sign_in(browser, url, "Program admin")
        to_desk(admin)
        photograph(admin, "desk")
        browser.close()


def sign_in(browser: Browser, url: str, role: str) -> Visitor:
    visitor = Visitor(browser, url, role, "Europe/London", None)
    visitor.open("/account/login/")
    visitor.press(f"{role}:", exact=False)
    return visitor


def to_desk(admin: Visitor) -> None:
    admin.follow("Match runs")
    ready = admin.page.get_by_role("row").filter(has_text="ready for review").get_by_role("link")
    if ready.count():
        admin.go(ready.first)
    else:
        admin.press("Start a match run")
    admin.reads("Load of the mentors")


def photograph(visitor: Visitor, name: str, *, below: str = "") -> None:
    """The page in light and in dark from its beginning, or from a little above what the selector names."""
    page = visitor.page
    sizes = {"": LARGE} | ({"-phone": PHONE} if name in ON_PHONE else {})
    for suffix, (width, height) in sizes.items():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("scrollTo(0, 0)")
        top = page.locator(below).bounding_box() if below else None
        page.evaluate("y => scrollTo(0, y)", top["y"] - 120 if top else 0)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            path = FOLDER / f"{name}{suffix}-{scheme}.png"
            page.screenshot(path=path, animations="disabled")
            assert path.stat().st_size <= LARGEST, f"{path} has {path.stat().st_size} bytes"
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})


if __name__ == "__main__":
    main(sys.argv[1])
