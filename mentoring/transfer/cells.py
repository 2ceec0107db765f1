"""What people write into the cells of a list of people, understood: plain functions of a text.

Each gives a value or raises CellError with a reason for beside the cell. Nothing is evaluated: a cell that
begins as a formula does is a text like any other.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.forms_fields import LONGEST_ADDRESS
from accounts.languages import LANGUAGE_CHOICES, Fluency, language_name
from accounts.plain import plain
from accounts.zones import zone_names

# What a spreadsheet takes for the beginning of a formula, also in the wide letters of East Asian fonts.
FORMULA_SIGNS = "=+-@\t\r\n＝＋－＠"
MOST_SKILLS = 30
MOST_LANGUAGES = 15
MOST_GOALS = 10
MOST_PLACES = 20
ROLES = {
    "mentor": (True, False, False),
    "mentee": (False, True, False),
    "both": (True, True, False),
    "admin": (False, False, True),
}
_ROLE_WORDS = {
    "mentor": "mentor|mentors|mentorin|senior|coach|tutor",
    "mentee": "mentee|mentees|protege|protegee|learner|junior",
    "both": "both|mentor mentee|mentor and mentee|mentee and mentor|mentee mentor|mentor or mentee",
    "admin": "admin|program admin|administrator|organiser|organizer|coordinator",
}
_ROLE_OF = {word: ROLES[role] for role, words in _ROLE_WORDS.items() for word in words.split("|")}
_FLUENCY_WORDS = {
    "native": 4, "mother tongue": 4, "first language": 4, "bilingual": 4, "c2": 4, "muttersprache": 4,
    "fluent": 3, "very good": 3, "c1": 3, "b2": 3, "fliessend": 3, "courant": 3,
    "working": 2, "good": 2, "conversational": 2, "intermediate": 2, "b1": 2,
    "basic": 1, "beginner": 1, "a1": 1, "a2": 1, "some": 1,
}  # fmt: skip
_ZONE_WORDS = {
    word: zone
    for zone, words in {
        "UTC": "utc|gmt|z",
        "Europe/Berlin": "cet|cest|central european time|munich|germany",
        "Europe/Lisbon": "wet",
        "Europe/Athens": "eet",
        "Europe/London": "bst|uk|uk time",
        "America/New_York": "eastern|eastern time|est|edt|et|boston|washington",
        "America/Chicago": "central time|cdt",
        "America/Denver": "mountain time",
        "America/Los_Angeles": "pacific|pacific time|pst|pdt|pt|san francisco|seattle",
        "Asia/Kolkata": "india|mumbai|delhi|bangalore",
        "Asia/Tokyo": "japan|jst",
        "Asia/Shanghai": "china|beijing",
        "Europe/Paris": "france",
        "Europe/Madrid": "spain",
        "Europe/Rome": "italy",
        "Africa/Lagos": "nigeria",
    }.items()
    for word in words.split("|")
}


class CellError(Exception):
    """Why a cell cannot be used, in words fit to show beside it."""


@dataclass(frozen=True)
class SkillNames:
    """Names and synonyms of a program's skills, as `plain` writes them."""

    by_name: Mapping[str, int]
    names: Mapping[int, str]
    close: dict[str, str] = field(default_factory=dict)  # what was looked for before, and what is near it

    def find(self, text: str) -> int:
        found = self.by_name.get(plain(text))
        if found is None:
            raise CellError(f"“{_short(text)}” is not in the skill list.{self._nearest(text)}")
        return found

    def _nearest(self, text: str) -> str:
        word = plain(text)
        if word not in self.close:
            near = difflib.get_close_matches(word[:80], self.by_name, n=1, cutoff=0.7)
            self.close[word] = f" Do you mean “{self.names[self.by_name[near[0]]]}”?" if near else ""
        return self.close[word]


def is_formula(text: str) -> bool:
    return text.startswith(tuple(FORMULA_SIGNS))


def unquoted(text: str) -> str:
    """Without the apostrophe that exports put before what a spreadsheet would take for a formula."""
    return text[1:] if text.startswith("'") and is_formula(text[1:]) else text


def mail_of(text: str) -> str:
    address = text.strip().removeprefix("mailto:").lower()
    if not address:
        raise CellError("A mail address is missing.")
    _check_readable(address)
    try:
        validate_email(address)
    except ValidationError as error:
        raise CellError("This is not a mail address.") from error
    if len(address) > LONGEST_ADDRESS:
        raise CellError(f"A mail address has at most {LONGEST_ADDRESS} characters.")
    return address


def name_of(text: str) -> str:
    name = " ".join(text.split())
    _check_readable(name)
    if len(name) > 120:
        raise CellError("A name has at most 120 characters.")
    return name


def check_new_name(name: str) -> None:
    """What a name that is written has to fulfil, beyond what is bearable in one that stands already."""
    if not name:
        raise CellError("A name is missing.")
    if is_formula(name):
        raise CellError(f"A name does not begin with “{name[0]}”. Is this a formula?")


def roles_of(text: str) -> tuple[bool, bool, bool]:
    """(mentor, mentee, program admin)."""
    parts = [plain(part) for part in re.split(r"[;,/+&]", text) if part.strip()]
    known = [_ROLE_OF.get(part) for part in ([plain(text)] if plain(text) in _ROLE_OF else parts)]
    found = [roles for roles in known if roles is not None]
    if not found or len(found) != len(known):
        raise CellError("A role is mentor, mentee, both or admin.")
    mentor, mentee, admin = (any(column) for column in zip(*found, strict=True))
    return mentor, mentee, admin


def skills_of(text: str, known: SkillNames) -> dict[int, int]:
    """Levels by skill; without a level it is "strong"."""
    whole, level = _levelled(text)
    parts = [text] if plain(whole) in known.by_name else re.split(r"[;\n]", text)
    if len(parts) == 1 and plain(whole) not in known.by_name:
        parts = text.split(",")
    found: dict[int, int] = {}
    for part in parts:
        if part.strip():
            name, level = _levelled(part)
            found[known.find(name)] = level
    if len(found) > MOST_SKILLS:
        raise CellError(f"At most {MOST_SKILLS} skills.")
    return found


def _levelled(text: str) -> tuple[str, int]:
    match = re.fullmatch(r"\s*(.*?)\s*(?:[:(]\s*([0-9]+(?:\.0)?)\s*\)?)?\s*", text, re.DOTALL)
    assert match is not None
    if match[2] is None:
        return match[1], 3
    level = float(match[2])
    if not 1 <= level <= 4:
        raise CellError("A level is 1, 2, 3 or 4.")
    return match[1], int(level)


@cache
def _languages() -> dict[str, str]:
    names = {plain(name): code for code, name in LANGUAGE_CHOICES}
    return names | {code: code for code, _ in LANGUAGE_CHOICES}


def languages_of(text: str) -> dict[str, int]:
    """Fluency by code; without one it is "fluent"."""
    found: dict[str, int] = {}
    for part in re.split(r"[;,\n]", text):
        match = re.fullmatch(r"\s*([^(:]*?)\s*(?:[(:]\s*([^)]*?)\s*\)?)?\s*", part)
        if match is None or not match[1]:
            continue
        code = _languages().get(plain(match[1]))
        if code is None:
            near = _nearest(plain(match[1]), _languages)
            named = language_name(near) if near else None
            raise CellError(_unknown(match[1], "a language that Holdfast knows", named))
        found[code] = _fluency(match[2])
    if len(found) > MOST_LANGUAGES:
        raise CellError(f"At most {MOST_LANGUAGES} languages.")
    return found


def _fluency(words: str | None) -> int:
    if not words:
        return Fluency.FLUENT
    if words in ("1", "2", "3", "4"):
        return int(words)
    fluency = _FLUENCY_WORDS.get(plain(words))
    if fluency is None:
        raise CellError(f"“{_short(words)}” does not say how well: write basic, working, fluent or native.")
    return fluency


@cache
def _zones() -> dict[str, str]:
    """Zones by their names, by their cities, and by what they are called."""
    cities = {plain(name.rpartition("/")[2]): name for name in reversed(zone_names())}
    return cities | {plain(name): name for name in zone_names()} | _ZONE_WORDS


def zone_of(text: str) -> str:
    words = plain(text)
    found = _zones().get(words)
    if found is None:
        raise CellError(_unknown(text, "a time zone that Holdfast knows", _nearest(words, _zones)))
    return found


@lru_cache(maxsize=1000)  # what is wrong in one row is so in many, and to look through all takes milliseconds
def _nearest(words: str, known: Callable[[], Mapping[str, str]]) -> str | None:
    near = difflib.get_close_matches(words[:60], known(), n=1, cutoff=0.7)
    return known()[near[0]] if near else None


def places_of(text: str) -> int:
    match = re.fullmatch(r"\+?([0-9]{1,6})(?:[.,]0+)?", text.strip())
    if match is None or int(match[1]) > MOST_PLACES:
        raise CellError(f"Places are a whole number from 0 to {MOST_PLACES}.")
    return int(match[1])


def goals_of(text: str) -> list[str]:
    """Titles, each once."""
    _check_readable(text.replace("\n", " "))
    titles = [" ".join(unquoted(part.strip()).split()) for part in re.split(r"[;\n]", text)]
    titles = list(dict.fromkeys(title for title in titles if title))
    if any(len(title) > 120 for title in titles):
        raise CellError("The title of a goal has at most 120 characters.")
    if len(titles) > MOST_GOALS:
        raise CellError(f"At most {MOST_GOALS} goals.")
    if any(is_formula(title) for title in titles):
        raise CellError("The title of a goal does not begin like a formula.")
    return titles


def _check_readable(text: str) -> None:
    if any(not each.isprintable() or each == "\ufffd" for each in text if each not in "\u200c\u200d"):
        raise CellError("Some of its letters could not be read. Write it anew.")


def _unknown(text: str, what: str, near: str | None) -> str:
    return f"“{_short(text)}” is not {what}." + (f" Do you mean “{near}”?" if near else "")


def _short(text: str) -> str:
    return text.strip() if len(text) <= 60 else text.strip()[:59] + "…"
