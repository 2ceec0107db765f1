import os
import subprocess
import sys

import pytest
from django.core.cache import cache
from django.urls import reverse

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
