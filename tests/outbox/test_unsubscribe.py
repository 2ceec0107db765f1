"""Stopping mails from the mail itself: RFC 2369 and, with one click, RFC 8058."""

import uuid
from typing import Any

import pytest
from django.test import Client

from mentoring.outbox import dispatching
from mentoring.outbox.choices import STOP, choices_of, stop_token
from mentoring.outbox.models import STOPPABLE, Category, Mail
from tests.outbox.test_choices import choose, mail_of
from tests.pages import without_csrf
from tests.running import Catcher

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def url(cast: Any) -> str:
    return f"/mail/stop/{stop_token(cast.mentee.person, Category.REQUESTS)}/"


def stopped(cast: Any) -> list[str]:
    return choices_of(cast.mentee.person).stopped


def anybody() -> Client:
    return Client(enforce_csrf_checks=True)


def test_mail_names_where_it_is_stopped_in_its_headers_and_words(cast, settings) -> None:
    settings.SITE_URL = "https://mentoring.example.org"
    mail = mail_of(cast)
    address = mail.headers["List-Unsubscribe"].removeprefix("<").removesuffix(">")
    assert address.startswith("https://mentoring.example.org/mail/stop/")
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f": {address}\n" in mail.text
    assert f'href="{address}"' in mail.html
    assert 'href="https://mentoring.example.org/mail/"' in mail.html


def test_headers_arrive_whole(cast, catcher: Catcher, settings) -> None:
    settings.DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", catcher.port
    mail = mail_of(cast)
    dispatching.dispatch(mail.due_at)
    (taken,) = catcher.mails
    assert taken["List-Unsubscribe"].strip() == mail.headers["List-Unsubscribe"]
    assert taken["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_one_click_stops_the_category_without_session_or_token_of_a_form(cast, url: str) -> None:
    answer = anybody().post(url, ONE_CLICK)
    assert answer.status_code == 200
    assert stopped(cast) == ["requests"]
    assert choices_of(cast.mentor.person).stopped == []


def test_one_click_bites_at_once(cast, url: str) -> None:
    mail_of(cast)
    anybody().post(url, ONE_CLICK)
    assert Mail.objects.get().state == Mail.State.WITHDRAWN
    assert mail_of(cast, "next").state == Mail.State.WITHDRAWN


def test_one_click_twice_is_once_and_keeps_what_was_stopped(cast, url: str) -> None:
    choose(cast.mentee.person, stopped=["sessions"], early_minutes=2880)
    for _ in range(2):
        anybody().post(url, ONE_CLICK)
    assert stopped(cast) == ["requests", "sessions"]
    assert choices_of(cast.mentee.person).early_minutes == 2880


def test_link_of_a_digest_stops_all_that_it_can_hold(cast) -> None:
    anybody().post(f"/mail/stop/{stop_token(cast.mentee.person, Category.DIGEST)}/", ONE_CLICK)
    assert stopped(cast) == [one.value for one in STOPPABLE]


def test_get_asks_and_changes_nothing(cast, url: str) -> None:
    for method in ("get", "head"):
        answer = getattr(anybody(), method)(url)
        assert answer.status_code == 200
        assert stopped(cast) == []
    assert "no-store" in anybody().get(url)["Cache-Control"]


def test_page_says_nothing_of_whose_mails_they_are(cast, url: str) -> None:
    for page in (anybody().get(url), anybody().post(url)):
        for word in (cast.mentee.person.email, cast.mentee.person.name, str(cast.mentee.person_id)):
            assert word not in page.content.decode()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(url: str, method: str) -> None:
    assert getattr(anybody(), method)(url).status_code == 405


def tokens_of_nothing(cast: Any) -> list[str]:
    good = stop_token(cast.mentee.person, Category.REQUESTS)
    return [
        "x",
        good[:-1],
        good + "x",
        good.replace("requests", "sessions"),
        good.replace(str(cast.mentee.person_id), str(cast.mentor.person_id)),
        STOP.sign(f"{uuid.uuid4()}.requests"),  # nobody, or nobody any more
        STOP.sign(f"{cast.mentee.person_id}.essential"),
        STOP.sign(f"{cast.mentee.person_id}.nonsense"),
        STOP.sign("nonsense.requests"),
        STOP.sign("nonsense"),
        "%00",
        "%ED%A0%80",
        "a" * 5000,
    ]


def test_tokens_of_nothing_and_of_nobody_look_the_same(cast) -> None:
    pages: set[str] = set()
    for token in tokens_of_nothing(cast):
        for method in ("get", "post"):
            answer = getattr(anybody(), method)(f"/mail/stop/{token}/")
            assert answer.status_code == 404, token[:80]
            pages.add(without_csrf(answer.text))
    assert len(pages) == 1
    assert stopped(cast) == []


def test_account_mails_cannot_be_stopped(cast) -> None:
    token = stop_token(cast.mentee.person, Category.ESSENTIAL)
    assert anybody().post(f"/mail/stop/{token}/", ONE_CLICK).status_code == 404
