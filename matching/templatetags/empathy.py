"""What mentees' answers make of a mentor, for pages of apps that know nothing of matching."""

from typing import Any

from django import template

from accounts.models import User
from matching.empathy import figure_of, figures_of
from mentoring.engagements.models import Engagement
from mentoring.programs.models import Membership

register = template.Library()


@register.inclusion_tag("matching/_empathy.html")
def empathy_of(mentor: User) -> dict[str, Any]:
    """For the mentor's own page: a figure for each program; nothing for who is no mentor anywhere."""
    return {"figures": figures_of(mentor), "is_own": True, "mentor": mentor}


@register.inclusion_tag("matching/_empathy.html")
def empathy_here(reader: Membership, member: Membership) -> dict[str, Any]:
    """For a page about a member: to program admins, unless this is they or their own mentor here."""
    is_own = reader.person_id == member.person_id
    if not (reader.is_admin and member.is_mentor) or is_own or _is_mentee_of(reader, member):
        return {}
    return {"figures": [figure_of(member)], "is_own": False, "mentor": member.person}


def _is_mentee_of(reader: Membership, member: Membership) -> bool:
    pair = {"mentee": reader.person_id, "mentor": member.person_id}
    return Engagement.objects.filter(program=reader.program_id, **pair).exists()
