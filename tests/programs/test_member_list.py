import pytest
from django.urls import reverse

from tests import factories
from tests.pages import queries_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(cast):
    return reverse("programs:member-list", args=[cast.program.slug])


def names(response):
    return [member.person.name for member in response.context["page"].object_list]


def test_member_list_shows_members_with_places_and_goals(cast, client_of, url):
    factories.make_engagement(cast.goal, cast.mentor)
    factories.make_goal(cast.mentee, title="Another")
    factories.make_goal(cast.mentee, title="Done", state="closed")
    factories.make_member(cast.program, left_at=cast.mentor.joined_at)

    response = client_of(cast.admin.person).get(url)

    assert names(response) == ["Ada Admin", "Amara Eze", "Leila Haddad"]
    counts = {m.person.name: (m.taken, m.open_goals) for m in response.context["page"].object_list}
    assert counts == {"Ada Admin": (0, 0), "Amara Eze": (0, 2), "Leila Haddad": (1, 0)}
    assert "1 of 2" in response.text


def test_member_list_counts_what_is_of_this_program_alone(cast, client_of, url):
    elsewhere = factories.make_program()
    mentor = factories.make_member(elsewhere, cast.mentor.person, is_mentor=True)
    factories.make_engagement(factories.make_goal(factories.make_mentee(elsewhere)), mentor)
    factories.make_goal(factories.make_member(elsewhere, cast.mentee.person))

    page = client_of(cast.admin.person).get(url).context["page"]

    assert {m.person.name: (m.taken, m.open_goals) for m in page.object_list} == {
        "Ada Admin": (0, 0),
        "Amara Eze": (0, 1),
        "Leila Haddad": (0, 0),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "haddad"}, ["Leila Haddad"]),
        ({"q": "PERSON"}, ["Ada Admin", "Amara Eze", "Leila Haddad"]),  # by mail address
        ({"q": "ward's devices"}, ["Ada Admin", "Amara Eze", "Leila Haddad"]),  # by headline
        ({"q": "%"}, []),
        ({"q": "nobody"}, []),
        ({"role": "mentor"}, ["Leila Haddad"]),
        ({"role": "mentee"}, ["Amara Eze"]),
        ({"role": "admin"}, ["Ada Admin"]),
        ({"role": "paused"}, []),
        ({"q": "a", "role": "admin"}, ["Ada Admin"]),
    ],
)
def test_member_list_filters_by_words_and_role(cast, client_of, url, query, found):
    assert names(client_of(cast.admin.person).get(url, query)) == found


@pytest.mark.parametrize(
    "query",
    [{"q": "\0"}, {"q": "x" * 101}, {"role": "owner"}, {"role": "\0"}, {"page": "9e99"}, {"page": "\0"},
     {"page": "9" * 5000}, {"page": "-1"}, {"page": "0"}],
)  # fmt: skip
def test_member_list_survives_garbage_and_shows_everybody(cast, client_of, url, query):
    assert names(client_of(cast.admin.person).get(url, query)) == ["Ada Admin", "Amara Eze", "Leila Haddad"]


def test_member_list_survives_a_lone_surrogate(cast, client_of, url):
    assert client_of(cast.admin.person).get(f"{url}?q=%ED%A0%80").status_code == 200


def test_member_list_pages_by_fifty_and_keeps_the_filter(cast, client_of, url):
    for number in range(51):
        factories.make_mentor(cast.program, name=f"Mentor {number:02}")
    client = client_of(cast.admin.person)

    first, second = (client.get(url, {"role": "mentor", "page": page}) for page in (1, 2))

    assert len(names(first)) == 50
    assert names(second) == ["Mentor 49", "Mentor 50"]
    assert "role=mentor&amp;page=2" in first.text


def test_member_list_costs_the_same_queries_at_three_and_at_six(cast, client_of, url):
    client = client_of(cast.admin.person)
    at_three = queries_of(client, url)
    for _ in range(3):
        factories.make_goal(factories.make_mentee(cast.program))

    assert queries_of(client, url) == at_three


def test_member_list_is_for_admins_of_the_program_alone(cast, client_of, client, url):
    for person in (cast.mentor.person, cast.mentee.person, cast.stranger):
        assert client_of(person).get(url).status_code == 404
    assert client_of(cast.admin.person).post(url).status_code == 405
    assert client.get(url).url == f"{reverse('account_login')}?next={url}"
