import pytest
from django.urls import reverse

from accounts import services
from tests import factories
from tests.pages import posted_rows

pytestmark = pytest.mark.django_db
URL = reverse("accounts:exchange")


def test_exchange_saves_wishes_and_offers(client_of):
    person = factories.make_person()
    sql, delegation, coaching = (factories.make_skill(slug).pk for slug in ("sql", "delegation", "coaching"))
    services.save_exchange(person, wishes=[coaching], offers=[(coaching, "")])
    rows = posted_rows("wishes", {"skill": delegation}) | posted_rows(
        "offers", {"skill": sql, "words": "I can build a dashboard with you."}
    )

    response = client_of(person).post(URL, rows)

    assert response.url == reverse("accounts:profile")
    assert list(person.wishes.values_list("skill", flat=True)) == [delegation]
    assert list(person.offers.values_list("skill", "words")) == [(sql, "I can build a dashboard with you.")]


def test_exchange_saves_neither_when_one_is_wrong_and_keeps_both(client_of):
    person = factories.make_person()
    sql, delegation = (factories.make_skill(slug).pk for slug in ("sql", "delegation"))
    rows = posted_rows("wishes", {"skill": delegation}) | posted_rows(
        "offers", {"skill": sql, "words": "A first"}, {"skill": sql, "words": "A second"}
    )

    response = client_of(person).post(URL, rows)

    assert response.context["offers"].errors == [{}, {"skill": ["You offer this skill twice."]}]
    assert [form["words"].value() for form in response.context["offers"]] == ["A first", "A second"]
    assert response.context["wishes"].forms[0]["skill"].value() == str(delegation)
    assert not person.wishes.exists()
    assert not person.offers.exists()


def test_exchange_refuses_words_that_are_too_long_or_hold_nul(client_of):
    person = factories.make_person()
    sql, delegation = (factories.make_skill(slug).pk for slug in ("sql", "delegation"))
    rows = posted_rows("wishes") | posted_rows(
        "offers", {"skill": sql, "words": "x" * 301}, {"skill": delegation, "words": "\0"}
    )

    errors = client_of(person).post(URL, rows).context["offers"].errors

    assert [list(row) for row in errors] == [["words"], ["words"]]
