import pytest
from django.urls import reverse

from mentoring.outbox.models import Mail
from mentoring.schedule.models import Reservation
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


def test_membership_leave_says_what_ends_and_ends_it_in_one_step(cast, client_of, url):
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    other = factories.make_goal(factories.make_mentee(cast.program, name="Yemi Ojo"))
    request = factories.make_request(other, cast.mentor, at=factories.time(14))
    client = client_of(cast.mentor.person)
    shown = client.get(url).text
    assert f"The engagement with {cast.mentee.person.name} ends" in shown
    assert "The request between you and Yemi Ojo is closed" in shown

    assert client.post(url).status_code == 302

    engagement.refresh_from_db()
    request.refresh_from_db()
    cast.mentor.refresh_from_db()
    assert (engagement.state, request.state, request.decline) == ("ended", "declined", "capacity")
    assert cast.mentor.left_at is not None
    kinds = set(Mail.objects.filter(person=cast.mentee.person).values_list("kind", flat=True))
    assert "engagement_ended" in kinds
    assert not Reservation.objects.filter(person=cast.mentee.person, is_live=True).exists()
    page = reverse("engagements:engagement-detail", args=[engagement.pk])
    assert client.get(page).status_code == 200
    assert client.get(reverse("home:program-home", args=[cast.program.slug])).status_code == 404


def test_membership_leave_withdraws_what_a_mentee_asked(cast, client_of, url):
    request = factories.make_request(cast.goal, cast.mentor)

    client_of(cast.mentee.person).post(url)

    request.refresh_from_db()
    assert request.state == "withdrawn"


def test_membership_leave_tells_a_mentor_nothing_of_what_waits_for_approval(cast, client_of, url):
    request = factories.make_request(cast.goal, cast.mentor, approved_at=None)
    client = client_of(cast.mentor.person)

    assert cast.mentee.person.name not in client.get(url).text
    client.post(url)

    request.refresh_from_db()
    assert request.state == "declined"


def test_membership_leave_keeps_the_last_admin(cast, client_of, url):
    client = client_of(cast.admin.person)
    refusal = client.post(url).context["refusal"]

    assert refusal == "A program keeps at least one admin. Make somebody else an admin first."
    factories.make_member(cast.program, is_admin=True)
    assert client.post(url).status_code == 302


def test_membership_leave_is_not_found_by_a_stranger(cast, client_of, client, url):
    assert client_of(cast.stranger).post(url).status_code == 404
    assert client.post(url).url == f"{reverse('account_login')}?next={url}"
