"""What a program is and how it works, in parts: the settings show all, creating one goes through them."""

import re
from typing import Any, ClassVar, cast

from django import forms
from django.utils.text import capfirst

from accounts.forms_fields import LONGEST_ADDRESS
from mentoring.programs.cadences import Cadence
from mentoring.programs.models import LONGEST_ENGAGEMENT_WEEKS, Program

DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
MOST_DOMAINS = 20
# Where anybody can have an address, it says nothing of who they are.
OPEN_TO_ALL = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "yahoo.com",
        "icloud.com",
        "me.com",
        "aol.com",
        "proton.me",
        "protonmail.com",
        "gmx.net",
        "gmx.de",
        "gmx.com",
        "web.de",
        "mail.ru",
        "qq.com",
        "163.com",
        "fastmail.com",
        "zoho.com",
    ]
)


class _PartForm(forms.ModelForm):
    """Says what is wanted; the service writes, so a refused change never shows as made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.ChoiceField) and isinstance(field.widget, forms.RadioSelect):
                choices = cast("list[tuple[str, str]]", list(cast(Any, field.choices)))
                field.choices = [(value, capfirst(str(label))) for value, label in choices if value]

    def _post_clean(self) -> None:
        pass


class AboutForm(_PartForm):
    title = "Name and about"

    class Meta:
        model = Program
        fields = ("name", "about")
        labels: ClassVar = {"about": "What it is about"}
        help_texts: ClassVar = {"about": "Whoever is invited reads it before they join."}
        widgets: ClassVar = {"about": forms.Textarea(attrs={"rows": 5})}


class JoiningForm(_PartForm):
    title = "Who takes part"
    domains = forms.CharField(
        label="Mail domains",
        required=False,
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Such as example.org, one a line. Whoever has a confirmed address there finds the program "
        "and can join.",
    )

    class Meta:
        model = Program
        fields = ("mentors_by", "joins_by_link", "joins_after_approval", "domains")
        labels: ClassVar = {
            "joins_by_link": "People can join by the link",
            "joins_after_approval": "An admin approves who joins by the link or by a mail domain",
        }
        widgets: ClassVar = {"mentors_by": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.initial.get("domains"), list):
            self.initial["domains"] = "\n".join(self.initial["domains"])

    def clean_domains(self) -> list[str]:
        words = re.split(r"[\s,;]+", self.cleaned_data["domains"].lower())
        domains = list(dict.fromkeys(word.removeprefix("@").rstrip(".") for word in words if word))
        for domain in domains:
            if not DOMAIN.fullmatch(domain):
                raise forms.ValidationError(f"“{domain[:60]}” is not a mail domain.")
            if domain in OPEN_TO_ALL:
                raise forms.ValidationError(
                    f"Anybody can have an address of {domain}: it cannot open a program."
                )
        if len(domains) > MOST_DOMAINS:
            raise forms.ValidationError(f"{MOST_DOMAINS} domains at most.")
        return domains


class MatchingForm(_PartForm):
    title = "How mentors and mentees come together"
    open_requests = forms.IntegerField(label="Open requests a mentee may have", min_value=1, max_value=10)
    request_days = forms.IntegerField(label="Days until a request expires", min_value=1, max_value=60)
    longest_weeks = forms.IntegerField(
        label="Longest engagement, in weeks", min_value=1, max_value=LONGEST_ENGAGEMENT_WEEKS
    )
    usual_weeks = forms.IntegerField(
        label="Usual engagement, in weeks",
        min_value=1,
        max_value=LONGEST_ENGAGEMENT_WEEKS,
        help_text="A request begins with it; the two choose what suits them.",
    )
    usual_cadence = forms.ChoiceField(label="Usual rhythm", choices=Cadence.grouped)

    class Meta:
        model = Program
        fields = (
            "mode",
            "open_requests",
            "request_days",
            "longest_weeks",
            "usual_weeks",
            "usual_cadence",
            "line_rule",
        )
        labels: ClassVar = {
            "mode": "Who brings them together",
            "line_rule": "Of one’s reporting line, these are never proposed",
        }
        widgets: ClassVar = {"mode": forms.RadioSelect, "line_rule": forms.RadioSelect}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        longest, usual = cleaned.get("longest_weeks"), cleaned.get("usual_weeks")
        if longest and usual and usual > longest:
            self.add_error("usual_weeks", "The usual engagement is no longer than the longest.")
        return cleaned


class SafetyForm(_PartForm):
    title = "Safety"

    class Meta:
        model = Program
        fields = ("needs_second_factor",)
        labels: ClassVar = {"needs_second_factor": "Admins of this program need a second factor to sign in"}


PARTS: tuple[type[_PartForm], ...] = (AboutForm, JoiningForm, MatchingForm, SafetyForm)


class FirstAdminForm(forms.Form):
    title = "The first admin"
    email = forms.EmailField(
        max_length=LONGEST_ADDRESS,
        label="Mail address of the first admin",
        help_text="They get an invitation by mail, and run the program from there.",
    )
    admin_name = forms.CharField(label="Their name", max_length=120, required=False)
