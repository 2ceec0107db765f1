"""Two people with a rich history together, every text of it told apart by a mark of its own."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import search
from accounts.models import Confirmation, EmpathyAggregate, EmpathyRating, Photo, User
from matching.models import Emphasis, LeftOut, MatchRun, Meaning, Pairing, Preference, RunChange, Suggestion
from mentoring.engagements.models import Engagement, Request
from mentoring.goals.models import Goal
from mentoring.notes import services as notes
from mentoring.outbox.models import Mail, MailChoices, Undeliverable
from mentoring.programs.models import (
    Applicant,
    AuditEntry,
    Exclusion,
    Favourite,
    Invitation,
    Membership,
    ReportingLine,
)
from mentoring.schedule import busy, feeds
from mentoring.schedule.marks import mark_session
from mentoring.schedule.models import Busy, Session, TimeAway
from mentoring.transfer.models import Import, Imported, ImportRow
from tests import factories

DAY = timedelta(days=1)


@dataclass(frozen=True)
class History:
    """`own` holds words of each that are nobody else's, `shared` what both read; sealed ones as well."""

    mentor: Membership
    mentee: Membership
    engagement: Engagement
    past: Session
    own: dict[str, set[str]]
    shared: set[str]


@pytest.fixture
def history(cast: Any) -> History:
    program, now = cast.program, timezone.now()
    mentor = factories.make_mentor(
        program, name="Leila Haddad-Quist", email="leila.quist@example.org", headline="HEADLINE-mentor",
        about="ABOUT-mentor", wishes=("sql",), is_mentee=True,
    )  # fmt: skip
    mentee = factories.make_mentee(
        program, name="Amara Eze-Zorn", email="amara.zorn@example.org", headline="HEADLINE-mentee",
        about="ABOUT-mentee", offers={"sql": "OFFERED-mentee"},
    )  # fmt: skip
    goal = factories.make_goal(
        mentee, title="TITLE-shared", why="WHY-mentee", success="SUCCESS-mentee", blocker="BLOCKER-mentee"
    )
    factories.make_goal(mentee, title="ALONE-mentee", why="UNASKED-mentee", blocker="HIDDEN-mentee")
    engagement = factories.make_engagement(
        goal, mentor, now=now - timedelta(weeks=5), message="MESSAGE-shared", offer="OFFER-shared"
    )
    sessions = Session.objects.filter(series__engagement=engagement).order_by("starts_at")
    past = sessions.filter(ends_at__lte=now).latest("starts_at")
    ahead = sessions.filter(starts_at__gt=now).earliest("starts_at")
    _write(past, ahead, mentor.person, mentee.person, now)
    for end in (mentor, mentee):
        _add_own(end, cast, now)
    _match(program, mentor, mentee, goal, now)
    EmpathyRating.objects.create(
        closing=engagement, mentee=mentee.person, mentor=mentor.person, understood=1, listened=4, context=3,
        honest=2, created_at=now,
    )  # fmt: skip
    EmpathyAggregate.objects.create(
        program=program, mentor=mentor.person, raters=3, total=2.0, released_at=now
    )
    _import(program, cast.admin.person, [mentor.person, mentee.person], now)
    mine = {half: {f"{word}-{half}" for word in OWN} for half in ("mentor", "mentee")}
    mine["mentee"] |= {f"{word}-mentee" for word in OF_A_MENTEE}
    return History(mentor, mentee, engagement, past, mine, {f"{word}-shared" for word in SHARED})


OWN = {
    *("HEADLINE", "ABOUT", "WHAT", "HOW", "CORRECTED", "LEARNED", "CHANGED", "PRIVATE", "CALENDAR"),
    *("PHOTO", "AUDITED"),
}
OF_A_MENTEE = {"OFFERED", "WHY", "SUCCESS", "BLOCKER", "ALONE", "UNASKED", "HIDDEN"}
SHARED = {"TITLE", "MESSAGE", "OFFER", "AGENDA", "COMMITMENT", "NOTE"}


def _write(past: Session, ahead: Session, mentor: User, mentee: User, now: Any) -> None:
    notes.add_agenda_item(session_id=ahead.pk, by=mentee, text="AGENDA-shared", now=now)
    notes.make_commitment(
        session_id=past.pk, by=mentee, text="COMMITMENT-shared", due_on=now.date() + DAY, now=now
    )
    notes.save_shared_note(session_id=past.pk, by=mentor, text="NOTE-shared", version=0, now=now)
    notes.save_private_note(session_id=past.pk, author=mentor, text="PRIVATE-mentor", now=now)
    notes.save_private_note(session_id=past.pk, author=mentee, text="PRIVATE-mentee", now=now)
    for person in (mentor, mentee):
        mark_session(session_id=past.pk, by=person, was_held=True, now=now)


def _add_own(end: Membership, cast: Any, now: Any) -> None:
    """What one half keeps, and what others keep of them."""
    person, half = end.person, "mentor" if end.is_mentor else "mentee"
    done = person.accomplishments.create(what=f"WHAT-{half}", how=f"HOW-{half}", on=now.date())
    done.skills.add(factories.make_skill("sql"))
    Confirmation.objects.create(
        accomplishment=done, name="Wit Ness", email="wit@example.com", token_digest=f"digest {half}",
        state="corrected", how=f"CORRECTED-{half}", asked_at=now, expires_at=now + DAY, answered_at=now,
    )  # fmt: skip
    other_done = cast.stranger.accomplishments.create(what="A bridge", how="Well", on=now.date())
    Confirmation.objects.create(
        accomplishment=other_done, name=person.name, email=person.email.upper(), state="confirmed",
        token_digest=f"of the other {half}", asked_at=now, expires_at=now + DAY, answered_at=now,
    )  # fmt: skip
    person.learning_records.create(
        what=f"LEARNED-{half}", kind="book", on=now.date(), changed=f"CHANGED-{half}"
    )
    Photo.objects.create(person=person, large=f"PHOTO-{half}".encode(), small=b"small", updated_at=now)
    search.refresh([person.pk])
    feeds.make_feed(person, now)
    busy.keep_address(person, f"https://calendar.example/CALENDAR-{half}.ics", now)
    Busy.objects.create(person=person, during=(now, now + DAY))
    TimeAway.objects.create(
        person=person, starts_on=now.date() + 90 * DAY, ends_on=now.date() + 95 * DAY, created_at=now
    )
    MailChoices.objects.create(person=person)
    Undeliverable.objects.create(email=person.email, why="bounced", since=now)
    Exclusion.objects.create(by=person, other=cast.stranger)
    Exclusion.objects.create(by=cast.stranger, other=person)
    Favourite.objects.create(by=end, whom=cast.admin, created_at=now)
    Favourite.objects.create(by=cast.admin, whom=end, created_at=now)
    ReportingLine.objects.create(program=end.program, junior=person, senior=cast.admin.person)
    other_program = factories.make_program(name=f"Elsewhere {half}")
    Applicant.objects.create(program=other_program, person=person, is_mentee=True, asked_at=now)
    Invitation.objects.create(
        program=other_program, email=person.email.title(), name=person.name, is_mentee=True,
        token_digest=f"invitation {half}", sent_at=now, expires_at=now + DAY,
    )  # fmt: skip
    AuditEntry.objects.create(
        program=end.program, by=person, at=now, action="member changed", details={"note": f"AUDITED-{half}"}
    )
    AuditEntry.objects.create(
        program=end.program, by=cast.admin.person, at=now, action="member changed",
        details={"person": [person.name, person.email], "among": [f"With {person.name}."]},
    )  # fmt: skip
    Mail.objects.create(
        key=f"old {half}", kind="login_code", recipients=[person.email], subject=f"Dear {person.name}",
        text=f"Dear {person.name}", error=f"550 <{person.email}>", created_at=now, due_at=now,
        send_before=now + DAY,
    )  # fmt: skip


def _match(program: Any, mentor: Membership, mentee: Membership, goal: Goal, now: Any) -> None:
    run = MatchRun.objects.create(
        program=program, state="ready", started_by=mentor.person, created_at=now,
        error=f"A lock of {mentee.person.name} and {mentor.person.name} cannot be kept.",
    )  # fmt: skip
    published = MatchRun.objects.create(program=program, state="published", created_at=now, published_at=now)
    parts = {"mark": 5, "score": 50, "reasons_for": [f"{mentee.person.name} and {mentor.person.name} fit."]}
    pair = {"mentor": mentor, "mentee": mentee, "goal": goal, "points": 5000, "parts": parts}
    Pairing.objects.create(run=run, note=f"{mentee.person.name} has closed the goal.", **pair)
    Pairing.objects.create(run=published, request=Request.objects.get(goal=goal), **pair)
    LeftOut.objects.create(run=published, mentee=mentee, reason=f"{mentee.person.name} has no hours.")
    RunChange.objects.create(
        run=run, action="lock", words=f"Locked {mentee.person.name} with {mentor.person.name}", at=now,
        concerns=[mentee.person_id, mentor.person_id],
    )  # fmt: skip
    Emphasis.objects.create(membership=mentee, more=["time"])
    Preference.objects.create(by=mentee, whom=mentor, rank=1)
    Preference.objects.create(by=mentor, as_mentor=True, whom=mentee, rank=1)
    Suggestion.objects.create(
        goal=goal, mentor=mentor, points=5000, created_at=now, reasons=[f"{mentor.person.name} fits."]
    )
    Meaning.objects.create(goal=goal, model="letters", sentences=["WHY-mentee"])
    Meaning.objects.create(person=mentor.person, model="letters", sentences=["ABOUT-mentor"])


def _import(program: Any, admin: User, people: list[User], now: Any) -> None:
    made = Import.objects.create(
        program=program, by=admin, filename="people.csv", state="checked", created_at=now,
        mapping={"email": 0, "name": 1, "manager": 2},
    )  # fmt: skip
    for number, person in enumerate(people):
        ImportRow.objects.create(
            of=made, number=number * 2 + 2, cells=[f" {person.email.upper()}", person.name, ""],
            changes={"name": ["", person.name]},
        )  # fmt: skip
        ImportRow.objects.create(
            of=made, number=number * 2 + 3, cells=["somebody@example.com", "Some Body", person.email]
        )
        Imported.objects.create(person=person, program=program, at=now)
