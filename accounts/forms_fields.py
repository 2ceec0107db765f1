"""Fields that several forms share: a skill of the list, a date, a longer text, a web address; and rows."""

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import Skill

EARLIEST = date(1930, 1, 1)


class SkillList:
    """The skill list, read once for all the selects of a page."""

    def __init__(self) -> None:
        order = {kind: place for place, kind in enumerate(Skill.Kind.values)}
        rows = sorted(
            Skill.objects.values_list("kind", "name", "pk"), key=lambda row: (order[row[0]], row[1].lower())
        )
        self.ids = frozenset(pk for _, _, pk in rows)
        kinds = [
            (kind.capitalize(), [(pk, name) for _, name, pk in group])
            for kind, group in groupby(rows, key=lambda row: row[0])
        ]
        self.choices: list[tuple[Any, Any]] = [("", "Choose a skill"), *kinds]


class PlainSelect(forms.Select):
    """A select that writes its options itself. Django's own renders a template for each, which takes
    twenty times as long, and a page may hold a dozen lists of two hundred."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = "" if value is None else str(value)
        options = [
            format_html('<optgroup label="{}">{}</optgroup>', key, _options(label, chosen))
            if isinstance(label, list | tuple)
            else _options([(key, label)], chosen)
            for key, label in self.choices
        ]
        return format_html(
            '<select name="{}"{}>{}</select>',
            name,
            flatatt(self.build_attrs(self.attrs, attrs)),
            format_html_join("", "{}", ((option,) for option in options)),
        )


def _options(pairs: Iterable[tuple[Any, Any]], chosen: str) -> SafeString:
    selected = SafeString(" selected")
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, selected if str(value) == chosen else "", label) for value, label in pairs),
    )


class SkillField(forms.Field):
    """The id of a listed skill. The form hands it the list: `form.fields["skill"].offer(skills)`."""

    widget = PlainSelect
    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": "Choose a skill, or remove the row.",
        "invalid": "Choose a skill from the list.",
    }
    ids: frozenset[int] = frozenset()

    def offer(self, skills: SkillList) -> None:
        self.ids = skills.ids
        self.widget.choices = skills.choices

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        text = str(value)
        pk = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
        if pk not in self.ids:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return pk

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(initial or "") != str(data or "")


class LineField(forms.CharField):
    """A short text on one line. It stands in mails, where a line break would let its writer go on as if
    the mail spoke."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return " ".join(text.split()) if isinstance(text, str) else text


class ProseField(forms.CharField):
    """A longer text. A line break counts as one character, as the browser counts it too."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text


class DayField(forms.DateField):
    """A date, chosen by the browser's own date picker."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "Give a date, such as 2026-03-31."}

    def between(self, first: date, last: date) -> None:
        """Tells the browser's picker; the form itself checks in its own words."""
        self.widget.attrs |= {"min": first.isoformat(), "max": last.isoformat()}


def check_has_been(on: date, *, today: date) -> date:
    if on > today:
        raise ValidationError("This date has not come yet.", code="future")
    if on < EARLIEST:
        raise ValidationError(f"Give a date since {EARLIEST.year}.", code="ancient")
    return on


class LinkField(forms.URLField):
    def __init__(self, *, help_text: str) -> None:
        super().__init__(
            assume_scheme="https", max_length=500, required=False, label="Link", help_text=help_text
        )

    def clean(self, value: Any) -> Any:
        link = super().clean(value)
        if link and not link.lower().startswith(("https://", "http://")):
            raise ValidationError("Give a web address, beginning with https://.", code="invalid")
        return link


class RowsFormSet(forms.BaseFormSet):
    """Repeating rows, each naming another entry; a row left empty counts for nothing.

    `key` is the field that names the entry, `twice` what a second row of the same entry is told. The
    same rule is a constraint of the table; said here, it stands beside its row and nothing typed is lost.
    """

    key: ClassVar[str]
    twice: ClassVar[str]

    def filled(self) -> list[forms.Form]:
        return [
            form
            for form in self.forms
            if self.key in form.cleaned_data and not form.cleaned_data.get(DELETION_FIELD_NAME)
        ]

    def rows(self) -> list[dict[str, Any]]:
        """Cleaned data of the rows that are to be kept; after is_valid()."""
        return [form.cleaned_data for form in self.filled()]

    def clean(self) -> None:
        seen = set()
        for form in self.filled():
            entry = form.cleaned_data[self.key]
            if entry in seen:
                form.add_error(self.key, self.twice)
            seen.add(entry)
