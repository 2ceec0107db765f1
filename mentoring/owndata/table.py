"""What happens to the rows of every model: here those of one person, table_pairs.py and table_libraries.py.

In the order in which erasure goes through them: what decides whether a row stays comes before that row.
"""

from typing import Any

from django.db.models import Q, TextField
from django.db.models.functions import Cast, Lower

from accounts import week
from mentoring.outbox.models import EMPTY
from mentoring.owndata.rules import Rule, Way, Who
from mentoring.owndata.table_libraries import LIBRARIES
from mentoring.owndata.table_pairs import ENGAGEMENTS, MATCHING, NOTES, SCHEDULE
from mentoring.owndata.ways import (
    COUNTED,
    FOLLOWS,
    KEPT,
    OTHERS,
    at_their_address,
    in_their_programs,
    where_another_has_the_name,
)
from mentoring.transfer.models import ImportRow


def _rows_with_their_address(who: Who) -> Q:
    rows = ImportRow.objects.annotate(said=Lower(Cast("cells", TextField())))
    found = Q(pk__in=[])
    for address in who.addresses:
        found |= Q(pk__in=rows.filter(said__contains=address).values("pk"))
    return found


def _records_of_people(who: Who) -> Q:
    """Entries of the audits of their programs, but for those that name no people: somebody may be called as
    a skill is, or a setting."""
    of_things = Q(action__in=["settings changed", "program created"]) | Q(action__startswith="skill ")
    return in_their_programs("program")(who) & ~of_things


def _hours(profile: Any) -> list[str]:
    return [
        f"{week.WEEKDAYS[day]} {start:%H:%M}–{stop:%H:%M}" for day, start, stop in week.windows(profile.week)
    ]


def _mail_to_their_addresses(who: Who) -> Q:
    sent = Q(pk__in=[])
    for address in who.addresses:
        sent |= Q(recipients__icontains=f'"{address}"')
    return sent & Q(person=None)  # those of an account are its person's, whose address it was then


_NO_MAIL: dict[str, Any] = {**EMPTY, "recipients": [], "headers": {}, "error": ""}
_MAIL_IS_KEPT = (
    "That there was one keeps it from being written again. What mails to others say is forgotten an hour "
    "after they are sent; where they cannot be, once they are of no use any more, after three days."
)


ACCOUNTS = (
    Rule(
        "accounts.Profile",
        "profile",
        (Way("person"),),
        export=("headline", "about", "country"),
        opened={"week": ("hours kept for mentoring", _hours)},
    ),
    Rule("accounts.SpokenLanguage", "languages", (Way("person"),), export=("code", "fluency")),
    # Its bytes are given as files.
    Rule(
        "accounts.Photo",
        "photo",
        (Way("person"),),
        export=("updated_at",),
        hidden=("large", "small"),
    ),
    # Made of the profile, which is given.
    Rule(
        "accounts.SearchEntry",
        "search entry",
        (Way("person", is_exported=False),),
        hidden=("name", "words", "letters", "week", "week_of"),
    ),
    Rule("accounts.PersonSkill", "skills", (Way("person"),), export=("skill", "level"), related=("skill",)),
    Rule("accounts.LearningWish", "skills wished for", (Way("person"),), ("skill",), related=("skill",)),
    Rule("accounts.Offer", "offers", (Way("person"),), export=("skill", "words"), related=("skill",)),
    Rule(
        "accounts.Confirmation",
        "confirmations",
        (
            Way("accomplishment__person", FOLLOWS),
            Way(
                find=at_their_address(),
                fate=KEPT,
                is_exported=False,  # it speaks of somebody else's accomplishment
                goes=Q(state="waiting"),
                blank={"name": "Somebody who left", "email": ""},
                why="That it was confirmed is the accomplishment's; who confirmed it is no longer said.",
            ),
        ),
        export=(
            *("accomplishment", "name", "email", "state", "what", "how"),
            *("asked_at", "expires_at", "answered_at"),
        ),
        hidden=("token_digest",),  # of a link that is for the one asked
    ),
    Rule(
        "accounts.Accomplishment_skills",
        "skills that accomplishments back",
        (Way("accomplishment__person", FOLLOWS),),
        export=("accomplishment", "skill"),
        related=("skill",),
    ),
    Rule("accounts.Accomplishment", "accomplishments", (Way("person"),), ("what", "how", "on", "link")),
    Rule(
        "accounts.LearningRecord",
        "learning records",
        (Way("person"),),
        export=("what", "kind", "on", "link", "changed"),
    ),
    Rule(
        "accounts.EmpathyRating",
        "empathy ratings",
        (
            Way("mentee"),
            # Each is one mentee's, and never told to the mentor.
            Way("mentor", KEPT, is_exported=False, why="The answers are those of the mentee who gave them."),
        ),
        export=("closing", "mentor", "understood", "listened", "context", "honest", "created_at"),
        hidden=("released_at",),  # tells of others' ratings
        related=("mentor",),
    ),
    Rule(
        "accounts.EmpathyAggregate",
        "empathy, as shown to you",
        (Way("mentor", KEPT, why="The program's mean rests on it; a change would tell of single answers."),),
        export=("program", "raters", "total", "released_at"),
        related=("program",),
    ),
)

PROGRAMS = (
    Rule(
        "programs.Applicant",
        "requests to join",
        (Way("person"),),
        ("program", "is_mentor", "is_mentee", "capacity", "asked_at"),
        related=("program",),
    ),
    Rule(
        "programs.Invitation",
        "invitations",
        (
            Way("by", KEPT, is_exported=False, why="It is the invited person's, and the program's."),
            Way(find=at_their_address()),
        ),
        export=(
            *("program", "email", "name", "is_mentor", "is_mentee", "is_admin", "capacity"),
            *("sent_at", "expires_at", "accepted_at", "withdrawn_at"),
        ),
        hidden=("token_digest",),  # of a link in a mail
        related=("program",),
    ),
    Rule(
        "programs.ReportingLine",
        "reporting lines",
        (Way("junior"), Way("senior")),
        export=("program", "junior", "senior", "steps"),
        related=("program", "junior", "senior"),
    ),
    Rule(
        "programs.Exclusion",
        "people excluded",
        (Way("by"), Way("other", is_exported=False, why=OTHERS)),
        export=("other",),
        related=("other",),
    ),
    Rule(
        "programs.Favourite",
        "favourites",
        (Way("by__person"), Way("whom__person", is_exported=False, why=OTHERS)),
        export=("whom", "created_at"),
        hidden=("by",),
        related=("whom__person",),
    ),
    Rule(
        "programs.AuditEntry",
        "what you did as an admin",
        (
            Way("by", KEPT, why="It is the program's record."),
            Way(
                find=_records_of_people,
                fate=KEPT,
                is_exported=False,
                rewrite=("details",),
                namesakes=where_another_has_the_name,
                why="It is the program's record; the name in it is replaced.",
            ),
        ),
        export=("program", "at", "action", "details"),
        related=("program",),
    ),
    Rule(
        "programs.Membership",
        "memberships",
        (
            Way(
                "person",
                KEPT,
                blank={
                    "is_paused": False,
                    "paused_from": None,
                    "paused_until": None,
                    "was_removed": False,
                },
                why=COUNTED,
            ),
        ),
        export=(
            *("program", "is_mentor", "is_mentee", "is_admin", "capacity"),
            *("is_paused", "paused_from", "paused_until", "joined_at", "left_at", "was_removed"),
        ),
        related=("program",),
    ),
)

TRANSFER = (
    Rule(
        "transfer.ImportRow",
        "rows of imports",
        (
            Way(
                find=_rows_with_their_address,
                fate=KEPT,
                is_exported=False,  # written by an admin, of others beside them
                rewrite=("cells", "problems", "changes", "note"),
                why="What a file said of them is replaced, cell by cell; the row is counted.",
            ),
        ),
        hidden=("of", "number", "cells", "outcome", "problems", "changes", "note", "is_left_out"),
    ),
    Rule(
        "transfer.Import",
        "imports",
        (Way("by", KEPT, why="The record of a program."),),
        export=("program", "filename", "state", "rows_total", "created_at", "applied_at"),
        hidden=(  # of the file, and of the work on it
            *("headings", "mapping", "usual_role", "sends_invitations", "rows_done", "told"),
            *("attempt", "attempts", "beat_at"),
        ),
        related=("program",),
    ),
    Rule(
        "transfer.Imported",
        "accounts made by an import",
        (Way("person"),),
        ("program", "at"),
        related=("program",),
    ),
)

OUTBOX = (
    Rule(
        "outbox.Mail",
        "mails to you",
        (
            Way("person", KEPT, blank=_NO_MAIL, why=_MAIL_IS_KEPT),
            Way(find=_mail_to_their_addresses, fate=KEPT, blank=_NO_MAIL, why=_MAIL_IS_KEPT),
        ),
        export=("kind", "category", "state", "program", "subject", "created_at", "due_at", "sent_at"),
        hidden=(  # what they said is in one's mailbox, and forgotten here; how they were sent
            *("key", "about", "sender", "recipients", "text", "html", "opening", "action", "link"),
            *("calendar", "calendar_method", "headers", "know_by", "send_before", "attempts", "unsettled"),
            *("lease", "leased_until", "failed_at", "error"),
        ),
        related=("program",),
    ),
    Rule(
        "outbox.MailChoices",
        "choices of mails",
        (Way("person"),),
        export=(
            *("stopped", "early_minutes", "late_minutes", "quiet_from", "quiet_until", "digest_at"),
            "entries",
        ),
    ),
    Rule(
        "outbox.Undeliverable",
        "mails that came back",
        (Way(find=at_their_address()),),
        export=("email", "why", "detail", "since"),
    ),
)

OWNDATA = (
    Rule(
        "owndata.Download",
        "downloads",
        (Way("person"),),
        export=("asked_at", "made_at", "expires_at", "size"),
        hidden=("token_digest",),
    ),
    # The zip itself.
    Rule(
        "owndata.DownloadPart",
        "parts of downloads",
        (Way("download__person", FOLLOWS, is_exported=False),),
        hidden=("download", "number", "packed"),
    ),
    Rule(
        "owndata.Erasure",
        "erasure",
        (Way("person", KEPT, why="That the account was erased, and when."),),
        export=("erased_at",),
    ),
    Rule(
        "confidential.DataKey",
        "data key",
        (Way(find=lambda who: Q(owner=f"person:{who.pk}"), is_exported=False),),
        hidden=("owner", "wrapped", "under"),
    ),
)

USER = Rule(
    "accounts.User",
    "account",
    (Way("pk", KEPT, why="Without name, address, password and photo: what is shared still has two ends."),),
    export=("email", "name", "zone", "is_active", "is_staff", "is_superuser", "created_at", "last_login"),
    hidden=("password", "photo_key"),
)

# Children before what they belong to; the account itself is emptied by erasing.py.
TABLE = (
    *ACCOUNTS,
    *NOTES,
    *SCHEDULE,
    *MATCHING,
    *ENGAGEMENTS,
    *TRANSFER,
    *PROGRAMS,
    *OUTBOX,
    *OWNDATA,
    *LIBRARIES,
)

NOT_PERSONAL = {
    "accounts.Skill": "The skill list.",
    "accounts.SkillHere": "How a program calls a skill.",
    "programs.Program": "A program and its settings.",
    "matching.Candidates": "Numbers and random ids of memberships; their names stand elsewhere.",
    "matching.Snapshot": "Numbers alone: people have numbers for names, and the row goes with the attempt.",
    "matching.Tile": "Numbers alone; gone once they are joined.",
    "transfer.ImportPiece": "Bytes of a file that nobody has read yet; gone when it is.",
    "sessions.Session": "Holds an id, sealed by a signature. Whoever is erased is signed out by erasing.py.",
    "auth.Permission": "What may be allowed.",
    "auth.Group": "Names of groups.",
    "auth.Group_permissions": "What groups may do.",
    "contenttypes.ContentType": "Names of models.",
    "socialaccount.SocialApp": "Identity providers.",
    "socialaccount.SocialApp_sites": "Where they serve.",
}
