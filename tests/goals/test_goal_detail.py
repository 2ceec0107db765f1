import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mentoring.engagements.services import end_engagement
from tests import factories

pytestmark = pytest.mark.django_db
BLOCKER = "I avoid the hard talks."


@pytest.fixture
def url(cast):
    return reverse("goals:goal-detail", args=[cast.goal.pk])


def read(client, url):
    """What of the goal the page tells: title, words, blocker."""
    response = client.get(url)
    parts = {"title": "Lead a team", "why": "Ten people look to me.", "blocker": BLOCKER}
    return {part for part, words in parts.items() if words in response.text} or response.status_code


def test_goal_detail_tells_its_mentee_all_and_where_mentors_are(cast, client_of, url):
    client = client_of(cast.mentee.person)

    assert read(client, url) == {"title", "why", "blocker"}
    page = client.get(url).text
    assert f"{reverse('matching:mentor-list', args=[cast.program.slug])}?goal={cast.goal.pk}" in page
    assert reverse("goals:goal-close", args=[cast.goal.pk]) in page


def test_goal_detail_tells_a_mentor_all_while_the_engagement_is_under_way(cast, client_of, url):
    client = client_of(cast.mentor.person)
    assert read(client, url) == 404
    factories.make_request(cast.goal, factories.make_mentor(cast.program))

    engagement = factories.make_engagement(cast.goal, cast.mentor)
    assert read(client, url) == {"title", "why", "blocker"}
    assert reverse("goals:goal-edit", args=[cast.goal.pk]) not in client.get(url).text

    end_engagement(engagement_id=engagement.pk, by=None, now=engagement.created_at)
    assert read(client, url) == {"title"}


def test_goal_detail_tells_a_mentor_who_is_only_asked_nothing(cast, client_of, url):
    factories.make_request(cast.goal, cast.mentor)

    assert read(client_of(cast.mentor.person), url) == 404


def test_goal_detail_tells_an_admin_title_and_skills_alone(cast, client_of, url):
    assert read(client_of(cast.admin.person), url) == {"title"}
    assert "Negotiation" in client_of(cast.admin.person).get(url).text


def test_goal_detail_tells_an_admin_who_is_the_mentor_as_much_as_the_mentor(cast, client_of, url):
    both = factories.make_mentor(cast.program, is_admin=True)
    factories.make_engagement(cast.goal, both)

    assert read(client_of(both.person), url) == {"title", "why", "blocker"}


def test_goal_detail_is_not_found_by_others(cast, client_of, client, url):
    other = factories.make_mentee(cast.program)
    factories.make_engagement(factories.make_goal(other), cast.mentor)

    for person in (other.person, cast.mentor.person, cast.stranger):
        assert read(client_of(person), url) == 404
    assert client.get(url).url == f"{reverse('account_login')}?next={url}"
    assert client_of(cast.mentee.person).get("/goals/not-an-id/").status_code == 404
    nowhere = reverse("goals:goal-detail", args=["00000000-0000-4000-8000-000000000000"])
    assert client_of(cast.mentee.person).get(nowhere).status_code == 404


def test_goal_detail_is_kept_by_no_cache(cast, client_of, url):
    assert "no-store" in client_of(cast.mentee.person).get(url).headers["Cache-Control"]


def test_goal_detail_writes_nothing(cast, client_of, url):
    client = client_of(cast.mentee.person)
    with CaptureQueriesContext(connection) as captured:
        assert BLOCKER in client.get(url).text
    assert {query["sql"].split()[0] for query in captured} == {"SELECT"}
