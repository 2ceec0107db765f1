"""Suggested mentors, for pages of apps that know nothing of matching."""

from typing import Any

from django import template
from django.template import RequestContext

from matching.suggesting import shown_to
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership

register = template.Library()


@register.inclusion_tag("matching/_suggestions.html", takes_context=True)
def suggestions_of(context: RequestContext, member: Membership, goal: Goal | None = None) -> dict[str, Any]:
    """What is suggested to this mentee, for one goal or for all; nothing where nothing is."""
    suggestions = shown_to(member, goal)
    return {
        "suggestions": suggestions,
        "program": member.program,
        "is_home": goal is None,
        "names_goal": len({one.goal_id for one in suggestions}) > 1,
        "csrf_token": context.get("csrf_token"),
    }
