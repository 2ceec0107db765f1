import pytest
from django.urls import reverse

from mentoring.engagements.services import end_engagement
from mentoring.programs.models import Membership
from tests import factories

pytestmark = pytest.mark.django_db
MENTOR = {"is_mentor": "on", "capacity": "2"}


@pytest.fixture
def url(cast):
    return reverse("programs:membership", args=[cast.program.slug])


def roles_of(membership):
    membership.refresh_from_db()
    return {
        name for name in ("is_mentor", "is_mentee", "is_admin", "is_paused") if getattr(membership, name)
    } | {membership.capacity}


def test_membership_changes_roles_and_capacity(cast, client_of, url):
    response = client_of(cast.mentor.person).post(
        url, {"is_mentor": "on", "is_mentee": "on", "capacity": "5"}
    )

    assert response.url == url
    assert roles_of(cast.mentor) == {"is_mentor", "is_mentee", 5}


def test_membership_never_makes_one_an_admin(cast, client_of, url):
    client_of(cast.mentor.person).post(url, MENTOR | {"is_admin": "on"})

    assert roles_of(cast.mentor) == {"is_mentor", 2}


def test_membership_needs_a_role_but_an_admin_may_have_no_other(cast, client_of, url):
    refused = client_of(cast.mentor.person).post(url, {"capacity": "2"})
    allowed = client_of(cast.admin.person).post(url, {"capacity": "1"})

    assert refused.context["form"].non_field_errors() == ["Choose at least one role."]
    assert roles_of(cast.mentor) == {"is_mentor", 2}
    assert allowed.status_code == 302


def test_membership_keeps_the_places_that_are_taken(cast, client_of, url):
    factories.make_engagement(cast.goal, cast.mentor)
    other = factories.make_goal(factories.make_mentee(cast.program))
    factories.make_engagement(other, cast.mentor, at=factories.time(14))
    client = client_of(cast.mentor.person)

    refused = client.post(url, MENTOR | {"capacity": "1"})

    assert refused.context["form"].non_field_errors() == [
        "2 engagements are under way, so the number of places cannot be below 2. "
        "End one first; or pause, so that nobody new can ask."
    ]
    assert roles_of(cast.mentor) == {"is_mentor", 2}


def test_membership_gives_places_up_once_an_engagement_has_ended(cast, client_of, url):
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    end_engagement(engagement_id=engagement.pk, by=None, now=engagement.created_at)

    response = client_of(cast.mentor.person).post(url, {"is_mentee": "on", "capacity": "0"})

    assert response.status_code == 302
    assert roles_of(cast.mentor) == {"is_mentee", 0}


def test_membership_keeps_the_role_that_an_engagement_needs(cast, client_of, url):
    factories.make_engagement(cast.goal, cast.mentor)

    as_mentee = client_of(cast.mentor.person).post(url, {"is_mentee": "on", "capacity": "2"})
    as_mentor = client_of(cast.mentee.person).post(url, MENTOR)

    under_way = (
        "1 engagement is under way. Each is ended in one step on its own page; then you can stop being a"
    )
    assert as_mentee.context["form"].non_field_errors() == [f"{under_way} mentor."]
    assert as_mentor.context["form"].non_field_errors() == [f"{under_way} mentee."]


def test_membership_keeps_the_role_that_a_waiting_request_needs(cast, client_of, url):
    factories.make_request(cast.goal, cast.mentor)

    as_mentee = client_of(cast.mentor.person).post(url, {"is_mentee": "on", "capacity": "2"})
    as_mentor = client_of(cast.mentee.person).post(url, MENTOR)

    waiting = (
        "1 request is waiting for an answer. "
        "Answer those that came and withdraw those that were sent; then you can stop being a"
    )
    assert as_mentee.context["form"].non_field_errors() == [f"{waiting} mentor."]
    assert as_mentor.context["form"].non_field_errors() == [f"{waiting} mentee."]


def test_membership_of_another_program_binds_nothing_here(cast, client_of, url):
    elsewhere = factories.make_program()
    mentor = factories.make_member(elsewhere, cast.mentor.person, is_mentor=True, capacity=1)
    factories.make_engagement(factories.make_goal(factories.make_mentee(elsewhere)), mentor)

    response = client_of(cast.mentor.person).post(url, {"is_mentee": "on", "capacity": "0"})

    assert response.status_code == 302


@pytest.mark.parametrize("capacity", ["-1", "21", "", "\0", "9" * 400])
def test_membership_says_what_is_wrong_with_the_capacity(cast, client_of, url, capacity):
    response = client_of(cast.mentor.person).post(url, MENTOR | {"capacity": capacity})

    assert list(response.context["form"].errors) == ["capacity"]


def test_membership_is_found_by_members_alone(cast, client_of, client, url):
    assert client_of(cast.stranger).get(url).status_code == 404
    assert client_of(cast.stranger).post(url, MENTOR).status_code == 404
    assert client.get(url).url == f"{reverse('account_login')}?next={url}"
    assert Membership.objects.filter(program=cast.program).count() == 3
