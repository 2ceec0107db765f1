"""Learning passion told from its evidence: one source for the figure, and no figure for others."""

import math
import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from matching.fits import fit_of
from tests import factories
from tests.pages import queries_of

pytestmark = pytest.mark.django_db
WHY = reverse("accounts:learning-why")
TODAY = date(2026, 3, 1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=False):
        yield


def make_records(person, *ages):
    for age in ages:
        person.learning_records.create(what=f"Book {age}", kind="book", on=TODAY - timedelta(days=age))


def test_learning_why_tells_the_figure_and_what_each_record_adds(client_of):
    person = factories.make_person()
    make_records(person, 0, 365, 1095)

    response = client_of(person).get(WHY)

    fresh = 1 + 1 / 2 + 1 / 8
    assert response.context["points"] == round(100 * (1 - math.exp(-fresh / 2)))
    rows = [(row.record.what, row.age, row.worth, row.is_little) for row in response.context["rows"]]
    assert rows == [
        ("Book 0", "under a month", 1.0, False),
        ("Book 365", "12 months", 0.5, False),
        ("Book 1095", "3 years", 0.125, True),
    ]
    withouts = [row.without for row in response.context["rows"]]
    assert withouts == [round(100 * (1 - math.exp(-(fresh - own) / 2))) for own in (1, 1 / 2, 1 / 8)]
    assert response.text.count("counts little by now") == 1


def test_learning_why_is_the_figure_that_matching_reads(cast, client_of):
    make_records(cast.mentor.person, 3, 200, 800)
    pair, column = fit_of(cast.goal, cast.mentor.person, TODAY)
    parts = pair.explanation(0, column, voice="mentor", zone="UTC").parts
    read = next(part.score for part in parts if part.name == "passion")

    points = client_of(cast.mentor.person).get(WHY).context["points"]

    assert points == pytest.approx(100 * read, abs=0.51)


def test_learning_why_without_records_is_nought_and_with_many_never_a_hundred(client_of):
    person = factories.make_person()
    client = client_of(person)
    assert client.get(WHY).context["points"] == 0
    make_records(person, *range(9))
    assert 98 <= client.get(WHY).context["points"] < 100


def test_learning_of_the_future_or_long_ago_is_no_error(client_of):
    person = factories.make_person()
    make_records(person, -40, 36_000)

    rows = client_of(person).get(WHY).context["rows"]

    assert [row.worth for row in rows] == [1.0, 0.0]


def test_learning_record_older_than_two_years_is_faded_to_everybody_without_a_figure(cast, client_of):
    make_records(cast.mentor.person, 10, 729, 731)
    url = reverse("programs:person-detail", args=[cast.program.slug, cast.mentor.person_id])

    for reader in (cast.mentee, cast.mentor):
        page = client_of(reader.person).get(url).text
        faded = re.findall(r'<li class="stack stack--tight is-faded">\s*<h3>([^<]+)', page)
        assert faded == ["Book 731"]
        assert page.count("counts little by now") == 1
    told = client_of(cast.mentee.person).get(url).text
    assert "Learning passion" not in told.partition('id="learning-title"')[2]
    assert WHY not in told
    own = client_of(cast.mentor.person).get(reverse("accounts:profile")).text
    assert WHY in own


def test_learning_why_costs_the_same_queries_at_one_and_at_three(client_of):
    person = factories.make_person()
    client = client_of(person)
    make_records(person, 1)
    at_one = queries_of(client, WHY)
    make_records(person, 2, 3)
    assert queries_of(client, WHY) == at_one
