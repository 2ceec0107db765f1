from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import services
from tests import factories
from tests.pages import queries_of

pytestmark = pytest.mark.django_db
URL = reverse("accounts:profile")


def test_profile_of_a_newcomer_names_what_is_missing_and_links_to_it(client_of):
    person = factories.make_person(headline="", about="", week=bytes(42), languages={})

    response = client_of(person).get(URL)

    gaps = {gap.url_name for gap in response.context["gaps"]}
    assert gaps == {
        "accounts:basics",
        "accounts:skills",
        "accounts:exchange",
        "accounts:availability",
        "accounts:accomplishment-new",
        "accounts:learning-new",
    }
    assert all(reverse(name) in response.text for name in gaps)


def test_profile_asks_a_mentor_for_no_offer_and_a_mentee_for_no_skills(client_of):
    program = factories.make_program()
    mentor, mentee = factories.make_mentor(program, skills={}), factories.make_mentee(program)
    mentor.person.skills.all().delete()

    def missing(person):
        return {gap.title for gap in client_of(person).get(URL).context["gaps"]}

    assert missing(mentor.person) - missing(mentee.person) == {"Your skills"}
    assert missing(mentee.person) - missing(mentor.person) == {"What you can offer in return"}


def test_profile_that_lacks_nothing_says_nothing_of_it(client_of):
    person = factories.make_person()
    skill = factories.make_skill("negotiation").pk
    services.save_skills(person, [(skill, 3)])
    services.save_exchange(person, wishes=[skill], offers=[(skill, "")])
    person.accomplishments.create(what="A ward", how="Kindly", on=date(2025, 1, 2))
    person.learning_records.create(what="A book", kind="book", on=date(2025, 1, 2))

    response = client_of(person).get(URL)

    assert response.context["gaps"] == []
    assert "What would still help" not in response.text


def test_profile_of_a_person_without_profile_row_is_there(client_of):
    person = factories.make_person()
    person.profile.delete()

    assert client_of(person).get(URL).status_code == 200


def test_profile_costs_the_same_queries_at_one_and_at_three(client_of):
    person = factories.make_person()
    client = client_of(person)
    slugs = ["negotiation", "sql", "delegation"]

    def fill(slug):
        skill = factories.make_skill(slug)
        person.skills.create(skill=skill)
        person.wishes.create(skill=skill)
        person.offers.create(skill=skill)
        person.learning_records.create(what=slug, kind="book", on=timezone.localdate())
        person.accomplishments.create(what=slug, how=slug, on=timezone.localdate()).skills.add(skill)

    fill(slugs[0])
    at_one = queries_of(client, URL)
    fill(slugs[1])
    fill(slugs[2])

    assert queries_of(client, URL) == at_one


def test_profile_escapes_what_people_write(client_of):
    person = factories.make_person(headline="<b>bold</b>", about="<script>alert(1)</script>")

    page = client_of(person).get(URL).text

    assert "<b>bold</b>" not in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "name",
    ["profile", "basics", "skills", "exchange", "availability", "accomplishment-new", "learning-new"],
)
def test_profile_pages_send_the_anonymous_to_sign_in(client, name):
    url = reverse(f"accounts:{name}")

    assert client.get(url).url == f"{reverse('account_login')}?next={url}"
    assert client.post(url).url == f"{reverse('account_login')}?next={url}"
