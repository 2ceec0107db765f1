"""Whoever erases themselves is found nowhere any more, and what they shared stays the other's."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import EmpathyAggregate, EmpathyRating, User
from matching.models import MatchRun
from mentoring.confidential.models import DataKey
from mentoring.engagements.models import Engagement, Request
from mentoring.goals.models import Goal
from mentoring.outbox.dispatching import dispatch
from mentoring.outbox.models import Mail, Undeliverable
from mentoring.outbox.services import clear_sent
from mentoring.owndata.erasing import NAMELESS, erase, erase_again, without_name
from mentoring.owndata.rules import Who
from mentoring.owndata.services import OwnDataError
from mentoring.programs.audit import record
from mentoring.programs.models import AuditEntry, Membership, Program
from mentoring.schedule.models import Session
from mentoring.transfer.models import ImportRow
from tests import factories
from tests.owndata.conftest import History

pytestmark = pytest.mark.django_db
PAGE = "/your-data/erase/"
HALVES = [("mentee", "mentor"), ("mentor", "mentee")]


def places_of(words: str) -> list[str]:
    """Every table and column of the database that holds the words, in bytes and JSON too."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' ORDER BY 1, 2"
        )
        for table, column, kind in cursor.fetchall():
            text = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            query = f'SELECT EXISTS (SELECT 1 FROM "{table}" WHERE {text} ILIKE %s)'
            cursor.execute(query, [f"%{words}%"])
            found += [f"{table}.{column}"] if cursor.fetchone()[0] else []
    return found


def settle() -> None:
    """All mail is sent, and forgotten after its hour."""
    while dispatch():
        pass
    clear_sent(timezone.now() + timedelta(hours=2))


@pytest.mark.parametrize(("half", "other"), HALVES)
def test_nothing_in_the_database_tells_who_it_was(history: History, half: str, other: str) -> None:
    person = getattr(history, half).person
    Undeliverable.objects.filter(email=getattr(history, other).person.email).delete()
    sealed = {"PRIVATE", "CALENDAR", "BLOCKER", "HIDDEN"}
    own = {word for word in history.own[half] if word.partition("-")[0] not in sealed}
    before = {word: places_of(word) for word in own | {person.name, person.email}}
    assert [word for word, places in before.items() if not places] == []

    erase(person_id=person.pk, now=timezone.now())
    settle()

    # What an admin noted in a program's record is the program's; it names nobody.
    own -= {f"AUDITED-{half}"}
    last_name = person.name.split("-")[-1]
    left = {word: places_of(word) for word in own | {person.name, person.email, last_name}}
    assert {word: places for word, places in left.items() if places} == {}
    assert not DataKey.objects.filter(owner=f"person:{person.pk}").exists()


@pytest.mark.parametrize(("half", "other"), HALVES)
def test_what_was_shared_stays_on_the_others_pages(
    history: History, client_of: Any, half: str, other: str
) -> None:
    person, reader = getattr(history, half).person, getattr(history, other).person
    engagement, past = history.engagement, history.past
    name = person.name
    erase(person_id=person.pk, now=timezone.now())
    client, slug = client_of(reader), engagement.program.slug
    pages = {
        "engagement": reverse("engagements:engagement-detail", args=[engagement.pk]),
        "session": reverse("schedule:session-detail", args=[past.pk]),
        "request": reverse("engagements:request-detail", args=[engagement.request_id]),
        "requests": reverse("engagements:request-list", args=[slug]),
        "engagements": reverse("engagements:engagement-list", args=[slug]),
        "week": reverse("schedule:week"),
        "calendar": reverse("schedule:calendar"),
        "home": reverse("home:program-home", args=[slug]),
    }

    said = {page: client.get(url) for page, url in pages.items()}

    assert {page: answer.status_code for page, answer in said.items()} == dict.fromkeys(pages, 200)
    texts = {page: answer.content.decode() for page, answer in said.items()}
    assert [page for page, text in texts.items() if name in text] == []
    assert NAMELESS in texts["engagement"]
    assert NAMELESS in texts["session"]
    assert {"NOTE-shared", "COMMITMENT-shared"} <= {w for w in history.shared if w in texts["session"]}
    assert "TITLE-shared" in texts["engagement"]
    assert "MESSAGE-shared" in texts["request"]
    profile = reverse("programs:person-detail", args=[slug, person.pk])
    assert [page for page, text in texts.items() if profile in text] == []
    assert client.get(profile).status_code == 404


def test_admin_pages_still_work(history: History, cast: Any, client_of: Any) -> None:
    erase(person_id=history.mentee.person_id, now=timezone.now())
    client = client_of(cast.admin.person)
    slug = cast.program.slug
    pages = [reverse("matching:match-run-detail", args=[run.pk]) for run in MatchRun.objects.all()]
    pages += [
        reverse("programs:member-list", args=[slug]),
        reverse("engagements:engagement-list", args=[slug]),
    ]
    pages += [reverse("engagements:engagement-detail", args=[history.engagement.pk])]

    assert [client.get(page).status_code for page in pages] == [200] * len(pages)


def test_counts_stay_right(history: History) -> None:
    def counts() -> dict[str, Any]:
        return {
            "engagements": Engagement.objects.count(),
            "held": Session.objects.filter(outcome="held").count(),
            "sessions": Session.objects.count(),
            "requests": Request.objects.count(),
            "members": Membership.objects.count(),
            "aggregate": EmpathyAggregate.objects.values_list("raters", "total").get(),
            "audit": AuditEntry.objects.count(),
            "rows": ImportRow.objects.count(),
        }

    before = counts()
    erase(person_id=history.mentee.person_id, now=timezone.now())

    assert counts() == before
    assert EmpathyRating.objects.count() == 0
    assert Engagement.objects.active().count() == 0
    assert [goal.title for goal in Goal.objects.filter(mentee=history.mentee.person_id)] == ["TITLE-shared"]


def test_the_other_is_told_by_name_and_waiting_requests_are_closed(cast: Any) -> None:
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    second = factories.make_mentor(cast.program)
    sent = factories.make_request(factories.make_goal(cast.mentee), second)
    unheard = factories.make_request(factories.make_goal(cast.mentee), cast.mentor, approved_at=None)
    received = factories.make_request(
        factories.make_goal(factories.make_mentee(cast.program)), cast.mentor, at=factories.time(14)
    )
    Mail.objects.all().delete()

    erase(person_id=cast.mentee.person_id, now=timezone.now())

    told = {(row.kind, row.person_id): row.subject for row in Mail.objects.filter(state="waiting")}
    assert told == {
        ("engagement_ended", cast.mentor.person_id): "Your engagement with Amara Eze has ended",
        ("request_withdrawn", second.person_id): "The request of Amara Eze is withdrawn",
    }
    engagement.refresh_from_db()
    assert engagement.state == "ended"
    assert Session.objects.planned().filter(starts_at__gt=timezone.now()).count() == 0
    assert Request.objects.get(pk=sent.pk).state == "withdrawn"
    assert not Request.objects.filter(pk=unheard.pk).exists()

    erase(person_id=cast.mentor.person_id, now=timezone.now())
    assert Request.objects.get(pk=received.pk).state == "declined"


def test_page_asks_for_the_address_and_signs_out_everywhere(history: History, client_of: Any) -> None:
    person = history.mentee.person
    client, elsewhere = client_of(person), client_of(person)

    wrong = client.post(PAGE, {"email": "somebody@example.org"})
    assert "This is not the mail address of your account" in wrong.content.decode()
    assert "somebody@example.org" in wrong.content.decode()
    assert "1 engagement under way" in client.get(PAGE).content.decode()
    assert User.objects.get(pk=person.pk).is_active

    answer = client.post(PAGE, {"email": f" {person.email.upper()} "})

    assert (answer.status_code, answer["Location"]) == (302, reverse("owndata:erased"))
    assert client.get(reverse("owndata:erased")).status_code == 200
    assert client.get(PAGE).status_code == elsewhere.get(PAGE).status_code == 302
    husk = User.objects.get(pk=person.pk)
    assert (husk.name, husk.is_active, husk.has_usable_password(), husk.zone) == (
        NAMELESS,
        False,
        False,
        "UTC",
    )
    assert husk.email.endswith("@erased.invalid")


def test_somebody_may_sign_up_anew_with_the_address(history: History) -> None:
    person = history.mentee.person
    erase(person_id=person.pk, now=timezone.now())

    again = factories.make_person(email=person.email, name="Amara Again")

    assert again.pk != person.pk
    assert not Engagement.objects.visible_to(again).exists()


def test_the_only_admin_of_others_names_another_first(cast: Any, client_of: Any) -> None:
    admin = cast.admin.person
    with pytest.raises(OwnDataError, match="You are the only admin of Crossways"):
        erase(person_id=admin.pk, now=timezone.now())
    page = client_of(admin).post(PAGE, {"email": admin.email}).content.decode()
    assert "A program would be left without an admin" in page
    assert User.objects.get(pk=admin.pk).name == "Ada Admin"

    Membership.objects.filter(pk=cast.mentor.pk).update(is_admin=True)
    erase(person_id=admin.pk, now=timezone.now())
    assert User.objects.get(pk=admin.pk).name == NAMELESS


def test_twice_does_once_and_what_came_late_goes_with_the_next_sweep(history: History) -> None:
    person, now = history.mentee.person, timezone.now()
    erase(person_id=person.pk, now=now)
    address = User.objects.get(pk=person.pk).email
    erase(person_id=person.pk, now=now)
    assert User.objects.get(pk=person.pk).email == address

    person.accomplishments.create(what="Late", how="By another window", on=now.date())
    erase_again(now + timedelta(minutes=20))
    assert places_of("By another window") == []


def test_no_mail_goes_to_an_erased_address(history: History) -> None:
    erase(person_id=history.mentee.person_id, now=timezone.now())
    settle()

    assert [to for one in mail.outbox for to in one.to if "erased" in to or "amara" in to] == []


def test_a_name_is_taken_out_of_words_and_not_of_other_words() -> None:
    who = Who(User().pk, "Al", ("al@example.org",))

    said = without_name({"Al": ["Also Al.", "AL@example.org, malal@example.org", 3]}, who)

    assert said == {"Al": [f"Also {NAMELESS}.", ", malal@example.org", 3]}


def test_nobody_takes_another_s_name_out_of_the_audit_by_going_under_it(cast: Any) -> None:
    def noted(action: str, **details: Any) -> AuditEntry:
        return record(cast.program, by=cast.admin.person, action=action, details=details, now=timezone.now())

    entries = [
        noted("member removed", person=cast.mentor.person.name),
        noted("settings changed", mode=["self", "approved"]),
        noted("skill added", skill="self"),
    ]
    before = [entry.details for entry in entries]

    for name in (cast.mentor.person.name, "mode", "self"):
        alike = factories.make_member(cast.program, factories.make_person(name=name))
        erase(person_id=alike.person_id, now=timezone.now())

    assert [AuditEntry.objects.get(pk=entry.pk).details for entry in entries] == before


def test_a_mentor_goes_whom_a_request_has_not_reached_yet(cast: Any, client_of: Any) -> None:
    Program.objects.filter(pk=cast.program.pk).update(mode=Program.Mode.APPROVED)
    mentor = cast.mentor.person
    held = factories.make_request(cast.goal, cast.mentor, approved_at=None)
    assert "No request of yours is waiting" in client_of(mentor).get(PAGE).text

    erase(person_id=mentor.pk, now=timezone.now())

    held.refresh_from_db()
    assert (held.state, held.decline, held.decline_note) == ("declined", Request.Decline.CAPACITY, "")
    assert Mail.objects.filter(person=cast.mentee.person, kind="request_declined").exists()


def test_whoever_asks_says_again_who_they_are(cast: Any) -> None:
    """Somebody else may sit at the browser. What was typed is taken up again after the password."""
    client = Client()
    client.force_login(cast.mentee.person)
    asked = client.post(PAGE, {"email": cast.mentee.person.email})

    assert asked.url.startswith(reverse("account_reauthenticate"))
    client.post(asked.url, {"password": "wrong"})
    assert User.objects.get(pk=cast.mentee.person_id).is_active
    client.post(asked.url, {"password": factories.PASSWORD})
    assert not User.objects.get(pk=cast.mentee.person_id).is_active
