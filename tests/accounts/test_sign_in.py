import os
import re
import subprocess
import sys

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.adapter import CAME_BY
from accounts.models import User
from tests import factories

pytestmark = pytest.mark.django_db
# Allowed, and not where people go: what whoever asks for a mail to somebody else may name.
OTHER_HOST = "testserver:6666"


def test_failed_sign_ins_are_still_counted_after_many_others(client):
    person = factories.make_person()

    def is_refused(attempt):
        fields = {"login": person.email, "password": f"wrong guess {attempt}"}
        return "Too many" in client.post(reverse("account_login"), fields).text

    assert [is_refused(attempt) for attempt in range(6)] == [False] * 5 + [True]
    for other in range(400):
        cache.set(f"another:{other}", [1.0], 300)
    assert is_refused(7)


def test_behind_a_proxy_limits_count_by_visitor_and_not_by_proxy():
    said = subprocess.run(
        [sys.executable, "-c", "from mentoring import settings; print(settings.ALLAUTH_TRUSTED_PROXY_COUNT)"],
        env=os.environ | {"BEHIND_PROXY": "1", "DEBUG": "1", "DATABASE_URL": "postgresql:///x"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "1\n"


@pytest.mark.parametrize("email", ["leila@example.org", "nobody@example.org"])
def test_mail_about_a_password_names_the_configured_site_alone(client, settings, mailoutbox, email):
    settings.SITE_URL = "https://mentoring.example.org"
    factories.make_person(email="leila@example.org")

    client.post(reverse("account_reset_password"), {"email": email}, headers={"host": OTHER_HOST})

    (mail,) = mailoutbox
    assert "https://mentoring.example.org/account/" in mail.body
    assert "testserver" not in mail.subject + mail.body


def test_mail_about_a_taken_address_names_the_configured_site_alone(client, settings, mailoutbox):
    settings.SITE_URL = "https://mentoring.example.org"
    person = factories.make_person()
    fields = {"name": "Somebody", "email": person.email, "zone": "UTC"}

    client.post(reverse("account_signup"), fields, headers={"host": OTHER_HOST})

    (mail,) = mailoutbox
    assert "https://mentoring.example.org/account/password/reset/" in mail.body
    assert "testserver" not in mail.subject + mail.body


def test_sign_up_puts_a_name_on_one_line(client):
    fields = {"name": "Amara\r\n\r\nGo to https://evil.example", "email": "a@example.org", "zone": "UTC"}

    client.post(reverse("account_signup"), fields)

    assert User.objects.get(email="a@example.org").name == "Amara Go to https://evil.example"


def code_in(mail):
    return re.search(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$", mail.body, re.MULTILINE)[0]


def signs_in(email, password):
    browser = Client()
    browser.post(reverse("account_login"), {"login": email, "password": password})
    return browser.get(reverse("accounts:profile")).status_code == 200


@pytest.fixture
def signed_up(client):
    """The fields of a sign-up in `client`; its address is not confirmed yet."""
    fields = {"name": "A", "email": "a@example.org", "zone": "UTC", "password1": factories.PASSWORD}
    client.post(reverse("account_signup"), fields)
    return fields


def test_owner_of_an_address_shares_no_account_with_whoever_signed_up_with_it(signed_up, client, mailoutbox):
    owner = Client()
    owner.post(reverse("account_request_login_code"), {"email": signed_up["email"]})
    owner.post(reverse("account_confirm_login_code"), {"code": code_in(mailoutbox[-1])})

    assert owner.get(reverse("accounts:profile")).status_code == 200
    assert not signs_in(signed_up["email"], signed_up["password1"])
    client.get(reverse("account_email_verification_sent"))
    assert client.get(reverse("accounts:profile")).status_code == 302


def test_sign_up_keeps_the_password_when_its_own_code_is_typed(signed_up, client, mailoutbox):
    client.post(reverse("account_email_verification_sent"), {"code": code_in(mailoutbox[-1])})

    assert client.get(reverse("accounts:profile")).status_code == 200
    assert signs_in(signed_up["email"], signed_up["password1"])


def identities_of(email):
    return set(SocialAccount.objects.filter(user__email=email).values_list("uid", flat=True))


def test_owner_of_an_address_shares_no_account_with_a_stranger_s_identity(signed_up, mailoutbox):
    """A provider may name an address that it has not confirmed."""
    SocialAccount.objects.create(
        user=User.objects.get(email=signed_up["email"]), provider="organisation", uid="stranger"
    )
    owner = Client()
    owner.post(reverse("account_request_login_code"), {"email": signed_up["email"]})
    owner.post(reverse("account_confirm_login_code"), {"code": code_in(mailoutbox[-1])})

    assert owner.get(reverse("accounts:profile")).status_code == 200
    assert identities_of(signed_up["email"]) == set()


@pytest.mark.parametrize("trusted", [True, False])
def test_a_provider_confirms_an_address_only_where_it_is_trusted_to(settings, rf, trusted):
    """A confirmed address opens the programs of its domain."""
    settings.SOCIALACCOUNT_EMAIL_AUTHENTICATION = trusted
    told = EmailAddress(email="a@example.org", verified=True)
    account = SocialAccount(provider="organisation", uid="a")
    request = rf.get("/")
    request.session = {}

    get_adapter().pre_social_login(request, SocialLogin(account=account, email_addresses=[told]))

    assert told.verified is trusted
    assert request.session[CAME_BY] == ["organisation", "a"]


def test_identity_by_which_the_owner_comes_stays(signed_up, client, mailoutbox):
    person, session = User.objects.get(email=signed_up["email"]), client.session
    for uid in ("own", "stranger"):
        SocialAccount.objects.create(user=person, provider="organisation", uid=uid)
    session[CAME_BY] = ["organisation", "own"]
    session.save()
    client.post(reverse("account_email_verification_sent"), {"code": code_in(mailoutbox[-1])})

    assert identities_of(person.email) == {"own"}


def test_sign_in_by_code_keeps_the_password_of_a_confirmed_address(client, mailoutbox):
    person = factories.make_person()
    client.post(reverse("account_request_login_code"), {"email": person.email})
    client.post(reverse("account_confirm_login_code"), {"code": code_in(mailoutbox[-1])})

    assert client.get(reverse("accounts:profile")).status_code == 200
    assert signs_in(person.email, factories.PASSWORD)


def test_mail_with_a_code_says_it_in_text_and_in_html(client, mailoutbox):
    person = factories.make_person(name="<b>Ann</b>")
    client.post(reverse("account_request_login_code"), {"email": person.email})
    (mail,) = mailoutbox
    ((html, kind),) = mail.alternatives
    assert kind == "text/html"
    assert f">{code_in(mail)}</p>" in html
    assert "Holdfast" in html
    assert "<img" not in html
    assert "!" not in mail.body
