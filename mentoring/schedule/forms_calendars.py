from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from mentoring.schedule.fetching import LONGEST_ADDRESS, FetchError, place_of


class BusyCalendarForm(forms.Form):
    address = forms.CharField(
        label="Address of your calendar",
        max_length=LONGEST_ADDRESS,
        help_text="Begins with https:// or webcal:// and usually ends in .ics.",
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
        ),
    )

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        try:
            place = place_of(address)
        except FetchError as error:
            raise ValidationError(str(error)) from error
        if place.host == urlsplit(settings.SITE_URL).hostname:
            raise ValidationError("This is an address of Holdfast itself, which knows your sessions already.")
        return address
