from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils import timezone

from mentoring.programs.models import Membership
from tests import factories

pytestmark = pytest.mark.django_db


def url_of(program):
    return reverse("programs:join", args=[program.join_token])


@pytest.mark.parametrize(
    ("fields", "roles"),
    [
        ({"role": "mentee", "capacity": ""}, (False, True, 1)),
        ({"role": "mentor", "capacity": "3"}, (True, False, 3)),
        ({"role": "both", "capacity": "20"}, (True, True, 20)),
    ],
)
def test_join_makes_a_member_in_the_roles_chosen(client_of, fields, roles):
    program, person = factories.make_program(), factories.make_person()
    client = client_of(person)

    assert program.name in client.get(url_of(program)).text
    response = client.post(url_of(program), fields)

    assert response.url == reverse("accounts:profile")
    membership = Membership.objects.get(program=program, person=person)
    assert (membership.is_mentor, membership.is_mentee, membership.capacity) == roles
    assert not membership.is_admin


def test_join_by_get_changes_nothing(client_of):
    program, person = factories.make_program(), factories.make_person()

    client_of(person).get(url_of(program))

    assert not program.memberships.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_join_sends_the_anonymous_to_sign_up_and_back(client, method):
    program = factories.make_program()

    response = getattr(client, method)(url_of(program), {"role": "mentee"})

    assert response.url == f"{reverse('account_signup')}?next={url_of(program)}"
    assert program.name in client.get(response.url).text
    assert not program.memberships.exists()


def test_join_is_where_sign_in_leads_back_to(client):
    program, person = factories.make_program(), factories.make_person()
    assert EmailAddress.objects.filter(user=person, verified=True).exists()

    response = client.post(
        f"{reverse('account_login')}?next={url_of(program)}",
        {"login": person.email, "password": factories.PASSWORD},
    )

    assert response.url == url_of(program)


@pytest.mark.parametrize("method", ["get", "post"])
def test_join_leads_a_member_to_the_program_and_changes_nothing(client_of, method):
    member = factories.make_member(factories.make_program())

    response = getattr(client_of(member.person), method)(url_of(member.program), {"role": "mentor"})

    assert response.url == reverse("home:program-home", args=[member.program.slug])
    member.refresh_from_db()
    assert (member.is_mentor, member.is_mentee) == (False, True)


def test_join_brings_back_who_left_but_never_as_admin(client_of):
    long_ago = timezone.now() - timedelta(days=90)
    member = factories.make_member(
        factories.make_program(), is_admin=True, is_paused=True, joined_at=long_ago, left_at=long_ago
    )

    client_of(member.person).post(url_of(member.program), {"role": "mentor", "capacity": "2"})

    back = Membership.objects.get()
    assert (back.pk, back.left_at) == (member.pk, None)
    assert (back.is_mentor, back.is_mentee, back.is_admin, back.is_paused) == (True, False, False, False)
    assert back.joined_at > long_ago


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"role": ""}, "role"),
        ({"role": "admin"}, "role"),
        ({"role": "\0"}, "role"),
        ({"role": "mentor", "capacity": "0"}, "capacity"),
        ({"role": "mentor", "capacity": "21"}, "capacity"),
        ({"role": "mentor", "capacity": "9" * 400}, "capacity"),
        ({"role": "mentor", "capacity": "many"}, "capacity"),
    ],
)
def test_join_says_what_is_wrong(client_of, fields, wrong):
    program = factories.make_program()

    response = client_of(factories.make_person()).post(url_of(program), fields)

    assert list(response.context["form"].errors) == [wrong]
    assert not program.memberships.exists()


@pytest.mark.parametrize("token", ["no-such-token", "%00", "%ED%A0%80", "x" * 500])
def test_join_by_a_wrong_token_is_not_found(client, client_of, token):
    factories.make_program()

    assert client.get(f"/join/{token}/").status_code == 404
    assert client_of(factories.make_person()).post(f"/join/{token}/").status_code == 404
