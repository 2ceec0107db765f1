import uuid
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.utils.formats import date_format
from django.utils.html import format_html

from accounts.forms_fields import DayField, PlainSelect
from accounts.models import User
from accounts.week import WEEKDAYS
from matching.browse import PARTS_OF_DAY, Listing
from matching.models import MatchRun, Pairing, PairingQuerySet
from matching.people import LANGUAGES
from matching.review import SHOWN, SORTS
from mentoring.schedule.times import resolve

_ANY = [("", "Any")]
PLANNED_AHEAD = timedelta(days=60)  # what is decided longer ahead would be of profiles long changed


class MentorFilter(forms.Form):
    """What a member looks for among the mentors; the choices are what the mentors shown have."""

    words = forms.CharField(
        label="Words",
        max_length=100,
        required=False,
        widget=forms.SearchInput(attrs={"placeholder": "A name, a trade, a skill", "autocomplete": "off"}),
    )
    skill = forms.ChoiceField(label="Skill", required=False, widget=PlainSelect)
    language = forms.ChoiceField(label="Language", required=False)
    day = forms.TypedChoiceField(
        label="Day",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[*_ANY, *((str(n), name) for n, name in enumerate(WEEKDAYS))],
    )
    part = forms.ChoiceField(
        label="Time of day",
        required=False,
        choices=[*_ANY, *((part, f"{part.capitalize()}s") for part in PARTS_OF_DAY)],
    )
    full = forms.BooleanField(label="Also full mentors", required=False)

    def __init__(self, *args: Any, found: Listing, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        skills = found.skills.map
        self.skill_columns = {skills.slugs[s]: s for s in found.offered}
        self.language_columns = {LANGUAGES[column]: column for column in found.spoken}
        by_name = sorted(self.skill_columns.items(), key=lambda item: skills.names[item[1]].casefold())
        self._choose("skill", [(slug, skills.names[s]) for slug, s in by_name])
        self._choose("language", [(name, name) for name in self.language_columns])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*_ANY, *choices]

    def clean_skill(self) -> int | None:
        return self.skill_columns.get(self.cleaned_data["skill"])

    def clean_language(self) -> int | None:
        return self.language_columns.get(self.cleaned_data["language"])


class SwapForm(forms.Form):
    other = forms.UUIDField()


class AssignForm(forms.Form):
    mentee = forms.UUIDField()
    mentor = forms.UUIDField(required=False)
    key = forms.CharField(max_length=64, required=False)


class DeskFilter(forms.Form):
    """Which pairings of a run are listed, and in what order."""

    words = forms.CharField(label="Name", max_length=100, required=False, widget=forms.SearchInput)
    show = forms.ChoiceField(
        label="Show", required=False, choices=[(name, label) for name, (label, _) in SHOWN.items()]
    )
    sort = forms.ChoiceField(
        label="Order", required=False, choices=[(name, label) for name, (label, _) in SORTS.items()]
    )

    def wanted(self) -> dict[str, str]:
        """What is asked for; what is not, or makes no sense, is as usual."""
        self.is_valid()
        return {
            "words": self.cleaned_data.get("words", ""),
            "show": self.cleaned_data.get("show") or "all",
            "sort": self.cleaned_data.get("sort") or "lowest",
        }


OBJECTIVES = {
    MatchRun.Objective.MOST: (
        "As many mentees as possible have a mentor; of all ways to do that, the one whose pairs are best "
        "taken together. The usual choice."
    ),
    MatchRun.Objective.FAIR: (
        "As many as possible, then the weakest pair as strong as it can be, and only then the highest total. "
        "Some very good pairs may become a little weaker."
    ),
    MatchRun.Objective.PREFERENCES: (
        "What people wish comes before scores: no two would rather have each other than whom they got. "
        "Whoever named nobody goes by the scores."
    ),
}


class ObjectiveForm(forms.Form):
    """What a match run is to aim at."""

    objective = forms.ChoiceField(
        label="What to aim at",
        widget=forms.RadioSelect(attrs={"class": "choices--cards"}),
        choices=[
            (name, format_html("{}<small>{}</small>", name.label, says)) for name, says in OBJECTIVES.items()
        ],
        initial=MatchRun.Objective.MOST,
    )


class PublishForm(forms.Form):
    """Which pairings of a run to publish, and when: at once, or at an hour in the reader's own zone."""

    which = forms.ChoiceField(label="Which", widget=forms.RadioSelect)
    when = forms.ChoiceField(
        label="When",
        widget=forms.RadioSelect,
        choices=[("now", "At once"), ("at", "At an hour")],
        initial="now",
    )
    on = DayField(label="Day", required=False)
    at = forms.TimeField(
        label="Time of day",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "Give a time, such as 09:00."},
    )

    def __init__(
        self,
        *args: Any,
        waiting: PairingQuerySet,
        chosen: Collection[Pairing],
        reader: User,
        now: datetime,
        **kwargs: Any,
    ) -> None:
        """waiting: what the reader may publish; chosen: those of it that were ticked on the page before,
        named by the request as `pairing`."""
        super().__init__(*args, **kwargs)
        self.reader, self.now, self.waiting, self.chosen = reader, now, waiting, chosen
        self.first = now.astimezone(reader.zone_info).date()
        self.last = self.first + PLANNED_AHEAD
        self._choose()
        self.fields["at"].help_text = f"In your zone, {reader.zone}."
        cast("DayField", self.fields["on"]).between(self.first, self.last)

    def _choose(self) -> None:
        self.initial["which"] = "chosen" if self.chosen else "all"
        count, locked = self.waiting.count(), self.waiting.filter(is_locked=True).count()
        choices = [("all", f"All that are not published yet ({count})")]
        if 0 < locked < count:
            choices.append(("locked", f"The locked ones of them ({locked})"))
        if self.chosen or self.is_bound:
            choices.insert(0, ("chosen", f"The chosen ones ({len(self.chosen)})"))
        cast("forms.ChoiceField", self.fields["which"]).choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("which") == "chosen" and not self.chosen:
            self.add_error("which", "None of the chosen pairings can be published any more.")
        if cleaned.get("when") == "at" and not {"on", "at"} & set(self.errors):
            cleaned["instant"] = self._instant(cleaned["on"], cleaned["at"])
        return cleaned

    def _instant(self, on: date | None, at: time | None) -> datetime | None:
        if on is None or at is None:
            self.add_error("on" if on is None else "at", "Say when, or choose “At once”.")
        elif not self.first <= on <= self.last:
            self.add_error("on", f"Choose a day from today to {date_format(self.last, 'j F Y')}.")
        elif (instant := resolve(on, at, self.reader.zone).starts_at) <= self.now:
            self.add_error("at", "This hour has passed.")
        else:
            return instant
        return None

    def chosen_ids(self) -> list[uuid.UUID] | None:
        """After is_valid(); None means all."""
        which = self.cleaned_data["which"]
        if which == "locked":
            return list(self.waiting.filter(is_locked=True).values_list("pk", flat=True))
        return None if which == "all" else [one.pk for one in self.chosen]
