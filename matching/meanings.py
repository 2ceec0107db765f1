"""What goals and mentors say, as stored vectors: computed when words change, read in bulk, quoted in reasons.

Every row of Meaning says of which words (digest) and by which model it is. So it needs no lock to be right:
a row of other words, or of a lesser model than a worker has, is due and will be computed again, by whatever
way the words changed. A goal's blocker is confidential and never read here.
"""

import hashlib
import random
import time
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from django.contrib.postgres.aggregates import StringAgg
from django.db import transaction
from django.db.models import (
    BinaryField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Concat

from accounts.models import Accomplishment, User
from matching.engine.meaning import (
    DIMENSIONS,
    RANGES,
    Embedder,
    Range,
    Vectors,
    nearest_sentences,
    rank,
    sentences,
    whole,
)
from matching.models import Meaning
from mentoring.goals.models import Goal, GoalQuerySet
from mentoring.programs.models import Membership

AT_ONCE = 8  # goals or people whose vectors are computed and saved together
QUOTED_FROM = 0.5  # closeness, 0 to 1, from which two sentences are worth quoting
_PAIRS_AT_ONCE = 500

_NEXT = "\x1f"  # between the texts that count


@dataclass(frozen=True)
class _Kind:
    """Goals, or people as mentors: Meaning's field, the texts that count, and the most sentences of each but
    the first."""

    field: str
    rows: QuerySet[Any]
    words: Concat
    most: tuple[int, ...]

    def due(self, model: str) -> QuerySet[Any]:
        """Those whose words have no vectors by this model, or a better one, with `words`."""
        good = [name for name in RANGES if rank(name) >= rank(model)]
        fresh = Meaning.objects.filter(
            **{self.field: OuterRef("pk")}, model__in=good, digest=OuterRef("words_digest")
        )
        return self._with_words().filter(~Exists(fresh))

    def digests(self, keys: Collection[uuid.UUID]) -> dict[uuid.UUID, bytes]:
        """Of what these say now."""
        rows = self._with_words().filter(pk__in=keys).values_list("pk", "words_digest")
        return {key: bytes(digest) for key, digest in rows}

    def _with_words(self) -> QuerySet[Any]:
        digest = Func(
            Func(F("words"), Value("UTF8"), function="convert_to"),
            function="sha256",
            output_field=BinaryField(),
        )
        return self.rows.order_by().annotate(words=self.words, words_digest=digest)

    def said(self, words: str) -> list[str]:
        """The sentences of which vectors are made; a title or headline is one sentence, the first."""
        # somebody may have typed the sign itself: what follows then counts to the next text
        texts = words.split(_NEXT, len(self.most))
        found = [" ".join(texts[0].split())] if any(letter.isalnum() for letter in texts[0]) else []
        for text, most in zip(texts[1:], self.most, strict=True):
            found += sentences(text, most)
        return found


_DONE = (
    Accomplishment.objects.filter(person=OuterRef("pk"))
    .order_by()
    .values("person")
    .annotate(
        said=StringAgg(
            Concat("what", Value("\n"), "how", output_field=TextField()),
            delimiter="\n",
            order_by=["-on", "-pk"],
            output_field=TextField(),
        )
    )
    .values("said")
)


def _words(*texts: str | Subquery) -> Concat:
    parts = [part for text in texts for part in (Value(_NEXT), text)][1:]
    return Concat(*parts, output_field=TextField())


_GOALS = _Kind("goal", Goal.objects.open(), _words("title", "why", "success"), (5, 5))
_PERSONS = _Kind(
    "person",
    User.objects.filter(pk__in=Membership.objects.mentors().values("person")),
    _words("profile__headline", "profile__about", Subquery(_DONE)),
    (6, 6),
)
KINDS = (_GOALS, _PERSONS)


def compute_meanings(embedder: Embedder, *, until: float = float("inf")) -> bool:
    """Compute what is due until `until`, by the monotonic clock; whether anything was left undone.

    Workers may do this side by side: each takes what is due in an order of its own and looks again before it
    computes, so that they seldom do the same twice, which would do no harm.
    """
    found = [(list(kind.due(embedder.name).values_list("pk", flat=True)), kind) for kind in KINDS]
    # The fewer first: one new goal does not wait for an import of mentors, nor one mentor for goals.
    for due, kind in sorted(found, key=lambda one: len(one[0])):
        random.shuffle(due)
        for some in _parts(due, AT_ONCE):
            if time.monotonic() >= until:
                return True
            _compute(kind, some, embedder)
    return False


def _compute(kind: _Kind, keys: Collection[uuid.UUID], embedder: Embedder) -> None:
    words: dict[uuid.UUID, str] = dict(kind.due(embedder.name).filter(pk__in=keys).values_list("pk", "words"))
    said = {key: kind.said(text) for key, text in words.items()}
    vectors = embedder.vectors([one for some in said.values() for one in some])
    found: dict[uuid.UUID, Meaning] = {}
    first = 0
    for key, some in said.items():
        each = vectors[first : first + len(some)]
        first += len(some)
        found[key] = Meaning(
            **{f"{kind.field}_id": key},
            model=embedder.name,
            digest=hashlib.sha256(words[key].encode()).digest(),
            sentences=some,
            whole=whole(each).tobytes(),
            each=each.tobytes(),
        )
    _save(kind, words, found, embedder.name)


@transaction.atomic
def _save(
    kind: _Kind, words: Mapping[uuid.UUID, str], found: Mapping[uuid.UUID, Meaning], model: str
) -> None:
    """Of those that still say the same, exist, and have nothing better by now; what somebody is just changing
    is left for the next time, so that this waits for nobody."""
    due = kind.due(model).filter(pk__in=found).select_for_update(skip_locked=True, of=("self",), no_key=True)
    still = [key for key, now in due.values_list("pk", "words") if now == words[key]]
    Meaning.objects.bulk_create(
        [found[key] for key in still],
        update_conflicts=True,
        unique_fields=[kind.field],
        update_fields=["model", "digest", "sentences", "whole", "each"],
    )


def is_due() -> bool:
    """Whether a worker with the best model would find anything to do."""
    best = max(RANGES, key=rank)
    return any(kind.due(best).exists() for kind in KINDS)


class MentorMeanings(NamedTuple):
    """(m, DIMENSIONS) int8, the model that they are of ("" where nobody has any) and its range of cosines."""

    vectors: Vectors
    model: str
    range: Range


def mentor_meanings(persons: QuerySet[Any], index: Mapping[uuid.UUID, int]) -> MentorMeanings:
    """Row index[person] of each; zeros for whoever has none of the one model that most of them have."""
    rows = list(
        Meaning.objects.filter(person__in=persons, model__in=RANGES).values_list(
            "person_id", "model", "whole"
        )
    )
    held = Counter(model for _, model, _ in rows)
    model = max(held, key=lambda name: (held[name], rank(name)), default="")
    return MentorMeanings(
        _array(((person, packed) for person, its, packed in rows if its == model), index),
        model,
        RANGES.get(model, Range(0.0, 1.0)),
    )


def goal_meanings(goals: GoalQuerySet, index: Mapping[uuid.UUID, int], model: str) -> Vectors:
    """Row index[goal] of each, comparable with mentors' of this model; zeros for goals that have none."""
    rows = Meaning.objects.filter(goal__in=goals.order_by().values("pk"), model=model)
    return _array(rows.values_list("goal_id", "whole") if model else (), index)


def _array(rows: Iterable[tuple[Any, Any]], index: Mapping[uuid.UUID, int]) -> Vectors:
    array = np.zeros((len(index), DIMENSIONS), dtype=np.int8)
    for key, packed in rows:
        if key in index:
            array[index[key]] = np.frombuffer(packed, dtype=np.int8)
    return array


class Quotes(NamedTuple):
    """The two sentences nearest in meaning, and how near: 0 to 1 between the model's range."""

    goal: str
    mentor: str
    closeness: float


def quotes(
    pairs: Collection[tuple[uuid.UUID, uuid.UUID]], *, title_only: bool
) -> dict[tuple[uuid.UUID, uuid.UUID], Quotes]:
    """Of each goal and person, the sentences that matched; none where they are not near enough to say so.

    `title_only` for everybody but the goal's mentee: a program's admins, and a mentor whose engagement is not
    under way, may read a goal's title and skills, not why it matters or how success will be seen. What
    is quoted of a mentor stands in the part of their profile that all members see. Words that have been
    changed or taken away since are not quoted, computed anew or not.
    """
    found = {}
    for some in _parts(list(pairs), _PAIRS_AT_ONCE):
        goals, persons = {goal for goal, _ in some}, {person for _, person in some}
        rows = Meaning.objects.filter(Q(goal__in=goals) | Q(person__in=persons)).select_related("goal")
        said = _GOALS.digests(goals) | _PERSONS.digests(persons)
        of = {
            key: row
            for row in rows.defer("whole")
            if (key := row.goal_id or row.person_id) and said.get(key) == bytes(row.digest)
        }
        for goal, person in some:
            if goal in of and person in of:
                quoted = _quoted(of[goal], of[person], title_only)
                if quoted:
                    found[goal, person] = quoted
    return found


def _quoted(goal: Meaning, person: Meaning, title_only: bool) -> Quotes | None:
    if goal.model != person.model or goal.model not in RANGES:
        return None
    low, high = RANGES[goal.model]
    of_goal = _each(goal)[: _titles(goal)] if title_only else _each(goal)
    nearest = nearest_sentences(of_goal, _each(person))
    closeness = (nearest[2] - low) / (high - low) if nearest else 0.0
    if nearest is None or closeness < QUOTED_FROM:
        return None
    return Quotes(goal.sentences[nearest[0]], person.sentences[nearest[1]], min(1.0, closeness))


def _titles(row: Meaning) -> int:
    """How many of a goal's first sentences are its title: a title of signs alone is none."""
    assert row.goal is not None
    return int(row.sentences[:1] == [" ".join(row.goal.title.split())])


def _each(row: Meaning) -> Vectors:
    return np.frombuffer(row.each, dtype=np.int8).reshape(-1, DIMENSIONS)


def _parts(keys: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for first in range(0, len(keys), size):
        yield keys[first : first + size]
