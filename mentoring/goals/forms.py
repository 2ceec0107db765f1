from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from accounts.forms_fields import DayField, LineField, ProseField, RowsFormSet
from accounts.forms_profile import SkillRowForm, message_of, rows_of, sentence_case
from mentoring.goals.models import SkillWanted
from mentoring.goals.services import GoalWords

HORIZON = timedelta(days=2 * 365)


class GoalForm(forms.Form):
    title = LineField(
        max_length=120,
        label="What do you want to reach?",
        help_text="One goal, small enough to finish: “Run the ward's rota myself by the summer”.",
    )
    why = ProseField(max_length=2000, label="Why does it matter?", help_text="To you, and to whom else.")
    success = ProseField(
        max_length=2000,
        label="How will success be seen?",
        help_text="What somebody else could observe on the day it is reached.",
    )
    target_on = DayField(label="By when?", help_text="Within two years; most goals that are met took months.")
    blocker = ProseField(max_length=2000, required=False, label="What blocks you?")

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        field = self.fields["target_on"]
        assert isinstance(field, DayField)
        field.between(today + timedelta(days=1), today + HORIZON)

    def clean_target_on(self) -> date:
        on: date = self.cleaned_data["target_on"]
        if on <= self.today:
            raise ValidationError("Give a day that is still to come.", code="past")
        if on - self.today > HORIZON:
            raise ValidationError("Give a day within the next two years.", code="far")
        return on

    def words(self) -> GoalWords:
        return GoalWords(**self.cleaned_data)


class SkillWantedForm(SkillRowForm):
    importance = forms.TypedChoiceField(
        label="How much it matters",
        choices=sentence_case(SkillWanted.Importance.choices),
        coerce=int,
        initial=SkillWanted.Importance.IMPORTANT.value,
    )


class SkillWantedRows(RowsFormSet):
    key: ClassVar[str] = "skill"
    twice = message_of(SkillWanted, "skill_wanted_once")

    def clean(self) -> None:
        super().clean()
        if not self.filled() and not any(self.errors):
            raise ValidationError("Name at least one skill: mentors are found by it.", code="no_skill")


SkillWantedFormSet = rows_of(SkillWantedForm, SkillWantedRows, extra=2)
