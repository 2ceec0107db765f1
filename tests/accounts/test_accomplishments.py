from datetime import UTC, date, datetime

import pytest
import time_machine
from django.urls import reverse

from accounts import services
from accounts.models import Accomplishment
from tests import factories

pytestmark = pytest.mark.django_db
NEW = reverse("accounts:accomplishment-new")
FIELDS = {
    "what": "Brought the wait for a bed down to four hours",
    "how": "The night porters' plan, with their names above mine.",
    "on": "2025-06-01",
    "link": "https://haddad.example/porters",
}


def make_accomplishment(person, **over):
    fields = {"what": "A ward", "how": "Kindly", "on": date(2025, 1, 2)} | over
    return Accomplishment.objects.create(person=person, **fields)


def test_accomplishment_new_saves_what_how_and_the_skills_it_shows(client_of):
    person = factories.make_person()
    skill = factories.make_skill("negotiation")
    services.save_skills(person, [(skill.pk, 3)])

    response = client_of(person).post(NEW, FIELDS | {"skills": [skill.pk]})

    assert response.url == reverse("accounts:profile")
    saved = person.accomplishments.get()
    assert (saved.what, saved.how, saved.link) == (FIELDS["what"], FIELDS["how"], FIELDS["link"])
    assert saved.on == date(2025, 6, 1)
    assert list(saved.skills.all()) == [skill]


def test_accomplishment_offers_ones_own_skills_alone(client_of):
    person = factories.make_person()
    own, foreign = factories.make_skill("negotiation"), factories.make_skill("sql")
    services.save_skills(person, [(own.pk, 3)])
    client = client_of(person)

    offered = client.get(NEW).context["form"].fields["skills"].queryset
    refused = client.post(NEW, FIELDS | {"skills": [foreign.pk]}).context["form"]

    assert list(offered) == [own]
    assert list(refused.errors) == ["skills"]


def test_accomplishment_edit_keeps_a_skill_that_is_listed_no_more(client_of):
    person = factories.make_person()
    skill = factories.make_skill("negotiation")
    accomplishment = make_accomplishment(person)
    accomplishment.skills.add(skill)
    url = reverse("accounts:accomplishment-edit", args=[accomplishment.pk])

    client_of(person).post(url, FIELDS | {"skills": [skill.pk]})

    accomplishment.refresh_from_db()
    assert accomplishment.what == FIELDS["what"]
    assert list(accomplishment.skills.all()) == [skill]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("what", ""),
        ("what", "x" * 301),
        ("how", ""),
        ("how", "\0"),
        ("on", "0001-01-01"),
        ("on", "1929-12-31"),
        ("on", "9999-12-31"),
        ("on", "99999-01-01"),
        ("on", "yesterday"),
        ("on", "\0"),
        ("link", "javascript:alert(1)"),
        ("link", "ftp://haddad.example/"),
        ("link", "https://[broken"),
        ("link", "https://x.example/" + "x" * 500),
        ("skills", "x"),
        ("skills", "\0"),
        ("skills", "9" * 40),
    ],
)
def test_accomplishment_says_beside_the_field_what_is_wrong(client_of, field, value):
    person = factories.make_person()

    response = client_of(person).post(NEW, FIELDS | {field: value})

    assert list(response.context["form"].errors) == [field]
    assert not person.accomplishments.exists()


def test_accomplishment_may_be_of_today_in_the_readers_zone(client_of):
    person = factories.make_person(zone="Pacific/Auckland")
    client = client_of(person)

    with time_machine.travel(datetime(2026, 3, 4, 12, tzinfo=UTC), tick=False):  # there it is 5 March
        today = client.post(NEW, FIELDS | {"on": "2026-03-05"})
        tomorrow = client.post(NEW, FIELDS | {"on": "2026-03-06"})

    assert today.status_code == 302
    assert tomorrow.context["form"].errors == {"on": ["This date has not come yet."]}


def test_accomplishment_delete_asks_first_and_deletes_on_post(client_of):
    person = factories.make_person()
    accomplishment = make_accomplishment(person)
    client, url = client_of(person), reverse("accounts:accomplishment-delete", args=[accomplishment.pk])

    assert "A ward" in client.get(url).text
    assert person.accomplishments.count() == 1
    assert client.post(url).url == reverse("accounts:profile")
    assert not person.accomplishments.exists()
    assert client.post(url).status_code == 404


@pytest.mark.parametrize("name", ["accounts:accomplishment-edit", "accounts:accomplishment-delete"])
def test_accomplishment_of_somebody_else_is_not_found_and_stays(client_of, client, name):
    accomplishment = make_accomplishment(factories.make_person())
    url = reverse(name, args=[accomplishment.pk])
    stranger = client_of(factories.make_person())

    assert stranger.get(url).status_code == 404
    assert stranger.post(url, FIELDS).status_code == 404
    assert client.post(url, FIELDS).url == f"{reverse('account_login')}?next={url}"
    accomplishment.refresh_from_db()
    assert accomplishment.what == "A ward"


def test_accomplishment_with_an_impossible_number_is_not_found(client_of):
    person = factories.make_person()

    assert client_of(person).get(f"/profile/accomplishments/{'9' * 40}/").status_code == 404
    assert client_of(person).get(f"/profile/accomplishments/{'9' * 5000}/").status_code == 404
