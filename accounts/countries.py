"""Countries by their ISO 3166 codes, as named in the installed tzdata."""

from functools import cache
from importlib import resources


@cache
def _names() -> dict[str, str]:
    lines = resources.files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text("utf-8").splitlines()
    pairs = (line.split("\t", 1) for line in lines if line and not line.startswith("#"))
    return {code: name.replace("Britain (UK)", "United Kingdom") for code, name in pairs}


def country_choices() -> list[tuple[str, str]]:
    return [("", "—"), *sorted(_names().items(), key=lambda pair: pair[1])]


def country_name(code: str) -> str:
    return _names().get(code, code)
