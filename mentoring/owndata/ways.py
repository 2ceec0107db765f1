"""Ways that many rules take, and why what they keep is kept."""

from typing import Any

from django.db.models import Q

from mentoring.owndata.rules import Fate, Way, Who
from mentoring.programs.models import Membership

KEPT, FOLLOWS = Fate.KEPT, Fate.FOLLOWS
SHARED = "What the two wrote or agreed is the other's as well; it stays readable to them, without a name."
COUNTED = "It is counted; whose it was is no longer said."
OTHERS = "It is what somebody else keeps for themselves, and no use to them once the person has gone."


def at_their_address(field: str = "email") -> Any:
    def find(who: Who) -> Q:
        found = Q(pk__in=[])
        for address in who.addresses:
            found |= Q(**{f"{field}__iexact": address})
        return found

    return find


def in_their_programs(field: str) -> Any:
    return lambda who: Q(**{f"{field}__in": Membership.objects.filter(person=who.pk).values("program")})


def where_another_has_the_name(who: Who) -> Q:
    """In programs of which somebody else of the same name is or was a member: whoever takes another's name
    and then goes must not take it out of what is recorded of the other."""
    others = Membership.objects.filter(person__name=who.name).exclude(person=who.pk)
    return Q(program__in=others.values("program"))


def pair(prefix: str = "", fate: Fate = KEPT, **more: Any) -> tuple[Way, ...]:
    return tuple(Way(f"{prefix}{half}", fate, why=SHARED, **more) for half in ("mentor", "mentee"))
