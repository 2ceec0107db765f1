"""The rules of what two people have with each other, and of how they are brought together."""

from typing import Any

from django.db.models import Q

from mentoring.confidential.models import DataKey, place
from mentoring.notes.models import read
from mentoring.owndata.rules import Rule, Way
from mentoring.owndata.ways import COUNTED, FOLLOWS, KEPT, OTHERS, SHARED, in_their_programs, pair


def _calendar_address(calendar: Any) -> str:
    key = DataKey.objects.of(f"person:{calendar.person_id}")
    return key.open(bytes(calendar.address_sealed), place=place(calendar, "address"))


NOTES = (
    Rule(
        "notes.AgendaItem",
        "agenda items",
        (Way("by", KEPT, why=SHARED), *pair("session__series__")),
        export=("session", "by", "created_at"),
        opened={"text_sealed": ("text", read)},
        related=("session__series", "by"),
    ),
    Rule(
        "notes.Commitment",
        "commitments",
        (Way("by", KEPT, why=SHARED), *pair("engagement__")),
        export=("engagement", "by", "made_in", "due_on", "state", "created_at", "closed_at"),
        opened={"text_sealed": ("text", read)},
        related=("by", "made_in"),
    ),
    Rule(
        "notes.SharedNote",
        "shared notes",
        (Way("by", KEPT, why=SHARED), *pair("session__series__")),
        export=("session", "by", "version", "written_at"),
        opened={"text_sealed": ("text", read)},
        related=("session__series", "by"),
    ),
    Rule(
        "notes.PrivateNote",
        "private notes",
        (Way("author"),),
        export=("session", "written_at"),
        opened={"text_sealed": ("text", read)},
        related=("session__series",),
    ),
)

SCHEDULE = (
    Rule(
        "schedule.Mark",
        "whether sessions took place, as you said",
        (Way("person", KEPT, why=COUNTED),),
        export=("session", "was_held", "marked_at"),
        related=("session",),
    ),
    Rule(
        "schedule.Move",
        "sessions proposed to be moved",
        (Way("by", KEPT, why=SHARED), *pair("session__series__")),
        export=("session", "by", "state", "starts_at", "ends_at", "created_at", "closed_at"),
        related=("session", "by"),
    ),
    Rule(
        "schedule.Change",
        "series proposed to be changed",
        (Way("by", KEPT, why=SHARED), *pair("series__")),
        export=(
            *("series", "by", "state", "zone", "at", "cadence", "minutes", "starts_on", "ends_on"),
            *("created_at", "closed_at"),
        ),
        related=("by",),
    ),
    Rule("schedule.TimeAway", "time away", (Way("person"),), ("starts_on", "ends_on", "created_at")),
    Rule(
        "schedule.Reservation",
        "time reserved",
        (Way("person"),),
        export=("session", "during", "is_live"),
        related=("session",),
    ),
    Rule(
        "schedule.Reminder",
        "reminders",
        (Way("person"),),
        export=("session", "kind", "due_at", "state"),
        related=("session",),
    ),
    # The token is what reads it; whoever has the page open can have it shown there.
    Rule(
        "schedule.Feed",
        "private calendar address",
        (Way("person"),),
        ("created_at",),
        ("token_digest", "token_sealed"),
    ),
    Rule(
        "schedule.BusyCalendar",
        "calendar elsewhere",
        (Way("person"),),
        export=("host", "due_at", "read_at", "failures", "error"),
        opened={"address_sealed": ("address", _calendar_address)},
    ),
    Rule("schedule.Busy", "busy elsewhere", (Way("person"),), export=("during",)),
    Rule(
        "schedule.Session",
        "sessions",
        (
            Way("skipped_by", KEPT, why=SHARED),
            *pair("series__", blank={"link": ""}),  # it may be somebody's own room
        ),
        export=(
            *("series", "number", "on", "starts_at", "ends_at", "state", "shift", "is_moved", "outcome"),
            *("link", "skipped_by"),
        ),
        hidden=("sequence", "away"),  # for calendars; the days away are whose they are
        opened={"word_sealed": ("what was said on skipping it", lambda session: session.read_word())},
        related=("series", "skipped_by"),
    ),
    Rule(
        "schedule.Series",
        "series of sessions",
        pair(blank={"link": ""}),
        export=(
            *("engagement", "mentor", "mentee", "zone", "at", "cadence", "minutes", "starts_on", "ends_on"),
            *("link", "replaces"),
        ),
        related=("mentor", "mentee"),
    ),
)

MATCHING = (
    Rule(
        "matching.Emphasis",
        "what matters to you",
        (Way("membership__person"),),
        ("more", "less"),
        hidden=("membership",),
    ),
    Rule(
        "matching.Preference",
        "whom you prefer",
        (Way("by__person"), Way("whom__person", is_exported=False, why=OTHERS)),
        export=("as_mentor", "whom", "rank"),
        hidden=("by",),
        related=("whom__person",),
    ),
    Rule(
        "matching.Suggestion",
        "mentors suggested to you",
        (Way("goal__mentee"), Way("mentor__person", is_exported=False, why=OTHERS)),
        export=("goal", "mentor", "points", "reasons", "created_at", "dismissed_at"),
        related=("goal", "mentor__person"),
    ),
    # Vectors of words that are given.
    Rule(
        "matching.Meaning",
        "meaning",
        (Way("person", is_exported=False), Way("goal__mentee", is_exported=False)),
        hidden=("goal", "model", "digest", "sentences", "whole", "each"),
    ),
    # What admins consider in a match run is shown to nobody else, before it is published or after; what is
    # published becomes a request, which is given.
    Rule(
        "matching.Pairing",
        "pairings",
        (
            *(
                Way(
                    f"{half}__person",
                    KEPT,
                    is_exported=False,
                    goes=Q(request__isnull=True),
                    blank={"parts": {}, "note": ""},
                    why=COUNTED,
                )
                for half in ("mentee", "mentor")
            ),
            Way("publish_by", KEPT, is_exported=False, why="The record of a program."),
        ),
        hidden=(
            *("run", "mentee", "mentor", "goal", "points", "parts", "is_locked", "is_removed", "request"),
            *("publish_at", "undo_at", "note"),
        ),
    ),
    Rule(
        "matching.LeftOut",
        "left out of a run",
        (Way("mentee__person", is_exported=False),),
        hidden=("run", "mentee", "goal", "reason"),
    ),
    Rule(
        "matching.RunChange",
        "changes to match runs",
        (
            Way("by", KEPT, why="The record of a program."),
            Way(
                find=lambda who: Q(concerns__contains=[who.pk]),
                fate=KEPT,
                is_exported=False,
                rewrite=("words",),
                why="The record of a program; the name in it is replaced.",
            ),
        ),
        export=("run", "action", "at"),
        hidden=("words", "concerns"),  # of others
    ),
    Rule(
        "matching.MatchRun",
        "match runs started",
        (
            Way("started_by", KEPT, why="The record of a program."),
            Way(
                find=in_their_programs("program"),
                fate=KEPT,
                is_exported=False,
                rewrite=("error",),
                why="The record of a program; the name in it is replaced.",
            ),
        ),
        export=("program", "state", "objective", "created_at", "published_at"),
        hidden=(  # of the cohort, not of who started it
            *("progress", "stage", "weights", "must_haves", "tilt", "zone", "attempt", "beat_at", "attempts"),
            *("mentees", "mentors", "places", "feasible_pairs", "proof", "error", "finished_at"),
        ),
        related=("program",),
    ),
)

_REQUEST = (
    *("program", "mentor", "mentee", "goal", "origin", "message", "offer", "cadence", "minutes", "zone"),
    *("at", "starts_on", "ends_on", "state", "mentee_yes_at", "mentor_yes_at", "decline", "decline_note"),
    *("created_at", "expires_at", "closed_at"),
)
ENGAGEMENTS = (
    Rule(
        "engagements.Engagement",
        "engagements",
        pair(),
        export=(
            *("program", "mentor", "mentee", "goal", "request", "starts_on", "ends_on", "state"),
            *("created_at", "ended_at"),
        ),
        related=("program", "mentor", "mentee", "goal"),
    ),
    Rule(
        "engagements.Request",
        "requests",
        (
            # What no mentor has heard of is shared with nobody.
            Way("mentee", KEPT, goes=Q(approved_at__isnull=True, engagement__isnull=True), why=SHARED),
            Way("mentor", KEPT, only=Q(approved_at__isnull=False), why=SHARED),
            Way("approved_by", KEPT, is_exported=False, why="The record of a program."),
        ),
        export=_REQUEST,
        hidden=("approved_at",),  # an admin's part
        related=("program", "mentor", "mentee", "goal"),
    ),
    Rule(
        "goals.SkillWanted",
        "skills that goals need",
        (Way("goal__mentee", FOLLOWS),),
        export=("goal", "skill", "importance"),
        related=("goal", "skill"),
    ),
    Rule(
        "goals.Goal",
        "goals",
        (
            Way(
                "mentee",
                KEPT,
                goes=Q(requests__isnull=True, engagements__isnull=True),
                blank={"why": "", "success": "", "blocker_sealed": b"", "state": "closed"},
                why="The title of a goal that somebody was asked to help with is part of what they read.",
            ),
        ),
        export=("program", "title", "why", "success", "target_on", "state", "created_at"),
        opened={"blocker_sealed": ("blocker", lambda goal: goal.read_blocker())},
        related=("program",),
    ),
)
