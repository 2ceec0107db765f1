"""Programs, their members, and the ways in."""

from mentoring.programs.models.audit import AuditEntry
from mentoring.programs.models.joining import Applicant, Invitation
from mentoring.programs.models.memberships import (
    Exclusion,
    Favourite,
    Membership,
    MembershipQuerySet,
    ReportingLine,
    kept_apart,
    pauses_today,
)
from mentoring.programs.models.programs import (
    LONGEST_ENGAGEMENT_WEEKS,
    Program,
    ProgramQuerySet,
    new_join_token,
)

__all__ = [
    "LONGEST_ENGAGEMENT_WEEKS",
    "Applicant",
    "AuditEntry",
    "Exclusion",
    "Favourite",
    "Invitation",
    "Membership",
    "MembershipQuerySet",
    "Program",
    "ProgramQuerySet",
    "ReportingLine",
    "kept_apart",
    "new_join_token",
    "pauses_today",
]
