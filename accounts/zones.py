"""Time zones: the names of the IANA database, as the installed tzdata knows them."""

import zoneinfo
from functools import cache

from django.core.exceptions import ValidationError


@cache
def zone_names() -> tuple[str, ...]:
    """Zones that people live in (Area/City), and UTC."""
    areas = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return ("UTC", *sorted(name for name in zoneinfo.available_timezones() if name.startswith(areas)))


def zone_choices() -> list[tuple[str, str | list[tuple[str, str]]]]:
    """Choices for a select, grouped by area."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in zone_names()[1:]:
        area, _, city = name.partition("/")
        groups.setdefault(area, []).append((name, city.replace("_", " ")))
    return [("UTC", "UTC"), *groups.items()]


def validate_zone(name: str) -> None:
    if name not in zone_names():
        raise ValidationError("Choose a time zone from the list.")
