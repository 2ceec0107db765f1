"""Who may do what: every actor against every address and method, as a page and as an htmx fragment.

The columns are the actors: An anonymous, Mo another member of the program, Ee the mentee of the pair, Er its
mentor, PA an admin of the program who is not in the pair, PX an admin of another program, SU a superuser
without a membership. L is a redirect to sign-in. An address without a row fails the test.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.access.conftest import World
from tests.access.rows import ACTORS, LIBRARY, ROWS

# A library's old addresses have no name, and lead on to those that have.
OURS = ("accounts", "matching", "mentoring")


def addresses(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern, inner)
        elif pattern.name or pattern.callback.__module__.startswith(OURS):
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
        if row.swaps and headers:
            expected = ["200" if status == "302" else status for status in expected]
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
    strange = {
        "pk": nowhere,
        "other": nowhere,
        "slug": "no-such-program",
        "person_id": nowhere,
        "token": "no-such-token",
    }
    wrong = []
    for row in ROWS:
        kwargs = world.on[row.on]
        if not kwargs or row.on in ("token", "accomplishment", "learning"):
            continue
        foreign = {
            name: 0 if isinstance(value, int) else strange.get(name, value) for name, value in kwargs.items()
        }
        if foreign == kwargs:  # about nothing that has an id
            continue
        url = reverse(row.name, kwargs=foreign)
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
    for name, _ in addresses():
        if name.startswith(LIBRARY):
            kwargs = dict.fromkeys(get_resolver().reverse_dict[name][0][0][1], "1")
            url = reverse(name, kwargs=kwargs)
            answers = {answer(world.clients[actor], method, url, {}) for actor in ("An", "Ee", "SU")}
            failed += [name] if any(status.startswith("5") for status in answers) else []

    assert failed == []
