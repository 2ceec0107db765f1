"""The skill list that ships with Holdfast, in accounts/data/skills.toml, and finding by what people type."""

import tomllib
import uuid
from pathlib import Path
from typing import Any

from accounts.models import User
from accounts.skill_search import Found, find
from accounts.vocabulary import vocabulary_for, vocabulary_of

SKILLS_FILE = Path(__file__).parent / "data" / "skills.toml"


def find_skills(words: str, person: User, limit: int, *, program: uuid.UUID | None = None) -> list[Found]:
    """What the person may pick, best first: for their profile, or for a goal in a program of theirs."""
    vocabulary = vocabulary_of(program) if program else vocabulary_for(person)
    return find(vocabulary, words, limit)


def load_skills(skill_model: Any) -> int:
    """Add what the list has and the table lacks, and bring the rest up to date; returns how many are listed.

    Takes the model, so that a migration can pass its historical one, of before programs had skills of their
    own too. A program's own skills are left alone, whatever they are called.
    """
    shared, taken = skill_model.objects.all(), set()
    if any(field.name == "program" for field in skill_model._meta.get_fields()):
        taken = set(shared.exclude(program=None).values_list("slug", flat=True))
        shared = shared.filter(program=None)
    listed = [
        entry for entry in tomllib.loads(SKILLS_FILE.read_text())["skill"] if entry["slug"] not in taken
    ]
    skill_model.objects.bulk_create(
        [
            skill_model(
                slug=entry["slug"], name=entry["name"], kind=entry["kind"], synonyms=entry.get("synonyms", [])
            )
            for entry in listed
        ],
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=["name", "kind", "synonyms"],
    )
    by_slug = {skill.slug: skill for skill in shared.all()}
    children = [entry for entry in listed if entry.get("parent") in by_slug]
    for entry in children:
        by_slug[entry["slug"]].parent = by_slug[entry["parent"]]
    skill_model.objects.bulk_update([by_slug[entry["slug"]] for entry in children], ["parent"])
    return len(listed)
