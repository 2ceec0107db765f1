"""How a program weighs: of its own settings, and of a match run that is to be tried under others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from matching.engine import CRITERIA, Criterion
from matching.engine.scoring import MOST_TILT
from matching.models import MatchRun
from mentoring.programs.models import Program

MOST_WEIGHT = 100
# Sentences alike in meaning by a model's measure are alike to people about two times in three, so that the
# words of a goal may never decide much.
PURPOSE_MOST = 15

# What each criterion measures, for an admin; one without an entry has its label alone.
MEASURES = {
    "technical": "Technical skills that the goal wants, against what the mentor can do.",
    "leadership": "Leadership skills that the goal wants, against what the mentor can do.",
    "political": "Organisational savvy that the goal wants, against what the mentor has.",
    "purpose": f"The goal’s words against the mentor’s, by meaning. At most {PURPOSE_MOST}% of the whole.",
    "passion": "Dated evidence of the mentor’s learning; the recent counts most.",
    "empathy": "What mentees say of the mentor; below three raters, the program’s mean.",
    "reciprocity": "What the mentee offers, against what the mentor would like to learn.",
    "time": "Half hours of the week that both keep free, against what a session takes.",
    "language": "How well both speak the best language they share.",
}


def current_settings(of: Program | MatchRun) -> dict[str, Any]:
    """The settings of a program, or those that a run was made under, as `initial` of the form."""
    return {"weights": of.weights, "must_haves": of.must_haves, "tilt": of.tilt}


def share(weight: float, total: float) -> int:
    """Percent of the whole, rounded half up as the page's script does."""
    return int(100 * weight / total + 0.5) if total else 0


@dataclass(frozen=True)
class Row:
    """One criterion's line of the form."""

    label: str
    measures: str
    weight: forms.BoundField
    share: int
    least: forms.BoundField


class MatchSettingsForm(forms.Form):
    """`initial` takes weights, must_haves and tilt as a program or a run stores them; `cleaned_data` gives
    the same back: a weight 0 to 100 for every criterion, a least score 0 to 1 where there is one."""

    tilt = forms.IntegerField(
        label="What matters to a mentee moves a weight by at most",
        min_value=0,
        max_value=MOST_TILT,
        help_text=(
            "In percent, 0 to 50. Each mentee may say what should count more to them, or less, and it does "
            "so by this much, in their own list and in match runs. With 0 everybody is weighed alike."
        ),
    )

    def __init__(self, *args: Any, initial: Mapping[str, Any], **kwargs: Any) -> None:
        given = dict(initial)
        weights, must_haves = given.pop("weights", {}), given.pop("must_haves", {})
        for criterion in CRITERIA:
            weight, least = weights.get(criterion.name, criterion.weight), must_haves.get(criterion.name, 0)
            given |= {_weight(criterion): round(weight), _least(criterion): round(100 * least)}
        super().__init__(*args, **kwargs | {"initial": given})
        for criterion in CRITERIA:
            self.fields[_weight(criterion)] = _weight_field(criterion)
            self.fields[_least(criterion)] = _least_field(criterion, given[_least(criterion)])

    def rows(self) -> list[Row]:
        """With the shares that the weights have as they stand in the form, so far as they are numbers."""
        standing = [self._standing(_weight(criterion)) for criterion in CRITERIA]
        return [
            Row(
                label=criterion.label,
                measures=MEASURES.get(criterion.name, ""),
                weight=self[_weight(criterion)],
                share=share(weight, sum(standing)),
                least=self[_least(criterion)],
            )
            for criterion, weight in zip(CRITERIA, standing, strict=True)
        ]

    def _standing(self, name: str) -> int:
        try:
            return int(self.fields[name].clean(self[name].value()))
        except forms.ValidationError:
            return 0

    def clean(self) -> dict[str, Any]:
        entered = self.cleaned_data
        weights = {c.name: entered[_weight(c)] for c in CRITERIA if _weight(c) in entered}
        must_haves = {c.name: entered[_least(c)] / 100 for c in CRITERIA if entered.get(_least(c))}
        if len(weights) == len(CRITERIA):
            self._check(weights)
        return entered | {"weights": weights, "must_haves": must_haves}

    def _check(self, weights: Mapping[str, int]) -> None:
        total, purpose = sum(weights.values()), weights.get("purpose", 0)
        if not total:
            self.add_error(None, "Give at least one criterion a weight above 0.")
        elif 100 * purpose > PURPOSE_MOST * total:
            most = PURPOSE_MOST * (total - purpose) // (100 - PURPOSE_MOST)
            self.add_error(
                "weight_purpose",
                f"At most {most} beside the other weights as they are: likeness of words misleads too often "
                f"to count for more than {PURPOSE_MOST}% of the whole.",
            )


def _weight(criterion: Criterion) -> str:
    return f"weight_{criterion.name}"


def _least(criterion: Criterion) -> str:
    return f"least_{criterion.name}"


def _weight_field(criterion: Criterion) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"inputmode": "numeric", "data-weight": ""})
    return forms.IntegerField(
        label=f"Weight of {criterion.label}", min_value=0, max_value=MOST_WEIGHT, widget=widget
    )


def _least_field(criterion: Criterion, given: int) -> forms.TypedChoiceField:
    """Tenths, and beside them what is set already, should it lie between."""
    steps = sorted({*range(10, 101, 10), *([given] if 0 < given <= 100 else [])})
    return forms.TypedChoiceField(
        label=f"Must-have for {criterion.label}",
        choices=[("0", "No minimum"), *((str(step), f"{step}%") for step in steps)],
        coerce=int,
        empty_value=None,
        required=False,
    )
