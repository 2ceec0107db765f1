"""Vectors of what goals and mentors say: computed once for each wording, by the best model; read in bulk."""

import time
from datetime import date

import numpy as np
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Accomplishment, Profile, User
from accounts.services import save_basics
from matching import meanings
from matching.engine.meaning import DIMENSIONS, RANGES, Trigrams, whole
from matching.meanings import compute_meanings, goal_meanings, is_due, mentor_meanings, quotes
from matching.models import Meaning
from matching.tasks import compute_meanings as compute_meanings_task
from mentoring.goals.models import Goal
from mentoring.goals.services import GoalWords, change_goal, close_goal, create_goal
from tests import factories
from tests.racing import race, refusals

pytestmark = pytest.mark.django_db
LETTERS = Trigrams()
TODAY = date(2026, 7, 1)
WORDS = GoalWords("Speak in public", "My hands shake.", "I give the opening talk.", TODAY)


class Better(Trigrams):
    """Letters under the better model's name; the model itself is tried in tests/matching/engine."""

    name = "e5-small-q4/1"


class Interrupted(Trigrams):
    """Something else happens while it computes."""

    def __init__(self, meanwhile):
        self.meanwhile = meanwhile

    def vectors(self, said):
        self.meanwhile()
        return super().vectors(said)


def said(**key):
    return Meaning.objects.get(**key).sentences


def test_compute_meanings_takes_a_goals_words_and_never_its_blocker(cast):
    goal = factories.make_goal(
        cast.mentee, title="Speak. In public", why="My hands shake. I avoid it.", success="I give a talk.",
        blocker="Nobody may read this sentence.",
    )  # fmt: skip
    assert compute_meanings(LETTERS) is False
    row = Meaning.objects.get(goal=goal)
    assert row.sentences == ["Speak. In public", "My hands shake.", "I avoid it.", "I give a talk."]
    each = LETTERS.vectors(row.sentences)
    assert bytes(row.each) == each.tobytes()
    assert bytes(row.whole) == whole(each).tobytes()
    assert row.model == "trigrams/1"


def test_compute_meanings_takes_a_mentors_headline_about_and_what_they_achieved(cast):
    person = cast.mentor.person
    for what, on in (("Reopened the ward", date(2025, 1, 1)), ("Merged two rotas", TODAY)):
        Accomplishment.objects.create(person=person, what=what, how="By asking those concerned first.", on=on)
    compute_meanings(LETTERS)
    assert said(person=person) == [
        "Looks after a ward's devices",
        "I mend what others need.",
        "Merged two rotas",
        "By asking those concerned first.",
        "Reopened the ward",
        "By asking those concerned first.",
    ]


def test_compute_meanings_leaves_out_closed_goals_and_who_is_no_mentor(cast):
    close_goal(cast.goal)
    former = factories.make_mentor(cast.program)
    former.left_at = factories.instant(2026, 6, 1)
    former.save(update_fields=["left_at"])
    compute_meanings(LETTERS)
    mentors = {cast.mentor.person_id, User.objects.get(name="Stranger").pk}
    assert set(Meaning.objects.values_list("goal", "person")) == {(None, person) for person in mentors}


def test_compute_meanings_twice_does_once(cast):
    assert is_due()
    compute_meanings(Better())
    before = set(Meaning.objects.values_list("pk", "digest"))
    assert not is_due()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        compute_meanings(Better())
    assert len(queries) == 2  # it looks for goals, and for people
    assert set(Meaning.objects.values_list("pk", "digest")) == before


def test_somebody_without_a_word_has_a_vector_that_says_nothing(cast):
    silent = factories.make_mentor(cast.program, headline="", about=" … ")
    compute_meanings(Better())
    assert said(person=silent.person) == []
    assert not is_due()
    found = mentor_meanings(User.objects.filter(pk=silent.person_id).values("pk"), {silent.person_id: 0})
    assert not found.vectors.any()


def test_changed_words_are_computed_again(cast):
    compute_meanings(LETTERS)
    change_goal(cast.goal, WORDS, skills=[])
    Accomplishment.objects.create(person=cast.mentor.person, what="Merged two rotas", how="Slowly.", on=TODAY)
    compute_meanings(LETTERS)
    assert said(goal=cast.goal) == ["Speak in public", "My hands shake.", "I give the opening talk."]
    assert said(person=cast.mentor.person)[-1] == "Slowly."
    assert Meaning.objects.filter(goal=cast.goal).count() == 1


def test_a_better_model_replaces_what_a_lesser_one_computed_and_not_the_other_way(cast):
    compute_meanings(LETTERS)
    assert is_due()
    compute_meanings(Better())
    assert set(Meaning.objects.values_list("model", flat=True)) == {"e5-small-q4/1"}
    compute_meanings(LETTERS)
    assert set(Meaning.objects.values_list("model", flat=True)) == {"e5-small-q4/1"}
    Meaning.objects.update(model="e5-small-q4/0")
    compute_meanings(LETTERS)
    assert set(Meaning.objects.values_list("model", flat=True)) == {"trigrams/1"}


def test_words_that_change_while_they_are_computed_are_left_for_the_next_time(cast):
    compute_meanings(Interrupted(lambda: Goal.objects.update(title="Something else")))
    assert not Meaning.objects.filter(goal=cast.goal).exists()
    compute_meanings(LETTERS)
    assert said(goal=cast.goal)[0] == "Something else"


def test_a_goal_deleted_while_it_is_computed_is_no_error(cast):
    compute_meanings(Interrupted(lambda: Goal.objects.all().delete()))
    assert not Meaning.objects.filter(goal__isnull=False).exists()
    assert Meaning.objects.filter(person=cast.mentor.person).exists()


def test_what_a_better_worker_computed_meanwhile_stays(cast):
    compute_meanings(Interrupted(lambda: compute_meanings(Better())))
    assert set(Meaning.objects.values_list("model", flat=True)) == {"e5-small-q4/1"}


def test_compute_meanings_stops_when_its_time_is_up_and_says_so(cast):
    assert compute_meanings(LETTERS, until=time.monotonic()) is True
    assert not Meaning.objects.exists()


@pytest.mark.parametrize("count", [1, meanings.AT_ONCE])
def test_compute_meanings_asks_as_often_for_one_as_for_many(cast, count):
    for _ in range(count - 1):
        factories.make_goal(cast.mentee)
    with CaptureQueriesContext(connection) as queries:
        compute_meanings(LETTERS)
    # each kind: what is due; their words; then in a savepoint: lock, write
    assert len(queries) == 2 * (1 + 1 + 4)


@pytest.mark.django_db(transaction=True)
def test_two_workers_side_by_side_do_no_harm(cast):
    for _ in range(20):
        factories.make_goal(cast.mentee)
        factories.make_mentor(cast.program)
    finishes = race([lambda: compute_meanings(LETTERS), lambda: compute_meanings(Better())] * 2)
    assert refusals(finishes) == {}
    compute_meanings(Better())
    assert not is_due()
    assert Meaning.objects.count() == 21 + 22
    assert set(Meaning.objects.values_list("model", flat=True)) == {"e5-small-q4/1"}


@pytest.mark.django_db(transaction=True)
def test_a_goal_that_somebody_is_changing_is_waited_for_by_nobody(cast):
    compute_meanings(LETTERS)
    Goal.objects.update(why="Because.")
    with transaction.atomic():
        Goal.objects.select_for_update().get()
        assert refusals(race([lambda: compute_meanings(LETTERS)])) == {}
    assert said(goal=cast.goal)[1] == "Ten people look to me."
    compute_meanings(LETTERS)
    assert said(goal=cast.goal)[1] == "Because."


def test_mentor_meanings_are_of_the_one_model_that_most_have(cast):
    mentors = [cast.mentor, *(factories.make_mentor(cast.program) for _ in range(2))]
    persons = [mentor.person_id for mentor in mentors]
    index = {person: row for row, person in enumerate(persons)}
    compute_meanings(Better())
    Meaning.objects.filter(person=persons[0]).update(model="trigrams/1")
    found = mentor_meanings(User.objects.filter(pk__in=persons).values("pk"), index)
    assert (found.model, found.range) == ("e5-small-q4/1", RANGES["e5-small-q4/1"])
    assert found.vectors.shape == (3, DIMENSIONS)
    assert found.vectors.any(axis=1).tolist() == [False, True, True]
    assert found.vectors[1].tobytes() == bytes(Meaning.objects.get(person=persons[1]).whole)


def test_goal_meanings_are_comparable_with_the_mentors_or_say_nothing(cast):
    other = factories.make_goal(cast.mentee)
    index = {other.pk: 0, cast.goal.pk: 1}
    goals = Goal.objects.filter(program=cast.program)
    none = mentor_meanings(User.objects.none().values("pk"), {})
    assert (none.model, none.vectors.shape) == ("", (0, DIMENSIONS))
    assert goal_meanings(goals, index, none.model).tolist() == np.zeros((2, DIMENSIONS)).tolist()
    compute_meanings(Better())
    Meaning.objects.filter(goal=other).update(model="trigrams/1")
    assert goal_meanings(goals, index, "e5-small-q4/1").any(axis=1).tolist() == [False, True]
    assert goal_meanings(goals, index, "trigrams/1").any(axis=1).tolist() == [True, False]


def test_quotes_are_the_two_sentences_that_match(cast):
    goal = factories.make_goal(
        cast.mentee, title="Grow", why="I freeze up, always. Public speaking frightens me.", success="None."
    )
    coach = factories.make_mentor(
        cast.program, headline="Coach", about="I sail on Sundays. Public speaking frightened me once."
    ).person_id
    compute_meanings(LETTERS)
    pair, far = (goal.pk, coach), (goal.pk, cast.mentor.person_id)
    found = quotes([pair, far], title_only=False)
    assert set(found) == {pair}
    assert found[pair][:2] == ("Public speaking frightens me.", "Public speaking frightened me once.")
    assert 0.5 <= found[pair].closeness <= 1


def test_quotes_for_others_than_the_mentee_never_hold_more_than_the_title(cast):
    goal = factories.make_goal(cast.mentee, title="Speak in public", why="I mend what others need.")
    mentor = cast.mentor.person_id
    other = factories.make_mentor(cast.program, headline="I speak in public").person_id
    compute_meanings(LETTERS)
    pairs = [(goal.pk, mentor), (goal.pk, other)]
    assert quotes(pairs, title_only=False)[pairs[0]].goal == "I mend what others need."
    assert {quoted.goal for quoted in quotes(pairs, title_only=True).values()} == {"Speak in public"}
    assert pairs[0] not in quotes(pairs, title_only=True)


def test_a_title_of_signs_alone_does_not_let_the_next_sentence_out(cast):
    goal = factories.make_goal(cast.mentee, title="!!!", why="I mend what others need.")
    compute_meanings(LETTERS)
    assert said(goal=goal)[0] == "I mend what others need."
    assert quotes([(goal.pk, cast.mentor.person_id)], title_only=True) == {}


def test_words_taken_away_are_not_quoted_even_before_a_worker_hears_of_it(cast):
    goal = factories.make_goal(cast.mentee, title="I mend what others need.")
    pair = (goal.pk, cast.mentor.person_id)
    compute_meanings(LETTERS)
    assert quotes([pair], title_only=True)
    Goal.objects.filter(pk=goal.pk).update(title="I mend what others want.")
    assert quotes([pair], title_only=True) == {}
    compute_meanings(LETTERS)
    assert quotes([pair], title_only=True)
    Profile.objects.filter(person=cast.mentor.person).update(about="")
    assert quotes([pair], title_only=True) == {}


@pytest.mark.parametrize("field", ["why", "success"])
def test_the_sign_between_texts_typed_by_somebody_stops_nobodys_vectors(cast, field):
    factories.make_goal(cast.mentee, **{"title": "Speak", field: "one\x1ftwo\x1fthree\x1ffour"})
    Accomplishment.objects.create(person=cast.mentor.person, what="a\x1fb", how="c\x1f\x1fd", on=TODAY)
    compute_meanings(Better())
    assert not is_due()
    assert {sentence.split()[0] for sentence in said(goal__title="Speak")} >= {"Speak", "one"}


def test_quotes_need_vectors_of_one_model_and_as_many_queries_for_one_as_for_many(
    cast, django_assert_num_queries
):
    mentor = cast.mentor.person
    goal = factories.make_goal(cast.mentee, title=mentor.profile.headline)
    compute_meanings(LETTERS)
    with django_assert_num_queries(3):  # what is stored, and of what goals and people say now the digests
        assert quotes([(goal.pk, mentor.pk), (cast.goal.pk, mentor.pk)], title_only=True)
    Meaning.objects.filter(goal=goal).update(model="e5-small-q4/1")
    assert quotes([(goal.pk, mentor.pk)], title_only=True) == {}
    assert quotes([(goal.pk, cast.stranger.pk)], title_only=True) == {}
    assert quotes([], title_only=True) == {}


def test_compute_meanings_task_ends_with_nothing_due(cast):
    compute_meanings_task()
    assert Meaning.objects.count() == 3
    compute_meanings_task()
    assert Meaning.objects.count() == 3


def test_saving_words_wakes_a_worker(cast, client_of, django_capture_on_commit_callbacks):
    person = cast.mentor.person
    kept = {"zone": "UTC", "about": "", "country": "", "languages": []}
    client = client_of(person)

    def save_accomplishment():
        form = {"what": "Reopened the ward", "how": "By asking first", "on": "2026-01-01"}
        assert client.post("/profile/accomplishments/new/", form).status_code == 302

    for save in (
        lambda: create_goal(cast.mentee, WORDS, skills=[]),
        lambda: change_goal(cast.goal, WORDS, skills=[]),
        lambda: save_basics(person, name="Leila", headline="New", **kept),
        save_accomplishment,
    ):
        with django_capture_on_commit_callbacks() as callbacks:
            save()
        assert [one.task for one in callbacks].count("matching.compute_meanings") == 1
