"""Somebody who looks at pages while things break."""

import time
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

from accounts.models import User
from mentoring.engagements.models import Request
from tests import factories
from tests.running import Site

PAGES = (
    "/",
    "/programs/crossways/",
    "/programs/crossways/requests/",
    "/programs/crossways/engagements/",
    "/calendar/",
    "/profile/",
)


@dataclass
class Visitor:
    """A browser without a screen, that times and counts what it is answered."""

    site: Site
    asked: int = 0
    failed: list[str] = field(default_factory=list)  # pages that were not answered with 200
    slowest: float = 0.0

    def __post_init__(self) -> None:
        self.cookies = CookieJar()
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(self.cookies))

    def get(self, path: str) -> str:
        return self._ask(path, None)

    def post(self, path: str, **form: str) -> str:
        token = next((cookie.value for cookie in self.cookies if cookie.name == "csrftoken"), "")
        return self._ask(path, urlencode({**form, "csrfmiddlewaretoken": str(token)}).encode())

    def sign_in(self, person: User) -> None:
        self.cookies.clear()
        self.get("/account/login/")
        page = self.post("/account/login/", login=person.email, password=factories.PASSWORD)
        if "/account/logout/" not in page:
            self.failed.append("sign-in")

    def take_session_of(self, other: "Visitor") -> None:
        for cookie in other.cookies:
            self.cookies.set_cookie(cookie)

    def decline(self, request: Request) -> None:
        """A page that queues a mail and wakes the dispatcher."""
        self.get(f"/requests/{request.pk}/")
        self.post(f"/requests/{request.pk}/decline/", decline="fit", note="Ask Wanjiru.")

    def _ask(self, path: str, body: bytes | None) -> str:
        self.asked += 1
        began = time.monotonic()
        try:
            with self.opener.open(f"{self.site.url}{path}", body, timeout=30) as answer:
                return answer.read().decode()
        except (HTTPError, OSError) as error:
            self.failed.append(f"{path}: {error}")
            return ""
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)
