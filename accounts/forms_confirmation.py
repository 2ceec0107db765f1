"""Asking for a confirmation, and answering it."""

from typing import Any, ClassVar

from django import forms
from django.utils.html import format_html

from accounts.forms_fields import LONGEST_ADDRESS, LineField
from accounts.models import Confirmation

State = Confirmation.State


class AskForm(forms.Form):
    name = LineField(
        max_length=120, label="Their name", help_text="As it shall stand on your profile, if they confirm."
    )
    email = forms.EmailField(
        max_length=LONGEST_ADDRESS,
        label="Their mail address",
        help_text="They get one mail with a link. The address is shown to nobody.",
    )


class AnswerForm(forms.Form):
    """What somebody says of another's accomplishment; the words count where it was different."""

    state = forms.ChoiceField(
        label="Your answer",
        widget=forms.RadioSelect(attrs={"class": "choices--cards"}),
        error_messages={"required": "Choose one of the three."},
    )
    what = forms.CharField(max_length=300, required=False, label="What it was", widget=forms.Textarea)
    how = forms.CharField(max_length=600, required=False, label="How it was done", widget=forms.Textarea)
    rows: ClassVar = {"what": 2, "how": 4}

    def __init__(self, *args: Any, person: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        state = self.fields["state"]
        assert isinstance(state, forms.ChoiceField)
        state.choices = [
            (State.CONFIRMED, _choice("It was so", "Your name and this month stand on the profile.")),
            (
                State.CORRECTED,
                _choice("It was a little different", f"Change the words below; {person} decides on them."),
            ),
            (State.DECLINED, _choice("I would rather not confirm it", "Nothing is shown to anybody else.")),
        ]
        for name, rows in self.rows.items():
            self.fields[name].widget.attrs["rows"] = rows


def _choice(label: str, note: str) -> str:
    return format_html("{}<small>{}</small>", label, note)
