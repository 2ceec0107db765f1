from typing import Any, ClassVar, cast

from django import forms

from mentoring.programs.models import Membership, Program

MOST_PLACES = 20
AS = [
    ("mentee", "As mentee: I have a goal and look for somebody to help me with it"),
    ("mentor", "As mentor: I would help somebody with theirs"),
    ("both", "As both: I look for help with one thing and can help with another"),
]


def capacity_field(*, lowest: int, required: bool = True) -> forms.IntegerField:
    return forms.IntegerField(
        label="Mentees at once",
        min_value=lowest,
        max_value=MOST_PLACES,
        required=required,
        initial=1,
        help_text="For mentors: nobody is given more mentees than this, however many ask.",
    )


def _date_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class JoinForm(forms.Form):
    role = forms.ChoiceField(
        label="How would you like to take part?",
        choices=AS,
        initial="mentee",
        widget=forms.RadioSelect(attrs={"class": "choices--cards"}),
    )
    capacity = capacity_field(lowest=1, required=False)

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if program.mentors_by == Program.MentorsBy.ADMINS:
            role = cast("forms.ChoiceField", self.fields["role"])
            role.choices = AS[:1]
            role.help_text = "An admin of the program can make you a mentor afterwards."
            del self.fields["capacity"]

    def roles(self) -> dict[str, Any]:
        """What join_program takes; after is_valid()."""
        role = self.cleaned_data["role"]
        return {
            "is_mentor": role in {"mentor", "both"},
            "is_mentee": role in {"mentee", "both"},
            "capacity": self.cleaned_data.get("capacity") or 1,
        }


class _RolesForm(forms.ModelForm):
    """Says what is wanted; the service decides and writes, so nothing here saves."""

    capacity = capacity_field(lowest=0)

    def _post_clean(self) -> None:
        """Leaves the instance as it is in the database: a refused change must not show as made."""


class MembershipForm(_RolesForm):
    class Meta:
        model = Membership
        fields = ("is_mentee", "is_mentor", "capacity")
        labels: ClassVar = {
            "is_mentee": "I am a mentee here",
            "is_mentor": "I am a mentor here",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        program = self.instance.program
        if program.mentors_by == Program.MentorsBy.ADMINS and not self.instance.is_mentor:
            self.fields["is_mentor"].disabled = True
            self.fields["is_mentor"].help_text = "In this program an admin makes somebody a mentor."


class PauseForm(forms.Form):
    """Days in the member's own zone."""

    paused_from = forms.DateField(label="First day", widget=_date_input())
    paused_until = forms.DateField(
        label="Last day",
        required=False,
        widget=_date_input(),
        help_text="Leave it empty to pause until you say otherwise.",
    )


class MemberForm(_RolesForm):
    class Meta:
        model = Membership
        fields = ("is_mentee", "is_mentor", "is_admin", "capacity")
        labels: ClassVar = {"is_mentee": "Mentee", "is_mentor": "Mentor", "is_admin": "Program admin"}


class MemberFilter(forms.Form):
    ROLES = (
        ("", "Everybody"),
        ("mentor", "Mentors"),
        ("mentee", "Mentees"),
        ("admin", "Program admins"),
        ("paused", "Who pauses"),
    )
    q = forms.CharField(
        label="Name, mail address or headline", max_length=100, required=False, widget=forms.SearchInput()
    )
    role = forms.ChoiceField(label="Role", choices=ROLES, required=False)
