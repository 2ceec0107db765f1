from typing import Any

from allauth.account.forms import ChangePasswordForm as BaseChangePasswordForm
from allauth.account.forms import ResetPasswordKeyForm as BaseResetPasswordKeyForm
from allauth.account.forms import SignupForm as BaseSignupForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm as BaseAddPasskeyForm
from allauth.socialaccount.forms import SignupForm as BaseSocialSignupForm
from django import forms

from accounts.forms_fields import LineField
from accounts.zones import zone_choices


class SignupForm(BaseSignupForm):
    """Sign-up by mail address; who leaves the password empty signs in by codes sent to it."""

    field_order = ["name", "email", "password1", "zone"]
    name = LineField(
        max_length=120, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    zone = forms.ChoiceField(label="Your time zone", choices=zone_choices, initial="UTC")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["zone"].widget.attrs["data-own-zone"] = ""
        if "password1" in self.fields:
            self.fields[
                "password1"
            ].help_text = "Leave it empty to sign in by a code that we mail you each time."


class SocialSignupForm(BaseSocialSignupForm):
    """What is still to be said by somebody whose organisation has vouched for them."""

    field_order = ["name", "email", "zone"]
    name = LineField(
        max_length=120, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    zone = forms.ChoiceField(label="Your time zone", choices=zone_choices, initial="UTC")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial |= {"name": self.sociallogin.user.name, "zone": self.sociallogin.user.zone}
        self.fields["zone"].widget.attrs["data-own-zone"] = ""


class ChangePasswordForm(BaseChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _write_small(self)


class ResetPasswordKeyForm(BaseResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _write_small(self)


class AddPasskeyForm(BaseAddPasskeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].label = "Sign in with it instead of the password"
        self.fields["passwordless"].help_text = (
            "The device then asks for its own lock: a fingerprint, a face or a PIN. Otherwise the passkey is "
            "asked for after the password."
        )


def _write_small(form: forms.Form) -> None:
    """Labels as everywhere else: one capital, at the beginning."""
    for field in form.fields.values():
        field.label = str(field.label).capitalize()
