import pytest
from django.contrib.auth import SESSION_KEY
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from mentoring.demo.accounts import PASSWORD, ROLES, mail_address
from mentoring.engagements.models import Engagement, Request
from mentoring.schedule.models import Session

pytestmark = pytest.mark.django_db
SIGN_IN = "/demo/sign-in/"


@pytest.mark.parametrize("key", ROLES)
def test_sign_in_by_one_click(seeded, settings, client: Client, key):
    settings.DEBUG = True
    response = client.post(SIGN_IN, {"key": key})
    assert response.status_code == 302
    assert response.url == reverse("home:home")
    assert client.session[SESSION_KEY] == str(seeded.cast.persons[key].pk)


@pytest.mark.parametrize("key", ["grace-nyambura", "", "amara-eze\0"])
def test_sign_in_as_anybody_else_is_not_found(seeded, settings, client: Client, key):
    settings.DEBUG = True
    assert client.post(SIGN_IN, {"key": key}).status_code == 404
    assert SESSION_KEY not in client.session


def test_sign_in_by_get_is_refused(seeded, settings, client: Client):
    settings.DEBUG = True
    assert client.get(SIGN_IN, {"key": "amara-eze"}).status_code == 405
    assert SESSION_KEY not in client.session


@pytest.mark.parametrize("method", ["get", "post"])
def test_sign_in_without_debug_is_not_found(seeded, client: Client, method):
    assert getattr(client, method)(SIGN_IN, {"key": "amara-eze"}).status_code == 404
    assert SESSION_KEY not in client.session


def test_sign_in_page_offers_the_three_under_debug_alone(seeded, settings, client: Client):
    page = reverse("account_login")
    assert "demonstration" not in client.get(page).content.decode()
    settings.DEBUG = True
    shown = client.get(page).content.decode()
    for words in ("Mentee: Amara Eze", "Mentor: Leila Haddad", "Program admin: Ines Carvalho"):
        assert words in shown


def test_sign_in_page_offers_no_account_that_is_closed(seeded, settings, client: Client):
    settings.DEBUG = True
    User.objects.filter(pk=seeded.cast.persons["leila-haddad"].pk).update(is_active=False)
    shown = client.get(reverse("account_login")).content.decode()
    assert "Amara Eze" in shown
    assert "Leila Haddad" not in shown


def test_accounts_are_the_only_ones_with_a_password(seeded):
    usable = {person.email for person in User.objects.all() if person.has_usable_password()}
    assert usable == {mail_address(key) for key in ROLES}
    assert User.objects.get(email=mail_address("ines-carvalho")).check_password(PASSWORD)


def test_accounts_are_printed_under_debug_alone(seeded, settings, capsys):
    call_command("demo_accounts")
    assert capsys.readouterr().out == ""
    settings.DEBUG = True
    call_command("demo_accounts")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[-2:] for line in lines] == [[mail_address(key), PASSWORD] for key in ROLES]


def test_mentee_and_mentor_have_all_that_their_pages_show(seeded):
    for key in ("amara-eze", "leila-haddad"):
        person = seeded.cast.persons[key]
        engagements = Engagement.objects.visible_to(person)
        assert {engagement.state for engagement in engagements} == {"active", "ended"}
        assert Request.objects.open().visible_to(person).exists()
        assert Session.objects.visible_to(person).ahead(seeded.now).exists()
    assert seeded.cast.persons["amara-eze"].goals.open().count() == 2


PAGES = [
    ("amara-eze", "home:program-home", "Leila Haddad"),
    ("amara-eze", "goals:goal-list", "Lead my team through the merger"),
    ("amara-eze", "engagements:request-list", "Jonas Lindqvist"),
    ("amara-eze", "engagements:engagement-list", "Owen Llewellyn"),
    ("leila-haddad", "home:program-home", "Tomás Silveira"),
    ("leila-haddad", "engagements:request-list", "Despina Xenaki"),
    ("leila-haddad", "engagements:engagement-list", "Tala Panganiban"),
    ("ines-carvalho", "home:program-home", "Crossways"),
    ("ines-carvalho", "programs:member-list", "Abímbọ́lá Adéyẹmí"),
]


@pytest.mark.parametrize(("key", "page", "words"), PAGES)
def test_pages_have_something_true_to_show(seeded, client_of, key, page, words):
    response = client_of(seeded.cast.persons[key]).get(reverse(page, args=["crossways"]))
    assert response.status_code == 200
    assert words in response.content.decode()
