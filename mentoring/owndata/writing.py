"""Everything about a person as one zip: a JSON file for each subject, photos as files, and a README."""

import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.template.loader import render_to_string

from accounts.models import Photo, User
from mentoring.owndata.rules import Rule, Who
from mentoring.owndata.table import TABLE, USER
from mentoring.programs.models import Membership

AT_ONCE = 200  # rows in memory


def write_zip(person: User, out: IO[bytes], now: datetime) -> None:
    who = Who.of(person)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        held = []
        for rule in (USER, *TABLE):
            if rule.is_exported and rule.rows(who).exists():
                name = f"{rule.subject.replace(',', '').replace(' ', '-')}.json"
                with archive.open(name, "w") as file:
                    _write_rows(rule, who, file)
                held.append((name, rule.subject))
        photos = _write_photo(person, archive)
        readme = render_to_string(
            "owndata/readme.txt", {"person": person, "held": held, "photos": photos, "now": now}
        )
        archive.writestr("README.txt", readme)


def shown(row: models.Model, rule: Rule) -> dict[str, Any]:
    """A row as its person is given it, under names that read well."""
    said: dict[str, Any] = {}
    if any(field.name == "id" for field in row._meta.concrete_fields):
        said["id"] = str(row.pk)
    for name in rule.export:
        said[_key(row, name)] = _value(row, name)
    for key, reading in rule.opened.values():
        said[key] = reading(row)
    return said


def _write_rows(rule: Rule, who: Who, file: IO[bytes]) -> None:
    """A JSON list, row by row."""
    before = "[\n"
    for row in _rows(rule, who):
        said = json.dumps(shown(row, rule), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        # Half of a pair of surrogates cannot be written; nothing that came by a form holds one.
        file.write((before + said).encode(errors="replace"))
        before = ",\n"
    file.write(b"\n]\n")


def _rows(rule: Rule, who: Who) -> Iterator[Any]:
    return rule.rows(who).select_related(*rule.related).iterator(chunk_size=AT_ONCE)


def _key(row: models.Model, name: str) -> str:
    field = row._meta.get_field(name)
    return str(getattr(field, "verbose_name", name))


def _value(row: models.Model, name: str) -> Any:
    """Another person by name alone; a choice in its words; whatever else JSON cannot hold as text."""
    field = row._meta.get_field(name)
    if field.is_relation:
        return _related(row, field)
    if getattr(field, "choices", None):
        return getattr(row, f"get_{name}_display")()
    value = getattr(row, name)
    if hasattr(value, "lower") and hasattr(value, "upper") and not isinstance(value, str):
        return {"from": value.lower, "to": value.upper}
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def _related(row: models.Model, field: Any) -> Any:
    pk = getattr(row, field.attname)
    if pk is None:
        return None
    if field.related_model in _BY_ID:
        return str(pk)
    one = getattr(row, field.name)
    return one.person.name if isinstance(one, Membership) else str(one)


# These have no name of their own; their rows are in the zip, under the same id.
_BY_ID = {
    apps.get_model(label)
    for label in (
        "engagements.Engagement",
        "engagements.Request",
        "schedule.Session",
        "schedule.Series",
        "matching.MatchRun",
        "accounts.Accomplishment",
    )
}


def _write_photo(person: User, archive: zipfile.ZipFile) -> list[str]:
    photo = Photo.objects.filter(person=person).first()
    if photo is None:
        return []
    archive.writestr("photos/large.webp", bytes(photo.large))
    archive.writestr("photos/small.webp", bytes(photo.small))
    return ["photos/large.webp", "photos/small.webp"]
