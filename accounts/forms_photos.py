from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from accounts import photos
from accounts.models import User


class PhotoForm(forms.Form):
    """Valid is what was read and made anew; `encoded` holds it."""

    photo = forms.FileField(
        label="Your photo",
        help_text="JPEG, PNG or WebP, at most 5 MB and 40 megapixels. Its middle is cut out as a square.",
        error_messages={
            "required": "Choose a file first.",
            "empty": "This file is empty.",
            "max_length": "The name of this file is too long.",
        },
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    def __init__(self, *args: Any, person: User | None = None, is_too_large: bool = False) -> None:
        super().__init__(*args)
        self.person = person
        self.encoded = photos.Encoded(b"", b"")
        if is_too_large:  # thrown away on its way in, so that to the field there is none
            self.fields["photo"].error_messages["required"] = photos.TOO_LARGE

    def clean_photo(self) -> UploadedFile:
        uploaded: UploadedFile = self.cleaned_data["photo"]
        if (uploaded.size or 0) > photos.MOST_BYTES:
            raise forms.ValidationError(photos.TOO_LARGE)
        assert self.person is not None
        try:
            with photos.turn_of(self.person, timezone.now()):
                self.encoded = photos.encode(uploaded.read())
        except photos.PhotoError as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return uploaded
