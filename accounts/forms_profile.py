"""Forms of the profile's sections. Rows come as formsets; each is handed the skill list where it needs it."""

from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.text import capfirst

from accounts.countries import country_choices
from accounts.forms_fields import (
    EARLIEST,
    DayField,
    LineField,
    LinkField,
    PlainSelect,
    ProseField,
    RowsFormSet,
    SkillField,
    SkillList,
    check_has_been,
    offer_skills,
)
from accounts.languages import LANGUAGE_CHOICES, Fluency
from accounts.models import (
    Accomplishment,
    LearningRecord,
    LearningWish,
    Offer,
    PersonSkill,
    SpokenLanguage,
    User,
)
from accounts.zones import zone_choices

MOST_ROWS = 40
# Of each kind of evidence: every list of mentors reads all of it.
MOST_RECORDS = 100


def message_of(model: type[models.Model], constraint: str) -> str:
    """The friendly message of a named constraint."""
    named = {each.name: each for each in model._meta.constraints}
    return str(named[constraint].get_violation_error_message())


def sentence_case(choices: Iterable[tuple[Any, Any]]) -> list[tuple[Any, str]]:
    return [(value, capfirst(str(label))) for value, label in choices]


class BasicsForm(forms.Form):
    name = LineField(
        max_length=120, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    headline = forms.CharField(
        max_length=120,
        required=False,
        label="Headline",
        help_text="One line that says what you do, such as “Runs the night control room of a railway”.",
    )
    about = ProseField(
        max_length=3000,
        required=False,
        label="About you",
        help_text="Where you come from, how you work, what people come to you for.",
    )
    zone = forms.ChoiceField(
        label="Your time zone",
        choices=zone_choices,
        widget=PlainSelect,
        help_text="Every time on these pages is told in it, and so are your weekly hours.",
    )
    country = forms.ChoiceField(label="Country", choices=country_choices, required=False, widget=PlainSelect)


class LanguageForm(forms.Form):
    code = forms.ChoiceField(
        label="Language",
        choices=[("", "Choose a language"), *LANGUAGE_CHOICES],
        widget=PlainSelect,
        error_messages={"required": "Choose a language, or remove the row."},
    )
    fluency = forms.TypedChoiceField(
        label="How well", choices=sentence_case(Fluency.choices), coerce=int, initial=Fluency.FLUENT.value
    )


class SkillRowForm(forms.Form):
    """A row that begins with a skill of the list."""

    skill = SkillField(label="Skill")

    def __init__(self, *args: Any, skills: SkillList, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_skills(self, skills)


class SkillForm(SkillRowForm):
    level = forms.TypedChoiceField(
        label="Level",
        choices=sentence_case(PersonSkill.Level.choices),
        coerce=int,
        initial=PersonSkill.Level.STRONG.value,
    )


class WishForm(SkillRowForm):
    pass


class OfferForm(SkillRowForm):
    words = forms.CharField(
        max_length=300,
        required=False,
        label="How you would share it",
        widget=forms.TextInput(attrs={"placeholder": "An evening on the piano, a code review, a walk"}),
    )


class LanguageRows(RowsFormSet):
    key = "code"
    twice = message_of(SpokenLanguage, "language_once")


class SkillRows(RowsFormSet):
    key = "skill"
    twice = message_of(PersonSkill, "skill_once")


class WishRows(RowsFormSet):
    key = "skill"
    twice = message_of(LearningWish, "wish_once")


class OfferRows(RowsFormSet):
    key = "skill"
    twice = message_of(Offer, "offer_once")


def rows_of(form: type[forms.Form], formset: type[RowsFormSet], *, extra: int = 1) -> type[RowsFormSet]:
    """A formset class with rows to add and remove, at most MOST_ROWS."""
    made = forms.formset_factory(
        form,
        formset=formset,
        extra=extra,
        can_delete=True,
        max_num=MOST_ROWS,
        validate_max=True,
        absolute_max=MOST_ROWS + 10,
    )
    assert issubclass(made, RowsFormSet)
    return made


LanguageFormSet = rows_of(LanguageForm, LanguageRows)
SkillFormSet = rows_of(SkillForm, SkillRows, extra=2)
WishFormSet = rows_of(WishForm, WishRows)
OfferFormSet = rows_of(OfferForm, OfferRows)


class _DatedForm(forms.ModelForm):
    """A row of a person's evidence, dated no later than today in the person's zone."""

    on = DayField(label="When", help_text="The day, or some day of that month.")

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        field = self.fields["on"]
        assert isinstance(field, DayField)
        field.between(EARLIEST, today)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kept = self._meta.model._default_manager.filter(person=self.instance.person)
        if self.instance.pk is None and kept.count() >= MOST_RECORDS:
            raise forms.ValidationError(
                f"A profile holds {MOST_RECORDS} of these at most. Remove one that matters less first.",
                code="full",
            )
        return cleaned

    def clean_on(self) -> date:
        return check_has_been(self.cleaned_data["on"], today=self.today)


class AccomplishmentForm(_DatedForm):
    link = LinkField(help_text="Where one can see it, if anywhere.")

    class Meta:
        model = Accomplishment
        fields = ("what", "how", "on", "link", "skills")
        labels: ClassVar = {
            "what": "What you achieved",
            "how": "How you achieved it",
            "skills": "Skills it shows",
        }
        help_texts: ClassVar = {
            "what": "One or two sentences, with a figure if there is one.",
            "how": "Who stood beside you, what it cost, what you would not do again. The way counts as much.",
            "skills": "A skill that an accomplishment stands behind counts for more in matching.",
        }
        widgets: ClassVar = {
            "what": forms.Textarea(attrs={"rows": 2}),
            "how": forms.Textarea(attrs={"rows": 4}),
            "skills": forms.CheckboxSelectMultiple(attrs={"class": "choices--inline"}),
        }

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.person = person
        field = self.fields["skills"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        assert field.queryset is not None
        known = models.Q(people__person=person)
        if self.instance.pk:
            known |= models.Q(backed_by=self.instance.pk)
        field.queryset = field.queryset.filter(known).distinct()
        if not field.queryset:
            field.help_text = "List your skills first; then you can say here which of them this shows."


class LearningRecordForm(_DatedForm):
    link = LinkField(help_text="A certificate, a page, a repository: where one can see it.")

    class Meta:
        model = LearningRecord
        fields = ("what", "kind", "on", "link", "changed")
        labels: ClassVar = {"what": "What you learnt, or learnt from", "kind": "Kind"}
        help_texts: ClassVar = {
            "changed": "What you do differently since. This is what others find worth reading."
        }
        widgets: ClassVar = {
            "what": forms.TextInput(),
            "changed": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.person = person
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [("", "Choose"), *sentence_case(LearningRecord.Kind.choices)]
