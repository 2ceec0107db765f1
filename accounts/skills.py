"""The skill list that ships with Holdfast, in accounts/data/skills.toml."""

import tomllib
from pathlib import Path
from typing import Any

SKILLS_FILE = Path(__file__).parent / "data" / "skills.toml"


def load_skills(skill_model: Any) -> int:
    """Add what the list has and the table lacks, and bring the rest up to date; returns how many are listed.

    Takes the model, so that a migration can pass its historical one.
    """
    listed = tomllib.loads(SKILLS_FILE.read_text())["skill"]
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
    by_slug = {skill.slug: skill for skill in skill_model.objects.all()}
    children = [entry for entry in listed if entry.get("parent")]
    for entry in children:
        by_slug[entry["slug"]].parent = by_slug[entry["parent"]]
    skill_model.objects.bulk_update([by_slug[entry["slug"]] for entry in children], ["parent"])
    return len(listed)
