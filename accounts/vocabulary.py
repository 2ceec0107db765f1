"""Which skills there are for somebody, and how they are called: the shared list, as programs read it.

A program calls a skill by another name, or counts it as another (SkillHere); a skill that it added is known
in it alone. Nothing that refers to a skill is changed for that: whoever shows or counts skills asks here.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import LearningWish, Offer, PersonSkill, Skill, SkillHere, User


class Called(NamedTuple):
    """A skill under the name that it goes by; `pk` is of the one that it counts as."""

    pk: int
    name: str
    kind: str


class Listed(NamedTuple):
    pk: int
    slug: str
    name: str
    kind: str
    parent: int | None
    synonyms: list[str]
    program: uuid.UUID | None


@dataclass
class _Here:
    """What one program says of skills: names, and which counts as which, as stored."""

    names: dict[int, str] = field(default_factory=dict)
    into: dict[int, int] = field(default_factory=dict)

    def last(self, skill: int) -> int:
        """The end of the chain. None is a circle (programs.skills sees to it); one would end all the same."""
        seen = {skill}
        while (following := self.into.get(skill)) is not None and following not in seen:
            skill = following
            seen.add(skill)
        return skill


@dataclass(frozen=True)
class Vocabulary:
    """`listed` are all skills known here by primary key, `counts_as` the one that each counts as (itself,
    most often), `names` what each goes by, `also` what any of the programs at hand calls it."""

    listed: Mapping[int, Listed]
    counts_as: Mapping[int, int]
    names: Mapping[int, str]
    also: Mapping[int, Collection[str]]

    def of(self, skill: int) -> Called | None:
        """None for a skill that is not known here: nothing may tell that it exists."""
        if skill not in self.counts_as:
            return None
        target = self.counts_as[skill]
        return Called(target, self.names[target], self.listed[target].kind)

    def shown(self, skills: Iterable[int]) -> list[Called]:
        """Each once, by name; without those not known here."""
        found = {called.pk: called for skill in skills if (called := self.of(skill))}
        return sorted(found.values(), key=lambda called: called.name.casefold())

    @cached_property
    def standing(self) -> list[Called]:
        """What can be picked: skills that count as themselves, by name."""
        return self.shown(self.listed)

    def parent_of(self, skill: int) -> Called | None:
        parent = self.listed[skill].parent
        called = None if parent is None else self.of(parent)
        return None if called is None or called.pk == skill else called

    @cached_property
    def words(self) -> dict[int, list[str]]:
        """All that finds a skill that can be picked: its name first, then every other name it has or had,
        and those of skills that count as it."""
        found: dict[int, list[str]] = {called.pk: [called.name] for called in self.standing}
        for pk, skill in self.listed.items():
            found[self.counts_as[pk]] += [self.names[pk], skill.name, *self.also[pk], *skill.synonyms]
        return found


def vocabulary_of(program: uuid.UUID) -> Vocabulary:
    """As the program's pages and its matching know skills."""
    return _vocabulary(Skill.objects.filter(Q(program=None) | Q(program=program)), [program])


def vocabulary_for(person: User) -> Vocabulary:
    """As a person's own pages know them: what their programs agree on goes by their programs' words.

    Holds skills of the programs that the person is in, and of others what the person lists: a skill of a
    program that they have left stays theirs to see and to take off. Programs are a higher app, known by the
    relation's name.
    """
    programs = [pk for (pk,) in person.memberships.filter(left_at=None).values_list("program_id")]
    own = [
        Exists(model._default_manager.filter(person=person, skill=OuterRef("pk")))
        for model in (PersonSkill, LearningWish, Offer)
    ]
    known = Q(program=None) | Q(program__in=programs) | own[0] | own[1] | own[2]
    return _vocabulary(Skill.objects.filter(known), programs)


def _vocabulary(skills: QuerySet[Skill], programs: Collection[uuid.UUID]) -> Vocabulary:
    rows = skills.order_by("pk").values_list(
        "pk", "slug", "name", "kind", "parent_id", "synonyms", "program_id"
    )
    listed = {row[0]: Listed(*row) for row in rows}
    here = {program: _Here() for program in programs}
    said = SkillHere.objects.filter(program__in=programs)
    for program, skill, name, into in said.values_list("program_id", "skill_id", "name", "into_id"):
        if skill in listed and name:
            here[program].names[skill] = name
        if skill in listed and into in listed:
            here[program].into[skill] = into
    counts_as, names, also = {}, {}, {}
    for pk, each in listed.items():
        views = [one for program, one in here.items() if each.program in (None, program)]
        targets = {one.last(pk) for one in views}
        called = {one.names.get(pk, each.name) for one in views}
        counts_as[pk] = targets.pop() if len(targets) == 1 else pk
        also[pk] = frozenset(called)
        names[pk] = called.pop() if len(called) == 1 else each.name
    return Vocabulary(listed, _settled(counts_as), names, also)


def _settled(counts_as: dict[int, int]) -> dict[int, int]:
    """Programs may agree where a skill counts and not where that one does: then it stands for itself."""
    return {skill: target if counts_as[target] == target else skill for skill, target in counts_as.items()}
