"""A Scoring as bytes and back: what it gives is the same to the bit, but people have numbers for names."""

from dataclasses import fields
from typing import Any

import numpy as np

from matching.engine import Allowed, Mentees, Mentors, Scoring, Settings, SkillMap
from matching.packing import Arrays, pack, unpack


def pack_scoring(scoring: Scoring) -> bytes:
    arrays = {
        **_arrays_of("mentees", scoring.mentees),
        **_arrays_of("mentors", scoring.mentors),
        **_arrays_of("skills", scoring.skills),
        **_arrays_of("allowed", scoring.allowed),
    }
    settings = scoring.settings
    facts = {
        "closeness_range": list(scoring.mentors.closeness_range),
        "settings": {
            "weights": dict(settings.weights),
            "must_haves": dict(settings.must_haves),
            "tilt": settings.tilt,
            "needs_time": settings.needs_time,
        },
    }
    return pack(arrays, facts)


def unpack_scoring(packed: bytes | memoryview) -> Scoring:
    arrays, facts = unpack(packed)
    mentees, mentors, skills, allowed = (
        _named(arrays, name) for name in ("mentees", "mentors", "skills", "allowed")
    )
    low, high = facts["closeness_range"]
    slugs = _numbers(len(skills["kind"]))
    return Scoring(
        Mentees(**_people(mentees, "wanted")),
        Mentors(**_people(mentors, "level"), closeness_range=(low, high)),
        SkillMap(slugs, slugs, skills["kind"], skills["related"]),
        Allowed(allowed["proposable"], allowed["apart"]),
        Settings(**facts["settings"]),
    )


def _arrays_of(side: str, people: Any) -> Arrays:
    values = {one.name: getattr(people, one.name) for one in fields(people)}
    return {f"{side}.{name}": value for name, value in values.items() if isinstance(value, np.ndarray)}


def _named(arrays: Arrays, side: str) -> Arrays:
    return {name.removeprefix(f"{side}."): one for name, one in arrays.items() if name.startswith(f"{side}.")}


def _people(arrays: Arrays, field: str) -> dict[str, Any]:
    numbers = _numbers(len(arrays[field]))
    return {"ids": numbers, "names": numbers, **arrays}


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(count))
