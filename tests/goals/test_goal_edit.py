from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mentoring.goals import services
from mentoring.goals.services import GoalError, GoalWords
from tests import factories
from tests.pages import posted_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(cast):
    return reverse("goals:goal-edit", args=[cast.goal.pk])


@pytest.fixture
def fields():
    words = {"title": "Changed", "why": "Why", "success": "Seen", "blocker": ""}
    on = timezone.localdate() + timedelta(weeks=4)
    skill = {"skill": factories.make_skill("sql").pk, "importance": 1}
    return words | {"target_on": str(on)} | posted_rows("skills", skill, initial=1)


def test_goal_edit_changes_words_skills_and_blocker(cast, client_of, url, fields):
    response = client_of(cast.mentee.person).post(url, fields)

    assert response.url == reverse("goals:goal-detail", args=[cast.goal.pk])
    cast.goal.refresh_from_db()
    assert (cast.goal.title, cast.goal.why, cast.goal.success) == ("Changed", "Why", "Seen")
    assert list(cast.goal.skills_wanted.values_list("skill__slug", "importance")) == [("sql", 1)]
    assert cast.goal.read_blocker() == ""


def test_goal_edit_shows_what_is_written(cast, client_of, url):
    response = client_of(cast.mentee.person).get(url)

    assert cast.goal.title in response.text
    assert "I avoid the hard talks." in response.text
    assert response.context["rows"].forms[0].initial["importance"] == 3


def test_goal_edit_is_for_the_mentee_alone(cast, client_of, client, url, fields):
    factories.make_engagement(cast.goal, cast.mentor)

    other = factories.make_mentee(cast.program)

    for person in (cast.mentor.person, cast.admin.person, cast.stranger, other.person):
        assert client_of(person).get(url).status_code == 404
        assert client_of(person).post(url, fields).status_code == 404
    assert client.post(url, fields).url == f"{reverse('account_login')}?next={url}"
    cast.goal.refresh_from_db()
    assert cast.goal.title != "Changed"


def test_goal_edit_of_a_closed_goal_or_after_leaving_is_not_found(cast, client_of, url):
    client = client_of(cast.mentee.person)
    cast.mentee.left_at = timezone.now()
    cast.mentee.save()
    assert client.get(url).status_code == 404

    cast.mentee.left_at = None
    cast.mentee.save()
    services.close_goal(cast.goal)
    assert client.get(url).status_code == 404


def test_goal_edit_of_a_goal_closed_meanwhile_is_refused(cast):
    words = GoalWords("Changed", "Why", "Seen", timezone.localdate())
    services.close_goal(cast.goal)

    with pytest.raises(GoalError, match="This goal is closed"):
        services.change_goal(cast.goal, words, skills=[])

    assert cast.goal.skills_wanted.count() == 1
