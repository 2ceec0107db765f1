"""What a profile says finds the person: whole words, synonyms, words mistyped, in any script."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import search, services, week
from accounts.models import SearchEntry, User
from tests import factories

pytestmark = pytest.mark.django_db


def found(words):
    names = User.objects.in_bulk(search.among(words, User.objects.all()))
    return sorted(person.name for person in names.values())


@pytest.fixture
def people():
    ops = factories.make_person(name="Zoë Łuczak", headline="Keeps the cluster up")
    k8s = factories.make_skill("kubernetes", synonyms=["k8s", "container orchestration"])
    type(k8s).objects.filter(pk=k8s.pk).update(synonyms=["k8s", "container orchestration"])
    ops.skills.create(skill=k8s)
    talks = factories.make_person(name="Bao Nguyễn", headline="", about="I taught the art of listening.")
    talks.skills.create(skill=factories.make_skill("public-speaking"))
    scripts = ["Ольга Иванова", "山田太郎", "김민준", "مريم حسن", "प्रिया शर्मा", "Γιώργος", "ณัฐพงศ์"]
    for name in scripts:
        factories.make_person(name=name, headline="", about="")
    search.heal()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("k8s", ["Zoë Łuczak"]),
        ("K8S", ["Zoë Łuczak"]),
        ("kubernets", ["Zoë Łuczak"]),
        ("kuber", ["Zoë Łuczak"]),
        ("container orchestration", ["Zoë Łuczak"]),
        ("zoe luczak", ["Zoë Łuczak"]),
        ("luzcak", ["Zoë Łuczak"]),
        ("keeping clusters", ["Zoë Łuczak"]),
        ("public speking", ["Bao Nguyễn"]),
        ("pubilc speaking", ["Bao Nguyễn"]),
        ("nguyen", ["Bao Nguyễn"]),
        ("the art of listening", ["Bao Nguyễn"]),
        ("ольга", ["Ольга Иванова"]),
        ("олга иваново", ["Ольга Иванова"]),
        ("olga", ["Ольга Иванова"]),
        ("太郎", ["山田太郎"]),
        ("山田", ["山田太郎"]),
        ("김민준", ["김민준"]),
        ("김민", ["김민준"]),
        ("حسن", ["مريم حسن"]),
        ("शर्मा", ["प्रिया शर्मा"]),
        ("ΓΙΏΡΓΟΣ", ["Γιώργος"]),
        ("ณัฐพงศ์", ["ณัฐพงศ์"]),
        ("kubernetes speaking", []),
        ("xylophone", []),
    ],
)
def test_search_finds(people, words, names):
    assert found(words) == names


@pytest.mark.parametrize(
    "words",
    [
        "\x00", "\ud800", "x" * 10_000, "山" * 10_000, "!!! ??", "a & b | !c <-> (d:*", "'", "\\", "%",
        "'; --", "-negotiation OR", ":*", "<%", "é" * 300, "🦉", "ﷺ" * 50,
    ],
)  # fmt: skip
def test_search_takes_anything(people, words):
    found(words)
    if not search.words_of(words):
        return
    with search.tolerance():
        list(SearchEntry.objects.annotate(score=search.score(search.words_of(words))).values("score"))


def test_words_of_a_program_s_own_skill_find_nobody():
    person = factories.make_person()
    skill = factories.make_skill("secret-forge", program=factories.make_program(), synonyms=["smithing"])
    person.skills.create(skill=skill)
    search.refresh([person.pk])
    assert found("secret forge") == found("smithing") == []


def test_every_save_of_a_profile_is_found_at_once(client):
    person = factories.make_person(name="Before")
    services.save_basics(
        person, name="Afterwards", zone="UTC", headline="Mends clocks", about="", country="", languages=[]
    )
    assert found("afterwards") == found("clocks") == ["Afterwards"]
    assert found("before") == []
    services.save_skills(person, [(factories.make_skill("welding").pk, 3)])
    assert found("welding") == ["Afterwards"]
    services.save_skills(person, [])
    assert found("welding") == []
    services.save_exchange(person, wishes=[], offers=[(factories.make_skill("chess").pk, "a game at noon")])
    assert found("noon") == ["Afterwards"]


def test_hours_are_those_of_utc_this_week():
    monday_nine = week.from_indices([18, 19])
    tokyo = factories.make_person(zone="Asia/Tokyo", week=monday_nine)
    nepal = factories.make_person(zone="Asia/Kathmandu", week=week.from_indices([18, 19, 20]))
    search.heal()

    def half_hours(person):
        bits = SearchEntry.objects.get(person=person).week
        return [place for place, bit in enumerate(bits) if bit == "1"]

    assert half_hours(tokyo) == [0, 1]
    assert half_hours(nepal) == [7, 8]  # 09:00 is 03:15: ragged ends are not counted


def test_heal_makes_what_is_missing_and_what_is_of_another_week():
    persons = [factories.make_person() for _ in range(3)]
    assert search.heal() == 3
    assert search.heal() == 0
    SearchEntry.objects.filter(person=persons[0]).update(week_of="2020-01-06")
    persons[1].search_entry.delete()
    assert search.heal() == 2


def test_refresh_costs_as_many_queries_for_fifty_as_for_one():
    persons = [factories.make_person().pk for _ in range(50)]
    with CaptureQueriesContext(connection) as one:
        search.refresh(persons[:1])
    with CaptureQueriesContext(connection) as fifty:
        search.refresh(persons)
    assert len(one) == len(fifty)
