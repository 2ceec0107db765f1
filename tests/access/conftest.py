from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import confirmations
from accounts.models import User
from accounts.photos import Encoded, save_photo
from accounts.tokens import digest_of
from matching.models import MatchRun, Pairing
from mentoring.engagements.services import end_engagement
from mentoring.notes import services as notes
from mentoring.outbox.choices import stop_token
from mentoring.outbox.models import USEFUL_FOR, Category, Mail
from mentoring.owndata.models import Download
from mentoring.schedule.changes import propose_change
from mentoring.schedule.feeds import address_of, make_feed
from mentoring.schedule.models import Session, TimeAway
from mentoring.transfer.models import Import, ImportRow
from tests import factories


@dataclass(frozen=True)
class World:
    clients: dict[str, Client]
    on: dict[str, dict[str, Any]]
    ended: str


@pytest.fixture
def world(cast: Any, client_of: Callable[[User], Client]) -> World:
    program, now = cast.program, timezone.now()
    other = factories.make_mentee(program, name="Another Mentee")
    superuser = User.objects.create_superuser("super@example.org", factories.PASSWORD, name="Super")
    factories.Profile.objects.create(person=superuser)
    accomplishment = cast.mentor.person.accomplishments.create(what="A ward", how="Kindly", on=now.date())
    confirmations.ask(
        accomplishment_id=accomplishment.pk,
        by=cast.mentor.person,
        name="Ada",
        email="ada@example.org",
        now=now,
    )
    question = Mail.objects.get(kind="confirmation_asked")
    learning = cast.mentor.person.learning_records.create(what="A book", kind="book", on=now.date())
    sign_in = UserSession.objects.create(
        user=cast.mentor.person, ip="192.0.2.1", session_key="elsewhere", user_agent="A browser"
    )
    SessionStore("elsewhere").save(must_create=True)
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    asked = factories.make_request(factories.make_goal(cast.mentee, title="A second goal"), cast.mentor)
    former = factories.make_engagement(factories.make_goal(other), cast.mentor, at=factories.time(14))
    end_engagement(engagement_id=former.pk, by=None, now=now)
    run = MatchRun.objects.create(program=program, state=MatchRun.State.READY, created_at=now)
    another_run = MatchRun.objects.create(program=program, state=MatchRun.State.READY, created_at=now)
    paired = factories.make_mentee(program)
    pairing = Pairing.objects.create(
        run=run,
        mentee=paired,
        mentor=factories.make_mentor(program),
        goal=factories.make_goal(paired),
        points=5000,
    )
    session = Session.objects.filter(series__engagement=engagement).earliest("starts_at")
    item = notes.add_agenda_item(session_id=session.pk, by=cast.mentee.person, text="The rota", now=now)
    commitment = notes.make_commitment(
        session_id=session.pk, by=cast.mentee.person, text="Ask him", due_on=None, now=now
    )
    later = replace(session.series.terms, starts_on=session.on + timedelta(weeks=3), minutes=30)
    change = propose_change(series_id=session.series_id, by=cast.mentee.person, terms=later, now=now)
    holiday = now.date() + timedelta(weeks=40)
    away = TimeAway.objects.create(
        person=cast.mentor.person, starts_on=holiday, ends_on=holiday, created_at=now
    )
    suggestion = cast.goal.suggestions.create(mentor=cast.mentor, points=5000, created_at=now)
    added = factories.make_skill("ward-rounds", program=program)
    make_feed(cast.mentor.person, now)
    failed = Mail.objects.create(
        program=program, state=Mail.State.FAILED, recipients=["a@example.org"], text="-", key="failed",
        created_at=now, due_at=now, failed_at=now, send_before=now + USEFUL_FOR,
    )  # fmt: skip
    download = Download.objects.create(
        person=cast.mentee.person, asked_at=now, made_at=now, expires_at=now + timedelta(days=1), size=1,
        token_digest=digest_of("of-the-mentee"),
    )  # fmt: skip
    download.parts.create(number=0, packed=b"-")
    people = Import.objects.create(
        program=program, by=cast.admin.person, filename="people.csv", state="checked", created_at=now,
        headings=["Mail"], mapping={"email": 0},
    )  # fmt: skip
    ImportRow.objects.create(of=people, number=2, cells=["a"], outcome="error", problems={"email": "No."})
    save_photo(cast.mentor.person, Encoded(b"large", b"small"), now=now)
    to_approve = factories.make_request(
        factories.make_goal(cast.mentee, title="A third goal"),
        factories.make_mentor(program),
        approved_at=None,
    )
    invitation = program.invitations.create(
        email="new@example.org", is_mentee=True, token_digest=digest_of("token"),
        sent_at=now, expires_at=now + USEFUL_FOR,
    )  # fmt: skip
    applicant = program.applicants.create(person=factories.make_person(), is_mentee=True, asked_at=now)
    feed = address_of(cast.mentor.person)
    assert feed is not None
    return World(
        clients={
            "An": Client(),
            "Mo": client_of(other.person),
            "Ee": client_of(cast.mentee.person),
            "Er": client_of(cast.mentor.person),
            "PA": client_of(cast.admin.person),
            "PX": client_of(cast.stranger),
            "SU": client_of(superuser),
        },
        on={
            "": {},
            "program": {"slug": program.slug},
            "exclusion": {"pk": cast.mentor.person.exclusions.create(other=factories.make_person()).pk},
            "token": {"token": program.join_token},
            "mail": {"token": stop_token(cast.mentee.person, Category.REQUESTS)},
            "photo": {
                "person_id": cast.mentor.person_id,
                "key": cast.mentor.person.photo_key,
                "size": "small",
            },
            "failed mail": {"slug": program.slug, "pk": failed.pk},
            "person": {"slug": program.slug, "person_id": cast.mentor.person_id},
            "added skill": {"slug": program.slug, "pk": added.pk},
            "member": {"slug": program.slug, "pk": cast.mentee.pk},
            "accomplishment": {"pk": accomplishment.pk},
            "question": {"token": question.link.removesuffix("/").rpartition("/")[2]},
            "learning": {"pk": learning.pk},
            "sign-in": {"pk": sign_in.pk},
            "goal": {"pk": cast.goal.pk},
            "request": {"pk": asked.pk},
            "request to approve": {"pk": to_approve.pk},
            "invitation": {"slug": program.slug, "pk": invitation.pk},
            "invitation token": {"token": "token"},
            "applicant": {"slug": program.slug, "pk": applicant.pk},
            "first step": {"step": "about"},
            "engagement": {"pk": engagement.pk},
            "ended": {"pk": former.pk},
            "series": {"pk": session.series_id},
            "change": {"pk": change.pk},
            "time away": {"pk": away.pk},
            "session": {"pk": session.pk},
            "agenda item": {"pk": item.pk},
            "commitment": {"pk": commitment.pk},
            "feed": {"token": feed.https.rpartition("/")[2].removesuffix(".ics")},
            "run": {"pk": run.pk},
            "two runs": {"pk": run.pk, "other": another_run.pk},
            "pairing": {"pk": pairing.pk},
            "suggestion": {"pk": suggestion.pk},
            "import": {"pk": people.pk},
            "import errors": {"pk": people.pk, "kind": "csv"},
            "import row": {"pk": people.pk, "number": 2},
            "export": {"slug": program.slug, "what": "members", "kind": "csv"},
            "download": {"token": "of-the-mentee"},
        },
        ended=reverse("engagements:engagement-detail", args=[former.pk]),
    )
