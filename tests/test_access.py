"""Who may do what: every actor against every address and method, as a page and as an htmx fragment.

The columns are the actors: An anonymous, Mo another member of the program, Ee the mentee of the pair, Er its
mentor, PA an admin of the program who is not in the pair, PX an admin of another program, SU a superuser
without a membership. L is a redirect to sign-in. An address without a row fails the test.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import User
from matching.models import MatchRun, Pairing
from mentoring.engagements.services import end_engagement
from tests import factories

ACTORS = ("An", "Mo", "Ee", "Er", "PA", "PX", "SU")
ALL_405 = "L   405 405 405 405 405 405"
OWN = "L   200 200 200 200 200 200"
MEMBERS = "L   200 200 200 200 404 404"
PAIR_AND_ADMIN = "L   404 200 200 200 404 404"
ADMIN = "L   404 404 404 200 404 404"
ADMIN_DOES = "L   404 404 404 302 404 404"
NOBODY = "L   404 404 404 404 404 404"


@dataclass(frozen=True)
class Row:
    """Expected answers to GET and to an empty POST; `on` picks what the address is about."""

    name: str
    on: str
    get: str
    post: str


ROWS = [
    Row("home:home", "", "200 302 302 302 302 302 200", "405 405 405 405 405 405 405"),
    Row("home:health", "", "200 200 200 200 200 200 200", "405 405 405 405 405 405 405"),
    Row("home:program-home", "program", MEMBERS, ALL_405),
    # One's own profile
    Row("accounts:profile", "", OWN, ALL_405),
    Row("accounts:basics", "", OWN, OWN),
    Row("accounts:skills", "", OWN, OWN),
    Row("accounts:exchange", "", OWN, OWN),
    Row("accounts:availability", "", OWN, "L   302 302 302 302 302 302"),
    Row("accounts:accomplishment-new", "", OWN, OWN),
    Row(
        "accounts:accomplishment-edit",
        "accomplishment",
        "L 404 404 200 404 404 404",
        "L 404 404 200 404 404 404",
    ),
    Row(
        "accounts:accomplishment-delete",
        "accomplishment",
        "L 404 404 200 404 404 404",
        "L 404 404 302 404 404 404",
    ),
    Row("accounts:learning-new", "", OWN, OWN),
    Row("accounts:learning-edit", "learning", "L 404 404 200 404 404 404", "L 404 404 200 404 404 404"),
    Row("accounts:learning-delete", "learning", "L 404 404 200 404 404 404", "L 404 404 302 404 404 404"),
    # Programs
    Row("programs:join", "token", "302 302 302 302 302 200 200", "302 302 302 302 302 200 200"),
    Row("programs:membership", "program", MEMBERS, MEMBERS),
    Row("programs:membership-leave", "program", MEMBERS, "L   302 200 200 200 404 404"),
    Row("programs:person-detail", "person", MEMBERS, ALL_405),
    Row("programs:member-list", "program", ADMIN, ALL_405),
    Row("programs:member-edit", "member", ADMIN, ADMIN),
    # Goals
    Row("goals:goal-list", "program", "L   200 200 404 404 404 404", ALL_405),
    Row("goals:goal-new", "program", "L   200 200 404 404 404 404", "L   200 200 404 404 404 404"),
    # The page shows an admin title and skills alone
    Row("goals:goal-detail", "goal", PAIR_AND_ADMIN, ALL_405),
    Row("goals:goal-edit", "goal", "L   404 200 404 404 404 404", "L   404 200 404 404 404 404"),
    Row("goals:goal-close", "goal", ALL_405, "L   404 302 404 404 404 404"),
    # Requests
    Row("engagements:request-list", "program", MEMBERS, ALL_405),
    Row("engagements:request-new", "person", "L   200 200 404 404 404 404", "L   200 200 404 404 404 404"),
    Row("engagements:request-times", "person", ALL_405, "L   200 200 404 404 404 404"),
    Row("engagements:request-detail", "request", PAIR_AND_ADMIN, ALL_405),
    Row("engagements:request-accept", "request", ALL_405, "L   404 302 302 404 404 404"),
    Row("engagements:other-terms", "request", "L   404 404 200 404 404 404", "L   404 404 200 404 404 404"),
    Row("engagements:other-terms-times", "request", ALL_405, "L   404 404 200 404 404 404"),
    Row("engagements:request-decline", "request", ALL_405, "L   404 404 200 404 404 404"),
    Row("engagements:request-withdraw", "request", ALL_405, "L   404 302 404 404 404 404"),
    # Engagements: the admin's page of one holds metadata alone
    Row("engagements:engagement-list", "program", MEMBERS, ALL_405),
    Row("engagements:engagement-detail", "engagement", PAIR_AND_ADMIN, ALL_405),
    Row("engagements:engagement-end", "engagement", PAIR_AND_ADMIN, "L   404 302 302 302 404 404"),
    Row("schedule:calendar", "", OWN, ALL_405),
    # Matching
    Row("matching:mentor-list", "program", MEMBERS, ALL_405),
    Row("matching:match-run-list", "program", ADMIN, ALL_405),
    Row("matching:match-run-new", "program", ALL_405, ADMIN_DOES),
    Row("matching:match-run-detail", "run", ADMIN, ALL_405),
    Row("matching:match-run-progress", "run", ADMIN, ALL_405),
    Row("matching:match-run-cancel", "run", ALL_405, ADMIN_DOES),
    Row("matching:match-run-solve-again", "run", ALL_405, ADMIN_DOES),
    Row("matching:match-run-publish", "run", ADMIN, ADMIN_DOES),
    # Whom to assign has to be named in the address or the body
    Row("matching:match-run-assign", "run", NOBODY, NOBODY),
    Row("matching:pairing-lock", "pairing", ALL_405, ADMIN_DOES),
    Row("matching:pairing-unlock", "pairing", ALL_405, ADMIN_DOES),
    Row("matching:pairing-remove", "pairing", ALL_405, ADMIN_DOES),
    Row("matching:pairing-swap", "pairing", ADMIN, NOBODY),
    # Answers under DEBUG alone, which tests run without
    Row("demo:demo-sign-in", "", "404 404 404 404 404 404 404", "404 404 404 404 404 404 404"),
]
# What a library serves: sign-in and one's own account, about nobody else. Tried for no error alone.
LIBRARY = ("account_", "mfa_")


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
    learning = cast.mentor.person.learning_records.create(what="A book", kind="book", on=now.date())
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    asked = factories.make_request(factories.make_goal(cast.mentee, title="A second goal"), cast.mentor)
    former = factories.make_engagement(factories.make_goal(other), cast.mentor, at=factories.time(14))
    end_engagement(engagement_id=former.pk, by=None, now=now)
    run = MatchRun.objects.create(program=program, state=MatchRun.State.READY, created_at=now)
    paired = factories.make_mentee(program)
    pairing = Pairing.objects.create(
        run=run,
        mentee=paired,
        mentor=factories.make_mentor(program),
        goal=factories.make_goal(paired),
        points=5000,
    )
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
            "token": {"token": program.join_token},
            "person": {"slug": program.slug, "person_id": cast.mentor.person_id},
            "member": {"slug": program.slug, "pk": cast.mentee.pk},
            "accomplishment": {"pk": accomplishment.pk},
            "learning": {"pk": learning.pk},
            "goal": {"pk": cast.goal.pk},
            "request": {"pk": asked.pk},
            "engagement": {"pk": engagement.pk},
            "run": {"pk": run.pk},
            "pairing": {"pk": pairing.pk},
        },
        ended=reverse("engagements:engagement-detail", args=[former.pk]),
    )


def addresses(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern, inner)
        else:
            yield f"{namespace}{pattern.name}", pattern


def answer(client: Client, method: str, url: str, headers: dict[str, str]) -> str:
    """The status of one request, whose effects are rolled back."""
    with transaction.atomic():
        response = getattr(client, method)(url, headers=headers)
        transaction.set_rollback(True)
    if response.status_code == 302 and response.headers["Location"].startswith(reverse("account_login")):
        return "L"
    return str(response.status_code)


def test_every_address_has_a_row() -> None:
    named = {name for name, _ in addresses() if not name.startswith(LIBRARY)}

    assert named == {row.name for row in ROWS}


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "fragment"])
def test_every_actor_gets_what_the_table_says(world: World, method: str, headers: dict[str, str]) -> None:
    wrong = []
    for row in ROWS:
        url = reverse(row.name, kwargs=world.on[row.on])
        expected = getattr(row, method).split()
        got = [answer(world.clients[actor], method, url, headers) for actor in ACTORS]
        wrong += [
            f"{method} {row.name}: {actor} got {is_} for {should}"
            for actor, is_, should in zip(ACTORS, got, expected, strict=True)
            if is_ != should
        ]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_foreign_id_is_not_found_for_anybody(world: World, method: str) -> None:
    nowhere = "00000000-0000-4000-8000-000000000000"
    strange = {"pk": nowhere, "slug": "no-such-program", "person_id": nowhere, "token": "no-such-token"}
    wrong = []
    for row in ROWS:
        kwargs = world.on[row.on]
        if not kwargs or row.on in ("token", "accomplishment", "learning"):
            continue
        url = reverse(row.name, kwargs={name: strange[name] for name in kwargs})
        answers = {answer(world.clients[actor], method, url, {}) for actor in ACTORS[1:]}
        wrong += [f"{method} {row.name}: {answers}"] if answers not in ({"404"}, {"405"}) else []

    assert not wrong, "\n".join(wrong)


def test_an_ended_engagement_stays_readable_for_its_pair_alone(world: World) -> None:
    answers = {actor: answer(client, "get", world.ended, {}) for actor, client in world.clients.items()}

    assert answers == {
        "An": "L", "Mo": "200", "Ee": "404", "Er": "200", "PA": "200", "PX": "404", "SU": "404",
    }  # fmt: skip


def test_losing_the_membership_bites_on_the_next_request(world: World, cast: Any) -> None:
    client = world.clients["PA"]
    url = reverse("programs:member-list", args=[cast.program.slug])
    assert client.get(url).status_code == 200

    cast.admin.is_admin, cast.admin.is_mentee = False, True
    cast.admin.save(update_fields=["is_admin", "is_mentee"])

    assert client.get(url).status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_of_the_account_library_fails(world: World, method: str) -> None:
    failed = []
    for name, pattern in addresses():
        if name.startswith(LIBRARY):
            kwargs = dict.fromkeys(pattern.pattern.regex.groupindex, "x1")
            url = reverse(name, kwargs=kwargs)
            answers = {answer(world.clients[actor], method, url, {}) for actor in ("An", "Ee", "SU")}
            failed += [name] if any(status.startswith("5") for status in answers) else []

    assert failed == []
