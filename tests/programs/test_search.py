"""Twenty thousand mentors: words mistyped, half typed and meant find the right ones, by the indexes."""

import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import search
from accounts.models import PersonSkill, Profile, SearchEntry, Skill, User
from accounts.plain import words_of
from accounts.vocabulary import vocabulary_of
from mentoring.programs.directory import find, narrowed, ordered
from mentoring.programs.models import Membership, Program
from tests import factories

pytestmark = pytest.mark.django_db  # each within a savepoint of what `world` began
MANY = 20_000
GIVEN = [
    "Amara",
    "Bao",
    "Chidi",
    "Dilnoza",
    "Elif",
    "Farid",
    "Greta",
    "Hiro",
    "Ilse",
    "Jonas",
    "Kofi",
    "Lena",
]
FAMILY = ["Adeyemi", "Berg", "Castillo", "Dubois", "Eriksen", "Fontana", "Gupta", "Hansen", "Ito", "Jansen"]
TRADES = ["Runs a ward", "Builds bridges", "Teaches chemistry", "Keeps the books", "Repairs turbines"]
# name, headline and skill (by a part of its name) of those who are looked for
SOUGHT = [
    ("Quirina Xanthopoulos", "Restores church organs", "Negotiation"),
    ("Ольга Верещагина", "Looks after reindeer", "Public speaking"),
    ("山田太郎", "Folds satellites", "Kubernetes"),
    ("김민준", "Tunes violins", "Negotiation"),
    ("مريم الزهراء", "Breeds falcons", "Negotiation"),
    ("प्रियंका शर्मा", "Maps glaciers", "Negotiation"),
    ("Γιώργος Παπαδόπουλος", "Dives for sponges", "Negotiation"),
    ("ณัฐพงศ์", "Weaves silk", "Negotiation"),
    ("გიორგი ბერიძე", "Grows saffron", "Negotiation"),
    ("אברהם לוי", "Binds books by hand", "Negotiation"),
]
QUERIES = [
    ("quirina", 0), ("xantopoulos", 0), ("kwirina xanthopoulos", 0), ("church orgnas", 0),
    ("restoring organs", 0), ("ольга", 1), ("верешагина", 1), ("olga", 1), ("reindeers", 1), ("raindeer", 1),
    ("山田", 2), ("太郎", 2), ("folding satelites", 2), ("김민준", 3), ("مريم", 4), ("glacier map", 5),
    ("शर्मा", 5), ("γιωργος", 6), ("ბერიძე", 8), ("saffron grow", 8), ("לוי", 9), ("ณัฐพงศ์", 7),
]  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_setup: Any, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """Made once and taken back at the end."""
    with django_db_blocker.unblock():
        block = transaction.atomic()
        block.__enter__()
        try:
            yield _made()
        finally:
            transaction.set_rollback(True)
            block.__exit__(None, None, None)


def _made() -> dict[str, Any]:
    rng, now = random.Random(5), timezone.now()
    skills = list(Skill.objects.filter(program=None).exclude(name__in=["Kubernetes", "Public speaking"]))
    named = {skill.name: skill for skill in Skill.objects.filter(program=None)}
    program = Program.objects.create(slug="search-many", name="Many")
    reader = factories.make_mentee(program, name="Reader")
    people = [
        User(email=f"many{n}@example.org", name=f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}", password="!")
        for n in range(MANY - len(SOUGHT))
    ]
    sought = [
        User(email=f"sought{n}@example.org", name=name, password="!") for n, (name, _, _) in enumerate(SOUGHT)
    ]
    User.objects.bulk_create(people + sought)
    Profile.objects.bulk_create(
        Profile(
            person=person,
            headline=rng.choice(TRADES),
            # as much as of a long profile, which the database keeps apart from the row
            about=" ".join(rng.randbytes(400).hex() for _ in range(5)),
        )
        for person in people
    )
    Profile.objects.bulk_create(
        Profile(person=person, headline=line) for person, (_, line, _) in zip(sought, SOUGHT, strict=True)
    )
    PersonSkill.objects.bulk_create(
        PersonSkill(person=person, skill=skill) for person in people for skill in rng.sample(skills, 3)
    )
    PersonSkill.objects.bulk_create(
        PersonSkill(person=person, skill=named[skill])
        for person, (_, _, skill) in zip(sought, SOUGHT, strict=True)
        if skill in named
    )
    Membership.objects.bulk_create(
        Membership(program=program, person=person, is_mentor=True, joined_at=now)
        for person in people + sought
    )
    search.refresh(person.pk for person in people + sought)
    with connection.cursor() as cursor:
        # what autovacuum does in its time
        cursor.execute("SELECT gin_clean_pending_list('search_entry_words')")
        cursor.execute("SELECT gin_clean_pending_list('search_entry_letters')")
        cursor.execute("ANALYZE accounts_searchentry, programs_membership, accounts_user")
        # or each test looks at all these rows again when it ends
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return {"program": program, "reader": reader, "sought": sought, "ids": [person.pk for person in people]}


def first(world: dict[str, Any], words: str) -> list[uuid.UUID]:
    found = find(world["reader"], {"words": words}, vocabulary_of(world["program"].pk))
    return [member.person_id for member in found.members[:3]]


@pytest.mark.parametrize(("words", "who"), QUERIES)
def test_words_find_the_right_mentor_among_twenty_thousand(world, words, who):
    assert world["sought"][who].pk in first(world, words)


@pytest.mark.parametrize(
    ("words", "who"), [("k8s", 2), ("kubernets", 2), ("public speking", 1), ("pubilc speaking", 1)]
)
def test_synonyms_and_slips_find_the_skill(world, words, who):
    """Both are of the shared list, with their synonyms."""
    assert world["sought"][who].pk in first(world, words)


def scans(plan: Any) -> set[str]:
    """The names of all indexes that a plan uses, and of the tables that it reads whole."""
    if isinstance(plan, list):
        return set().union(*(scans(each) for each in plan))
    own = {plan["Index Name"]} if "Index Name" in plan else set()
    own |= {plan["Relation Name"]} if plan.get("Node Type") == "Seq Scan" else set()
    return own | scans(plan.get("Plans", [])) | (scans(plan["Plan"]) if "Plan" in plan else set())


@pytest.mark.parametrize("words", ["xantopoulos", "church orgnas", "k8s", "верешагина"])
@pytest.mark.parametrize("what", ["page", "count"])
def test_plans_use_both_indexes(world, words, what):
    vocabulary = vocabulary_of(world["program"].pk)
    with search.tolerance():
        rows = narrowed(world["reader"], {"words": words}, vocabulary)
        wanted = ordered(rows, "match", words_of(words))[:13] if what == "page" else rows[:1001]
        plan = json.loads(wanted.explain(format="json"))
    used = scans(plan)
    assert "accounts_searchentry" not in used, json.dumps(plan)
    assert "search_entry_words" in used, json.dumps(plan)
    assert "search_entry_letters" in used or len(words) < search.SHORTEST_MISTYPED


def test_page_costs_the_same_queries_as_of_a_small_program(world):
    client = Client()
    client.force_login(world["reader"].person)
    url = reverse("programs:directory", args=[world["program"].slug])
    small = factories.make_program()
    factories.make_member(small, world["reader"].person)
    few = [factories.make_mentor(small) for _ in range(3)]
    search.refresh(mentor.person_id for mentor in few)
    client.get(url)

    def queries(at: str, query: dict[str, str]) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(at, query).context["cards"]
        return len(captured)

    for query in ({}, {"words": "negotiation"}, {"sort": "places"}):
        assert queries(url, query) == queries(reverse("programs:directory", args=[small.slug]), query)


def test_more_than_a_thousand_are_not_counted(world):
    found = find(world["reader"], {"full": True}, vocabulary_of(world["program"].pk))
    assert (found.count, found.is_more) == (1000, True)
    assert SearchEntry.objects.count() >= MANY
