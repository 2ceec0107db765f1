"""What a program's admins change in it as a whole, each with an entry in its audit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from accounts.models import User
from mentoring.programs.audit import changes, record
from mentoring.programs.joining import Place, invite
from mentoring.programs.models import Program, new_join_token

# Words that stand where a slug stands in addresses.
TAKEN_WORDS = frozenset({"new"})


@transaction.atomic
def change_settings(program: Program, *, by: User, wanted: Mapping[str, Any], now: datetime) -> Program:
    program = Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    changed = changes({name: getattr(program, name) for name in wanted}, wanted)
    if changed:
        for name in changed:
            setattr(program, name, wanted[name])
        program.save(update_fields=list(changed))
        record(program, by=by, action="settings changed", details=changed, now=now)
    return program


@transaction.atomic
def rotate_link(program: Program, *, by: User, now: datetime) -> None:
    """The link that people had leads nowhere from now on."""
    program.join_token = new_join_token()
    program.save(update_fields=["join_token"])
    record(program, by=by, action="link changed", now=now)


@transaction.atomic
def create_program(*, by: User, wanted: Mapping[str, Any], email: str, name: str, now: datetime) -> Program:
    """With an invitation for its first admin; who creates it is no member of it."""
    program = Program.objects.create(slug=_free_slug(wanted["name"]), **wanted)
    record(program, by=by, action="program created", details={"name": program.name}, now=now)
    invite(program, by=by, rows=[Place(email=email, name=name, is_admin=True)], now=now)
    return program


def _free_slug(name: str) -> str:
    stem = slugify(name)[:50] or "program"
    taken = TAKEN_WORDS | set(Program.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    number = 1
    while (slug := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return slug
