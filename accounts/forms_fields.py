"""Fields that several forms share: a skill of the list, a date, a longer text, a web address; and rows."""

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.utils import flatatt
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.skill_search import meant
from accounts.vocabulary import vocabulary_for, vocabulary_of

EARLIEST = date(1930, 1, 1)
LONGEST_ADDRESS = 254  # RFC 5321, and what is kept of one


class SkillList:
    """What a form's reader may pick from, read once for all the fields of a page: for their own profile, or
    for something in a program."""

    def __init__(self, person: User, program: uuid.UUID | None = None) -> None:
        self.vocabulary = vocabulary_of(program) if program else vocabulary_for(person)
        self.url = reverse("accounts:skill-search") + (f"?program={program}" if program else "")

    def name_of(self, value: Any) -> str | None:
        """The name of the skill whose primary key this is, also as text; None for everything else."""
        text = str(value)
        pk = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
        called = self.vocabulary.of(pk)
        return called.name if called else None


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


class SkillInput(forms.TextInput):
    """A skill by typing its name; static/js/skill-picker.js proposes while one types.

    The value is a skill's primary key, or what was typed. Beside the text stands, hidden, which skill it is:
    it holds as long as the text is that skill's name, so that of two skills which a program counts as one
    the person's own stays what it is.
    """

    skills: SkillList | None = None

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        assert self.skills is not None
        named = self.skills.name_of(value) if value not in (None, "") else None
        text = str(value or "") if named is None else named
        own = {
            "type": "text",
            "name": name,
            "value": text,
            "autocomplete": "off",
            "autocapitalize": "none",
            "spellcheck": "false",
            "placeholder": "Type a skill",
            "data-skill-picker": self.skills.url,
        }
        return format_html(
            '<span class="picker"><input{}><input type="hidden" name="{}-id" value="{}"></span>',
            flatatt(self.build_attrs(own, attrs)),
            name,
            value if named is not None else "",
        )

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        text, key = data.get(name), data.get(f"{name}-id", "")
        named = self.skills.name_of(key) if self.skills and key else None
        return key if named is not None and named == str(text or "").strip() else text


class SkillField(forms.Field):
    """The id of a skill. The form hands it the list, by `offer_skills`.

    Takes a primary key, a name, another name, or one of these mistyped where only one can be meant.
    """

    widget = SkillInput
    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": "Name a skill, or remove the row.",
        "invalid": "No skill of this name is in the list. Try another word for it.",
        "unclear": "No skill has exactly this name. Did you mean %(choices)s?",
    }
    skills: SkillList

    def offer(self, skills: SkillList) -> None:
        self.skills = skills
        self.widget.skills = skills

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if not text:
            return None
        if self.skills.name_of(text) is not None:
            return int(text)
        found = meant(self.skills.vocabulary, text)
        if found.skill is None:
            code = "unclear" if found.choices else "invalid"
            choices = " or ".join(f"“{name}”" for name in found.choices)
            raise ValidationError(self.error_messages[code], code=code, params={"choices": choices})
        return found.skill

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(initial or "") != str(data or "")


def offer_skills(form: forms.BaseForm, skills: SkillList) -> None:
    """To each of the form's fields that holds a skill."""
    for field in form.fields.values():
        if isinstance(field, SkillField):
            field.offer(skills)


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
