"""What learning records count by now, for pages of apps that know nothing of matching."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django import template
from django.utils import timezone

from accounts.models import LearningRecord
from matching.engine import CRITERIA
from matching.engine.criteria import HALF_LIFE_DAYS, RECORDS_SCALE, passion_figure, record_worth

register = template.Library()
LITTLE = 0.25  # a record that counts less is shown greyed
YEAR, MONTH = 365, 30


@dataclass(frozen=True)
class Row:
    record: LearningRecord
    age: str
    worth: float
    is_little: bool
    without: int  # what the figure would be without this one


@register.filter
def counts_little(on: date) -> bool:
    return bool(_worth([on])[0] < LITTLE)


@register.simple_tag
def passion_points(records: Sequence[LearningRecord]) -> int:
    """Learning passion in points of 100, as of today in the reader's zone."""
    return _points(float(_worth([record.on for record in records]).sum()))


@register.inclusion_tag("matching/_passion.html")
def passion_explained(records: Sequence[LearningRecord]) -> dict[str, Any]:
    """The figure, how it comes about, and what each record adds to it."""
    today = timezone.localdate()
    worth = _worth([record.on for record in records])
    fresh = float(worth.sum())
    return {
        "points": _points(fresh),
        "fresh": fresh,
        "rows": [
            Row(record, age_in_words((today - record.on).days), own, own < LITTLE, _points(fresh - own))
            for record, own in zip(records, worth.tolist(), strict=True)
        ],
        "scale": RECORDS_SCALE,
        "half_life": HALF_LIFE_DAYS,
        "at_two": _points(2),
        "at_five": _points(5),
        "weight": next(criterion.weight for criterion in CRITERIA if criterion.name == "passion"),
    }


def age_in_words(days: int) -> str:
    """To the month within two years, to the year after."""
    if days < MONTH:
        return "under a month"
    if days < 2 * YEAR:
        months = days // MONTH if days < YEAR else 12 + (days - YEAR) // MONTH
        return "1 month" if months == 1 else f"{min(months, 23)} months"
    return f"{days // YEAR} years"


def _worth(dates: Sequence[date]) -> Any:
    today = timezone.localdate()
    return record_worth(np.array([(today - on).days for on in dates], dtype=np.float64))


def _points(fresh: float) -> int:
    return round(100 * float(passion_figure(np.array([max(fresh, 0.0)]))[0]))
