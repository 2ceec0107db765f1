from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.text import Truncator

from mentoring.transfer.fields import HINTS, LABELS
from mentoring.transfer.models import Import, ImportRow

MOST_BYTES = 50_000_000
TOO_LARGE = "The file is larger than 50 MB. Cut it in parts, or save it as CSV."


class UploadForm(forms.Form):
    file = forms.FileField(
        label="The file",
        help_text="CSV or XLSX, with headings in the first row; up to 100,000 rows and 50 MB.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
        error_messages={"required": "Choose a file.", "empty": "This file is empty."},
        max_length=200,
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(TOO_LARGE)
        return file


class MappingForm(forms.Form):
    """A select for each thing that a column can hold."""

    usual_role = forms.ChoiceField(
        label="Whoever has no role in the file is",
        choices=[("mentee", "a mentee"), ("mentor", "a mentor"), ("both", "both")],
    )

    def __init__(
        self, of: Import, data: Mapping[str, Any] | None = None, *, first: Sequence[str] = ()
    ) -> None:
        """`first` is what stands in the first row, to tell columns by."""
        guessed = {name: str(column) for name, column in of.mapping.items()}
        super().__init__(data, initial=guessed | {"usual_role": of.usual_role})
        columns = [
            (str(n), _told(heading or f"Column {n + 1}", first[n] if n < len(first) else ""))
            for n, heading in enumerate(of.headings)
        ]
        for name, label in LABELS.items():
            self.fields[name] = forms.ChoiceField(
                label=label,
                choices=[("", "not in the file"), *columns],
                required=name == "email",
                help_text=HINTS[name],
                error_messages={"required": "Say which column holds the mail address."},
            )
        self.order_fields([*LABELS, "usual_role"])

    def mapping(self) -> dict[str, int]:
        return {name: int(self.cleaned_data[name]) for name in LABELS if self.cleaned_data.get(name)}

    def clean(self) -> dict[str, Any]:
        seen: dict[str, str] = {}
        for name in LABELS:
            column = self.cleaned_data.get(name)
            if column and column in seen:
                self.add_error(name, f"{LABELS[seen[column]]} is in this column already.")
            elif column:
                seen[column] = name
        return self.cleaned_data


def _told(heading: str, text: str) -> str:
    return f"{heading} ({Truncator(text).chars(40)})" if text else heading


class RowForm(forms.Form):
    """The cells of a row, with what the dry run says beside each."""

    def __init__(self, row: ImportRow, data: Mapping[str, Any] | None = None) -> None:
        mapping = row.of.mapping
        texts = {
            name: row.cells[column] if column < len(row.cells) else "" for name, column in mapping.items()
        }
        super().__init__(data, initial=texts)
        for name in LABELS:
            if name in mapping:
                self.fields[name] = forms.CharField(
                    label=LABELS[name], required=False, max_length=5000, strip=True,
                    widget=forms.Textarea(attrs={"rows": 2}) if "\n" in texts[name] else forms.TextInput(),
                )  # fmt: skip
        if data is None:
            self.show(row.problems)

    def show(self, problems: Mapping[str, str]) -> None:
        """Put the reasons beside the cells, as they are before anything is sent."""
        self.cleaned_data: dict[str, Any] = {}
        self._errors = forms.utils.ErrorDict(renderer=self.renderer)
        for name, why in problems.items():
            if name in self.fields:
                self._errors[name] = self.error_class([why], renderer=self.renderer)

    def clean(self) -> dict[str, Any]:
        return self.cleaned_data


class ApplyForm(forms.Form):
    sends_invitations = forms.BooleanField(
        label="Write a mail to everybody who is new",
        required=False,
        help_text="It says how to sign in. Without it nobody hears of the import.",
    )


class RowFilter(forms.Form):
    show = forms.ChoiceField(
        required=False,
        choices=[
            ("", "all"),
            ("error", "in error"),
            ("new", "new"),
            ("changed", "changed"),
            ("same", "same"),
            ("left", "left out"),
        ],
    )
