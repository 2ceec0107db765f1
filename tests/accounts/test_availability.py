import pytest
from django.urls import reverse

from accounts import week
from tests import factories

pytestmark = pytest.mark.django_db
URL = reverse("accounts:availability")


def test_availability_saves_exactly_the_ticked_half_hours(client_of):
    person = factories.make_person(week=factories.WORKING_WEEK)

    response = client_of(person).post(URL, {"slots": ["0", "335", "64"]})

    assert response.url == reverse("accounts:profile")
    person.profile.refresh_from_db()
    assert week.unpack(person.profile.week).nonzero()[0].tolist() == [0, 64, 335]


def test_availability_without_a_tick_empties_the_week(client_of):
    person = factories.make_person(week=factories.WORKING_WEEK)

    client_of(person).post(URL, {})

    person.profile.refresh_from_db()
    assert bytes(person.profile.week) == week.EMPTY_WEEK


def test_availability_shows_every_half_hour_once_and_ticks_the_chosen(client_of):
    person = factories.make_person(week=week.from_indices([3, 150]))

    grid = client_of(person).get(URL).context["week"]

    cells = [cell for part in grid.parts for row in part.rows for cell in row.cells]
    assert sorted(cell.value for cell in cells) == list(range(336))
    assert {cell.value: cell.label for cell in cells if cell.checked} == {
        3: "Monday 01:30",
        150: "Thursday 03:00",
    }
    assert [(part.label, part.open) for part in grid.parts] == [
        ("Night, 00:00 to 06:00", True),
        ("Day, 06:00 to 22:00", True),
        ("Late evening, 22:00 to 24:00", False),
    ]


@pytest.mark.parametrize("garbage", ["336", "-1", "1.5", "x", "\0", "٣", "9" * 40, ""])
def test_availability_refuses_garbage_and_keeps_what_made_sense(client_of, garbage):
    person = factories.make_person(week=factories.WORKING_WEEK)

    response = client_of(person).post(URL, {"slots": ["64", garbage]})

    assert "Nothing was saved; choose again." in response.text
    cells = [cell for part in response.context["week"].parts for row in part.rows for cell in row.cells]
    assert [cell.value for cell in cells if cell.checked] == [64]
    person.profile.refresh_from_db()
    assert bytes(person.profile.week) == factories.WORKING_WEEK
