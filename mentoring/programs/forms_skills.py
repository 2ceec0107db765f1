from typing import Any

from django import forms

from accounts.forms_fields import LineField, SkillField, SkillList, offer_skills
from accounts.models import Skill

MOST_WORDS = 12


class SkillNewForm(forms.Form):
    name = LineField(max_length=80, label="Name", help_text="As members would call it: “Ward rounds”.")
    kind = forms.ChoiceField(
        label="Kind",
        choices=[("", "Choose"), *((kind.value, kind.label.capitalize()) for kind in Skill.Kind)],
        help_text="The kinds are scored apart. Political is knowing how an organisation works.",
    )
    parent = SkillField(
        label="Part of",
        required=False,
        help_text="A broader skill. Skills that are near each other count in part for one another.",
    )
    synonyms = LineField(
        max_length=600,
        required=False,
        label="Other words for it",
        help_text="With commas between; whoever types one of them finds the skill.",
    )

    def __init__(self, *args: Any, skills: SkillList, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_skills(self, skills)

    def clean_synonyms(self) -> list[str]:
        words = [word.strip()[:80] for word in self.cleaned_data["synonyms"].split(",")]
        return list(dict.fromkeys(word for word in words if word))[:MOST_WORDS]


class SkillNameForm(forms.Form):
    name = LineField(
        max_length=80,
        label="Name in this program",
        help_text="Members find it by its old name too. Other programs keep theirs.",
    )


class SkillMergeForm(forms.Form):
    into = SkillField(
        label="Count it as",
        help_text="Whoever has, wants or offers one of the two is matched as if it were the other.",
    )

    def __init__(self, *args: Any, skills: SkillList, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_skills(self, skills)


class SkillFilter(forms.Form):
    SHOWN = (
        ("", "All"),
        ("own", "Added here"),
        ("renamed", "Called otherwise here"),
        ("merged", "Counted as another"),
        *((kind.value, kind.label.capitalize()) for kind in Skill.Kind),
    )
    q = forms.CharField(label="Skill", max_length=100, required=False, widget=forms.SearchInput())
    show = forms.ChoiceField(label="Show", choices=SHOWN, required=False)
