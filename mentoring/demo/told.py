"""What is told of the demonstration program in data/*.toml, and the ids that follow from its keys alone."""

import tomllib
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data"
SLUG = "crossways"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "crossways.demo.example")

Entry = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """Entries as they stand in the files, whose comments say what each field means."""

    program: Entry
    mentors: list[Entry]
    mentees: list[Entry]
    engagements: list[Entry]
    requests: list[Entry]
    sessions: dict[tuple[str, str], Entry]  # of an engagement, by the keys of its mentor and mentee

    @property
    def people(self) -> list[Entry]:
        return [*self.mentors, *self.mentees, self.program["admin"]]


@cache
def read() -> Told:
    stories = _load("stories.toml")
    return Told(
        program=_load("program.toml"),
        mentors=_load("mentors.toml")["person"],
        mentees=[*_load("mentees_a.toml")["person"], *_load("mentees_b.toml")["person"]],
        engagements=stories.get("engagement", []),
        requests=stories.get("request", []),
        sessions={
            (entry["mentor"], entry["mentee"]): entry for entry in _load("sessions.toml")["engagement"]
        },
    )


def demo_id(*key: str) -> uuid.UUID:
    """The same id for the same key in every installation."""
    return uuid.uuid5(_NAMESPACE, "/".join(key))


def spread(among: int, *key: str) -> int:
    """A number from 0 up to `among`, that one left out: varied between keys, always the same for one."""
    return demo_id("spread", *key).int % among


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text("utf-8"))
