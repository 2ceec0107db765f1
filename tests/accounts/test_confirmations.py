"""Somebody who was there confirms an accomplishment, corrects or declines, by a link, without an account."""

import re
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import confirmations
from accounts.confirmations import ConfirmationError, State
from accounts.evidence import save_accomplishment
from accounts.models import Accomplishment, Confirmation, User
from mentoring.outbox.models import Mail
from tests import factories
from tests.pages import without_csrf
from tests.racing import race, refusals, without_locks

pytestmark = pytest.mark.django_db
NOW = factories.instant(2026, 3, 31, 23, 30)
DAY = timedelta(days=1)
CLOSED = "This link is not open"


@pytest.fixture
def done() -> Accomplishment:
    return make_done(factories.make_person(name="Leila Haddad"))


def make_done(person: User, what: str = "Cut the wait") -> Accomplishment:
    return person.accomplishments.create(what=what, how="With the porters", on=date(2025, 6, 1))


def ask(done: Accomplishment, email: str = "ada@example.net", now: Any = None) -> str:
    """Asks, and gives the token as it stands in the mail."""
    now = now or timezone.now()
    confirmations.ask(accomplishment_id=done.pk, by=done.person, name="Ada Lovelace", email=email, now=now)
    mail = Mail.objects.filter(kind="confirmation_asked").latest("pk")
    return mail.link.removesuffix("/").rpartition("/")[2]


def answer(token: str, state: str = "confirmed", **over: Any) -> Confirmation:
    return confirmations.answer(token=token, state=state, **{"now": timezone.now()} | over)


def page_of(token: str) -> str:
    return reverse("accounts:confirm", args=[token])


def own(name: str, done: Accomplishment) -> str:
    return reverse(f"accounts:{name}", args=[done.pk])


def test_ask_sends_one_mail_with_the_words_and_a_link_that_is_kept_nowhere_else(client_of, done):
    answered = client_of(done.person).post(
        own("confirmation-ask", done), {"name": "Ada Lovelace", "email": "Ada@Example.net"}
    )

    assert answered.url == own("accomplishment-edit", done)
    mail = Mail.objects.get(kind="confirmation_asked")
    confirmation = Confirmation.objects.get()
    token = mail.link.removesuffix("/").rpartition("/")[2]
    assert mail.recipients == ["ada@example.net"]
    assert mail.person is None
    assert mail.subject == "Leila Haddad asks you: was it so?"
    assert mail.link == settings.SITE_URL + page_of(token)
    for words in ("Cut the wait", "With the porters", "good for 30 days", "nothing to sign in for"):
        assert words in mail.text
        assert words in mail.html
    for needless in ("/mail/", "your zone", "you take part in"):
        assert needless not in mail.text
        assert needless not in mail.html
    assert len(token) == 43
    assert confirmation.token_digest == confirmations.digest_of(token)
    assert confirmation.expires_at - confirmation.asked_at == 30 * DAY
    assert token not in repr([vars(confirmation), mail.key, mail.about, mail.subject])


def test_confirm_by_its_link_stands_on_the_profile_with_the_month_in_the_readers_zone(
    cast, client_of, client
):
    done = make_done(cast.mentor.person)
    with time_machine.travel(NOW, tick=False):
        token = ask(done)
        shown = client.get(page_of(token))
        assert "Cut the wait" in shown.text
        assert "With the porters" in shown.text
        answered = client.post(page_of(token), {"state": "confirmed"})
    assert "Thank you" in answered.text

    def seen(zone: str) -> str:
        User.objects.filter(pk=cast.mentee.person_id).update(zone=zone)
        url = reverse("programs:person-detail", args=[cast.program.slug, cast.mentor.person_id])
        return client_of(User.objects.get(pk=cast.mentee.person_id)).get(url).text

    assert "Confirmed by Ada Lovelace, March 2026" in seen("UTC")
    assert "Confirmed by Ada Lovelace, April 2026" in seen("Asia/Tokyo")
    assert "ada@example.net" not in seen("UTC")
    mail = Mail.objects.get(kind="confirmation_answered")
    assert mail.recipients == [cast.mentor.person.email]
    assert mail.subject == "Ada Lovelace has confirmed what you did"


def test_confirm_page_is_kept_nowhere_tells_no_address_and_looking_changes_nothing(client, done):
    token = ask(done)
    before = list(Confirmation.objects.values())

    for look in (client.get, client.head):
        response = look(page_of(token))
        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "no-referrer"

    assert list(Confirmation.objects.values()) == before
    assert done.person.email not in client.get(page_of(token)).text


def test_confirm_needs_no_cookie_and_no_session(done):
    token = ask(done)
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(page_of(token), {"state": "declined"}, headers={"origin": "null"}).status_code == 200
    assert Confirmation.objects.get().state == State.DECLINED


@pytest.mark.parametrize(
    "why", ["answered", "late", "taken back", "other words", "deleted", "garbage", "gone"]
)
def test_confirm_link_that_is_not_open_says_the_same_whatever_the_reason(client, client_of, done, why):
    token = ask(done, now=timezone.now() - 30 * DAY if why == "late" else None)
    owner = client_of(done.person)
    if why == "answered":
        answer(token)
    if why == "taken back":
        owner.post(own("confirmation-withdraw", done))
    if why == "other words":
        fields = {"what": "Cut the wait by half", "how": done.how, "on": "2025-06-01"}
        assert owner.post(own("accomplishment-edit", done), fields).status_code == 302
    if why == "deleted":
        owner.post(own("accomplishment-delete", done))
    if why == "gone":
        User.objects.filter(pk=done.person.pk).update(is_active=False)
    url = page_of("é" * 43 if why == "garbage" else token)
    nowhere = client.get(page_of("x"))
    before = list(Confirmation.objects.values())

    for response in (client.get(url), client.post(url, {"state": "confirmed"})):
        assert response.status_code == 404
        assert CLOSED in response.text
        assert without_csrf(response.text) == without_csrf(nowhere.text)
        assert response["Referrer-Policy"] == "no-referrer"
    assert list(Confirmation.objects.values()) == before


@pytest.mark.parametrize(
    "posted",
    [
        {},
        {"state": ""},
        {"state": "waiting"},
        {"state": "\0"},
        {"state": "corrected"},
        {"state": "corrected", "what": " Cut  the wait\r\n", "how": "With the porters"},
        {"state": "corrected", "what": "x" * 301, "how": "y"},
        {"state": "corrected", "what": "a\0b", "how": "y"},
    ],
)
def test_confirm_with_an_answer_that_is_none_changes_nothing_and_says_so(client, done, posted):
    token = ask(done)

    response = client.post(page_of(token), posted)

    assert response.status_code == 200
    assert response.context["form"].errors
    assert Confirmation.objects.get().state == State.WAITING


def test_correction_is_shown_to_its_person_alone_until_they_take_it(cast, client, client_of):
    done = make_done(cast.mentor.person)
    token = ask(done)
    client.post(page_of(token), {"state": "corrected", "what": "Halved the wait <b>", "how": "Together"})
    owner, reader = client_of(done.person), client_of(cast.mentee.person)
    page = reverse("programs:person-detail", args=[cast.program.slug, done.person_id])

    assert "Halved the wait &lt;b&gt;" in owner.get(own("accomplishment-edit", done)).text
    assert "Halved" not in reader.get(page).text
    assert "Ada Lovelace" not in reader.get(page).text
    owner.post(own("correction-accept", done))

    done.refresh_from_db()
    assert done.what == "Halved the wait <b>"
    assert "Halved the wait &lt;b&gt;" in reader.get(page).text
    assert "Confirmed by Ada Lovelace" in (told := reader.get(page).text)
    assert f"by a mail to the address that {done.person.get_short_name()} gave" in told


def test_correction_refused_leaves_the_words_and_confirms_nothing(client_of, done):
    answer(ask(done), "corrected", what="Halved the wait")

    client_of(done.person).post(own("correction-refuse", done))

    done.refresh_from_db()
    assert done.what == "Cut the wait"
    confirmation = Confirmation.objects.get()
    assert (confirmation.state, confirmation.what, confirmation.how) == (State.DECLINED, "", "")
    with pytest.raises(ConfirmationError, match="no correction"):
        confirmations.accept_correction(accomplishment_id=done.pk, by=done.person)


def test_declined_and_answered_by_nobody_look_alike_to_the_owner_and_like_nothing_to_others(cast, client_of):
    declined, late = make_done(cast.mentor.person, "One"), make_done(cast.mentor.person, "Two")
    answer(ask(declined), "declined")
    ask(late, now=timezone.now() - 31 * DAY)
    owner, reader = client_of(cast.mentor.person), client_of(cast.mentee.person)

    def section(done: Accomplishment) -> str:
        page = owner.get(own("accomplishment-edit", done)).text
        part = re.search(r"<section[^>]*confirmation-title.*?</section>", page, re.S)
        assert part is not None
        return re.sub(r"/\d+/", "/", part[0])

    assert "Was not confirmed." in section(declined)
    assert section(declined) == section(late)
    page = reverse("programs:person-detail", args=[cast.program.slug, cast.mentor.person_id])
    told = reader.get(page).text
    assert "onfirmed" not in told
    assert "Ada" not in told


def test_edit_of_what_how_or_when_takes_the_confirmation_away_and_says_so_before(client_of, done):
    answer(ask(done))
    owner, url = client_of(done.person), own("accomplishment-edit", done)
    same = {"what": done.what, "how": done.how, "on": "2025-06-01"}

    assert "and that is gone" in owner.get(url).text
    owner.post(url, same | {"link": "https://ward.example/wait"})
    assert Confirmation.objects.get().state == State.CONFIRMED
    owner.post(url, same | {"on": "2025-06-02"})
    assert not Confirmation.objects.exists()


def test_ask_refuses_ones_own_address_in_any_case(done):
    done.person.emailaddress_set.create(email="leila@second.example")

    plus = done.person.email.replace("@", "+boss@")
    for email in (done.person.email.upper(), " Leila@Second.Example", plus):
        with pytest.raises(ConfirmationError, match="your own address"):
            ask(done, email)
    assert not Mail.objects.exists()


def test_ask_is_one_at_a_time_and_never_the_same_again(done):
    answer(ask(done), "declined")
    with pytest.raises(ConfirmationError, match="This address has been asked"):
        ask(done, "ADA@example.net")
    ask(done, "grace@example.net")
    with pytest.raises(ConfirmationError, match="Somebody has been asked"):
        ask(done, "joan@example.net")


def test_ask_floods_neither_by_one_person_nor_one_address(done):
    """Taking a question back gives no further one."""
    now = timezone.now()

    def ask_and_take_back(person_done: Accomplishment, email: str, at: Any = now) -> None:
        ask(person_done, email, at)
        confirmations.withdraw(accomplishment_id=person_done.pk, by=person_done.person)

    for n in range(5):
        ask_and_take_back(done, f"friend{n}@example.net")
    with pytest.raises(ConfirmationError, match="5 times today"):
        ask(done, "friend6@example.net", now)
    for n in range(3):
        ask_and_take_back(make_done(factories.make_person()), "ADA@example.net" if n else "ada@example.net")
    with pytest.raises(ConfirmationError, match="cannot be asked again today"):
        ask(make_done(factories.make_person()), "ada@example.net", now)
    ask(make_done(factories.make_person()), "grace@example.net", now)
    ask(done, "ada@example.net", now + DAY)
    assert set(Mail.objects.exclude(recipients__in=[["grace@example.net"], ["ada@example.net"]])
               .values_list("state", flat=True)) == {"withdrawn"}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "\0"), ("name", "x" * 121), ("email", "nobody"), ("email", "a@b.example\0"),
     ("email", "a" * 300 + "@b.example"), ("email", "a@b.example\r\nBcc: c@d.example")],
)  # fmt: skip
def test_ask_says_beside_the_field_what_is_wrong(client_of, done, field, value):
    fields = {"name": "Ada Lovelace", "email": "ada@example.net"}

    response = client_of(done.person).post(own("confirmation-ask", done), fields | {field: value})

    assert list(response.context["form"].errors) == [field]
    assert not Mail.objects.exists()


def test_ask_about_the_accomplishment_of_somebody_else_is_not_found(client_of, done):
    answer(ask(done), "corrected", what="Halved the wait")
    before = list(Confirmation.objects.values())
    stranger = client_of(factories.make_person())

    fields = {"name": "Ada", "email": "ada@example.org"}
    for name in ("confirmation-ask", "confirmation-withdraw", "correction-accept", "correction-refuse"):
        assert stranger.post(own(name, done), fields).status_code == 404
    assert list(Confirmation.objects.values()) == before


def answers_at_once() -> tuple[int, int]:
    """(accomplishments answered once, answered twice), of 12 to each of which two answers came at once."""
    tokens = [ask(make_done(factories.make_person()), f"friend{n}@example.net") for n in range(12)]
    ways = ({"state": "confirmed"}, {"state": "corrected", "what": "Otherwise"})
    finishes = race([partial(answer, token, **way) for token in tokens for way in ways])
    assert refusals(finishes).keys() <= {"ConfirmationError: This link is not open any more."}
    taken = [finish.raised is None for finish in finishes]
    pairs = list(zip(taken[::2], taken[1::2], strict=True))
    assert all(any(pair) for pair in pairs)
    return sum(one != other for one, other in pairs), sum(one and other for one, other in pairs)


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_count_as_one() -> None:
    assert answers_at_once() == (12, 0)


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_without_the_lock_both_count(monkeypatch: pytest.MonkeyPatch) -> None:
    with without_locks(monkeypatch, User):
        assert answers_at_once()[1] > 0


@pytest.mark.django_db(transaction=True)
def test_answer_and_other_words_at_once_never_confirm_words_that_were_not_read() -> None:
    dones = [make_done(factories.make_person()) for _ in range(12)]
    tokens = [ask(done, f"friend{n}@example.net") for n, done in enumerate(dones)]

    def tell_otherwise(done: Accomplishment) -> None:
        done.what = "Something else"
        save_accomplishment(done, [])

    race([lane for done, token in zip(dones, tokens, strict=True)
          for lane in (partial(answer, token), partial(tell_otherwise, done))])  # fmt: skip

    assert Accomplishment.objects.filter(what="Something else").count() == 12
    assert not Confirmation.objects.exists()
