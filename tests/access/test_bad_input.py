"""Nothing that is typed or posted by hand gives a 500: each form is sent with nasty values in every field."""

import re
from collections.abc import Iterator

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from tests.access.conftest import World
from tests.access.rows import ACTORS, ROWS, Row

NASTY = {
    "NUL": "a\x00b",
    "surrogate": b"\xed\xa0\x80",
    "not UTF-8": b"\xff\xfe",
    "long": "x" * 70_000,
    "huge number": "9" * 400,
    "negative": "-1",
    "not a number": "NaN",
    "exponent": "1e999",
    "year 1": "0001-01-01",
    "year 9999": "9999-12-31",
    "no such day": "2026-02-30",
    "time": "25:61",
    "instant far off": "2026-06-01T00:00+23:59",
    "first instant": "0001-01-01T00:00+14:00",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "markup": "<script>alert(1)</script>{{ 7|add:7 }}",
    "right to left": "\u202egnp.exe",
    "empty": "",
}
NAMES = re.compile(r'name="([^"]+)"')
COUNTS = re.compile(r'<input[^>]*name="([^"]+_FORMS)"[^>]*value="([^"]*)"')
QUERY = (
    "goal",
    "page",
    "q",
    "words",
    "skill",
    "language",
    "day",
    "part",
    "full",
    "role",
    "search",
    "next",
    "mentee",
    "mentor",
    "pairing",
    "show",
    "sort",
    "like",
    "with",
    "by",
    "of",
    "state",
    "zone",
    "slots",
    "painted",
    "kind",
    "country",
    "hours",
    "favourites",
)
# What is posted to addresses that have no page, or have it only once something is chosen.
POSTED = {"decline", "note", "start", "at", "back", "key", "order", "other", "mentee", "mentor", "pairing"}
POSTED |= {"move", "was_held", "days", "on"}
ANSWERED = (200, 302, 400, 404)


def rows_of(world: World, method: str) -> Iterator[tuple[Row, Client, str]]:
    """Each address with the first of the program's people who may use it."""
    for row in ROWS:
        allowed = dict(zip(ACTORS, getattr(row, method).split(), strict=True))
        actor = next((actor for actor in ("Ee", "Er", "PA") if allowed[actor] in ("200", "302")), None)
        if actor:
            yield row, world.clients[actor], reverse(row.name, kwargs=world.on[row.on])


def send(client: Client, method: str, url: str, fields: dict[str, object]) -> int:
    with transaction.atomic():
        response = getattr(client, method)(url, fields)
        transaction.set_rollback(True)
    return response.status_code


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Methods and paths of requests whose query (of a GET) or body anything has looked at, as they come."""
    seen = set()
    query, body = WSGIRequest.GET.func, WSGIRequest.POST.fget

    def noted(request: WSGIRequest, method: str) -> None:
        if request.method == method:
            seen.add((method.lower(), request.path))

    def get(request: WSGIRequest) -> QueryDict:
        noted(request, "GET")
        return query(request)

    def post(request: WSGIRequest) -> QueryDict:
        noted(request, "POST")
        return body(request)

    monkeypatch.setattr(WSGIRequest, "GET", property(get))
    monkeypatch.setattr(WSGIRequest, "POST", property(post, WSGIRequest.POST.fset))
    return seen


def test_nasty_values_in_every_field_are_answered(world: World, readers: set[tuple[str, str]]) -> None:
    tried = 0
    for row, client, url in rows_of(world, "post"):
        page = client.get(url).content.decode()
        names = {*NAMES.findall(page), *POSTED} - {"csrfmiddlewaretoken"}
        # A broken count hides a formset's rows, so every other try keeps the counts that the page gave.
        counts = dict(COUNTS.findall(page))
        for number, (kind, value) in enumerate(NASTY.items()):
            fields = dict.fromkeys(names, value) | (counts if number % 2 else {})
            assert send(client, "post", url, fields) in ANSWERED, (row.name, kind)
            if ("post", url) not in readers:  # it does the same whatever is sent
                break
            tried += 1

    assert tried > 20 * len(NASTY)


def test_nasty_values_in_the_address_are_answered(world: World, readers: set[tuple[str, str]]) -> None:
    tried = 0
    for row, client, url in rows_of(world, "get"):
        for kind, value in NASTY.items():
            assert send(client, "get", url, dict.fromkeys(QUERY, value)) in ANSWERED, (row.name, kind)
            if ("get", url) not in readers:
                break
            tried += 1

    assert tried > 20 * len(NASTY)
