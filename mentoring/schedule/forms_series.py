"""Forms that say when two people meet; those of a request build on `WhenForm` in a higher app."""

import math
from collections.abc import Sequence
from datetime import date, time
from itertools import groupby
from typing import Any, cast

from django import forms
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join

from accounts.models import User
from mentoring.programs.cadences import ORDINALS, Cadence
from mentoring.schedule.models import Series, TimeAway
from mentoring.schedule.preview import Touched, preview
from mentoring.schedule.slots import Start, common_starts
from mentoring.schedule.taken import ONE_DAY
from mentoring.schedule.times import Length, Terms, next_date

OTHER = "other"
STARTS_A_DAY = 4
AWAY_AT_MOST = 366 * ONE_DAY
AWAY_AHEAD = 731 * ONE_DAY


def date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class WhenForm(forms.Form):
    """How often, how long, and at what time: a time that is free for both, or one of one's own.

    Whoever builds on it says in `span` between which dates the series may run, as the form stands.
    """

    cadence = forms.TypedChoiceField(
        label="How often", choices=Cadence.grouped(), coerce=Cadence, initial=Cadence.WEEKLY
    )
    minutes = forms.TypedChoiceField(
        label="How long each time", choices=Length, coerce=int, initial=Length.HOUR
    )
    start = forms.ChoiceField(
        label="First session",
        widget=forms.RadioSelect(attrs={"class": "choices--slots"}),
        error_messages={"required": "Choose a time, or “Another time” to name one."},
    )
    on = forms.DateField(label="Date of the first session", required=False, widget=date_input())
    at = forms.TimeField(
        label="Time of day", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )

    def __init__(
        self,
        *args: Any,
        reader: User,
        mentor: User,
        mentee: User,
        today: date,
        latest: date,
        replacing: Series | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.reader, self.mentor, self.mentee = reader, mentor, mentee
        self.today, self.latest, self.replacing = today, latest, replacing
        self.shown = ""
        when = cast("forms.ChoiceField", self.fields["start"])
        when.choices = self._choices
        when.initial = lambda: None if self.starts else OTHER

    def span(self) -> tuple[date, date]:
        """The first date on which the series may begin and the last that it may have."""
        raise NotImplementedError

    @property
    def zone(self) -> str:
        """The zone in which the times of the form are meant."""
        return self.reader.zone

    def last_date(self) -> date:
        """The end date of a valid form."""
        ends_on: date = self.cleaned_data["ends_on"]
        return ends_on

    @property
    def terms(self) -> Terms:
        """The terms of a valid form."""
        cleaned = self.cleaned_data
        if cleaned["start"] == OTHER:
            on, at = cleaned["on"], cleaned["at"]
        else:
            chosen = next(start for start in self.starts if _key(start) == cleaned["start"])
            on, at = chosen.on, chosen.at
        return Terms(
            starts_on=on,
            ends_on=self.last_date(),
            at=at,
            zone=self.zone,
            cadence=cleaned["cadence"],
            minutes=cleaned["minutes"],
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("start") == OTHER:
            self._clean_other(cleaned)
        return cleaned

    def check_seen(self) -> None:
        """Nobody agrees to dates that differ without having seen them: those are shown once before."""
        if self.errors:
            return
        shown = preview(self.terms, self.mentor, self.mentee, reader=self.reader)
        if shown.touched and self.data.get("seen") != shown.key:
            self.shown = shown.key
            self.add_error("start", _shown(shown.touched))

    @property
    def seen(self) -> str:
        """Names the terms and the dates that are shown, so that sending the form once more agrees to them."""
        return self.shown if "start" in self.errors else str(self.data.get("seen", ""))[:100]

    def _clean_other(self, cleaned: dict[str, Any]) -> None:
        for name in ("on", "at"):
            if name not in self.errors and not cleaned.get(name):
                self.add_error(name, "Name the first date." if name == "on" else "Name the time.")
        on, cadence = cleaned.get("on"), cleaned.get("cadence")
        if not on:
            return
        if not self.today < on <= self.latest:
            latest = date_format(self.latest, "j F Y")
            self.add_error("on", f"Choose a date between tomorrow and {latest}.")
        elif cadence and (right := next_date(on, cadence)) != on:
            day = f"the {ORDINALS[cadence.nth]} {date_format(on, 'l')} of its month"
            self.add_error(
                "on",
                f"{date_format(on, 'j F')} is not {day}. The next one is {date_format(right, 'j F Y')}.",
            )

    @cached_property
    def starts(self) -> list[Start]:
        """Starts for the terms as they stand in the form, filled in or not."""
        first, last = self.span()
        terms = Terms(first, last, time.min, self.zone, self.asked("cadence"), self.asked("minutes"))
        free = common_starts(self.mentor, self.mentee, terms, replacing=self.replacing)
        return [start for _, day in groupby(free, _day) for start in _spread(list(day))]

    def _choices(self) -> list[tuple[str, Any]]:
        nth = Cadence(self.asked("cadence")).nth
        before = f"{ORDINALS[nth].capitalize()} " if nth else ""
        days = [
            (before + date_format(on, "l j F"), [(_key(start), self._label(start)) for start in starts])
            for on, starts in groupby(self.starts, _day)
        ]
        return [*days, (OTHER, "Another time")]

    def asked(self, name: str) -> Any:
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
        for person, name in ((self.reader, "you"), (other, other.get_short_name())):
            local = start.starts_at.astimezone(person.zone_info)
            if (local.date(), local.time()) != (start.on, start.at):
                label = format_html("{}<small>{} for {}</small>", label, f"{local:%a %H:%M}", name)
        return label


class ChangeForm(WhenForm):
    """Other terms for a series from some date on; its end stays the end of the engagement."""

    from_on = forms.DateField(
        label="From when on",
        widget=date_input(),
        help_text="Sessions before the first one at the new time stay as they are.",
    )
    zone_kept = forms.ChoiceField(
        label="Time kept in",
        help_text="In this zone the time stays the same when clocks change.",
    )
    field_order = ["from_on", "cadence", "minutes", "zone_kept", "start", "on", "at"]

    def __init__(self, *args: Any, series: Series, reader: User, today: date, **kwargs: Any) -> None:
        self.series = series
        super().__init__(
            *args,
            reader=reader,
            mentor=series.mentor,
            mentee=series.mentee,
            today=today,
            latest=series.ends_on,
            replacing=series,
            **kwargs,
        )
        zones = dict.fromkeys([series.zone, reader.zone, series.other(reader).zone])
        cast("forms.ChoiceField", self.fields["zone_kept"]).choices = [(one, one) for one in zones]

    def clean_from_on(self) -> date:
        from_on: date = self.cleaned_data["from_on"]
        if not self.today < from_on <= self.latest:
            latest = date_format(self.latest, "j F Y")
            raise forms.ValidationError(f"Choose a date between tomorrow and {latest}.")
        return from_on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and self.terms.starts_on < cleaned["from_on"]:
            self.add_error("on", "Choose a date from which the new time is to hold, or a later one.")
        self.check_seen()
        return cleaned

    def span(self) -> tuple[date, date]:
        return min(max(self.asked("from_on"), self.today + ONE_DAY), self.latest), self.latest

    @property
    def zone(self) -> str:
        zone: str = self.asked("zone_kept")
        return zone

    def last_date(self) -> date:
        return self.series.ends_on


def _shown(touched: Sequence[Touched]) -> str:
    dates = format_html_join("", "<br>{}", ((str(one),) for one in touched))
    return format_html("Not every date simply keeps this time:{}<br>Send once more to agree to this.", dates)


def _day(start: Start) -> date:
    return start.on


def _spread(day: list[Start]) -> list[Start]:
    """At most STARTS_A_DAY of a day's free starts, from its first to its last."""
    step = max(1, math.ceil((len(day) - 1) / (STARTS_A_DAY - 1)))
    return day[::step]


def _key(start: Start) -> str:
    return f"{start.on:%Y-%m-%d}T{start.at:%H:%M}"


class TimeAwayForm(forms.ModelForm):
    """Days on which one does not meet, and what becomes of the sessions on them."""

    SKIP, ASK = "skip", "ask"

    choice = forms.ChoiceField(
        label="What becomes of sessions on these days",
        choices=[
            (SKIP, "They are skipped"),
            (
                ASK,
                format_html(
                    "{}<small>{}</small>",
                    "I ask for another time",
                    "The next one free for both, within ten days; where there is none, it is skipped",
                ),
            ),
        ],
        widget=forms.RadioSelect,
        initial=SKIP,
    )

    class Meta:
        model = TimeAway
        fields = ["starts_on", "ends_on"]
        widgets = {"starts_on": date_input(), "ends_on": date_input()}

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_starts_on(self) -> date:
        starts_on: date = self.cleaned_data["starts_on"]
        if starts_on < self.today:
            raise forms.ValidationError("This day has passed. Begin with today or a later day.")
        self._check_near(starts_on)
        return starts_on

    def clean_ends_on(self) -> date:
        ends_on: date = self.cleaned_data["ends_on"]
        starts_on = self.cleaned_data.get("starts_on")
        if starts_on and ends_on < starts_on:
            raise forms.ValidationError("The last day comes before the first.")
        if starts_on and ends_on - starts_on > AWAY_AT_MOST:
            raise forms.ValidationError("Time away is at most a year long.")
        self._check_near(ends_on)
        return ends_on

    def _check_near(self, on: date) -> None:
        if on - self.today > AWAY_AHEAD:
            raise forms.ValidationError("Choose a day within the next two years.")
