from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.pages import queries_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(cast):
    return reverse("goals:goal-list", args=[cast.program.slug])


def test_goal_list_shows_ones_own_goals_of_this_program(cast, client_of, url):
    closed = factories.make_goal(cast.mentee, title="Closed", state="closed")
    factories.make_goal(factories.make_mentee(cast.program), title="Of another mentee")
    elsewhere = factories.make_member(factories.make_program(), cast.mentee.person)
    factories.make_goal(elsewhere, title="In another program")

    response = client_of(cast.mentee.person).get(url)

    assert response.context["open_goals"] == [cast.goal]
    assert response.context["closed_goals"] == [closed]
    mentors = reverse("matching:mentor-list", args=[cast.program.slug])
    assert f"{mentors}?goal={cast.goal.pk}" in response.text


def test_goal_list_tells_when_in_words(cast, client_of, url):
    today = timezone.localdate(timezone=cast.mentee.person.zone_info)
    factories.make_goal(cast.mentee, title="Late", target_on=today - timedelta(days=1))
    factories.make_goal(cast.mentee, title="Now", target_on=today)
    factories.make_goal(cast.mentee, title="Soon", target_on=today + timedelta(days=3))

    page = client_of(cast.mentee.person).get(url).text

    assert all(words in page for words in ("(the day has passed)", "(today)", "(in 3\xa0days)"))


def test_goal_list_invites_a_mentee_without_goals_to_write_one(cast, client_of, url):
    mentee = factories.make_mentee(cast.program)

    assert reverse("goals:goal-new", args=[cast.program.slug]) in client_of(mentee.person).get(url).text


def test_goal_list_costs_the_same_queries_at_one_and_at_three(cast, client_of, url):
    client = client_of(cast.mentee.person)
    at_one = queries_of(client, url)
    factories.make_goal(cast.mentee, title="Two", skills={"sql": 1, "coaching": 3})
    factories.make_goal(cast.mentee, title="Three", state="closed")

    assert queries_of(client, url) == at_one


def test_goal_list_is_for_mentees_of_the_program_alone(cast, client_of, client, url):
    for person in (cast.mentor.person, cast.admin.person, cast.stranger):
        assert client_of(person).get(url).status_code == 404
    assert client_of(cast.mentee.person).post(url).status_code == 405
    assert client.get(url).url == f"{reverse('account_login')}?next={url}"
