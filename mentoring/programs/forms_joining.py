import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.forms_fields import LONGEST_ADDRESS
from mentoring.programs.forms import capacity_field
from mentoring.programs.joining import Place

MOST_ADDRESSES = 200
NAMED = re.compile(r"\s*\"?(?P<name>[^<>\"]*?)\"?\s*<(?P<email>[^<>]+)>\s*")


class InviteForm(forms.Form):
    addresses = forms.CharField(
        label="Mail addresses",
        max_length=40_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=f"One a line, {MOST_ADDRESSES} at most: a@example.org, or Amara Eze &lt;a@example.org&gt;.",
    )
    is_mentee = forms.BooleanField(label="As mentees", required=False, initial=True)
    is_mentor = forms.BooleanField(label="As mentors", required=False)
    is_admin = forms.BooleanField(label="As program admins", required=False)
    capacity = capacity_field(lowest=1, required=False)

    def clean_addresses(self) -> list[tuple[str, str]]:
        """(address, name) of each."""
        lines = [line for line in re.split(r"[\n\r;,]+", self.cleaned_data["addresses"]) if line.strip()]
        if len(lines) > MOST_ADDRESSES:
            raise ValidationError(f"{len(lines)} addresses are too many at once: {MOST_ADDRESSES} at most.")
        found = [_address_of(line) for line in lines]
        if wrong := [line.strip()[:80] for line, one in zip(lines, found, strict=True) if one is None]:
            raise ValidationError(f"Not a mail address: {', '.join(wrong[:5])}")
        return [one for one in found if one is not None]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not (cleaned.get("is_mentee") or cleaned.get("is_mentor") or cleaned.get("is_admin")):
            self.add_error("is_mentee", "Choose at least one: mentee, mentor or program admin.")
        return cleaned

    def places(self) -> list[Place]:
        roles = {name: self.cleaned_data[name] for name in ("is_mentee", "is_mentor", "is_admin")}
        capacity = self.cleaned_data["capacity"] or 1
        return [
            Place(email=email, name=name, capacity=capacity, **roles)
            for email, name in self.cleaned_data["addresses"]
        ]


def _address_of(line: str) -> tuple[str, str] | None:
    named = NAMED.fullmatch(line)
    email, name = (named["email"].strip(), named["name"]) if named else (line.strip(), "")
    try:
        validate_email(email)
    except ValidationError:
        return None
    if len(email) > LONGEST_ADDRESS:
        return None
    return email, " ".join("".join(each if each.isprintable() else " " for each in name).split())[:120]
