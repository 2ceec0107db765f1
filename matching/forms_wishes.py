"""What matters to a mentee, and whom somebody prefers."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from matching.engine import CRITERIA
from matching.forms_settings import share
from matching.wishes import AS_USUAL, LESS, MORE

_WAYS = [(str(LESS), "Less"), (str(AS_USUAL), "As usual"), (str(MORE), "More")]

# What each criterion asks about a mentor, for a mentee; one without an entry has its label alone.
ASKS = {
    "technical": "They can do the technical things that your goal wants.",
    "leadership": "They can lead as your goal wants.",
    "political": "They know how organisations work, as your goal wants.",
    "purpose": "What they write of themselves is close in meaning to your goal’s words.",
    "passion": "They go on learning, and can show it.",
    "empathy": "Mentees found that they listen and understand.",
    "reciprocity": "You offer something that they would like to learn.",
    "time": "You keep the same hours of the week free.",
    "language": "You both speak the language you share well.",
}


class EmphasisForm(forms.Form):
    """A field for each criterion that the program weighs at all; `initial` is by criterion's name."""

    def __init__(self, *args: Any, weights: Mapping[str, float], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {criterion.name: weights.get(criterion.name, criterion.weight) for criterion in CRITERIA}
        total = sum(known.values())
        for criterion in CRITERIA:
            if known[criterion.name] <= 0:
                continue
            of_the_whole = f"Usually {share(known[criterion.name], total)}% of the whole."
            self.fields[criterion.name] = forms.TypedChoiceField(
                label=criterion.label,
                help_text=f"{ASKS.get(criterion.name, '')} {of_the_whole}".strip(),
                choices=_WAYS,
                initial=AS_USUAL,
                coerce=int,
                widget=forms.RadioSelect(attrs={"class": "choices--inline"}),
            )


NOBODY = "nobody"


def order_text(order: Sequence[uuid.UUID]) -> str:
    """What OrderField reads."""
    return ",".join(str(pk) for pk in order) or NOBODY


class OrderField(forms.CharField):
    """Ids in the order of a list, with commas between. Nothing at all is no list: it would lose one."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": "Choose whom to rank.",
        "invalid": "Somebody on this list cannot be ranked at present. Choose again.",
    }

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        if text == NOBODY:
            return []
        try:
            return [uuid.UUID(each) for each in text.split(",")]
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error

    def validate(self, value: Any) -> None:
        if value is None:
            raise ValidationError(self.error_messages["required"], code="required")


class PreferenceForm(forms.Form):
    order = OrderField()


class PreferenceSearch(forms.Form):
    words = forms.CharField(
        label="Name or headline",
        max_length=100,
        required=False,
        widget=forms.SearchInput(attrs={"autocomplete": "off"}),
    )
