"""The meeting link as it is typed."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError

from accounts.forms_fields import LinkField
from mentoring.schedule.links import host_of

NOT_ONE = "Give the address of the meeting as it stands in the browser, beginning with https://."


class MeetingLinkField(LinkField):
    """A web address that a browser opens as what it looks like: no name and password before the host, no
    space, no backslash, no character that is not seen."""

    def __init__(self) -> None:
        super().__init__(help_text="Of the video call, or of the place if it has a page.")
        self.label = "Meeting link"

    def clean(self, value: Any) -> Any:
        link = super().clean(value)
        if not link:
            return link
        if not link.isprintable() or set(link) & set(' \\"<>'):
            raise ValidationError(NOT_ONE, code="invalid")
        parts = urlsplit(link)
        try:
            _ = parts.port, host_of(link)
        except ValueError as error:  # no such port; a name that the domain name system cannot hold
            raise ValidationError(NOT_ONE, code="invalid") from error
        if parts.username is not None or parts.password is not None:
            raise ValidationError("Give the address without a name or password in it.", code="credentials")
        return parts._replace(scheme=parts.scheme.lower()).geturl()


class LinkForm(forms.Form):
    link = MeetingLinkField()
