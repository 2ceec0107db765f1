from typing import Any

from django.db import models

from accounts.models import User
from mentoring.programs.models.programs import Program


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
