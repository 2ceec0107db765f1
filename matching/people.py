"""A program's people out of PostgreSQL and into the engine's arrays, in bulk.

As many queries for ten people as for ten thousand, plain tuples instead of model instances, and nothing
confidential: a goal's blocker is never read here.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Model, QuerySet
from numpy.typing import NDArray

from accounts.languages import LANGUAGE_CHOICES, Fluency
from accounts.models import (
    Accomplishment,
    EmpathyAggregate,
    LearningRecord,
    LearningWish,
    Offer,
    PersonSkill,
    Skill,
    SpokenLanguage,
)
from accounts.vocabulary import vocabulary_of
from accounts.week import EMPTY_WEEK, HALF_HOURS_A_WEEK, WEEK_BYTES
from matching.engine import LEADERSHIP, POLITICAL, TECHNICAL, Mentees, Mentors, SkillMap, week_to_utc
from matching.engine.order import order_of
from matching.meanings import goal_meanings, mentor_meanings
from mentoring.engagements.models import Engagement
from mentoring.goals.models import GoalQuerySet, SkillWanted
from mentoring.programs.models import Membership, Program, pauses_today

KINDS = {
    Skill.Kind.TECHNICAL.value: TECHNICAL,
    Skill.Kind.LEADERSHIP.value: LEADERSHIP,
    Skill.Kind.POLITICAL.value: POLITICAL,
}
LANGUAGES = tuple(name for _, name in LANGUAGE_CHOICES)
_LANGUAGE_COLUMN = {code: column for column, (code, _) in enumerate(LANGUAGE_CHOICES)}
_TOP_LEVEL = max(PersonSkill.Level.values)
_TOP_FLUENCY = max(Fluency.values)
_OFFERED = 0.5  # the level of an offer; more where the person lists the skill at a higher one
SESSION_HALF_HOURS = 2

Person = uuid.UUID
# of each owner (a person or a goal): primary keys of skills, and a value for each
Cells = Iterable[tuple[uuid.UUID, Sequence[int], Any]]


class MentorRow(NamedTuple):
    """What pages show of a mentor without asking again; places_free is never below 0."""

    membership: uuid.UUID
    person: Person
    name: str
    headline: str
    about: str
    is_paused: bool
    capacity: int
    places_free: int
    photo_key: str

    @property
    def pk(self) -> Person:
        """As the photo's address names the person."""
        return self.person


class MenteeRow(NamedTuple):
    goal: uuid.UUID
    person: Person
    name: str
    title: str


@dataclass(frozen=True, eq=False)
class Skills:
    """A program's skills: the engine's map, and a column for each primary key (-1: not known here)."""

    map: SkillMap
    column: NDArray[np.intp]

    def column_of(self, keys: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
        """The columns of these primary keys; -1 where the list holds no such skill."""
        found: NDArray[np.intp] = self.column[np.minimum(keys, self.column.size - 1)]
        return found


@dataclass(frozen=True, eq=False)
class LoadedMentors:
    """Row j of `rows` is row j of `arrays`; `model` made their meanings, and goals' must be of the same."""

    rows: tuple[MentorRow, ...]
    arrays: Mentors
    model: str


@dataclass(frozen=True, eq=False)
class LoadedMentees:
    """Row i of `rows` is row i of `arrays`."""

    rows: tuple[MenteeRow, ...]
    arrays: Mentees


def load_skills(program: Program) -> Skills:
    """As the program knows them: under its names, a skill that counts as another in that one's column, and
    none of another program's."""
    vocabulary = vocabulary_of(program.pk)
    standing = sorted(called.pk for called in vocabulary.standing)
    rows = tuple(
        (pk, vocabulary.listed[pk].slug, vocabulary.names[pk], vocabulary.listed[pk].kind) for pk in standing
    )
    slug_of = {pk: slug for pk, slug, _, _ in rows}
    parents = {
        slug_of[pk]: slug_of[parent.pk] for pk in standing if (parent := vocabulary.parent_of(pk)) is not None
    }
    merged = tuple((pk, into) for pk, into in vocabulary.counts_as.items() if pk != into)
    return _skills(rows, tuple(without_circles(parents).items()), merged)


def without_circles(parents: Mapping[str, str]) -> dict[str, str]:
    """A skill merged into one below it would be its own ancestor: the links that would close a circle go."""
    kept: dict[str, str] = {}
    for child, parent in parents.items():
        above: str | None = parent
        while above is not None and above != child:
            above = kept.get(above)
        if above is None:
            kept[child] = parent
    return kept


@lru_cache(maxsize=16)  # the rows are the key, so a changed list is a new map
def _skills(
    listed: tuple[tuple[int, str, str, str], ...],
    parents: tuple[tuple[str, str], ...],
    merged: tuple[tuple[int, int], ...],
) -> Skills:
    skill_map = SkillMap.from_parents(
        [slug for _, slug, _, _ in listed],
        [name for _, _, name, _ in listed],
        [KINDS[kind] for _, _, _, kind in listed],
        dict(parents),
    )
    keys = [key for key, *_ in listed]
    column = np.full(max([*keys, *(key for key, _ in merged)], default=0) + 2, -1, dtype=np.intp)
    column[keys] = np.arange(len(keys))
    for key, into in merged:
        column[key] = column[into]
    return Skills(skill_map, column)


def load_mentors(program: Program, skills: Skills, today: date, *, by_id: bool = False) -> LoadedMentors:
    """All current mentors of the program, by name; those who pause or are full too, as the engine wants.

    by_id: in the order that settles ties instead, which is the same whatever people are called.
    """
    memberships = Membership.objects.mentors().filter(program=program)
    listed = list(
        memberships.annotate(pauses_now=pauses_today())
        .order_by("person__name", "pk")
        .values_list(
            "pk",
            "person_id",
            "person__name",
            "person__profile__headline",
            "person__profile__about",
            "pauses_now",
            "capacity",
            "person__photo_key",
            "person__zone",
            "person__profile__week",
        )
    )
    if by_id:
        listed = _in_order(listed, "mentor")
    taken = active_engagements(program)
    rows = tuple(
        MentorRow(
            pk,
            person,
            name,
            headline or "",
            about or "",
            bool(paused),
            capacity,
            max(0, capacity - taken.get(person, 0)),
            photo_key,
        )
        for pk, person, name, headline, about, paused, capacity, photo_key, _, _ in listed
    )
    index = {row.person: j for j, row in enumerate(rows)}
    persons = memberships.values("person")
    rating_sum, rating_count = _ratings(program, index)
    record_owner, record_age_days = _records(persons, index, today)
    meanings = mentor_meanings(persons, index)
    shape = (len(rows), len(skills.map.slugs))
    arrays = Mentors(
        ids=tuple(str(row.membership) for row in rows),
        names=tuple(row.name for row in rows),
        level=_fill_skills(shape, _levels(persons), index, skills),
        backed=_fill_skills(shape, _backed(persons), index, skills) > 0,
        wishes=_fill_skills(shape, _wishes(persons), index, skills),
        free=_free([row[-2] for row in listed], [row[-1] for row in listed], today),
        languages=_languages(persons, index, len(rows)),
        rating_sum=rating_sum,
        rating_count=rating_count,
        capacity=np.array([row.places_free for row in rows], dtype=np.int64),
        record_owner=record_owner,
        record_age_days=record_age_days,
        meaning=meanings.vectors,
        closeness_range=(meanings.range.low, meanings.range.high),
    )
    return LoadedMentors(rows, arrays, meanings.model)


def load_mentees(
    goals: GoalQuerySet, skills: Skills, today: date, model: str, *, by_id: bool = False
) -> LoadedMentees:
    """A row a goal, by mentee's name; what the mentee brings is the same in each of their rows.

    model: of the mentors' meanings. by_id: as in load_mentors.
    """
    listed = list(
        goals.order_by("mentee__name", "pk").values_list(
            "pk",
            "mentee_id",
            "mentee__name",
            "title",
            "mentee__zone",
            "mentee__profile__week",
        )
    )
    if by_id:
        listed = _in_order(listed, "mentee")
    rows = tuple(MenteeRow(pk, person, name, title) for pk, person, name, title, *_ in listed)
    goal_index = {row.goal: i for i, row in enumerate(rows)}
    persons = goals.order_by().values("mentee")
    first = {row.person: i for i, row in reversed(list(enumerate(rows)))}
    own = np.array(
        [first[row.person] for row in rows], dtype=np.intp
    )  # the row that the mentee's data is read into
    shape = (len(rows), len(skills.map.slugs))
    arrays = Mentees(
        ids=tuple(str(row.goal) for row in rows),
        names=tuple(row.name for row in rows),
        wanted=_fill_skills(shape, _wanted(goals), goal_index, skills),
        offers=_offers(persons, first, skills, shape)[own],
        free=_free([row[-2] for row in listed], [row[-1] for row in listed], today),
        languages=_languages(persons, first, len(rows))[own],
        half_hours_needed=np.full(len(rows), SESSION_HALF_HOURS),
        meaning=goal_meanings(goals, goal_index, model),
    )
    return LoadedMentees(rows, arrays)


def _in_order(listed: Sequence[Any], role: Literal["mentee", "mentor"]) -> list[Any]:
    return [listed[place] for place in order_of([str(row[0]) for row in listed], role)]


def _fill_skills(
    shape: tuple[int, int], cells: Cells, index: Mapping[uuid.UUID, int], skills: Skills
) -> NDArray[np.float16]:
    """(people, S): each owner's values at the columns of their skills; half precision holds them exactly."""
    array = np.zeros(shape, dtype=np.float16)
    # somebody or a skill that came between two queries is not in the index
    known = [(index[owner], keys, values) for owner, keys, values in cells if owner in index]
    if not known:
        return array
    row = np.repeat([i for i, _, _ in known], [len(keys) for _, keys, _ in known])
    key = np.concatenate([keys for _, keys, _ in known])
    value = np.concatenate([values for _, _, values in known])
    column = skills.column_of(key)
    # two skills that the program counts as one share a column: the higher value holds
    np.maximum.at(array, (row[column >= 0], column[column >= 0]), value[column >= 0].astype(np.float16))
    return array


def _levels(persons: QuerySet[Any]) -> Cells:
    rows = _of_each(PersonSkill, persons).annotate(keys=_list("skill_id"), levels=_list("level", "skill_id"))
    for person, keys, levels in rows.values_list("person_id", "keys", "levels"):
        yield person, keys, np.array(levels) / _TOP_LEVEL


def _backed(persons: QuerySet[Any]) -> Cells:
    through = Accomplishment.skills.through.objects.filter(accomplishment__person__in=persons).order_by()
    rows = through.values_list("accomplishment__person_id").annotate(keys=_list("skill_id"))
    for person, keys in rows:
        yield person, keys, np.ones(len(keys))


def _wishes(persons: QuerySet[Any]) -> Cells:
    rows = _of_each(LearningWish, persons).annotate(keys=_list("skill_id"))
    for person, keys in rows.values_list("person_id", "keys"):
        yield person, keys, np.ones(len(keys))


def _offered(persons: QuerySet[Any]) -> Cells:
    rows = _of_each(Offer, persons).annotate(keys=_list("skill_id"))
    for person, keys in rows.values_list("person_id", "keys"):
        yield person, keys, np.full(len(keys), _OFFERED)


def _wanted(goals: GoalQuerySet) -> Cells:
    wanted = SkillWanted.objects.filter(goal__in=goals.order_by().values("pk")).order_by().values("goal_id")
    rows = wanted.annotate(keys=_list("skill_id"), importances=_list("importance", "skill_id"))
    yield from rows.values_list("goal_id", "keys", "importances")


def _offers(
    persons: QuerySet[Any], index: Mapping[Person, int], skills: Skills, shape: tuple[int, int]
) -> NDArray[np.float16]:
    # listing the skill at a low level never makes an offer worth less than not listing it
    offered = _fill_skills(shape, _offered(persons), index, skills)
    level = _fill_skills(shape, _levels(persons), index, skills)
    return np.where(offered > 0, np.maximum(offered, level), 0).astype(np.float16)


def _records(
    persons: QuerySet[Any], index: Mapping[Person, int], today: date
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(owner, age in days) of each learning record."""
    rows = _of_each(LearningRecord, persons).annotate(dates=_list("on"))
    owners: list[int] = []
    ages: list[int] = []
    for person, dates in rows.values_list("person_id", "dates"):
        if person in index:
            owners += [index[person]] * len(dates)
            ages += [(today - on).days for on in dates]
    return np.array(owners, dtype=np.int64), np.array(ages, dtype=np.float64)


def _ratings(program: Program, index: dict[Person, int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(sum, count) over raters, of what has been counted in batches: the single ratings are read nowhere."""
    rows = EmpathyAggregate.objects.filter(program=program).values_list("mentor_id", "total", "raters")
    total, count = np.zeros(len(index)), np.zeros(len(index), dtype=np.int64)
    for mentor, of_mentor, raters in rows:
        if mentor in index:
            total[index[mentor]], count[index[mentor]] = of_mentor, raters
    return total, count


def active_engagements(program: Program) -> dict[Person, int]:
    rows = Engagement.objects.active().filter(program=program).order_by().values("mentor_id")
    return dict(rows.annotate(count=Count("pk")).values_list("mentor_id", "count"))


def _languages(persons: QuerySet[Any], index: Mapping[Person, int], size: int) -> NDArray[np.float16]:
    array = np.zeros((size, len(LANGUAGES)), dtype=np.float16)
    rows = _of_each(SpokenLanguage, persons).annotate(codes=_list("code"), fluencies=_list("fluency", "code"))
    for person, codes, fluencies in rows.values_list("person_id", "codes", "fluencies"):
        for code, fluency in zip(codes, fluencies, strict=True):
            if person in index and code in _LANGUAGE_COLUMN:
                array[index[person], _LANGUAGE_COLUMN[code]] = fluency / _TOP_FLUENCY
    return array


def _of_each(model: type[Model], persons: QuerySet[Any]) -> QuerySet[Any, Any]:
    """Rows grouped by person: a row a person is many times quicker to read than a row an entry."""
    return model._default_manager.filter(person__in=persons).order_by().values("person_id")


def _list(field: str, by: str | None = None) -> ArrayAgg:
    """A group's values in one list; lists of one order belong together, entry by entry."""
    return ArrayAgg(field, order_by=[by or field])


def _free(zones: Sequence[str], weeks: Sequence[Any], today: date) -> NDArray[np.bool_]:
    """(n, 336) in UTC; somebody without a profile has no time."""
    packed = b"".join(bytes(week or EMPTY_WEEK) for week in weeks)
    local = np.unpackbits(np.frombuffer(packed, dtype=np.uint8).reshape(-1, WEEK_BYTES), axis=1).astype(bool)
    free = np.zeros((len(weeks), HALF_HOURS_A_WEEK), dtype=bool)
    for i, zone in enumerate(zones):
        free[i] = week_to_utc(local[i], zone, today)
    return free
