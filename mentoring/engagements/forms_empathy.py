from typing import Any

from django import forms

from accounts.models import EmpathyRating
from mentoring.engagements.empathy import ANSWERS

STEPS = ((0, "Not at all"), (1, "A little"), (2, "Partly"), (3, "Mostly"), (4, "Fully"))
QUESTIONS = {
    "understood": "understood my situation",
    "listened": "listened before advising",
    "context": "took my context into account",
    "honest": "told me honestly what I needed to hear",
}


class EmpathyForm(forms.Form):
    """Four questions about a mentor, each answered on five steps; nothing is chosen beforehand."""

    def __init__(self, *args: Any, mentor: str, rating: EmpathyRating | None, **kwargs: Any) -> None:
        given = {name: getattr(rating, name) for name in ANSWERS} if rating else {}
        super().__init__(*args, **kwargs | {"initial": given})
        for name in ANSWERS:
            self.fields[name] = forms.TypedChoiceField(
                label=f"{mentor} {QUESTIONS[name]}",
                choices=STEPS,
                coerce=int,
                widget=forms.RadioSelect(attrs={"class": "choices--inline"}),
                error_messages={"required": "Choose the step that comes nearest."},
            )

    def said(self) -> list[tuple[str, str]]:
        """Each question with the step that was chosen, for reading."""
        words = dict(STEPS)
        return [(str(self.fields[name].label), words[self.initial[name]]) for name in ANSWERS]
