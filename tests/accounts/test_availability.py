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


def preview_of(response):
    preview = response.context["preview"]
    return preview["zone"], {day.weekday: day.spans for day in preview["days"] if day.spans}


def test_availability_shows_the_saved_week_by_another_clock(client_of):
    person = factories.make_person(week=week.from_indices([64, 65]), zone="Asia/Kolkata")

    response = client_of(person).get(URL, {"zone": "Asia/Kathmandu"})

    assert preview_of(response) == ("Kathmandu (Asia)", {"Tuesday": ["08:15–09:15"]})
    assert "<html" in response.text


def test_availability_shows_what_is_painted_and_not_saved_as_a_part_of_the_page(client_of):
    person = factories.make_person(week=factories.WORKING_WEEK, zone="Asia/Kolkata")
    painted = {"zone": "Asia/Kathmandu", "painted": "1", "slots": ["64", "x", "400"]}

    response = client_of(person).get(URL, painted, headers={"HX-Request": "true"})

    assert preview_of(response) == ("Kathmandu (Asia)", {"Tuesday": ["08:15–08:45"]})
    assert "<html" not in response.text
    person.profile.refresh_from_db()
    assert bytes(person.profile.week) == factories.WORKING_WEEK


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "\0", "../../etc/passwd", "x" * 5000])
def test_availability_by_a_clock_that_is_none_says_so(client_of, zone):
    response = client_of(factories.make_person()).get(URL, {"zone": zone})

    assert response.context["preview"] is None
    assert response.text.count("Choose a time zone from the list.") == 1


def test_availability_offers_the_clocks_of_people_met_first_and_shows_one(cast, client_of):
    mentor = cast.mentor.person
    mentor.zone = "Asia/Beirut"
    mentor.save(update_fields=["zone"])
    client = client_of(cast.mentee.person)
    assert client.get(URL).context["preview"] is None

    factories.make_engagement(cast.goal, cast.mentor)

    response = client.get(URL)
    assert response.context["preview"]["zone"] == "Beirut (Asia)"
    assert response.context["elsewhere"].fields["zone"].choices[1] == (
        "People you meet",
        [("Asia/Beirut", "Leila Haddad: Beirut (Asia)")],
    )
    assert client.get(URL, {"zone": ""}).context["preview"] is None


def test_availability_leads_to_pauses_and_time_away(cast, client_of):
    page = client_of(cast.mentee.person).get(URL).text

    assert reverse("schedule:time-away-list") in page
    assert reverse("programs:membership", args=[cast.program.slug]) in page


def test_person_detail_shows_when_two_could_meet_by_both_clocks(cast, client_of):
    mentor = cast.mentor.person
    mentor.zone = "Asia/Kathmandu"
    mentor.save(update_fields=["zone"])
    url = reverse("programs:person-detail", args=[cast.program.slug, mentor.pk])

    page = " ".join(client_of(cast.mentee.person).get(url).text.split())

    assert "When you could meet" in page
    assert "Leila’s, in Kathmandu (Asia)" in page
    assert page.count('class="two-weeks__both"') == 5


def test_person_detail_says_when_the_reader_has_set_no_hours(cast, client_of):
    cast.mentee.person.profile.week = week.EMPTY_WEEK
    cast.mentee.person.profile.save(update_fields=["week"])
    url = reverse("programs:person-detail", args=[cast.program.slug, cast.mentor.person_id])

    assert "You have set no hours yet." in client_of(cast.mentee.person).get(url).text
    own = reverse("programs:person-detail", args=[cast.program.slug, cast.mentee.person_id])
    assert "When you could meet" not in client_of(cast.mentee.person).get(own).text
