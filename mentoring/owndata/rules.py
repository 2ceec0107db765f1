"""How the rows of a model are a person's, what of them they are given, and what becomes of them on erasure.

The rules themselves stand in table.py and table_libraries.py. tests/owndata/test_rules.py walks every model
that is installed and fails for one without a rule, and for a field that no rule names.
"""

import enum
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from allauth.account.models import EmailAddress
from django.apps import apps
from django.db import models
from django.db.models import Q

from accounts.models import User


@dataclass(frozen=True)
class Who:
    """A person as rows refer to them; the addresses in lower case.

    Of further addresses those that are confirmed: what was sent to another may be somebody else's.
    """

    pk: uuid.UUID
    name: str
    addresses: tuple[str, ...]

    @classmethod
    def of(cls, person: User) -> "Who":
        listed = EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)
        addresses = {person.email.lower(), *(email.lower() for email in listed)}
        return cls(person.pk, person.name, tuple(sorted(addresses)))


class Fate(enum.Enum):
    """What becomes of a row when the person is erased."""

    DELETED = "deleted"
    KEPT = "kept without the name"  # shared with somebody else, or counted
    FOLLOWS = "goes or stays with the row that it belongs to"


@dataclass(frozen=True)
class Way:
    """One way in which rows are a person's: by a lookup path that ends at them, or by what `find` says."""

    path: str = ""
    fate: Fate = Fate.DELETED
    find: Callable[[Who], Q] | None = None
    is_exported: bool = True
    only: Q = field(default_factory=Q)  # of these rows, those that the person knows of, and is given
    goes: Q | None = None  # of KEPT rows, those that are deleted all the same
    blank: Mapping[str, Any] = field(default_factory=dict)  # fields of KEPT rows, and what they say then
    rewrite: tuple[str, ...] = ()  # fields of KEPT rows in which name and addresses are replaced
    namesakes: Callable[[Who], Q] | None = None  # rows in which the name may be another's, and stays
    why: str = ""

    def condition(self, who: Who) -> Q:
        return self.find(who) if self.find else Q(**{self.path: who.pk})


Reading = Callable[[Any], Any]


@dataclass(frozen=True)
class Rule:
    """Of one model. Every field of it is in `export`, in `hidden` (not given, with a comment why), a key of
    `opened` (given as what the function makes of the row), or the whole of a way's path."""

    label: str
    subject: str
    ways: tuple[Way, ...]
    export: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    opened: Mapping[str, tuple[str, Reading]] = field(default_factory=dict)  # field: (key shown, reading)
    related: tuple[str, ...] = ()

    @property
    def model(self) -> type[models.Model]:
        return apps.get_model(self.label)

    @property
    def is_exported(self) -> bool:
        return any(way.is_exported for way in self.ways)

    def rows(self, who: Who) -> models.QuerySet[Any]:
        """What the person is given, by any way, each row once."""
        mine = Q(pk__in=[])
        for way in self.ways:
            if way.is_exported:
                mine |= way.condition(who) & way.only
        # by a subquery, so that a path through many rows gives each row once
        found = self.model._default_manager.filter(mine).values("pk")
        return self.model._default_manager.filter(pk__in=found).order_by("pk")

    @property
    def names(self) -> set[str]:
        """All fields that the rule speaks of."""
        ways = {way.path for way in self.ways if way.path}
        return {*self.export, *self.hidden, *self.opened, *ways}
