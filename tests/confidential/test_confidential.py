"""What is said in confidence: sealed in the database, opened in its own place and under its own key alone."""

import base64
import os

import pytest
from cryptography.exceptions import InvalidTag
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection

from mentoring.confidential import keyring
from mentoring.confidential.keyring import ConfidentialError
from mentoring.confidential.models import DataKey, place
from mentoring.goals.models import Goal
from tests import factories

pytestmark = pytest.mark.django_db
BLOCKER = "I avoid the hard talks with my own manager."


def new_key(name: str) -> str:
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


@pytest.fixture
def goal(cast) -> Goal:
    return factories.make_goal(cast.mentee, blocker=BLOCKER)


def test_blocker_is_read_back(goal: Goal) -> None:
    assert Goal.objects.get(pk=goal.pk).read_blocker() == BLOCKER


def test_blocker_stands_nowhere_in_the_database(goal: Goal) -> None:
    """Every table is looked through, for the words and for two encodings of them."""
    needles = [
        BLOCKER.encode(),
        b"hard talks",
        base64.b64encode(BLOCKER.encode()),
        BLOCKER.encode().hex().encode(),
    ]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT t::text, encode(convert_to(t::text, 'UTF8'), 'hex') FROM \"{table}\" t")
            for text, _ in cursor.fetchall():
                raw = text.encode()
                assert not any(needle in raw for needle in needles), table


def test_the_same_words_are_never_sealed_alike(goal: Goal, cast) -> None:
    twin = factories.make_goal(cast.mentee, blocker=BLOCKER)
    assert bytes(twin.blocker_sealed) != bytes(goal.blocker_sealed)
    before = bytes(goal.blocker_sealed)
    goal.seal_blocker(BLOCKER)
    assert bytes(goal.blocker_sealed) != before


def test_empty_blocker_is_nothing(cast) -> None:
    goal = factories.make_goal(cast.mentee, blocker="")
    assert (goal.blocker_sealed, goal.read_blocker()) == (b"", "")


def test_blocker_moved_to_another_goal_of_the_same_person_is_refused(goal: Goal, cast) -> None:
    other = factories.make_goal(cast.mentee)
    Goal.objects.filter(pk=other.pk).update(blocker_sealed=goal.blocker_sealed)
    with pytest.raises(ConfidentialError):
        Goal.objects.get(pk=other.pk).read_blocker()


def test_blocker_moved_to_another_person_is_refused(goal: Goal, cast) -> None:
    other = factories.make_goal(factories.make_mentee(cast.program), blocker="Another.")
    Goal.objects.filter(pk=other.pk).update(blocker_sealed=goal.blocker_sealed)
    with pytest.raises(ConfidentialError):
        Goal.objects.get(pk=other.pk).read_blocker()


def test_text_moved_to_another_field_or_table_is_refused(goal: Goal) -> None:
    key = DataKey.objects.of(f"person:{goal.mentee_id}")
    sealed = key.seal(BLOCKER, place=place(goal, "blocker"))
    assert key.open(sealed, place=place(goal, "blocker")) == BLOCKER
    for elsewhere in (place(goal, "note"), place(goal.program, "blocker"), ""):
        with pytest.raises(ConfidentialError):
            key.open(sealed, place=elsewhere)


@pytest.mark.parametrize("position", [0, 11, 12, 20, -1])
def test_changed_byte_is_refused(goal: Goal, position: int) -> None:
    sealed = bytearray(goal.blocker_sealed)
    sealed[position] ^= 1
    goal.blocker_sealed = bytes(sealed)
    with pytest.raises(ConfidentialError):
        goal.read_blocker()


@pytest.mark.parametrize("length", [1, 11, 12, 27])
def test_cut_text_is_refused(goal: Goal, length: int) -> None:
    goal.blocker_sealed = bytes(goal.blocker_sealed)[:length]
    with pytest.raises(ConfidentialError):
        goal.read_blocker()


def test_data_key_of_another_owner_is_refused(goal: Goal, cast) -> None:
    """Somebody who can write the database cannot open one person's texts as another."""
    mine = DataKey.objects.of(f"person:{goal.mentee_id}")
    theirs = DataKey.objects.of(f"person:{cast.mentor.person_id}")
    DataKey.objects.filter(pk=theirs.pk).update(wrapped=mine.wrapped)
    with pytest.raises(ConfidentialError):
        DataKey.objects.get(pk=theirs.pk).seal("anything", place="here")


def test_data_key_is_made_once(cast) -> None:
    first, second = DataKey.objects.of("person:1"), DataKey.objects.of("person:1")
    assert first.pk == second.pk
    assert bytes(first.wrapped) == bytes(second.wrapped)


def test_wrong_ring_is_refused(goal: Goal, settings) -> None:
    name = keyring.newest()
    keyring.ring.cache_clear()
    settings.CONFIDENTIAL_KEYS = new_key(name)
    with pytest.raises(ConfidentialError):
        goal.read_blocker()
    keyring.ring.cache_clear()
    settings.CONFIDENTIAL_KEYS = new_key("another")
    with pytest.raises(ConfidentialError, match=f"{name}.*missing"):
        goal.read_blocker()


def test_rotate_keys_lets_the_old_key_go(goal: Goal, settings) -> None:
    old = settings.CONFIDENTIAL_KEYS
    sealed = bytes(goal.blocker_sealed)
    new = new_key("2031")
    keyring.ring.cache_clear()
    settings.CONFIDENTIAL_KEYS = f"{new}, {old}"
    assert goal.read_blocker() == BLOCKER
    call_command("rotate_keys")
    call_command("rotate_keys")
    assert set(DataKey.objects.values_list("under", flat=True)) == {"2031"}
    keyring.ring.cache_clear()
    settings.CONFIDENTIAL_KEYS = new
    again = Goal.objects.get(pk=goal.pk)
    assert bytes(again.blocker_sealed) == sealed
    assert again.read_blocker() == BLOCKER
    keyring.ring.cache_clear()
    settings.CONFIDENTIAL_KEYS = old
    with pytest.raises(ConfidentialError):
        again.read_blocker()


@pytest.fixture(autouse=True)
def fresh_ring():
    keyring.ring.cache_clear()
    yield
    keyring.ring.cache_clear()


@pytest.mark.parametrize(
    "keys",
    ["", "nameless", ":" + "A" * 44, "a:not base64", "a:" + base64.b64encode(b"short").decode(), "a:,b:"],
)
def test_bad_ring_says_what_is_wrong(settings, keys: str) -> None:
    settings.CONFIDENTIAL_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match="CONFIDENTIAL_KEYS"):
        keyring.ring()


def test_error_names_no_text(goal: Goal) -> None:
    goal.blocker_sealed = b"0" * 40
    with pytest.raises(ConfidentialError) as error:
        goal.read_blocker()
    assert isinstance(error.value.__cause__, InvalidTag)
    assert str(error.value) == "A sealed text does not belong where it was found."
