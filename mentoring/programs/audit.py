"""What admins do to a program and its members, kept to be read on the program's audit page.

Actions so far, as words fit to show: "settings changed", "link changed", "member changed", "member removed",
"member invited", "invitation accepted", "invitation withdrawn", "applicant accepted", "applicant declined",
"request approved", "request declined", "program created", "skill added", "skill removed", "skill renamed",
"skill merged", "skill set apart", "people imported". Details are names of what changed with values before and
after, or counts; never words that members wrote to each other.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.models import User
from mentoring.programs.models import AuditEntry, Program


def record(
    program: Program,
    *,
    by: User | None,
    action: str,
    details: Mapping[str, Any] | None = None,
    now: datetime,
) -> AuditEntry:
    """Within the transaction of what it records. An action has 40 characters at most; details are JSON."""
    return AuditEntry.objects.create(
        program=program, by=by, at=now, action=action, details=dict(details or {})
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """{name: [before, after]} of what differs, for `details`."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
