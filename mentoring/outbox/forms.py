"""The page of mail choices as a form."""

from datetime import time
from typing import Any

from django import forms
from django.utils.html import format_html

from mentoring.outbox.choices import Chosen
from mentoring.outbox.models import STOPPABLE, Category, MailChoices

HINTS = {
    Category.REQUESTS: "Somebody asks you, answers you, or lets a request run out.",
    Category.SESSIONS: "The other proposes another time, answers, or skips a session. Some need your answer.",
    Category.REMINDERS: "Before each session, at the times you choose below.",
}
EARLY = {
    7 * 24 * 60: "a week before",
    48 * 60: "2 days before",
    24 * 60: "a day before",
    12 * 60: "12 hours before",
}
LATE = {4 * 60: "4 hours before", 60: "an hour before", 30: "30 minutes before", 15: "15 minutes before"}
NONE = "none"


def _minutes(value: str) -> int | None:
    return None if value == NONE else int(value)


class AnyOf(forms.MultipleChoiceField):
    """None of them is an answer too."""

    widget = forms.CheckboxSelectMultiple

    def validate(self, value: list[str]) -> None:
        if value:
            super().validate(value)


class TimeOfDay(forms.TimeField):
    """Hours and minutes; what is finer is refused, so that a page shows all that is kept."""

    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, input_formats=["%H:%M"], **options)


class ChoicesForm(forms.Form):
    wanted = AnyOf(
        label="Mails you want",
        choices=[(one.value, format_html("{}<small>{}</small>", one.label, HINTS[one])) for one in STOPPABLE],
    )
    early_minutes = forms.TypedChoiceField(
        label="Early reminder", choices=[*EARLY.items(), (NONE, "no early reminder")], coerce=_minutes
    )
    late_minutes = forms.TypedChoiceField(
        label="Late reminder", choices=[*LATE.items(), (NONE, "no late reminder")], coerce=_minutes
    )
    quiet_from = TimeOfDay(label="Quiet from")
    quiet_until = TimeOfDay(label="Quiet until")
    digest_at = TimeOfDay(
        label="At",
        help_text="What can wait comes as one mail at this time. Leave it empty for single mails.",
    )
    entries = forms.ChoiceField(
        label="Calendar entries by mail", choices=MailChoices.Entries.choices, widget=forms.RadioSelect
    )

    @classmethod
    def showing(cls, choices: MailChoices) -> dict[str, Any]:
        """Initial values."""
        names = ["quiet_from", "quiet_until", "digest_at", "entries"]
        return {name: getattr(choices, name) for name in names} | {
            "wanted": [one.value for one in STOPPABLE if choices.wants(one)],
            "early_minutes": choices.early_minutes or NONE,
            "late_minutes": choices.late_minutes or NONE,
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        begins, ends = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if self.errors.keys() & {"quiet_from", "quiet_until"}:
            return cleaned
        if (begins is None) != (ends is None):
            self.add_error(
                "quiet_from" if begins is None else "quiet_until",
                "Give both ends of your quiet hours, or leave both empty.",
            )
        elif begins is not None and begins == ends:
            self.add_error("quiet_until", "Quiet hours end at another time than they begin.")
        elif _is_within(cleaned.get("digest_at"), begins, ends):
            self.add_error("digest_at", "This time is within your quiet hours.")
        return cleaned

    def chosen(self) -> Chosen:
        values = self.cleaned_data.copy()
        wanted = values.pop("wanted")
        return Chosen(stopped=[one.value for one in STOPPABLE if one.value not in wanted], **values)


def _is_within(at: time | None, begins: time | None, ends: time | None) -> bool:
    if at is None or begins is None or ends is None:
        return False
    return begins <= at < ends if begins < ends else at >= begins or at < ends
