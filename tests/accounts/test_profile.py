from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.models import Confirmation
from tests import factories
from tests.pages import queries_of

pytestmark = pytest.mark.django_db
URL = reverse("accounts:profile")


def confirm(done):
    now = timezone.now()
    fields = {"asked_at": now, "expires_at": now + timedelta(days=30), "answered_at": now}
    Confirmation.objects.create(
        accomplishment=done,
        name="Ada",
        email="a@example.org",
        token_digest=str(done.pk),
        state="confirmed",
        **fields,
    )


def lacking(response):
    return {step.key for step in response.context["steps"] if not step.is_done}


def test_profile_of_a_newcomer_names_what_is_missing_and_links_to_it(client_of):
    person = factories.make_person(headline="", about="", week=bytes(42), languages={})

    response = client_of(person).get(URL)

    steps = response.context["steps"]
    assert all(not step.is_done and reverse(step.url_name) in response.text for step in steps)
    assert {step.url_name for step in steps} == {
        "accounts:basics",
        "accounts:skills",
        "accounts:exchange",
        "accounts:availability",
        "accounts:accomplishment-new",
        "accounts:learning-new",
    }
    assert (response.context["share"], response.context["first"].key) == (0, "languages")


def test_profile_asks_a_mentor_for_no_offer_and_a_mentee_for_no_skills(client_of):
    program = factories.make_program()
    mentor, mentee = factories.make_mentor(program, skills={}), factories.make_mentee(program)
    mentor.person.skills.all().delete()

    of_mentor = lacking(client_of(mentor.person).get(URL))
    of_mentee = lacking(client_of(mentee.person).get(URL))

    assert of_mentor - of_mentee == {"skills", "backing", "wishes"}
    assert of_mentee - of_mentor == {"offers", "accomplishment"}


def test_profile_meter_names_first_what_weighs_most_in_matching(client_of):
    program = factories.make_program()
    mentor = factories.make_mentor(program)
    client = client_of(mentor.person)
    skill = mentor.person.skills.get().skill

    told = []
    mentor.person.skills.all().delete()
    for add in (
        lambda: mentor.person.skills.create(skill=skill, level=3),
        lambda: mentor.person.accomplishments.create(what="A", how="B", on=date(2025, 1, 2)).skills.add(
            skill
        ),
    ):
        context = client.get(URL).context
        told.append((context["first"].key, context["adds"], context["share"]))
        add()
    context = client.get(URL).context

    # of 50 that the three kinds of skill weigh, 0.8 count without an accomplishment; 90 is all of a mentor's
    assert told == [("skills", 44, 26), ("backing", 11, 71)]
    assert (context["first"].key, context["share"]) == ("learning", 82)


def test_profile_meter_puts_a_language_before_all_for_nobody_is_matched_without(client_of):
    person = factories.make_mentee(factories.make_program(), languages={}, week=bytes(42)).person

    context = client_of(person).get(URL).context

    assert context["first"].key == "languages"
    assert [step.key for step in context["others"]][:2] == ["hours", "offers"]


def test_profile_that_lacks_nothing_says_nothing_of_it(client_of):
    person = factories.make_person()
    skill = factories.make_skill("negotiation").pk
    services.save_skills(person, [(skill, 3)])
    services.save_exchange(person, wishes=[skill], offers=[(skill, "")])
    person.accomplishments.create(what="A ward", how="Kindly", on=date(2025, 1, 2)).skills.add(skill)
    person.learning_records.create(what="A book", kind="book", on=date(2025, 1, 2))

    response = client_of(person).get(URL)

    assert lacking(response) == set()
    assert response.context["share"] == 100
    assert "What would help most" not in response.text


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
        done = person.accomplishments.create(what=slug, how=slug, on=timezone.localdate())
        done.skills.add(skill)
        confirm(done)

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
