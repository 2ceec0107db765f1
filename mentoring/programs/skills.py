"""The skill list as one program has it: skills of its own, other names, and skills that count as another.

Nothing that refers to a skill is touched by any of it, so that each step can be taken back and brings back
what was. Every write locks the program's row first: two admins at once end as one after the other, and no
chain of skills that count as another becomes a circle.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.text import slugify

from accounts.models import Skill, SkillHere, User
from accounts.plain import plain
from accounts.vocabulary import Vocabulary, vocabulary_of
from mentoring.programs.audit import record
from mentoring.programs.models import Program
from mentoring.programs.services import ProgramError

MOST_OWN = 500
_IN_USE = "Members or goals name this skill. Let it count as another instead; nothing is lost then."


@transaction.atomic
def add_skill(
    program: Program,
    *,
    by: User,
    name: str,
    kind: str,
    parent: int | None = None,
    synonyms: Iterable[str] = (),
    now: datetime,
) -> Skill:
    """Known in this program alone."""
    vocabulary = _locked(program)
    _check_free(vocabulary, name)
    if parent is not None:
        _check_known(vocabulary, parent)
    own_names = [listed.name.lower() for listed in vocabulary.listed.values() if listed.program]
    if name.lower() in own_names:
        raise ProgramError(f"{name} was added already; it goes by another name, or counts as another skill.")
    if len(own_names) >= MOST_OWN:
        raise ProgramError(f"A program adds {MOST_OWN} skills at most.")
    skill = Skill.objects.create(
        # never a slug of the shared list, now or later
        slug=f"{slugify(name)[:48]}-{secrets.token_hex(4)}".lstrip("-"),
        name=name,
        kind=kind,
        parent_id=parent,
        synonyms=list(synonyms),
        program=program,
    )
    record(program, by=by, action="skill added", details={"skill": name, "kind": kind}, now=now)
    return skill


@transaction.atomic
def remove_skill(program: Program, skill: int, *, by: User, now: datetime) -> None:
    """Takes an added skill back, as long as nobody uses it."""
    vocabulary = _locked(program)
    _check_known(vocabulary, skill)
    if vocabulary.listed[skill].program != program.pk:
        raise ProgramError("This skill is of the list that all programs share. Count it as another instead.")
    if SkillHere.objects.filter(program=program, into=skill).exists():
        raise ProgramError("Other skills count as this one. Take that back first.")
    # with the row locked nobody can begin to use it: whoever refers to a row locks it a little too
    own = Skill.objects.select_for_update().get(pk=skill)
    try:
        with transaction.atomic():
            if own.backed_by.exists():
                raise ProgramError(_IN_USE)
            own.delete()
    except ProtectedError:
        raise ProgramError(_IN_USE) from None
    record(program, by=by, action="skill removed", details={"skill": vocabulary.names[skill]}, now=now)


@transaction.atomic
def rename_skill(program: Program, skill: int, *, by: User, name: str, now: datetime) -> None:
    """An empty name, or the skill's own, takes the other name back."""
    vocabulary = _locked(program)
    _check_known(vocabulary, skill)
    own, before = vocabulary.listed[skill].name, vocabulary.names[skill]
    wanted = "" if name == own else name
    if (name or own) == before:
        return
    _check_free(vocabulary, name or own, but=skill)
    _write(program, skill, name=wanted)
    record(program, by=by, action="skill renamed", details={"skill": [before, name or own]}, now=now)


@transaction.atomic
def merge_skill(program: Program, skill: int, *, into: int, by: User, now: datetime) -> None:
    """From now on the program counts `skill` as `into`, and as what that one counts as."""
    vocabulary = _locked(program)
    _check_known(vocabulary, skill)
    _check_known(vocabulary, into)
    target = vocabulary.of(into)
    assert target is not None
    if skill == into:
        raise ProgramError("A skill cannot count as itself. Choose another.")
    if vocabulary.counts_as[skill] != skill:
        raise ProgramError(f"{vocabulary.names[skill]} counts as another already. Take that back first.")
    if target.pk == skill:
        raise ProgramError(
            f"{vocabulary.names[into]} counts as {vocabulary.names[skill]} already. Take that back first."
        )
    _write(program, skill, into=into)
    names = {"skill": vocabulary.names[skill], "into": vocabulary.names[into]}
    record(program, by=by, action="skill merged", details=names, now=now)


@transaction.atomic
def unmerge_skill(program: Program, skill: int, *, by: User, now: datetime) -> None:
    """It counts as itself again. Twice is once."""
    vocabulary = _locked(program)
    _check_known(vocabulary, skill)
    if vocabulary.counts_as[skill] == skill:
        return
    # meanwhile another may have taken its name
    _check_free(vocabulary, vocabulary.names[skill], but=skill)
    _write(program, skill, into=None)
    record(program, by=by, action="skill set apart", details={"skill": vocabulary.names[skill]}, now=now)


def _locked(program: Program) -> Vocabulary:
    """The program's skills as they stand once nobody else changes them."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    return vocabulary_of(program.pk)


def _check_known(vocabulary: Vocabulary, skill: int) -> None:
    """In the same words for what does not exist and for what another program added."""
    if vocabulary.of(skill) is None:
        raise ProgramError("There is no such skill in the list.")


def _check_free(vocabulary: Vocabulary, name: str, but: int | None = None) -> None:
    """Two skills of one name could not be told apart. What counts as another has no page to stand on."""
    taken = {plain(called.name): called for called in vocabulary.standing if called.pk != but}
    if not plain(name):
        raise ProgramError("A name has at least one letter or figure.")
    if plain(name) in taken:
        raise ProgramError(f"{taken[plain(name)].name} is in the list already.")


def _write(program: Program, skill: int, **changes: str | int | None) -> None:
    """Changes what the program says of the skill; a row that would say nothing goes."""
    here = SkillHere.objects.filter(program=program, skill=skill).first() or SkillHere(
        program=program, skill_id=skill
    )
    here.name = str(changes.get("name", here.name) or "")
    here.into_id = changes.get("into", here.into_id)
    if here.name or here.into_id:
        here.save()
    elif here.pk:
        here.delete()
