"""The directory: who is in it, what narrows it, in which order and in which pages."""

import itertools
from datetime import datetime, timedelta
from datetime import timezone as offset
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import search, week
from accounts.models import SkillHere, User
from mentoring.programs.directory import Cursor
from mentoring.programs.models import Exclusion, Favourite, Membership
from tests import factories

pytestmark = pytest.mark.django_db
FAR_WEST = offset(-timedelta(hours=23, minutes=59))
MONDAY_NINE = week.from_indices([18, 19])
MONDAY_NOON = week.from_indices([24, 25])


def url_of(program):
    return reverse("programs:directory", args=[program.slug])


def listed(response):
    assert response.status_code == 200
    return [card["member"].person.name for card in response.context["cards"]]


@pytest.fixture
def mentors(cast):
    """Beside Leila: Bao, who is quite different, and Full, who has no place."""
    now = timezone.now()
    bao = factories.make_mentor(
        cast.program, name="Bao Nguyễn", headline="Keeps the books", about="Teaches Mandarin",
        week=MONDAY_NINE,
        skills={"accounting": 4}, languages={"fr": 3, "en": 1}, country="VN", zone="Asia/Tokyo", capacity=5,
    )  # fmt: skip
    full = factories.make_mentor(cast.program, name="Full House", skills={"negotiation": 4}, capacity=0)
    for weeks, member in enumerate([cast.mentor, full, bao]):
        Membership.objects.filter(pk=member.pk).update(joined_at=now - timedelta(weeks=weeks))
    search.heal()
    return {"bao": bao, "full": full}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["Bao Nguyễn", "Leila Haddad"]),
        ({"words": "nguyen"}, ["Bao Nguyễn"]),
        ({"words": "acounting"}, ["Bao Nguyễn"]),
        ({"words": "mandarin books"}, ["Bao Nguyễn"]),
        ({"words": "hadad"}, ["Leila Haddad"]),
        ({"words": "?!"}, ["Bao Nguyễn", "Leila Haddad"]),
        ({"words": "astronomy"}, []),
        ({"kind": "leadership"}, []),
        ({"kind": "technical"}, ["Bao Nguyễn"]),
        ({"kind": "political"}, ["Leila Haddad"]),
        ({"language": "fr"}, ["Bao Nguyễn"]),
        ({"language": "en"}, ["Leila Haddad"]),  # Bao's English is basic
        ({"country": "VN"}, ["Bao Nguyễn"]),
        ({"full": "on"}, ["Bao Nguyễn", "Full House", "Leila Haddad"]),
        ({"full": "on", "words": "negotiation", "country": ""}, ["Full House", "Leila Haddad"]),
        ({"sort": "newest"}, ["Leila Haddad", "Bao Nguyễn"]),
        ({"sort": "places"}, ["Bao Nguyễn", "Leila Haddad"]),
        ({"sort": "places", "full": "on"}, ["Bao Nguyễn", "Leila Haddad", "Full House"]),
        ({"sort": "match"}, ["Bao Nguyễn", "Leila Haddad"]),
        ({"favourites": "on"}, []),
        ({"words": "bao", "language": "fr", "country": "VN", "kind": "technical"}, ["Bao Nguyễn"]),
        ({"words": "bao", "country": "FR"}, []),
    ],
)
def test_directory_narrows_and_orders(cast, mentors, client_of, query, names):
    found = listed(client_of(cast.mentee.person).get(url_of(cast.program), query))
    assert (sorted(found) if query.get("words") else found) == names


def test_directory_by_skill_counts_what_the_program_counts(cast, mentors, client_of):
    client, accounting = client_of(cast.mentee.person), factories.make_skill("accounting")
    ledgers = factories.make_skill("ledgers", name="Ledgers")
    assert listed(client.get(url_of(cast.program), {"skill": accounting.pk})) == ["Bao Nguyễn"]
    assert listed(client.get(url_of(cast.program), {"skill": ledgers.pk})) == []
    SkillHere.objects.create(program=cast.program, skill=accounting, into=ledgers)
    response = client.get(url_of(cast.program), {"skill": ledgers.pk})
    assert listed(response) == ["Bao Nguyễn"]
    assert [skill["name"] for skill in response.context["cards"][0]["skills"]] == ["Ledgers"]


def test_directory_finds_a_skill_by_the_program_s_own_words_and_in_that_program_alone(cast, client_of):
    forge = factories.make_skill("forge", name="Dragon forging", program=cast.program)
    cast.mentor.person.skills.create(skill=forge)
    other = factories.make_program()
    factories.make_member(other, cast.mentor.person, is_mentor=True)
    factories.make_member(other, cast.mentee.person)
    search.heal()
    client = client_of(cast.mentee.person)
    assert listed(client.get(url_of(cast.program), {"words": "dragon"})) == ["Leila Haddad"]
    assert listed(client.get(url_of(other), {"words": "dragon"})) == []


def test_directory_common_hours_are_the_same_instants(cast, mentors, client_of):
    # nine o'clock in Tokyo is midnight in London in winter and one in the morning in summer
    client = client_of(cast.mentee.person)
    bao = mentors["bao"].person
    assert listed(client.get(url_of(cast.program), {"hours": "on"})) == ["Leila Haddad"]
    cast.mentee.person.profile.week = MONDAY_NINE
    cast.mentee.person.profile.save()
    User.objects.filter(pk=cast.mentee.person_id).update(zone="Asia/Seoul")
    assert listed(client.get(url_of(cast.program), {"hours": "on"})) == ["Bao Nguyễn"]
    bao.profile.week = MONDAY_NOON
    bao.profile.save()
    search.refresh([bao.pk])
    assert listed(client.get(url_of(cast.program), {"hours": "on"})) == []


def test_directory_asks_nobody_who_is_full_and_points_to_what_stands(cast, mentors, client_of):
    request = factories.make_request(cast.goal, cast.mentor)
    response = client_of(cast.mentee.person).get(url_of(cast.program), {"full": "on"})
    ask = "engagements:request-new"
    assert reverse(ask, args=[cast.program.slug, mentors["bao"].person_id]) in response.text
    assert reverse(ask, args=[cast.program.slug, mentors["full"].person_id]) not in response.text
    assert reverse(ask, args=[cast.program.slug, cast.mentor.person_id]) not in response.text
    assert reverse("engagements:request-detail", args=[request.pk]) in response.text


def test_directory_of_a_cohort_asks_nobody(cast, mentors, client_of):
    type(cast.program).objects.update(mode="cohort")
    assert "Ask for mentoring" not in client_of(cast.mentee.person).get(url_of(cast.program)).text


def test_directory_shows_somebody_whose_entry_is_missing(cast, client_of):
    assert listed(client_of(cast.mentee.person).get(url_of(cast.program))) == ["Leila Haddad"]


def test_directory_to_htmx_is_the_results_alone(cast, client_of):
    response = client_of(cast.mentee.person).get(url_of(cast.program), headers={"HX-Request": "true"})
    assert "<html" not in response.text
    assert 'id="directory"' in response.text
    assert "HX-Request" in response["Vary"]


@pytest.mark.parametrize(
    "query",
    [
        {"words": "\x00"},
        {"words": "x" * 10_000},
        {"words": "!!! & | :* <->"},
        {"words": "\ud800".encode("utf-8", "surrogatepass")},
        {"skill": "9" * 40, "kind": "\x00", "language": "xx", "country": "' OR 1=1", "sort": "up"},
        {"skill": "-1"},
        # ["newest", "2026-03-01T00:00:00-23:59", …]: an offset that PostgreSQL does not know
        {"sort": "newest", "page": str(Cursor("newest", datetime(2026, 3, 1, tzinfo=FAR_WEST), uuid4()))},
        *({"page": page} for page in ("\x00", "W10", "WyJuYW1lIl0", "eyJhIjoxfQ", "é", "A" * 90_000)),
    ],
)  # fmt: skip
def test_directory_survives_bad_input(cast, mentors, client_of, query):
    assert client_of(cast.mentee.person).get(url_of(cast.program), query).status_code == 200


@pytest.mark.parametrize(
    "key", ["NaN", "Infinity", "1e999", '"\\u0000"', '"\\ud800"', "[1]", "null", "9" * 400, '"0001-01-01"']
)
@pytest.mark.parametrize("sort", ["match", "name", "newest", "places"])
def test_directory_begins_anew_at_a_cursor_that_makes_no_sense(cast, mentors, client_of, sort, key):
    import base64

    told = f'["{sort}", {key}, "00000000-0000-4000-8000-000000000000", false]'
    query = {
        "sort": sort,
        "page": base64.urlsafe_b64encode(told.encode()).decode(),
        "words": "negotiation",
        "full": "1",
    }
    client = client_of(cast.mentee.person)
    assert listed(client.get(url_of(cast.program), query)) == listed(
        client.get(url_of(cast.program), query | {"page": ""})
    )


@pytest.fixture
def crowd(cast):
    """Thirty mentors of which several are equal in every order."""
    now = timezone.now()
    for n in range(30):
        mentor = factories.make_mentor(cast.program, name=f"Mentor {n // 3}", capacity=1 + n % 3)
        Membership.objects.filter(pk=mentor.pk).update(joined_at=now - timedelta(days=n // 5))
    search.heal()


def pages(client, url, query, *, rel):
    while True:
        response = client.get(url, query)
        found = response.context["found"]
        yield [member.pk for member in found.members]
        cursor = found.after if rel == "next" else found.before
        if cursor is None:
            return
        assert f'rel="{rel}"' in response.text
        query = query | {"page": str(cursor)}


@pytest.mark.parametrize("sort", ["match", "name", "newest", "places"])
def test_directory_pages_hold_everybody_once_there_and_back(cast, crowd, client_of, sort):
    client, query = client_of(cast.mentee.person), {"sort": sort, "words": "negotiation"}
    forth = list(pages(client, url_of(cast.program), query, rel="next"))
    assert [len(page) for page in forth] == [12, 12, 7]
    assert len(set(itertools.chain(*forth))) == 31
    last = client.get(url_of(cast.program), query)
    for _ in range(2):
        last = client.get(url_of(cast.program), query | {"page": str(last.context["found"].after)})
    back = list(
        pages(client, url_of(cast.program), query | {"page": str(last.context["found"].before)}, rel="prev")
    )
    assert back == forth[1::-1]


def test_directory_pages_are_stable_while_people_come(cast, crowd, client_of):
    client = client_of(cast.mentee.person)
    first = client.get(url_of(cast.program))
    factories.make_mentor(cast.program, name="Aaron")
    search.heal()
    second = client.get(url_of(cast.program), {"page": str(first.context["found"].after)})
    assert not set(listed_ids(first)) & set(listed_ids(second))
    assert listed(second)[0] >= listed(first)[-1]


def listed_ids(response):
    return [member.pk for member in response.context["found"].members]


def test_directory_costs_the_same_queries_for_ten_and_three_hundred_on_every_page(cast, client_of):
    client, query = client_of(cast.mentee.person), {"words": "negotiation", "hours": "on", "full": "on"}
    add_mentors(cast.program, 10)
    client.get(url_of(cast.program))
    few = queries(client, cast.program, query)
    add_mentors(cast.program, 290)
    assert queries(client, cast.program, query) == few
    after = client.get(url_of(cast.program), query).context["found"].after
    assert queries(client, cast.program, query | {"page": str(after)}) == few


def queries(client, program, query):
    with CaptureQueriesContext(connection) as captured:
        assert listed(client.get(url_of(program), query))
    return len(captured)


def add_mentors(program, count):
    made = [factories.make_mentor(program) for _ in range(count)]
    search.refresh(mentor.person_id for mentor in made)


def test_directory_counts_no_further_than_a_thousand(cast, mentors, client_of, monkeypatch):
    assert "2 mentors" in client_of(cast.mentee.person).get(url_of(cast.program)).text
    monkeypatch.setattr("mentoring.programs.directory.COUNTED", 1)
    assert "More than 1 mentor" in client_of(cast.mentee.person).get(url_of(cast.program)).text


# Favourites


def mark_url(member, what="add"):
    return reverse(f"programs:favourite-{what}", args=[member.program.slug, member.person_id])


def test_favourite_is_marked_listed_and_taken_off(cast, mentors, client_of):
    client, bao = client_of(cast.mentee.person), mentors["bao"]
    back_to = f"{url_of(cast.program)}?sort=newest"
    assert client.post(mark_url(bao), {"next": back_to}).url == back_to
    assert client.post(mark_url(bao), {"next": "https://elsewhere.example/"}).url.endswith(
        f"{bao.person_id}/"
    )
    assert client.post(mark_url(bao), {"next": "//elsewhere.example/"}).url.endswith(f"{bao.person_id}/")
    assert Favourite.objects.count() == 1
    assert listed(client.get(url_of(cast.program), {"favourites": "on"})) == ["Bao Nguyễn"]
    others = client_of(factories.make_mentee(cast.program).person)
    assert listed(others.get(url_of(cast.program), {"favourites": "on"})) == []
    fragment = client.post(mark_url(bao, "remove"), headers={"HX-Request": "true"})
    assert "as favourite" in fragment.text
    assert "<html" not in fragment.text
    assert not Favourite.objects.exists()


def test_favourite_who_pauses_can_be_taken_off_and_no_other_marked(cast, mentors, client_of):
    client, bao = client_of(cast.mentee.person), mentors["bao"]
    client.post(mark_url(bao))
    Membership.objects.filter(pk=bao.pk).update(is_paused=True)
    assert listed(client.get(url_of(cast.program), {"favourites": "on"})) == []
    assert client.post(mark_url(bao)).status_code == 404
    assert client.post(mark_url(bao, "remove")).status_code == 302
    foreign = factories.make_mentor(factories.make_program())
    url = reverse("programs:favourite-add", args=[cast.program.slug, foreign.person_id])
    assert client.post(url).status_code == 404
    assert not Favourite.objects.exists()


def test_favourite_of_somebody_who_excluded_one_is_refused_like_one_who_pauses(cast, mentors, client_of):
    Exclusion.objects.create(by=mentors["bao"].person, other=cast.mentee.person)
    assert client_of(cast.mentee.person).post(mark_url(mentors["bao"])).status_code == 404


def test_skill_that_was_typed_stands_first_on_the_card(cast, client_of):
    strong = dict.fromkeys(["accounting", "hiring", "delegation", "budgets", "python", "welding"], 4)
    factories.make_mentor(cast.program, name="Many Hats", skills=strong | {"zoology": 1})
    search.heal()
    response = client_of(cast.mentee.person).get(url_of(cast.program), {"words": "zoolgy"})
    (card,) = response.context["cards"]
    assert card["skills"][0]["name"] == "Zoology"
