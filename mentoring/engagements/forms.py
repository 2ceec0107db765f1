from datetime import date, timedelta
from typing import Any, cast

from django import forms
from django.utils.formats import date_format

from mentoring.engagements.models import Request
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership
from mentoring.schedule.forms_series import WhenForm, date_input

NOTICE = timedelta(days=2)  # the first session is at the earliest so long after asking


class TermsForm(WhenForm):
    """How often, how long, until when, and at what time, in the reader's zone."""

    ends_on = forms.DateField(
        label="End date",
        widget=date_input(),
        help_text="Every engagement has an end from the start. Renewing is a new, joint yes.",
    )
    field_order = ["cadence", "minutes", "ends_on", "start", "on", "at"]

    def __init__(self, *args: Any, longest_weeks: int, today: date, **kwargs: Any) -> None:
        super().__init__(*args, today=today, latest=today + timedelta(weeks=longest_weeks), **kwargs)
        self.longest_weeks = longest_weeks

    def clean_ends_on(self) -> date:
        ends_on: date = self.cleaned_data["ends_on"]
        if ends_on <= self.today + NOTICE:
            raise forms.ValidationError("Choose an end date after the first session.")
        if ends_on > self.latest:
            raise forms.ValidationError(
                f"An engagement in this program lasts {self.longest_weeks} weeks at most: "
                f"until {date_format(self.latest, 'j F Y')}."
            )
        return ends_on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and self.terms.ends_on <= self.terms.starts_on:
            self.add_error("ends_on", "The end date has to come after the first session.")
        self.check_seen()
        return cleaned

    def span(self) -> tuple[date, date]:
        earliest = self.today + NOTICE
        return earliest, min(max(self.asked("ends_on"), earliest), self.latest)


class RequestForm(TermsForm):
    goal = forms.ModelChoiceField(
        queryset=Goal.objects.none(), label="For which goal", empty_label=None, widget=forms.RadioSelect
    )
    message = forms.CharField(
        label="Your message",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="What would you like help with, and why from this person? "
        "The mentor and this program's admins can read it.",
    )
    offer = forms.CharField(
        label="What you offer in return",
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Something concrete, during or after: a skill, a view from where you stand, a hand.",
    )
    field_order = ["goal", "message", "offer", "cadence", "minutes", "ends_on", "start", "on", "at"]

    def __init__(self, *args: Any, mentee_membership: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField[Goal]", self.fields["goal"]).queryset = (
            Goal.objects.open().owned_by(mentee_membership.person).filter(program=mentee_membership.program)
        )


class RefuseForm(forms.Form):
    note = forms.CharField(
        label="A kind word to the mentee",
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="If you like: somebody else to ask. No reason is expected.",
    )


class DeclineForm(forms.Form):
    decline = forms.ChoiceField(
        label="Your answer",
        choices=Request.Decline,
        widget=forms.RadioSelect,
        initial=Request.Decline.CAPACITY,
    )
    note = forms.CharField(
        label="A kind word",
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="If you like: somebody else to ask, something to read. No reason is expected.",
    )
