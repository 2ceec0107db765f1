from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mentoring.goals.models import Goal
from tests import factories
from tests.pages import posted_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(cast):
    return reverse("goals:goal-new", args=[cast.program.slug])


@pytest.fixture
def fields():
    return {
        "title": "Run the rota myself",
        "why": "Ten people\r\nlook to me.",
        "success": "Nobody swaps a night unasked.",
        "target_on": str(timezone.localdate() + timedelta(weeks=20)),
        "blocker": "I avoid the hard talks.",
    }


def wanted(*slugs, importance=3):
    rows = [{"skill": factories.make_skill(slug).pk, "importance": importance} for slug in slugs]
    return posted_rows("skills", *rows)


def test_goal_new_writes_the_goal_and_seals_what_blocks(cast, client_of, url, fields):
    member = factories.make_mentee(cast.program)

    response = client_of(member.person).post(url, fields | wanted("negotiation", "sql"))

    goal = Goal.objects.get(mentee=member.person)
    assert response.url == reverse("goals:goal-detail", args=[goal.pk])
    assert (goal.program, goal.title, goal.why) == (cast.program, fields["title"], "Ten people\nlook to me.")
    skills = set(goal.skills_wanted.values_list("skill__slug", "importance"))
    assert skills == {("negotiation", 3), ("sql", 3)}
    assert goal.read_blocker() == "I avoid the hard talks."
    assert b"hard talks" not in bytes(goal.blocker_sealed)


def test_goal_new_needs_no_blocker(cast, client_of, url, fields):
    member = factories.make_mentee(cast.program)

    client_of(member.person).post(url, fields | {"blocker": ""} | wanted("sql"))

    assert bytes(Goal.objects.get(mentee=member.person).blocker_sealed) == b""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("title", "x" * 121),
        ("title", "\0"),
        ("why", ""),
        ("why", "x" * 2001),
        ("success", ""),
        ("blocker", "x" * 2001),
        ("blocker", "\0"),
        ("target_on", "0001-01-01"),
        ("target_on", "9999-12-31"),
        ("target_on", "2026-02-30"),
        ("target_on", "99999-01-01"),
        ("target_on", "\0"),
        ("target_on", ""),
    ],
)
def test_goal_new_says_beside_the_field_what_is_wrong_and_keeps_the_rest(
    cast, client_of, url, fields, field, value
):
    before = Goal.objects.count()

    response = client_of(cast.mentee.person).post(url, fields | {field: value} | wanted("sql"))

    assert list(response.context["form"].errors) == [field]
    kept = {name: response.context["form"][name].value() for name in fields}
    assert kept == fields | {field: value}
    assert response.context["rows"].forms[0]["skill"].value() == str(factories.make_skill("sql").pk)
    assert Goal.objects.count() == before


@pytest.mark.parametrize(("days", "says"), [(0, "still to come"), (731, "within the next two years")])
def test_goal_new_is_for_a_day_to_come_within_two_years(cast, client_of, url, fields, days, says):
    client = client_of(cast.mentee.person)

    def post(number_of_days):
        today = timezone.localdate(timezone=cast.mentee.person.zone_info)
        on = today + timedelta(days=number_of_days)
        return client.post(url, fields | {"target_on": str(on)} | wanted("sql"))

    (error,) = post(days).context["form"].errors["target_on"]
    assert says in error
    assert post(min(max(days, 1), 730)).status_code == 302


@pytest.mark.parametrize("row", [{"skill": "", "importance": 2}, {"skill": "", "DELETE": "on"}])
def test_goal_new_needs_a_skill(cast, client_of, url, fields, row):
    response = client_of(cast.mentee.person).post(url, fields | posted_rows("skills", row))

    assert response.context["rows"].non_form_errors() == ["Name at least one skill: mentors are found by it."]
    assert "Name at least one skill: mentors are found by it." in response.text


def test_goal_new_tells_a_skill_wanted_twice_beside_its_row(cast, client_of, url, fields):
    response = client_of(cast.mentee.person).post(url, fields | wanted("sql", "sql"))

    assert response.context["rows"].errors == [{}, {"skill": ["You want this skill twice."]}]


@pytest.mark.parametrize("importance", ["0", "4", "x", "\0", ""])
def test_goal_new_refuses_an_importance_that_is_none(cast, client_of, url, fields, importance):
    response = client_of(cast.mentee.person).post(url, fields | wanted("sql", importance=importance))

    assert [list(row) for row in response.context["rows"].errors] == [["importance"]]


def test_goal_new_is_for_mentees_of_the_program_alone(cast, client_of, client, url, fields):
    before = Goal.objects.count()

    for person in (cast.mentor.person, cast.admin.person, cast.stranger):
        assert client_of(person).get(url).status_code == 404
        assert client_of(person).post(url, fields | wanted("sql")).status_code == 404
    assert client.post(url, fields).url == f"{reverse('account_login')}?next={url}"
    assert Goal.objects.count() == before


def test_goal_new_puts_the_title_on_one_line(cast, client_of, url, fields):
    member = factories.make_mentee(cast.program)
    titled = {"title": "Run the rota\r\n\r\nGo to x.example"}

    client_of(member.person).post(url, fields | wanted("sql") | titled)

    assert Goal.objects.get(mentee=member.person).title == "Run the rota Go to x.example"
