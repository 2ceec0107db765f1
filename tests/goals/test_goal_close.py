import pytest
from django.urls import reverse

from mentoring.engagements.services import withdraw_request
from mentoring.goals.models import Goal
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(cast):
    return reverse("goals:goal-close", args=[cast.goal.pk])


def state_of(goal):
    goal.refresh_from_db()
    return goal.state


def test_goal_close_closes_and_twice_is_once(cast, client_of, url):
    client = client_of(cast.mentee.person)

    for _ in range(2):
        assert client.post(url).url == reverse("goals:goal-detail", args=[cast.goal.pk])
        assert state_of(cast.goal) == Goal.State.CLOSED


def test_goal_close_waits_for_the_answer_to_a_request(cast, client_of, url):
    request = factories.make_request(cast.goal, cast.mentor)
    client = client_of(cast.mentee.person)

    refused = client.post(url, follow=True)
    assert "A request for this goal is waiting for an answer. Withdraw it first." in refused.text
    assert state_of(cast.goal) == Goal.State.OPEN

    withdraw_request(request_id=request.pk, now=request.created_at)
    client.post(url)
    assert state_of(cast.goal) == Goal.State.CLOSED


def test_goal_close_is_the_mentees_alone_and_by_post_alone(cast, client_of, client, url):
    factories.make_engagement(cast.goal, cast.mentor)

    for person in (cast.mentor.person, cast.admin.person, cast.stranger):
        assert client_of(person).post(url).status_code == 404
    assert client_of(cast.mentee.person).get(url).status_code == 405
    assert client.post(url).url == f"{reverse('account_login')}?next={url}"
    assert state_of(cast.goal) == Goal.State.OPEN
