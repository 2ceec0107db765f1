from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q

from accounts.forms_fields import PlainSelect
from accounts.models import User
from accounts.portrait import zone_in_words
from accounts.week import HALF_HOURS_A_WEEK
from accounts.zones import zone_choices


class AvailabilityForm(forms.Form):
    slots = forms.TypedMultipleChoiceField(
        choices=[(index, index) for index in range(HALF_HOURS_A_WEEK)],
        coerce=int,
        required=False,
        error_messages={
            "invalid_choice": "One of these half hours is not in a week. Nothing was saved; choose again.",
        },
    )

    def understood(self) -> set[int]:
        """What of the posted half hours makes sense, to draw the page again."""
        posted = self.data.getlist("slots") if hasattr(self.data, "getlist") else []
        known = {str(index): index for index in range(HALF_HOURS_A_WEEK)}
        return {known[value] for value in posted if value in known}


class ElsewhereForm(forms.Form):
    """In which zone one's own hours are to be shown: those of the people one meets stand first."""

    zone = forms.ChoiceField(
        label="Show my hours by the clocks of",
        required=False,
        widget=PlainSelect,
        error_messages={"invalid_choice": "Choose a time zone from the list."},
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        met = list(_people_met(person))
        field = self.fields["zone"]
        assert isinstance(field, forms.ChoiceField)
        people = [(zone, f"{name}: {zone_in_words(zone)}") for name, zone in met]
        field.choices = [
            ("", "Choose a time zone"),
            *([("People you meet", people)] if people else []),
            *zone_choices(),
        ]
        self.initial["zone"] = next((zone for _, zone in met if zone != person.zone), "")

    def chosen(self) -> ZoneInfo | None:
        if not self.is_bound:
            name = self.initial["zone"]
        else:
            name = self.cleaned_data["zone"] if self.is_valid() else ""
        return ZoneInfo(name) if name else None


def _people_met(person: User) -> Any:
    """Name and zone of those with whom the person has an engagement under way. Engagements are a higher app,
    known by the relations' names alone."""
    mine = Q(engagements_as_mentor__mentee=person.pk, engagements_as_mentor__state="active")
    theirs = Q(engagements_as_mentee__mentor=person.pk, engagements_as_mentee__state="active")
    return User.objects.filter(mine | theirs).order_by("name").values_list("name", "zone").distinct()
