"""When the reader and somebody else could meet, for the pages of higher apps."""

from typing import Any

from django import template
from django.utils import timezone

from accounts.meeting import meeting
from accounts.models import Profile, User
from accounts.portrait import zone_in_words
from accounts.week import EMPTY_WEEK

register = template.Library()


@register.inclusion_tag("accounts/_two_weeks.html", takes_context=True)
def two_weeks(context: dict[str, Any], person: User) -> dict[str, Any]:
    """One query. Empty where it is oneself, or the other protects no time."""
    reader: User = context["request"].user
    people = [reader.pk, person.pk]
    weeks = dict(Profile.objects.filter(person__in=people).values_list("person_id", "week"))
    mine, theirs = (bytes(weeks.get(each, EMPTY_WEEK)) for each in people)
    if reader.pk == person.pk or theirs == EMPTY_WEEK:
        return {}
    return {
        "person": person,
        "met": meeting(mine, theirs, zone=reader.zone_info, other=person.zone_info, now=timezone.now()),
        "has_own": mine != EMPTY_WEEK,
        "zone": zone_in_words(reader.zone),
        "other_zone": zone_in_words(person.zone) if person.zone != reader.zone else "",
    }
