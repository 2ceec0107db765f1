"""How well a goal and a mentor fit, for pages of apps that know nothing of matching."""

from typing import Any

from django import template
from django.utils import timezone

from accounts.models import User
from matching.engine import Voice
from matching.fits import fit_of, shown
from mentoring.goals.models import Goal

register = template.Library()


@register.inclusion_tag("matching/_fit.html")
def fit_panel(goal: Goal, mentor: User, voice: Voice = "mentee") -> dict[str, Any]:
    """Reasons and score of one pair, told to `voice`; nothing where the two may not be proposed.

    Reads all mentors of the program in a fixed number of queries: for a page of one pair, not for a list.
    """
    found = fit_of(goal, mentor, timezone.localdate())
    if found is None:
        return {}
    pair, column = found
    explanation = pair.explanation(0, column, voice=voice, zone=timezone.get_current_timezone_name())
    return shown(explanation)
