import pytest
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db


def url_of(member, program=None):
    return reverse("programs:member-edit", args=[(program or member.program).slug, member.pk])


def test_member_edit_changes_roles_and_capacity(cast, client_of):
    response = client_of(cast.admin.person).post(
        url_of(cast.mentee), {"is_mentee": "on", "is_mentor": "on", "is_admin": "on", "capacity": "4"}
    )

    assert response.url == reverse("programs:member-list", args=[cast.program.slug])
    cast.mentee.refresh_from_db()
    assert (cast.mentee.is_mentor, cast.mentee.is_admin, cast.mentee.capacity) == (True, True, 4)


def test_member_edit_keeps_a_pause_as_it_is(cast, client_of):
    paused = factories.make_mentor(cast.program, is_paused=True)

    client_of(cast.admin.person).post(url_of(paused), {"is_mentor": "on", "capacity": "1"})

    paused.refresh_from_db()
    assert (paused.capacity, paused.is_paused) == (1, True)


def test_member_edit_tells_the_refusal_of_the_service_and_changes_nothing(cast, client_of):
    factories.make_engagement(cast.goal, cast.mentor)

    response = client_of(cast.admin.person).post(url_of(cast.mentor), {"is_mentor": "on", "capacity": "0"})

    (refusal,) = response.context["form"].non_field_errors()
    assert refusal.startswith("1 engagement is under way, so the number of places cannot be below 1.")
    cast.mentor.refresh_from_db()
    assert cast.mentor.capacity == 2


def test_member_edit_keeps_the_last_admin(cast, client_of):
    client = client_of(cast.admin.person)
    fields = {"is_mentee": "on", "capacity": "1"}

    refused = client.post(url_of(cast.admin), fields)
    factories.make_member(cast.program, is_admin=True)
    allowed = client.post(url_of(cast.admin), fields)

    assert refused.context["form"].non_field_errors() == [
        "A program keeps at least one admin. Make somebody else an admin first."
    ]
    assert allowed.url == reverse("home:program-home", args=[cast.program.slug])
    assert client.get(url_of(cast.mentee)).status_code == 404


def test_member_edit_needs_a_role(cast, client_of):
    response = client_of(cast.admin.person).post(url_of(cast.mentee), {"capacity": "1"})

    assert response.context["form"].non_field_errors() == ["Choose at least one role."]


def test_member_edit_is_for_admins_and_members_of_the_program_alone(cast, client_of, client):
    url, fields = url_of(cast.mentee), {"is_mentor": "on", "capacity": "9"}
    theirs = cast.stranger.memberships.get()
    left = factories.make_member(cast.program, left_at=cast.mentor.joined_at)

    for person in (cast.mentor.person, cast.mentee.person, cast.stranger):
        assert client_of(person).get(url).status_code == 404
        assert client_of(person).post(url, fields).status_code == 404
    for member in (theirs, left):
        assert client_of(cast.admin.person).post(url_of(member, cast.program), fields).status_code == 404
    assert client.post(url, fields).url == f"{reverse('account_login')}?next={url}"
    cast.mentee.refresh_from_db()
    assert (cast.mentee.is_mentor, cast.mentee.capacity) == (False, 1)
