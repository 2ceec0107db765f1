"""A program's people out of PostgreSQL and into the engine's arrays, in bulk.

As many queries for ten people as for ten thousand, plain tuples instead of model instances, and nothing
confidential: a goal's blocker is never read here.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Avg, Count, F, QuerySet
from numpy.typing import NDArray

from accounts.languages import LANGUAGE_CHOICES, Fluency
from accounts.models import (
    Accomplishment,
    EmpathyRating,
    LearningRecord,
    LearningWish,
    Offer,
    PersonSkill,
    Skill,
    SpokenLanguage,
)
from accounts.week import EMPTY_WEEK, HALF_HOURS_A_WEEK, WEEK_BYTES
from matching.engine import LEADERSHIP, POLITICAL, TECHNICAL, Mentees, Mentors, SkillMap, week_to_utc
from mentoring.engagements.models import Engagement
from mentoring.goals.models import GoalQuerySet, SkillWanted
from mentoring.programs.models import Membership, Program

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
_ANSWERS = 4 * 4.0  # four answers of 0 to 4
SESSION_HALF_HOURS = 2

Person = uuid.UUID
Cell = tuple[int, int, float]


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


class MenteeRow(NamedTuple):
    goal: uuid.UUID
    person: Person
    name: str
    title: str


@dataclass(frozen=True, eq=False)
class Skills:
    """The skill list: the engine's map, and each skill's primary key by column and column by key."""

    map: SkillMap
    keys: tuple[int, ...]
    column: dict[int, int]


@dataclass(frozen=True, eq=False)
class LoadedMentors:
    """Row j of `rows` is row j of `arrays`."""

    rows: tuple[MentorRow, ...]
    arrays: Mentors


@dataclass(frozen=True, eq=False)
class LoadedMentees:
    """Row i of `rows` is row i of `arrays`."""

    rows: tuple[MenteeRow, ...]
    arrays: Mentees


def load_skills() -> Skills:
    listed = Skill.objects.order_by("pk").values_list("pk", "slug", "name", "kind", "parent__slug")
    return _skills(tuple(listed))


@lru_cache(maxsize=2)  # the rows are the key, so a changed list is a new map
def _skills(listed: tuple[tuple[int, str, str, str, str | None], ...]) -> Skills:
    keys = tuple(key for key, *_ in listed)
    skill_map = SkillMap.from_parents(
        [slug for _, slug, _, _, _ in listed],
        [name for _, _, name, _, _ in listed],
        [KINDS[kind] for _, _, _, kind, _ in listed],
        {slug: parent for _, slug, _, _, parent in listed if parent},
    )
    return Skills(skill_map, keys, {key: column for column, key in enumerate(keys)})


def load_mentors(program: Program, skills: Skills, today: date) -> LoadedMentors:
    """All current mentors of the program, by name; those who pause or are full too, as the engine wants."""
    memberships = Membership.objects.mentors().filter(program=program)
    listed = list(
        memberships.order_by("person__name", "pk").values_list(
            "pk",
            "person_id",
            "person__name",
            "person__profile__headline",
            "person__profile__about",
            "is_paused",
            "capacity",
            "person__zone",
            "person__profile__week",
        )
    )
    taken = active_engagements(program)
    rows = tuple(
        MentorRow(
            pk,
            person,
            name,
            headline or "",
            about or "",
            paused,
            capacity,
            max(0, capacity - taken.get(person, 0)),
        )
        for pk, person, name, headline, about, paused, capacity, _, _ in listed
    )
    index = {row.person: j for j, row in enumerate(rows)}
    persons = memberships.values("person")
    accomplishments = _accomplishments(persons)
    rating_sum, rating_count = _ratings(program, index)
    records = _records(persons, index)
    shape = (len(rows), len(skills.keys))
    arrays = Mentors(
        ids=tuple(str(row.membership) for row in rows),
        names=tuple(row.name for row in rows),
        level=_fill(shape, _skill_cells(_levels(persons), index, skills)),
        backed=_fill(shape, _skill_cells(_backed(persons), index, skills)) > 0,
        wishes=_fill(shape, _skill_cells(_wishes(persons), index, skills)),
        free=_free([row[-2] for row in listed], [row[-1] for row in listed], today),
        languages=_languages(persons, index),
        words=[" ".join([row.headline, row.about, *accomplishments.get(row.person, ())]) for row in rows],
        rating_sum=rating_sum,
        rating_count=rating_count,
        capacity=np.array([row.places_free for row in rows], dtype=np.int64),
        record_owner=np.array([index[person] for person, _ in records], dtype=np.int64),
        record_age_days=np.array([(today - on).days for _, on in records], dtype=np.float64),
    )
    return LoadedMentors(rows, arrays)


def load_mentees(goals: GoalQuerySet, skills: Skills, today: date) -> LoadedMentees:
    """A row a goal, by mentee's name; what the mentee brings is the same in each of their rows."""
    listed = list(
        goals.order_by("mentee__name", "pk").values_list(
            "pk",
            "mentee_id",
            "mentee__name",
            "title",
            "why",
            "success",
            "mentee__zone",
            "mentee__profile__week",
        )
    )
    rows = tuple(MenteeRow(pk, person, name, title) for pk, person, name, title, *_ in listed)
    goal_index = {row.goal: i for i, row in enumerate(rows)}
    persons = goals.order_by().values("mentee")
    first = {row.person: i for i, row in reversed(list(enumerate(rows)))}
    own = np.array(
        [first[row.person] for row in rows], dtype=np.intp
    )  # the row that the mentee's data is read into
    shape = (len(rows), len(skills.keys))
    wanted = SkillWanted.objects.filter(goal__in=goals.order_by().values("pk")).order_by()
    arrays = Mentees(
        ids=tuple(str(row.goal) for row in rows),
        names=tuple(row.name for row in rows),
        wanted=_fill(
            shape, _skill_cells(wanted.values_list("goal_id", "skill_id", "importance"), goal_index, skills)
        ),
        offers=_offers(persons, first, skills, shape)[own],
        free=_free([row[-2] for row in listed], [row[-1] for row in listed], today),
        languages=_languages(persons, first, len(rows))[own],
        words=[" ".join([title, why, success]) for _, _, _, title, why, success, _, _ in listed],
        half_hours_needed=np.full(len(rows), SESSION_HALF_HOURS),
    )
    return LoadedMentees(rows, arrays)


def _levels(persons: QuerySet[Any]) -> Iterable[tuple[Person, int, float]]:
    rows = PersonSkill.objects.filter(person__in=persons).order_by()
    for person, skill, level in rows.values_list("person_id", "skill_id", "level"):
        yield person, skill, level / _TOP_LEVEL


def _backed(persons: QuerySet[Any]) -> Iterable[tuple[Person, int, float]]:
    rows = Accomplishment.skills.through.objects.filter(accomplishment__person__in=persons)
    for person, skill in rows.values_list("accomplishment__person_id", "skill_id"):
        yield person, skill, 1.0


def _wishes(persons: QuerySet[Any]) -> Iterable[tuple[Person, int, float]]:
    rows = LearningWish.objects.filter(person__in=persons).order_by()
    for person, skill in rows.values_list("person_id", "skill_id"):
        yield person, skill, 1.0


def _offers(
    persons: QuerySet[Any], index: dict[Person, int], skills: Skills, shape: tuple[int, int]
) -> NDArray[np.float32]:
    # listing the skill at a low level never makes an offer worth less than not listing it
    rows = Offer.objects.filter(person__in=persons).order_by().values_list("person_id", "skill_id")
    offered = _fill(shape, _skill_cells(((person, skill, _OFFERED) for person, skill in rows), index, skills))
    level = _fill(shape, _skill_cells(_levels(persons), index, skills))
    return np.where(offered > 0, np.maximum(offered, level), 0).astype(np.float32)


def _accomplishments(persons: QuerySet[Any]) -> dict[Person, list[str]]:
    words: dict[Person, list[str]] = {}
    rows = Accomplishment.objects.filter(person__in=persons).order_by("-on", "-pk")
    for person, what, how in rows.values_list("person_id", "what", "how"):
        words.setdefault(person, []).append(f"{what} {how}")
    return words


def _records(persons: QuerySet[Any], index: dict[Person, int]) -> list[tuple[Person, date]]:
    rows = LearningRecord.objects.filter(person__in=persons).order_by("person_id", "on", "pk")
    # a mentor who joined between two queries is not in the index
    return [(person, on) for person, on in rows.values_list("person_id", "on") if person in index]


def _ratings(program: Program, index: dict[Person, int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(sum, count) over raters: one who rated twice, at two closings, counts once, with their mean."""
    answers = F("understood") + F("listened") + F("context") + F("honest")
    rows = (
        EmpathyRating.objects.filter(closing__program=program)
        .values("mentor_id", "mentee_id")
        .annotate(mean=Avg(answers / _ANSWERS))
        .order_by("mentor_id", "mentee_id")
        .values_list("mentor_id", "mean")
    )
    total, count = np.zeros(len(index)), np.zeros(len(index), dtype=np.int64)
    for mentor, mean in rows:
        if mentor in index:
            total[index[mentor]] += mean
            count[index[mentor]] += 1
    return total, count


def active_engagements(program: Program) -> dict[Person, int]:
    rows = Engagement.objects.active().filter(program=program).order_by().values("mentor_id")
    return dict(rows.annotate(count=Count("pk")).values_list("mentor_id", "count"))


def _languages(
    persons: QuerySet[Any], index: dict[Person, int], size: int | None = None
) -> NDArray[np.float32]:
    rows = SpokenLanguage.objects.filter(person__in=persons).order_by()
    cells = [
        (index[person], _LANGUAGE_COLUMN[code], fluency / _TOP_FLUENCY)
        for person, code, fluency in rows.values_list("person_id", "code", "fluency")
        if person in index and code in _LANGUAGE_COLUMN
    ]
    return _fill((len(index) if size is None else size, len(LANGUAGES)), cells)


def _skill_cells(
    rows: Iterable[tuple[Any, int, float]], index: dict[uuid.UUID, int], skills: Skills
) -> list[Cell]:
    # somebody or a skill that came between two queries is not in the index
    return [
        (index[owner], skills.column[skill], value)
        for owner, skill, value in rows
        if owner in index and skill in skills.column
    ]


def _fill(shape: tuple[int, int], cells: Sequence[Cell]) -> NDArray[np.float32]:
    array = np.zeros(shape, dtype=np.float32)
    if cells:
        row, column, value = zip(*cells, strict=True)
        array[list(row), list(column)] = value
    return array


def _free(zones: Sequence[str], weeks: Sequence[Any], today: date) -> NDArray[np.bool_]:
    """(n, 336) in UTC; somebody without a profile has no time."""
    packed = b"".join(bytes(week or EMPTY_WEEK) for week in weeks)
    local = np.unpackbits(np.frombuffer(packed, dtype=np.uint8).reshape(-1, WEEK_BYTES), axis=1).astype(bool)
    free = np.zeros((len(weeks), HALF_HOURS_A_WEEK), dtype=bool)
    for i, zone in enumerate(zones):
        free[i] = week_to_utc(local[i], zone, today)
    return free
