from typing import Any

from django import forms

from accounts.forms_fields import PlainSelect
from accounts.week import WEEKDAYS
from matching.browse import PARTS_OF_DAY, Listing
from matching.people import LANGUAGES

_ANY = [("", "Any")]


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
