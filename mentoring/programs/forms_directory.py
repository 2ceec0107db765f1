from itertools import groupby
from typing import Any

from django import forms

from accounts.countries import country_choices
from accounts.forms_fields import PlainSelect
from accounts.languages import LANGUAGE_CHOICES
from accounts.models import Skill
from accounts.vocabulary import Vocabulary

_ANY = ("", "Any")


class DirectoryForm(forms.Form):
    """What a member looks for among all mentors. Its choices are the same whoever is there."""

    words = forms.CharField(
        label="Words",
        max_length=200,
        required=False,
        widget=forms.SearchInput(attrs={"placeholder": "A name, a trade, a skill", "autocomplete": "off"}),
    )
    skill = forms.TypedChoiceField(
        label="Skill", required=False, coerce=int, empty_value=None, widget=PlainSelect
    )
    kind = forms.ChoiceField(
        label="Kind of skill",
        required=False,
        choices=[_ANY, *((value, str(label).capitalize()) for value, label in Skill.Kind.choices)],
    )
    language = forms.ChoiceField(
        label="Language", required=False, choices=[_ANY, *LANGUAGE_CHOICES], widget=PlainSelect
    )
    country = forms.ChoiceField(label="Country", required=False, widget=PlainSelect)
    sort = forms.ChoiceField(
        label="Order",
        required=False,
        choices=[
            ("", "Automatic"),
            ("match", "Best match of the words"),
            ("name", "By name"),
            ("newest", "Newest first"),
            ("places", "Most places free"),
        ],
    )
    hours = forms.BooleanField(label="An hour a week in common with me", required=False)
    full = forms.BooleanField(label="Also full mentors", required=False)
    favourites = forms.BooleanField(label="My favourites only", required=False)

    def __init__(self, *args: Any, vocabulary: Vocabulary, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        standing = sorted(
            vocabulary.standing, key=lambda skill: (_KINDS.index(skill.kind), skill.name.casefold())
        )
        kinds = [
            (kind.capitalize(), [(skill.pk, skill.name) for skill in group])
            for kind, group in groupby(standing, key=lambda skill: skill.kind)
        ]
        self._choose("skill", [_ANY, *kinds])
        self._choose("country", [_ANY, *(choice for choice in country_choices() if choice[0])])

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


_KINDS: list[str] = list(Skill.Kind.values)
