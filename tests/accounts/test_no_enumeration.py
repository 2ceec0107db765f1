"""No page tells whether an address is known: what it answers, sets and leads to is the same for both."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.pages import without_csrf

pytestmark = pytest.mark.django_db
KNOWN, UNKNOWN = "leila@example.org", "nobody@example.org"
FORMS = {
    "wrong password": ("account_login", {"login": "?", "password": "not this passphrase"}),
    "password reset": ("account_reset_password", {"email": "?"}),
    "sign-in code": ("account_request_login_code", {"email": "?"}),
    "sign-up": (
        "account_signup",
        {"name": "Leila", "email": "?", "password1": "a long enough one", "zone": "UTC"},
    ),
    "sign-up without password": ("account_signup", {"name": "Leila", "email": "?", "zone": "UTC"}),
}


def told_to(address: str, form: str) -> list[tuple[int, str, str]]:
    """Status, destination and words of every page that the form leads to, without what differs anyway."""
    cache.clear()
    name, fields = FORMS[form]
    browser = Client()
    posted = {key: address if value == "?" else value for key, value in fields.items()}
    answer = browser.post(reverse(name), posted)
    pages = [answer]
    for _ in range(3):
        if pages[-1].status_code != 302:
            break
        pages.append(browser.get(pages[-1].headers["Location"]))
    return [(page.status_code, page.headers.get("Location", ""), plain(page.text, address)) for page in pages]


def plain(text: str, address: str) -> str:
    return without_csrf(text).replace(address, "?")


@pytest.mark.parametrize("form", FORMS)
def test_pages_answer_alike_for_known_and_unknown_addresses(form):
    factories.make_person(email=KNOWN)
    assert told_to(KNOWN, form) == told_to(UNKNOWN, form)
