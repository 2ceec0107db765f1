import pytest
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(cast):
    return reverse("programs:membership-leave", args=[cast.program.slug])


def test_membership_leave_asks_first_and_leaves_on_post(cast, client_of, url):
    client = client_of(cast.mentee.person)

    assert cast.program.name in client.get(url).text
    cast.mentee.refresh_from_db()
    assert cast.mentee.left_at is None

    assert client.post(url).url == reverse("home:home")
    cast.mentee.refresh_from_db()
    assert cast.mentee.left_at is not None
    assert client.get(url).status_code == 404


def test_membership_leave_waits_for_the_end_of_an_engagement_and_says_where(cast, client_of, url):
    factories.make_engagement(cast.goal, cast.mentor)

    for member in (cast.mentor, cast.mentee):
        response = client_of(member.person).post(url)

        assert response.context["refusal"] == (
            "1 engagement is under way. Each is ended in one step on its own page; then you can leave."
        )
        assert reverse("engagements:engagement-list", args=[cast.program.slug]) in response.text
        member.refresh_from_db()
        assert member.left_at is None


def test_membership_leave_waits_for_the_answer_to_a_request(cast, client_of, url):
    factories.make_request(cast.goal, cast.mentor)

    for member in (cast.mentor, cast.mentee):
        assert client_of(member.person).post(url).context["refusal"] == (
            "1 request is waiting for an answer. "
            "Answer those that came and withdraw those that were sent; then you can leave."
        )


def test_membership_leave_keeps_the_last_admin(cast, client_of, url):
    client = client_of(cast.admin.person)
    refusal = client.post(url).context["refusal"]

    assert refusal == "A program keeps at least one admin. Make somebody else an admin first."
    factories.make_member(cast.program, is_admin=True)
    assert client.post(url).status_code == 302


def test_membership_leave_is_not_found_by_a_stranger(cast, client_of, client, url):
    assert client_of(cast.stranger).post(url).status_code == 404
    assert client.post(url).url == f"{reverse('account_login')}?next={url}"
