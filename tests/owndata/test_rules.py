"""Every model and every field has a rule that says what becomes of it; what is left out fails here."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from accounts.models import User
from mentoring.owndata import table
from mentoring.owndata.rules import Fate, Rule
from mentoring.programs.models import Membership

RULES = (*table.TABLE, table.USER)
OWN_ADDRESSES = ("accounts.User", "account.EmailAddress")  # each row is one person's, and leads to them


def walked(rules: Iterable[Rule], not_personal: Iterable[str]) -> list[str]:
    """What is wrong with the rules, for every model that is installed."""
    by_label = {rule.label.lower(): rule for rule in rules}
    excused = {label.lower() for label in not_personal}
    wrong = []
    for model in apps.get_models(include_auto_created=True):
        label = model._meta.label
        rule = by_label.get(label.lower())
        if rule is not None:
            wrong += _fields_left_out(model, rule)
        elif label.lower() not in excused:
            wrong.append(f"{label} has no rule")
        elif leading := [field.name for field in _leading_to_a_person(model)]:
            wrong.append(f"{label} leads to a person by {leading} and is said to be not personal")
        elif _holds_addresses(model):
            wrong.append(f"{label} holds mail addresses and is said to be not personal")
    return wrong


def _fields_left_out(model: type[models.Model], rule: Rule) -> list[str]:
    known = {field.name for field in model._meta.concrete_fields} - {"id"}
    ways = {way.path.partition("__")[0] for way in rule.ways if way.path}
    wrong = [f"{rule.label}.{name} is named by no rule" for name in sorted(known - rule.names - {"id"})]
    wrong += [
        f"{rule.label}.{name} is no field" for name in sorted(rule.names - known) if "__" not in name != "pk"
    ]
    leading = {field.name for field in _leading_to_a_person(model)}
    wrong += [f"{rule.label}: rows by {name} are nobody's" for name in sorted(leading - ways)]
    is_others = _holds_addresses(model) and model._meta.label not in OWN_ADDRESSES
    if is_others and not any(way.find for way in rule.ways):
        wrong.append(f"{rule.label} holds mail addresses, and no way finds a person by theirs")
    kept_without_reason = [way for way in rule.ways if way.fate is Fate.KEPT and not way.why]
    return wrong + [f"{rule.label}: kept for no reason" for _ in kept_without_reason]


def _leading_to_a_person(model: type[models.Model]) -> list[Any]:
    fields = model._meta.concrete_fields
    return [field for field in fields if field.is_relation and field.related_model in (User, Membership)]


def _holds_addresses(model: type[models.Model]) -> bool:
    return any(isinstance(field, models.EmailField) for field in model._meta.concrete_fields)


def test_every_model_and_field_has_a_rule() -> None:
    assert walked(RULES, table.NOT_PERSONAL) == []


@pytest.mark.parametrize("left_out", [rule.label for rule in RULES])
def test_a_model_left_out_is_found(left_out: str) -> None:
    if not apps.is_installed(apps.get_model(left_out)._meta.app_config.name):
        pytest.skip("not installed")
    fewer = [rule for rule in RULES if rule.label != left_out]

    assert walked(fewer, table.NOT_PERSONAL) == [f"{apps.get_model(left_out)._meta.label} has no rule"]
