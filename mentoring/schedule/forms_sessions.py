from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, cast

from django import forms
from django.utils.formats import date_format
from django.utils.html import format_html

from accounts.models import User
from mentoring.schedule.models import Session
from mentoring.schedule.moves import last_midnight, length_of
from mentoring.schedule.slots import Free, find_free
from mentoring.schedule.times import Shift, resolve

OTHER = "other"
DAYS_AT_ONCE = 4
TIMES_A_DAY = 3
MOST_DAYS = 40
OFFERED_AFTER = timedelta(hours=2)  # nobody answers sooner; a time of one's own may be
OUTSIDE = "outside protected time"


class MoveForm(forms.Form):
    """Another time for one session: one that is free for both, or one of one's own."""

    start = forms.ChoiceField(
        label="Another time",
        widget=forms.RadioSelect(attrs={"class": "choices--slots"}),
        error_messages={
            "required": "Choose a time, or “A time of my own” to name one.",
            "invalid_choice": "This time is not free any more. Choose another.",
        },
    )
    on = forms.DateField(
        label="Date", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    at = forms.TimeField(
        label="Time of day", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )

    def __init__(
        self, *args: Any, reader: User, session: Session, now: datetime, around: datetime, **kwargs: Any
    ) -> None:
        """`around` is the time that those offered should be near to."""
        super().__init__(*args, **kwargs)
        self.reader, self.session, self.now = reader, session, now
        self.free = _free(session, around, now)
        when = cast("forms.ChoiceField", self.fields["start"])
        groups = _by_day(self.free, reader)
        self.shown = shown = min(max(self._days(), DAYS_AT_ONCE), MOST_DAYS)
        self.more = shown + DAYS_AT_ONCE if shown < min(len(groups), MOST_DAYS) else 0
        # Every free time is valid; shown are those of some days, and the one that was chosen.
        everything = [*self.free.protected, *self.free.others]
        when.choices = [(_key(each), "") for each in everything] + [(OTHER, "")]
        own = (OTHER, "A time of my own")
        days = [(label, [(_key(at), self._label(at)) for at in times]) for label, times in groups[:shown]]
        cast("forms.RadioSelect", when.widget).choices = [*days, own]
        if not everything:
            when.initial = OTHER

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("start") == OTHER:
            self._clean_own(cleaned)
        return cleaned

    @property
    def starts_at(self) -> datetime:
        """The instant that a valid form means."""
        chosen = self.cleaned_data["start"]
        if chosen == OTHER:
            return self._own().starts_at
        return datetime.strptime(chosen, KEY).replace(tzinfo=UTC)

    def _clean_own(self, cleaned: dict[str, Any]) -> None:
        for name in ("on", "at"):
            if name not in self.errors and not cleaned.get(name):
                self.add_error(name, "Name the date." if name == "on" else "Name the time.")
        on: date | None = cleaned.get("on")
        first, last = self.now.astimezone(self.reader.zone_info).date(), self.last_date
        if on and not first <= on <= last:
            self.add_error("on", f"Choose a date from today until {date_format(last, 'j F Y')}.")
        if not self.errors and self._own().shift == Shift.GAP:
            self.add_error("at", f"The clock skips this time on that day in {self.reader.zone}.")

    @property
    def last_date(self) -> date:
        return self.session.series.engagement.ends_on

    def _own(self) -> Any:
        return resolve(self.cleaned_data["on"], self.cleaned_data["at"], self.reader.zone)

    def _days(self) -> int:
        """How many days of times the page showed; whatever else is posted means the first few."""
        typed = str(self.data.get("days", ""))
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 3 else 0

    def _label(self, starts_at: datetime) -> str:
        other = self.session.series.other(self.reader)
        mine, theirs = starts_at.astimezone(self.reader.zone_info), starts_at.astimezone(other.zone_info)
        if mine.replace(tzinfo=None) == theirs.replace(tzinfo=None):
            return f"{mine:%H:%M}"
        in_theirs = f"{theirs:%a %H:%M}"
        return format_html("{}<small>{} for {}</small>", f"{mine:%H:%M}", in_theirs, other.get_short_name())


class SkipForm(forms.Form):
    word = forms.CharField(
        label="A word to the other",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="A line is enough; no reason is asked. "
        "The two of you alone can read it, on the session's page.",
    )


class MarkForm(forms.Form):
    was_held = forms.TypedChoiceField(
        choices=[("yes", "We met"), ("no", "We did not meet")], coerce=lambda value: value == "yes"
    )


KEY = "%Y-%m-%dT%H:%MZ"


def _key(starts_at: datetime) -> str:
    return starts_at.astimezone(UTC).strftime(KEY)


def _free(session: Session, around: datetime, now: datetime) -> Free:
    """Times that the session could have, but the one that it has."""
    series = session.series
    free = find_free(
        series.mentor,
        series.mentee,
        around=around,
        length=length_of(session),
        now=now + OFFERED_AFTER,
        until=last_midnight(series),
        besides=session.pk,
    )
    parts = (free.protected, free.others)
    return Free(*([each for each in part if each != session.starts_at] for part in parts))


def _by_day(free: Free, reader: User) -> list[tuple[str, list[datetime]]]:
    """Some times of each day, the days on which time is protected first."""

    def days(times: list[datetime]) -> list[tuple[date, list[datetime]]]:
        local = groupby(times, lambda each: each.astimezone(reader.zone_info).date())
        return [(day, _spread(list(starts))) for day, starts in local]

    protected, others = days(free.protected), days(free.others)
    labelled = [(date_format(day, "l j F"), times) for day, times in protected]
    return labelled + [(f"{date_format(day, 'l j F')}, {OUTSIDE}", times) for day, times in others]


def _spread(day: list[datetime]) -> list[datetime]:
    """At most TIMES_A_DAY of a day's times, from its first to its last."""
    step = max(1, -(-(len(day) - 1) // (TIMES_A_DAY - 1)))
    return day[::step]
