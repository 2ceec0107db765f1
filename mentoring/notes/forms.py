from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.forms_fields import DayField, LineField, ProseField

LONGEST_LINE = 300
LONGEST_NOTE = 10_000
HORIZON = timedelta(days=365)
NOTE_WIDGET = forms.Textarea(attrs={"rows": 6})


class AgendaItemForm(forms.Form):
    text = LineField(max_length=LONGEST_LINE, label="What would you like to talk about?")


class CommitmentForm(forms.Form):
    text = LineField(max_length=LONGEST_LINE, label="What will you do?")
    due_on = DayField(required=False, label="By when?")

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        field = self.fields["due_on"]
        assert isinstance(field, DayField)
        field.between(today, today + HORIZON)

    def clean_due_on(self) -> date | None:
        on: date | None = self.cleaned_data["due_on"]
        if on is not None and on < self.today:
            raise ValidationError("Give a day that is still to come, or none.", code="past")
        if on is not None and on - self.today > HORIZON:
            raise ValidationError("Give a day within the next year, or none.", code="far")
        return on


class SharedNoteForm(forms.Form):
    text = ProseField(
        max_length=LONGEST_NOTE,
        required=False,
        label="What do you two want to keep of it?",
        widget=NOTE_WIDGET,
    )


class PrivateNoteForm(forms.Form):
    text = ProseField(
        max_length=LONGEST_NOTE,
        required=False,
        label="What do you want to remember, or to try yourself?",
        widget=NOTE_WIDGET,
    )
