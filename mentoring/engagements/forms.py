import math
from datetime import date, time, timedelta
from itertools import groupby
from typing import Any, cast

from django import forms
from django.utils.formats import date_format
from django.utils.html import format_html

from accounts.models import User
from mentoring.engagements.models import Request
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership
from mentoring.schedule.slots import Start, common_starts
from mentoring.schedule.times import Cadence, Length, Terms

NOTICE = timedelta(days=2)  # the first session is at the earliest so long after asking
OTHER = "other"
STARTS_A_DAY = 4


class TermsForm(forms.Form):
    """How often, how long, until when, and at what time: a time free for both, or one of one's own."""

    cadence = forms.TypedChoiceField(
        label="How often", choices=Cadence, coerce=Cadence, initial=Cadence.WEEKLY
    )
    minutes = forms.TypedChoiceField(
        label="How long each time", choices=Length, coerce=int, initial=Length.HOUR
    )
    ends_on = forms.DateField(
        label="End date",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Every engagement has an end from the start. Renewing is a new, joint yes.",
    )
    start = forms.ChoiceField(
        label="First session",
        widget=forms.RadioSelect(attrs={"class": "choices--slots"}),
        error_messages={"required": "Choose a time, or “Another time” to name one."},
    )
    on = forms.DateField(
        label="Date of the first session",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    at = forms.TimeField(
        label="Time of day", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )

    def __init__(
        self,
        *args: Any,
        reader: User,
        mentor: User,
        mentee: User,
        longest_weeks: int,
        today: date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.reader, self.mentor, self.mentee = reader, mentor, mentee
        self.longest_weeks, self.today = longest_weeks, today
        self.starts = self._free_starts()
        when = cast("forms.ChoiceField", self.fields["start"])
        when.choices = [*self._choices(), (OTHER, "Another time")]
        if not self.starts:
            self.fields["start"].initial = OTHER

    def clean_ends_on(self) -> date:
        ends_on: date = self.cleaned_data["ends_on"]
        if ends_on <= self.today + NOTICE:
            raise forms.ValidationError("Choose an end date after the first session.")
        if ends_on > self.today + timedelta(weeks=self.longest_weeks):
            raise forms.ValidationError(
                f"An engagement in this program lasts {self.longest_weeks} weeks at most: "
                f"until {date_format(self.today + timedelta(weeks=self.longest_weeks), 'j F Y')}."
            )
        return ends_on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("start") == OTHER:
            self._clean_other(cleaned)
        if not self.errors and self.terms.ends_on <= self.terms.starts_on:
            self.add_error("ends_on", "The end date has to come after the first session.")
        return cleaned

    @property
    def terms(self) -> Terms:
        """The terms of a valid form, in the reader's zone."""
        cleaned = self.cleaned_data
        if cleaned["start"] == OTHER:
            on, at = cleaned["on"], cleaned["at"]
        else:
            chosen = next(start for start in self.starts if _key(start) == cleaned["start"])
            on, at = chosen.on, chosen.at
        return Terms(
            starts_on=on,
            ends_on=cleaned["ends_on"],
            at=at,
            zone=self.reader.zone,
            cadence=cleaned["cadence"],
            minutes=cleaned["minutes"],
        )

    def _clean_other(self, cleaned: dict[str, Any]) -> None:
        for name in ("on", "at"):
            if name not in self.errors and not cleaned.get(name):
                self.add_error(name, "Name the first date." if name == "on" else "Name the time.")
        on = cleaned.get("on")
        latest = self.today + timedelta(weeks=self.longest_weeks)
        if on and not self.today < on <= latest:
            self.add_error("on", f"Choose a date between tomorrow and {date_format(latest, 'j F Y')}.")

    def _free_starts(self) -> list[Start]:
        """Starts for the terms as they stand in the form, filled in or not."""
        asked = {name: self._asked(name) for name in ("cadence", "minutes", "ends_on")}
        earliest = self.today + NOTICE
        latest = self.today + timedelta(weeks=self.longest_weeks)
        free = common_starts(
            self.mentor,
            self.mentee,
            Terms(
                starts_on=earliest,
                ends_on=min(max(asked["ends_on"], earliest), latest),
                at=time.min,
                zone=self.reader.zone,
                cadence=asked["cadence"],
                minutes=asked["minutes"],
            ),
        )
        return [start for _, day in groupby(free, _day) for start in _spread(list(day))]

    def _choices(self) -> list[tuple[str, list[tuple[str, str]]]]:
        return [
            (date_format(on, "l j F"), [(_key(start), self._label(start)) for start in starts])
            for on, starts in groupby(self.starts, _day)
        ]

    def _asked(self, name: str) -> Any:
        field = self.fields[name]
        fallback = self.get_initial_for_field(field, name)
        if not self.is_bound:
            return fallback
        try:
            return field.clean(self[name].data) or fallback
        except forms.ValidationError:
            return fallback

    def _label(self, start: Start) -> str:
        other = self.mentee if self.reader.pk == self.mentor.pk else self.mentor
        label = f"{start.at:%H:%M}"
        theirs = start.starts_at.astimezone(other.zone_info)
        if theirs.time() == start.at:
            return label
        return format_html("{}<small>{} for {}</small>", label, f"{theirs:%a %H:%M}", other.get_short_name())


def _day(start: Start) -> date:
    return start.on


def _spread(day: list[Start]) -> list[Start]:
    """At most STARTS_A_DAY of a day's free starts, from its first to its last."""
    step = max(1, math.ceil((len(day) - 1) / (STARTS_A_DAY - 1)))
    return day[::step]


def _key(start: Start) -> str:
    return f"{start.on:%Y-%m-%d}T{start.at:%H:%M}"


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
