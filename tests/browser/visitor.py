"""A person at a browser of their own, who moves by what the pages say: links, buttons and labels."""

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.browser.audit import DESK, Audit, view_of
from tests.factories import PASSWORD

PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


class Visitor:
    """Every page that the person comes to is examined on arrival, and what its console reports is kept."""

    def __init__(
        self, browser: Browser, url: str, name: str, zone: str, audit: Audit | None, *, script: bool = True
    ) -> None:
        self.zone = zone
        self.name, self.email = name, f"{name.split()[0].lower()}@example.org"
        self.audit = audit
        self.reported: list[str] = []
        self.visited: set[str] = set()
        self.context = browser.new_context(
            base_url=url,
            locale="en-GB",
            timezone_id=zone,
            viewport={"width": DESK[0], "height": DESK[1]},
            reduced_motion="reduce",
            java_script_enabled=script,
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.reported.append(f"{self.page.url}: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.reported.append(f"{self.page.url}: {message.text}")

    def sign_in(self, password: str = PASSWORD) -> None:
        """At the sign-in page, to which an address that asks for it has led, or which is opened."""
        if "/account/login/" not in self.page.url:
            self.open("/account/login/")
        self.fill(login=self.email, password=password)
        self.press("Sign in", self.page.get_by_role("main"))

    def open(self, address: str) -> None:
        answer = self.page.goto(address)
        assert answer is not None
        assert answer.ok, f"{address}: {answer.status}"
        self.arrive()

    def follow(self, name: str, within: Locator | None = None, *, exact: bool = True) -> None:
        """Follow a link by its name (or the first of several of that name)."""
        self.go(((within or self.page).get_by_role("link", name=name, exact=exact)).first)

    def press(self, name: str, within: Locator | None = None, *, exact: bool = True) -> None:
        """Press a button that sends a form."""
        self.go((within or self.page).get_by_role("button", name=name, exact=exact).first)

    def go(self, control: Locator) -> None:
        with self.page.expect_navigation():
            control.click()
        self.arrive()

    def arrive(self) -> None:
        self.visited.add(view_of(self.page.url))
        if self.audit is not None:
            self.audit.examine(self.page)

    def fill(self, within: Locator | None = None, /, **answers: str) -> None:
        """Fill in controls by their names; of a select the option with that value (a number) or label."""
        for name, answer in answers.items():
            control = (within or self.page).locator(f"[name='{name}']")
            if control.evaluate("control => control.tagName") == "SELECT":
                control.select_option(**{"value" if answer.isdecimal() else "label": answer})
            else:
                control.fill(answer)

    def reads(self, *texts: str) -> None:
        for text in texts:
            told = f"{self.name} reads {text!r} at {self.page.url}"
            expect(self.page.locator("body", has_text=text), told).to_be_attached()

    def reads_not(self, *texts: str) -> None:
        for text in texts:
            expect(self.page.locator("body", has_text=text)).to_have_count(0)

    def card(self, name: str) -> Locator:
        """The article whose heading holds the name."""
        return self.page.get_by_role("article").filter(
            has=self.page.get_by_role("heading", name=name, exact=False)
        )
