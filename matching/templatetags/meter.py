"""How much of what matching reads a profile holds, for a page of an app that knows nothing of matching."""

from collections.abc import Sequence
from typing import Any

from django import template

from accounts.meter import Step
from matching.engine import DEFAULT_WEIGHTS
from matching.engine.criteria import UNBACKED

register = template.Library()

SKILLS = sum(DEFAULT_WEIGHTS[name] for name in ("technical", "leadership", "political"))
READ = 2.0  # what matching does not read of this person, but people do
MUST = "languages"  # no pair can be without
# As the criteria weigh to begin with. Of a mentor: words, records and skills; of a mentee: what they offer.
OF_BOTH = {"languages": DEFAULT_WEIGHTS["language"], "hours": DEFAULT_WEIGHTS["time"]}
OF_MENTORS = {
    "skills": SKILLS * UNBACKED,
    "backing": SKILLS * (1 - UNBACKED),
    "headline": DEFAULT_WEIGHTS["purpose"] / 2,
    "about": DEFAULT_WEIGHTS["purpose"] / 2,
    "learning": DEFAULT_WEIGHTS["passion"],
    "wishes": DEFAULT_WEIGHTS["reciprocity"],
}
OF_MENTEES = {"offers": DEFAULT_WEIGHTS["reciprocity"]}


@register.inclusion_tag("matching/_profile_meter.html")
def profile_meter(steps: Sequence[Step]) -> dict[str, Any]:
    """The share that is there, 0..100, and what lacks, what helps most first; nothing once all is there."""
    keys = {step.key for step in steps}
    weights = OF_BOTH | (OF_MENTORS if "skills" in keys else {}) | (OF_MENTEES if "offers" in keys else {})
    weight = {step: weights.get(step.key, READ) for step in steps}
    lacking = sorted((step for step in steps if not step.is_done), key=lambda one: _order(one, weight[one]))
    whole = sum(weight.values())
    return {
        "share": int(100 * sum(weight[step] for step in steps if step.is_done) / whole),
        "first": lacking[0] if lacking else None,
        "others": lacking[1:],
        "adds": round(100 * weight[lacking[0]] / whole) if lacking else 0,
    }


def _order(step: Step, weight: float) -> tuple[bool, float]:
    return step.key != MUST, -weight
