"""The three people whom a visitor of the demonstration may be."""

from accounts.models import User
from mentoring.demo.told import demo_id

ROLES = {"amara-eze": "Mentee", "leila-haddad": "Mentor", "ines-carvalho": "Program admin"}
PASSWORD = "holdfast-demo"  # noqa: S105  public on purpose: the program is seeded under DEBUG alone


def mail_address(key: str) -> str:
    return f"{key}@demo.example"


def demo_people() -> list[tuple[str, str, User]]:
    """(role, key, person) of the three; empty where the demonstration program was not seeded."""
    found = User.objects.filter(is_active=True).in_bulk([demo_id("person", key) for key in ROLES])
    by_key = {key: found.get(demo_id("person", key)) for key in ROLES}
    return [(role, key, person) for key, role in ROLES.items() if (person := by_key[key]) is not None]


def demo_person(key: str) -> User | None:
    """The person with this key if it is one of the three; nobody else can be asked for."""
    return next((person for _, known, person in demo_people() if known == key), None)
