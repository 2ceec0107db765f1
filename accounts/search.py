"""Finding people by what is public of their profiles: whole words and their stems, or words mistyped.

An entry a person, made by `refresh` from everything that is public: whatever writes public words, a zone or a
week calls it within its transaction. Skills that a program added itself are not in it: words that only its
members may read find nobody elsewhere.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank, TrigramWordSimilarity
from django.db import connection, transaction
from django.db.models import Case, Exists, F, FloatField, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Round
from django.utils import timezone

from accounts.models import (
    Accomplishment,
    LearningRecord,
    LearningWish,
    Offer,
    PersonSkill,
    Profile,
    SearchEntry,
    User,
)
from accounts.plain import in_letters, plain, words_of
from accounts.week import EMPTY_WEEK, pack, to_utc, unpack

AT_ONCE = 1000  # people whose entries are made by one statement
MOST_PROSE = 60_000  # characters of prose that are searched
LIKENESS = 0.5  # share of trigrams that a mistyped word has in common with what stands there
SHORTEST_MISTYPED = 4
LONGEST_SWAPPED = 12


@dataclass
class _Public:
    """What is public of one person, by weight: A the name, B headline and skills, C offers, D prose."""

    name: str = ""
    skills: list[str] = field(default_factory=list)
    offers: list[str] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    week: str = ""

    def row(self, person: uuid.UUID, monday: date) -> tuple[Any, ...]:
        name, skills, offers = plain(self.name), plain("\n".join(self.skills)), plain("\n".join(self.offers))
        prose = plain("\n".join(self.prose))[:MOST_PROSE]
        return (person, name, skills, offers, prose, in_letters(f"{name} {skills}"), self.week, monday)


@transaction.atomic
def refresh(person_ids: Iterable[uuid.UUID]) -> int:
    """Make these people's entries anew; returns of how many. As many queries for a thousand as for one.

    Locks the persons as every write of a profile does, so that no older state is written over a newer.
    """
    ids, made = sorted(set(person_ids)), 0
    for start in range(0, len(ids), AT_ONCE):
        rows = User.objects.select_for_update(no_key=True).filter(pk__in=ids[start : start + AT_ONCE])
        people = {
            pk: (name, zone) for pk, name, zone in rows.order_by("pk").values_list("pk", "name", "zone")
        }
        if people:
            _write(people)
        made += len(people)
    return made


def _write(people: dict[uuid.UUID, tuple[str, str]]) -> None:
    today = timezone.now().date()
    monday = today - timedelta(days=today.weekday())
    public = _public(people, monday)
    columns = zip(*(public[person].row(person, monday) for person in people), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [list(column) for column in columns])


# Each word twice: by its stem as in English, and as it stands, as names in any language are.
_INSERT = """
INSERT INTO accounts_searchentry (person_id, words, letters, name, week, week_of)
SELECT t.person,
       setweight(to_tsvector('english', t.name) || to_tsvector('simple', t.name), 'A')
       || setweight(to_tsvector('english', t.skills) || to_tsvector('simple', t.skills), 'B')
       || setweight(to_tsvector('english', t.offers) || to_tsvector('simple', t.offers), 'C')
       || setweight(to_tsvector('english', t.prose) || to_tsvector('simple', t.prose), 'D'),
       t.letters, t.name, t.week::bit(336), t.week_of
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::date[])
     AS t(person, name, skills, offers, prose, letters, week, week_of)
ON CONFLICT (person_id) DO UPDATE SET words = excluded.words, letters = excluded.letters,
    name = excluded.name, week = excluded.week, week_of = excluded.week_of
"""


def _public(people: dict[uuid.UUID, tuple[str, str]], monday: date) -> dict[uuid.UUID, _Public]:
    ids = list(people)
    found: dict[uuid.UUID, _Public] = defaultdict(_Public)
    weeks = dict.fromkeys(ids, EMPTY_WEEK)
    profiles = Profile.objects.filter(person__in=ids)
    for person, headline, about, week in profiles.values_list("person", "headline", "about", "week"):
        found[person].skills.append(headline)
        found[person].prose.append(about)
        weeks[person] = bytes(week)
    for person, (name, zone) in people.items():
        found[person].name = name
        found[person].week = _bits(weeks[person], zone, monday)
    for person, name, synonyms in _of_shared(PersonSkill, ids, "skill__name", "skill__synonyms"):
        found[person].skills += [name, *synonyms]
    for person, name, words in _of_shared(Offer, ids, "skill__name", "words"):
        found[person].offers += [name, words]
    for person, name in _of_shared(LearningWish, ids, "skill__name"):
        found[person].prose.append(name)
    for model, words in ((Accomplishment, "how"), (LearningRecord, "changed")):
        rows = model._default_manager.filter(person__in=ids).values_list("person", "what", words)
        for person, what, more in rows:
            found[person].prose += [what, more]
    return found


def _of_shared(model: Any, ids: list[uuid.UUID], *fields: str) -> Iterator[tuple[Any, ...]]:
    """What people say by skills of the list that all programs share."""
    rows = model.objects.filter(person__in=ids, skill__program=None).order_by("person", "skill")
    return iter(rows.values_list("person", *fields))


def _bits(week: bytes, zone: str, monday: date) -> str:
    if week == EMPTY_WEEK:
        return "0" * (8 * len(week))
    packed = pack(to_utc(unpack(week), zone, monday))
    return f"{int.from_bytes(packed):0{8 * len(packed)}b}"


def week_now(person: User) -> str:
    """The person's protected half hours of UTC in the week that is, as entries hold them."""
    today = timezone.now().date()
    week = Profile.objects.filter(person=person).values_list("week", flat=True).first() or EMPTY_WEEK
    return _bits(bytes(week), person.zone, today - timedelta(days=today.weekday()))


def heal(most: int = 20 * AT_ONCE) -> int:
    """Make entries that are missing or of a week gone by; returns how many. Safe to run twice, and at once.

    Everybody's is so made anew once a week: clocks change, and what wrote past `refresh` is found at last.
    """
    today = timezone.now().date()
    monday = today - timedelta(days=today.weekday())
    fresh = SearchEntry.objects.filter(person=OuterRef("pk"), week_of=monday)
    healed = 0
    while healed < most:
        stale = User.objects.filter(~Exists(fresh)).values_list("pk", flat=True)[:AT_ONCE]
        count = refresh(stale)
        if not count:
            break
        healed += count
    return healed


@contextmanager
def tolerance() -> Iterator[None]:
    """Within it, the database takes for mistyped what LIKENESS says; `matches` is to be evaluated within.

    And it looks words up by their indexes. The planner does not count what it takes to unpack the words of a
    long profile and to compare its letters, and would rather read all of them: 600 ms for 16.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('pg_trgm.word_similarity_threshold', %s, true),"
            " set_config('enable_seqscan', 'off', true)",
            [str(LIKENESS)],
        )
        yield


def matches(words: list[str], entry: str = "") -> Q:
    """Who answers to every one of the words (of `words_of`), as a whole, or mistyped; the last one half typed
    too. `entry` is the path to the search entry, with its "__"."""
    found = Q()
    for word in words:
        found &= Q(**{f"{entry}words": _query(word, is_last=word == words[-1])}) | _mistyped(word, entry)
    return found


def _mistyped(word: str, entry: str) -> Q:
    letters = in_letters(word)
    if len(letters) < SHORTEST_MISTYPED:
        return Q()
    found = Q(**{f"{entry}letters__trigram_word_similar": letters})
    if word.isascii() and len(word) <= LONGEST_SWAPPED:
        # two neighbours swapped: the commonest slip, and one that costs a short word most of its trigrams
        swaps = (word[:n] + word[n + 1] + word[n] + word[n + 2 :] for n in range(len(word) - 1))
        raw = " | ".join(f"'{swap}'" for swap in swaps)
        found |= Q(**{f"{entry}words": SearchQuery(raw, config="english", search_type="raw")})
    return found


def _query(word: str, *, is_last: bool) -> Any:
    """As English, which finds a word by its stem, and as it is, which finds every name."""
    letters = word.split(" ")  # several in a script without spaces, which stand in a row
    half = ":*" if is_last and len(letters) == 1 and len(word) > 1 else ""
    raw = " <-> ".join(f"'{letter}'{half}" for letter in letters)
    query: Any = SearchQuery(raw, config="english", search_type="raw")
    return query | SearchQuery(raw, config="simple", search_type="raw")


def score(words: list[str], entry: str = "") -> Any:
    """How well somebody answers to the words: an integer, so that it compares exactly. A word that stands
    there counts more than one like it, and where it stands there (`_Public`) orders those who have it."""
    whole: Any = None
    likeness: Any = Value(0.0)
    for word in words:
        query = _query(word, is_last=word == words[-1])
        whole = query if whole is None else whole | query
        similar = TrigramWordSimilarity(in_letters(word), f"{entry}letters")
        has = When(**{f"{entry}words": query}, then=Value(1.0))
        likeness = likeness + Case(has, default=similar, output_field=FloatField())
    likeness = likeness / Value(float(len(words)))
    if len(words) > 1:  # words that stand together, as in the name of a skill
        likeness = likeness + TrigramWordSimilarity(in_letters(" ".join(words)), f"{entry}letters")
    rank = SearchRank(F(f"{entry}words"), whole, weights=[0.05, 0.2, 0.5, 1.0])
    return Cast(Round((likeness + rank) * Value(1e6)), IntegerField())


def among(words: str, people: QuerySet[User]) -> set[uuid.UUID]:
    """The ids of those of these persons who answer to the words."""
    wanted = words_of(words)
    if not wanted:
        return set(people.values_list("pk", flat=True))
    with tolerance():
        return set(
            SearchEntry.objects.filter(matches(wanted), person__in=people.values("pk")).values_list(
                "pk", flat=True
            )
        )
