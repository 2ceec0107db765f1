import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def asking(cast):
    cast.program.needs_second_factor = True
    cast.program.save(update_fields=["needs_second_factor"])
    return cast


def page_of(client, cast):
    return client.get(reverse("home:program-home", args=[cast.program.slug]))


def test_admin_without_second_factor_gets_no_further_than_setting_one_up(asking, client_of):
    client = client_of(asking.admin.person)

    for address in ("programs:member-list", "home:program-home"):
        assert client.get(reverse(address, args=[asking.program.slug])).url == reverse("mfa_index")
    assert client.post(reverse("accounts:availability"), {"slots": "3"}).url == reverse("mfa_index")
    assert client.get(reverse("mfa_index")).status_code == 200
    assert client.get(reverse("home:health")).status_code == 200
    TOTP.activate(asking.admin.person, generate_totp_secret())
    assert page_of(client, asking).status_code == 200


def test_open_pages_do_nothing_for_who_lacks_a_second_factor(asking, client_of):
    client, other = client_of(asking.admin.person), factories.make_program()
    client.post(link := reverse("programs:join", args=[other.join_token]), {"role": "mentee"})

    assert not other.memberships.filter(person=asking.admin.person).exists()
    assert [client.get(page).url for page in (link, reverse("home:home"))] == [reverse("mfa_index")] * 2
    assert Client().get(reverse("home:home")).status_code == 200


def test_recovery_codes_alone_are_no_second_factor(asking, client_of):
    RecoveryCodes.activate(asking.admin.person)
    assert page_of(client_of(asking.admin.person), asking).status_code == 302


def test_second_factor_is_asked_of_admins_alone(asking, client_of):
    assert page_of(client_of(asking.mentor.person), asking).status_code == 200
    asking.admin.is_admin, asking.admin.is_mentee = False, True
    asking.admin.save(update_fields=["is_admin", "is_mentee"])
    assert page_of(client_of(asking.admin.person), asking).status_code == 200


def test_second_factor_is_asked_where_the_program_does(cast, client_of):
    assert page_of(client_of(cast.admin.person), cast).status_code == 200


def test_staff_need_a_second_factor(db, settings):
    settings.STAFF_NEED_SECOND_FACTOR = True
    superuser = User.objects.create_superuser("super@example.org", factories.PASSWORD, name="Super")
    client = Client()
    client.force_login(superuser)
    assert client.get(reverse("accounts:profile")).url == reverse("mfa_index")


@pytest.mark.parametrize("is_asked_for", [True, False])
def test_last_second_factor_stays_while_it_is_asked_for(cast, client_of, is_asked_for):
    cast.program.needs_second_factor = is_asked_for
    cast.program.save(update_fields=["needs_second_factor"])
    admin, client = cast.admin.person, client_of(cast.admin.person)
    TOTP.activate(admin, generate_totp_secret())
    client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})

    client.post(reverse("mfa_deactivate_totp"))

    assert Authenticator.objects.filter(user=admin, type="totp").exists() == is_asked_for


@pytest.mark.parametrize("whose", ["own", "another's"])
def test_sign_in_end_ends_ones_own_alone(cast, client_of, whose):
    here, there = Client(), Client()
    fields = {"login": cast.mentor.person.email, "password": factories.PASSWORD}
    for browser in (here, there):
        browser.post(reverse("account_login"), fields)
    session = UserSession.objects.get(session_key=there.session.session_key)
    ending = here if whose == "own" else client_of(cast.mentee.person)

    answer = ending.post(reverse("accounts:sign-in-end", args=[session.pk]))

    assert answer.status_code == (302 if whose == "own" else 404)
    is_out = there.get(reverse("accounts:profile")).status_code == 302
    assert is_out == (whose == "own")
    assert here.get(reverse("usersessions_list")).status_code == 200


def test_sign_out_everywhere_else_leaves_this_browser(cast):
    here, there = Client(), Client()
    fields = {"login": cast.mentor.person.email, "password": factories.PASSWORD}
    for browser in (here, there):
        browser.post(reverse("account_login"), fields)

    here.post(reverse("usersessions_list"))

    assert here.get(reverse("accounts:profile")).status_code == 200
    assert there.get(reverse("accounts:profile")).status_code == 302
