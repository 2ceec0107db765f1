import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import search, week
from accounts.models import SpokenLanguage
from mentoring.goals.models import Goal
from mentoring.programs.models import Exclusion, Membership
from tests import factories

pytestmark = pytest.mark.django_db
MONDAY_NINE = week.from_indices([18, 19])


def listed(response):
    return [card["name"] for card in response.context["cards"]]


def url_of(program):
    return reverse("matching:mentor-list", args=[program.slug])


@pytest.fixture
def best(cast):
    """A mentor who covers the goal better than Leila."""
    return factories.make_mentor(
        cast.program, name="Zora Best", skills={"negotiation": 4}, wishes=("sql",), headline="Knots untied"
    )


def test_mentor_list_ranks_by_fit_and_says_why(cast, best, client_of):
    response = client_of(cast.mentee.person).get(url_of(cast.program))
    assert listed(response) == ["Zora Best", "Leila Haddad"]
    first = response.context["cards"][0]
    assert first["score"] > response.context["cards"][1]["score"] > 0
    assert any("Negotiation" in reason for reason in first["reasons_for"])
    assert round(sum(float(part["note"].split()[0]) for part in first["parts"])) == pytest.approx(
        first["score"], abs=1
    )
    assert "How it adds up" in response.text


def test_mentor_list_names_the_request_for_the_goal(cast, client_of):
    response = client_of(cast.mentee.person).get(url_of(cast.program))
    request_url = reverse("engagements:request-new", args=[cast.program.slug, cast.mentor.person_id])
    assert f'href="{request_url}?goal={cast.goal.pk}"' in response.text


def test_mentor_list_of_another_goal_ranks_for_that(cast, best, client_of):
    other = factories.make_goal(cast.mentee, title="Read a balance sheet", skills={"accounting": 3})
    factories.make_mentor(cast.program, name="Nils Ledger", skills={"accounting": 4})
    response = client_of(cast.mentee.person).get(url_of(cast.program), {"goal": str(other.pk)})
    assert listed(response)[0] == "Nils Ledger"
    assert response.text.count('aria-current="page"') >= 1


def test_mentor_list_without_goal_is_by_name_and_asks_for_one(cast, best, client_of):
    Goal.objects.all().delete()
    response = client_of(cast.mentee.person).get(url_of(cast.program))
    assert listed(response) == ["Leila Haddad", "Zora Best"]
    assert reverse("goals:goal-new", args=[cast.program.slug]) in response.text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"words": "knots"}, ["Zora Best"]),
        ({"words": "ZÖRA"}, ["Zora Best"]),
        ({"words": "mandarin"}, ["Bao Tran"]),
        ({"words": "acounting"}, ["Bao Tran"]),
        ({"words": "nobody at all"}, []),
        ({"skill": "accounting"}, ["Bao Tran"]),
        ({"language": "French"}, ["Bao Tran"]),
        ({"day": "0", "part": "morning"}, ["Zora Best", "Bao Tran", "Leila Haddad"]),
        ({"day": "0", "part": "evening"}, ["Zora Best", "Leila Haddad"]),
        ({"day": "6"}, []),
        ({"full": "on"}, ["Zora Best", "Full House", "Bao Tran", "Leila Haddad"]),
    ],
)
def test_mentor_list_narrows(cast, best, client_of, query, names):
    factories.make_mentor(
        cast.program, name="Bao Tran", about="Teaches Mandarin at weekends", week=MONDAY_NINE,
        skills={"negotiation": 3, "accounting": 2}, languages={"en": 4, "fr": 2}, wishes=("sql",),
    )  # fmt: skip
    factories.make_mentor(cast.program, name="Full House", skills={"negotiation": 4}, capacity=0)
    search.heal()
    response = client_of(cast.mentee.person).get(url_of(cast.program), query)
    assert sorted(listed(response)) == sorted(names)


def test_mentor_list_reads_times_in_the_readers_zone(cast, client_of):
    # nine o'clock on Monday in London is evening in Tokyo
    factories.make_mentor(cast.program, name="Early Bird", week=MONDAY_NINE)
    cast.mentee.person.zone = "Asia/Tokyo"
    cast.mentee.person.save(update_fields=["zone"])
    client = client_of(cast.mentee.person)
    assert "Early Bird" in listed(client.get(url_of(cast.program), {"day": "0", "part": "evening"}))
    assert "Early Bird" not in listed(client.get(url_of(cast.program), {"day": "0", "part": "morning"}))


def test_mentor_list_shows_a_full_mentor_without_asking_them(cast, client_of):
    Membership.objects.filter(pk=cast.mentor.pk).update(capacity=0)
    response = client_of(cast.mentee.person).get(url_of(cast.program), {"full": "1"})
    assert [card["meta"] for card in response.context["cards"]] == ["No place free"]
    assert "Ask for mentoring" not in response.text


def test_mentor_list_points_to_what_stands_between_the_two(cast, best, client_of):
    request = factories.make_request(cast.goal, cast.mentor)
    engagement = factories.make_engagement(cast.goal, best)
    cards = client_of(cast.mentee.person).get(url_of(cast.program)).context["cards"]
    assert {card["name"]: card["action_url"] for card in cards} == {
        "Leila Haddad": reverse("engagements:request-detail", args=[request.pk]),
        "Zora Best": reverse("engagements:engagement-detail", args=[engagement.pk]),
    }


def test_mentor_list_leaves_out_whom_one_may_not_be_proposed_to(cast, best, client_of):
    Exclusion.objects.create(by=best.person, other=cast.mentee.person)
    client = client_of(cast.mentee.person)
    assert listed(client.get(url_of(cast.program))) == ["Leila Haddad"]
    Goal.objects.all().delete()
    assert listed(client.get(url_of(cast.program))) == ["Leila Haddad"]


def test_mentor_list_says_whom_a_missing_language_hides(cast, best, client_of):
    SpokenLanguage.objects.filter(person=best.person).update(code="pt")
    response = client_of(cast.mentee.person).get(url_of(cast.program))
    assert listed(response) == ["Leila Haddad"]
    assert "1 more mentor is not shown" in response.text


def test_mentor_list_to_htmx_is_the_results_alone(cast, client_of):
    response = client_of(cast.mentee.person).get(url_of(cast.program), headers={"HX-Request": "true"})
    assert "<html" not in response.text
    assert 'id="mentors"' in response.text
    assert "HX-Request" in response["Vary"]


def test_mentor_list_has_pages_of_twelve(cast, client_of):
    for n in range(13):
        factories.make_mentor(cast.program, name=f"Mentor {n:02}")
    client = client_of(cast.mentee.person)
    assert len(listed(client.get(url_of(cast.program)))) == 12
    assert len(listed(client.get(url_of(cast.program), {"page": "2"}))) == 2
    assert len(listed(client.get(url_of(cast.program), {"page": "9e99"}))) == 12
    assert len(listed(client.get(url_of(cast.program), {"page": "9" * 400}))) == 2


@pytest.mark.parametrize(
    "query",
    [
        {"words": "\x00"},
        {"words": "x" * 5000},
        {"words": "\ud800".encode("utf-8", "surrogatepass")},
        {"skill": "no-such-skill"},
        {"language": "\x00"},
        {"day": "9" * 30, "part": "midnight"},
        {"day": "-1"},
        {"page": "\x00"},
    ],
)
def test_mentor_list_survives_bad_input(cast, client_of, query):
    assert client_of(cast.mentee.person).get(url_of(cast.program), query).status_code == 200


@pytest.mark.parametrize("goal", ["garbage", "\x00", "00000000-0000-4000-8000-000000000000"])
def test_mentor_list_of_no_goal_of_ones_own_is_not_found(cast, client_of, goal):
    assert client_of(cast.mentee.person).get(url_of(cast.program), {"goal": goal}).status_code == 404


def test_mentor_list_of_somebody_elses_goal_is_not_found(cast, client_of):
    other = factories.make_goal(factories.make_mentee(cast.program))
    assert client_of(cast.mentee.person).get(url_of(cast.program), {"goal": other.pk}).status_code == 404


def test_mentor_list_is_for_every_member_and_nobody_else(cast, client_of, client):
    for member in (cast.mentor, cast.admin):
        response = client_of(member.person).get(url_of(cast.program))
        assert listed(response) == ["Leila Haddad"]
        assert "Ask for mentoring" not in response.text
    assert client_of(cast.stranger).get(url_of(cast.program)).status_code == 404
    assert client.get(url_of(cast.program)).status_code == 302
    assert client_of(cast.mentee.person).post(url_of(cast.program)).status_code == 405


def test_mentor_list_tells_no_exclusion_to_whoever_changes_their_role(cast, best, client_of):
    Exclusion.objects.create(by=cast.mentor.person, other=cast.mentee.person)
    client = client_of(cast.mentee.person)
    assert listed(client.get(url_of(cast.program))) == ["Zora Best"]
    Membership.objects.filter(pk=cast.mentee.pk).update(is_mentee=False, is_admin=True)
    assert listed(client.get(url_of(cast.program))) == ["Zora Best"]


def test_mentor_list_costs_the_same_queries_for_one_mentor_and_for_twenty(cast, client_of):
    client = client_of(cast.mentee.person)
    client.get(url_of(cast.program))

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url_of(cast.program)).status_code == 200
        return len(captured)

    few = queries()
    for n in range(19):
        factories.make_mentor(
            cast.program, name=f"Mentor {n}", skills={"negotiation": 3, f"skill-{n}": 2}, wishes=("sql",)
        )
    assert queries() == few
