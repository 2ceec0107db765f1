import pytest
from django.urls import reverse

from accounts.models import SpokenLanguage
from tests import factories
from tests.pages import posted_rows

pytestmark = pytest.mark.django_db
URL = reverse("accounts:basics")
FIELDS = {
    "name": "Leila Haddad",
    "headline": "Finds out why patients wait",
    "about": "I began as a ward clerk.\r\nThat was in Beirut.",
    "zone": "Asia/Beirut",
    "country": "LB",
}


def test_basics_saves_person_profile_and_languages(client_of):
    person = factories.make_person(languages={"en": 3, "fr": 1})
    rows = posted_rows("languages", {"code": "ar", "fluency": 4}, {"code": "en", "fluency": 2}, initial=2)

    response = client_of(person).post(URL, FIELDS | rows)

    assert response.url == reverse("accounts:profile")
    person.refresh_from_db()
    assert (person.name, person.zone) == ("Leila Haddad", "Asia/Beirut")
    assert person.profile.about == "I began as a ward clerk.\nThat was in Beirut."
    assert (person.profile.headline, person.profile.country) == ("Finds out why patients wait", "LB")
    assert set(person.languages.values_list("code", "fluency")) == {("ar", 4), ("en", 2)}


def test_basics_keeps_the_week(client_of):
    person = factories.make_person(week=factories.WORKING_WEEK)

    client_of(person).post(URL, FIELDS | posted_rows("languages"))

    person.profile.refresh_from_db()
    assert bytes(person.profile.week) == factories.WORKING_WEEK


def test_basics_works_for_a_person_without_profile(client_of):
    person = factories.make_person()
    person.profile.delete()
    client = client_of(person)

    assert client.get(URL).status_code == 200
    client.post(URL, FIELDS | posted_rows("languages"))

    person = type(person).objects.get(pk=person.pk)
    assert person.profile.headline == "Finds out why patients wait"


def test_basics_names_a_language_listed_twice_beside_its_row_and_saves_nothing(client_of):
    person = factories.make_person(name="Before", languages={"en": 3})
    rows = posted_rows("languages", {"code": "en", "fluency": 3}, {"code": "en", "fluency": 1}, initial=1)

    response = client_of(person).post(URL, FIELDS | rows)

    assert response.context["languages"].errors == [{}, {"code": ["You list this language twice."]}]
    assert "Finds out why patients wait" in response.text
    person.refresh_from_db()
    assert person.name == "Before"
    assert list(person.languages.values_list("code", "fluency")) == [("en", 3)]


def test_basics_ignores_empty_and_removed_rows(client_of):
    person = factories.make_person(languages={"en": 3, "fr": 2})
    rows = posted_rows(
        "languages",
        {"code": "en", "fluency": 3},
        {"code": "", "DELETE": "on"},  # what the page posts once its controls are disabled
        {"code": "", "fluency": 3},
        initial=2,
    )

    response = client_of(person).post(URL, FIELDS | rows)

    assert response.status_code == 302
    assert list(SpokenLanguage.objects.filter(person=person).values_list("code", flat=True)) == ["en"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "   "),
        ("name", "x" * 121),
        ("name", "nul\0"),
        ("headline", "x" * 121),
        ("about", "x" * 3001),
        ("about", "nul\0"),
        ("zone", "Mars/Olympus"),
        ("zone", ""),
        ("country", "XX"),
    ],
)
def test_basics_says_beside_the_field_what_is_wrong(client_of, field, value):
    person = factories.make_person()

    response = client_of(person).post(URL, FIELDS | {field: value} | posted_rows("languages"))

    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]


@pytest.mark.parametrize(
    "rows",
    [
        {},
        {"languages-TOTAL_FORMS": "x", "languages-INITIAL_FORMS": "0"},
        {"languages-TOTAL_FORMS": "99999999", "languages-INITIAL_FORMS": "-3"},
        posted_rows("languages", {"code": "xx", "fluency": 3}),
        posted_rows("languages", {"code": "en", "fluency": 9}),
        posted_rows("languages", {"code": "en\0", "fluency": "nine"}),
        posted_rows("languages", *[{"code": "en", "fluency": 3}] * 41),
    ],
    ids=["none", "garbage", "too many", "no language", "no fluency", "nul", "41 rows"],
)
def test_basics_survives_a_broken_list_of_languages(client_of, rows):
    person = factories.make_person(name="Before", languages={"fr": 4})

    response = client_of(person).post(URL, FIELDS | rows)

    assert response.status_code == 200
    assert list(person.languages.values_list("code", "fluency")) == [("fr", 4)]
    person.refresh_from_db()
    assert person.name == "Before"


def test_basics_survives_a_lone_surrogate(client_of):
    person = factories.make_person()
    body = "name=%ED%A0%80&zone=UTC&languages-TOTAL_FORMS=0&languages-INITIAL_FORMS=0"

    response = client_of(person).post(URL, body, content_type="application/x-www-form-urlencoded")

    assert response.status_code == 302
    person.refresh_from_db()
    assert person.name == "\N{REPLACEMENT CHARACTER}" * 3


def test_basics_puts_a_name_on_one_line(client_of):
    person = factories.make_person()

    client_of(person).post(URL, FIELDS | {"name": "Leila\r\n\r\nGo to x.example"} | posted_rows("languages"))

    person.refresh_from_db()
    assert person.name == "Leila Go to x.example"
