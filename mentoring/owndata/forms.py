from typing import Any

from django import forms

from accounts.models import User


class EraseForm(forms.Form):
    """Typing one's own address says that one means it."""

    email = forms.CharField(
        label="Your mail address",
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, person: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_email(self) -> str:
        typed: str = self.cleaned_data["email"]
        if typed.strip().lower() != self.person.email.lower():
            raise forms.ValidationError("This is not the mail address of your account.")
        return typed
