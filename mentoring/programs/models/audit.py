from typing import Any

from django.db import models

from accounts.models import User
from mentoring.programs.models.memberships import Membership
from mentoring.programs.models.programs import Program

BEFORE_AND_AFTER = 2


class AuditEntry(models.Model):
    """What somebody did to a program and its members; never what members say to each other."""

    program = models.ForeignKey(Program, models.CASCADE, related_name="audit")
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    action = models.CharField(max_length=40)  # such as "settings changed"; programs/audit.py lists them
    # Names of what changed with values before and after; no words of members.
    details: "models.JSONField[Any, Any]" = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["program", "-at"], name="audit_by_program")]

    def __str__(self) -> str:
        return f"{self.action} in {self.program_id}"

    @property
    def told(self) -> list[tuple[str, str]]:
        """The details as a page says them: "was → is" where there are both."""
        return [(_words(name), _said(value)) for name, value in self.details.items()]


def _words(name: str) -> str:
    for model in (Program, Membership):
        if name in {field.name for field in model._meta.fields}:
            return str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return name


def _said(value: Any) -> str:
    if isinstance(value, list) and len(value) == BEFORE_AND_AFTER:
        return f"{_one(value[0])} → {_one(value[1])}"
    return _one(value)


def _one(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items()) or "as usual"
    return "none" if value in (None, "") else str(value)
