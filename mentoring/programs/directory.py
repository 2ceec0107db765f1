"""The directory: the mentors of a program whom a member may be proposed to, searched, narrowed and in pages.

Pages are found by where the one before ended (a keyset), so that nobody is shown twice or left out because
somebody joined meanwhile. Every page costs the same queries, however many mentors there are.
"""

import base64
import binascii
import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import (
    Count,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Collate, Lower

from accounts import search
from accounts.languages import Fluency
from accounts.models import PersonSkill, SearchEntry, SpokenLanguage
from accounts.models.search import WeekBitsField
from accounts.plain import plain, words_of
from accounts.vocabulary import Vocabulary
from mentoring.programs.models import Favourite, Membership, MembershipQuerySet

PER_PAGE = 12
COUNTED = 1000  # beyond it, the page says "more than"
COMMON_HALF_HOURS = 2
# what each order is by, and whether the most comes first; the id decides among equals
ORDERS = {
    "match": ("score", True),
    "name": ("by_name", False),
    "newest": ("joined_at", True),
    "places": ("free", True),
}
_LONGEST_CURSOR = 8000
_ALL = 10_000_000


@dataclass(frozen=True)
class Cursor:
    """Next to whom a page begins: behind the member with this key, or, going back, before them."""

    order: str
    key: Any
    pk: uuid.UUID
    is_back: bool = False

    def __str__(self) -> str:
        key = self.key.isoformat() if isinstance(self.key, datetime) else self.key
        told = json.dumps([self.order, key, str(self.pk), self.is_back])
        return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def cursor_of(text: str, order: str) -> Cursor | None:
    """None for what is no cursor, or one of another order: that is the first page."""
    try:
        padded = text[:_LONGEST_CURSOR].encode("ascii") + b"=="
        named, key, pk, is_back = json.loads(base64.urlsafe_b64decode(padded))
        if named != order:
            return None
        return Cursor(order, _key(order, key), uuid.UUID(pk), is_back is True)
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error):
        return None


def _key(order: str, key: Any) -> Any:
    """The value that members are ordered by. Raises ValueError or TypeError for what cannot be one."""
    if order == "newest":
        at = datetime.fromisoformat(key)
        if at.tzinfo is None or not 1970 < at.year < 9000:
            raise ValueError(key)
        return at.astimezone(UTC)  # PostgreSQL knows fewer offsets than Python
    if order == "name":
        if key != " ".join(str(key).split()) or "\x00" in key:
            raise ValueError(key)
        return key.encode().decode()  # refuses lone surrogates
    if type(key) is not int or abs(key) >= 2**31:
        raise ValueError(key)
    return key


@dataclass(frozen=True)
class Found:
    """A page of members, `is_more` where more than COUNTED answer."""

    members: list[Membership]
    count: int
    is_more: bool
    before: Cursor | None
    after: Cursor | None


def find(reader: Membership, wanted: Mapping[str, Any], vocabulary: Vocabulary, asked: str = "") -> Found:
    """`wanted` as DirectoryForm cleans it; what is missing or empty narrows nothing. `asked` is a cursor."""
    words = words_of(wanted.get("words") or "")
    order = wanted.get("sort") or ("match" if words else "name")
    if order == "match" and not words:
        order = "name"
    with search.tolerance() if words else nullcontext():
        rows = narrowed(reader, wanted, vocabulary)
        count = rows[: COUNTED + 1].count()
        page, before, after = _page(ordered(rows, order, words), order, cursor_of(asked, order))
    return Found(page, min(count, COUNTED), count > COUNTED, before, after)


def narrowed(reader: Membership, wanted: Mapping[str, Any], vocabulary: Vocabulary) -> MembershipQuerySet:
    """Within `search.tolerance()` where there are words."""
    rows = Membership.objects.open_to(reader)
    if words := words_of(wanted.get("words") or ""):
        rows = rows.filter(answering(words, vocabulary))
    if not wanted.get("full"):
        rows = rows.filter(capacity__gt=0).exclude(pk__in=_full(reader))
    if skill := wanted.get("skill"):
        rows = rows.filter(_has_skill(_counted_as(skill, vocabulary)))
    if kind := wanted.get("kind"):
        rows = rows.filter(_has_skill([pk for pk, each in vocabulary.listed.items() if each.kind == kind]))
    if language := wanted.get("language"):
        spoken = SpokenLanguage.objects.filter(code=language, fluency__gte=Fluency.WORKING)
        rows = rows.filter(Exists(spoken.filter(person=OuterRef("person"))))
    if country := wanted.get("country"):
        rows = rows.filter(person__profile__country=country)
    if wanted.get("hours"):
        mine = search.week_now(reader.person)
        rows = rows.alias(common=_common(mine)).filter(common__gte=COMMON_HALF_HOURS)
    if wanted.get("favourites"):
        rows = rows.filter(pk__in=Favourite.objects.filter(by=reader).values("whom"))
    return rows


def answering(words: Sequence[str], vocabulary: Vocabulary) -> Q:
    """Persons (`person_id`) who answer to all the words (of `words_of`): by their profile, or by a skill as
    the program calls it."""
    entries = SearchEntry.objects.filter(search.matches(list(words)))
    # The limit, which nobody reaches, has the words looked up by themselves, and so by their indexes: the
    # planner would else think few members left by the rules on who may meet, and read the entry of each.
    found = Q(person_id__in=entries.values("person_id")[:_ALL])
    if skills := _called_here(words, vocabulary):
        found |= Q(person_id__in=PersonSkill.objects.filter(skill__in=skills).values("person_id"))
    return found


def _called_here(words: Sequence[str], vocabulary: Vocabulary) -> list[int]:
    """Skills that the program added or calls otherwise, by a name that holds all the words."""
    own = [
        pk
        for pk, skill in vocabulary.listed.items()
        if skill.program is not None or vocabulary.names[pk] != skill.name or vocabulary.counts_as[pk] != pk
    ]
    told = {pk: f" {plain(' '.join(vocabulary.words[vocabulary.counts_as[pk]]))}" for pk in own}
    return [pk for pk in own if all(f" {word}" in told[pk] for word in words)]


def _counted_as(skill: int, vocabulary: Vocabulary) -> list[int]:
    """The skill, those below it, and whatever the program counts as one of these."""
    wanted = {skill} | {pk for pk, each in vocabulary.listed.items() if each.parent == skill}
    return [pk for pk, target in vocabulary.counts_as.items() if target in wanted]


def _has_skill(skills: Sequence[int]) -> Exists:
    return Exists(PersonSkill.objects.filter(person=OuterRef("person"), skill__in=skills))


def _full(reader: Membership) -> QuerySet[Any, Any]:
    """Mentors of the program without a place; asked once, not for each mentor."""
    engagement = "person__engagements_as_mentor"
    here = {f"{engagement}__program": reader.program_id, f"{engagement}__state": "active"}
    mentors = Membership.objects.filter(program=reader.program_id, is_mentor=True, **here)
    return mentors.annotate(taken=Count(engagement)).filter(taken__gte=F("capacity")).values("pk")


class _Common(Func):
    """How many half hours two weeks have in common."""

    function = "bit_count"
    arg_joiner = " & "
    output_field = IntegerField()


def _common(mine: str) -> _Common:
    return _Common(F("person__search_entry__week"), Cast(Value(mine), WeekBitsField()))


def ordered(rows: MembershipQuerySet, order: str, words: Sequence[str]) -> MembershipQuerySet:
    """With what the order is by as `score`, `by_name` or `free`."""
    if order == "match":
        found = search.score(list(words), "person__search_entry__")
        rows = rows.annotate(score=Coalesce(found, Value(0)))
    elif order == "places":
        rows = rows.annotate(free=F("capacity") - Coalesce(_taken(), Value(0)))
    elif order == "name":
        theirs = Collate(Lower("person__name"), "C")
        name = Coalesce("person__search_entry__name", theirs, output_field=TextField())
        rows = rows.annotate(by_name=name)
    field, is_down = ORDERS[order]
    return rows.order_by(F(field).desc() if is_down else F(field).asc(), "pk")


def _taken() -> Subquery:
    """Engagements under way as mentor, in the program; the relation belongs to a higher app."""
    engagement = "person__engagements_as_mentor"
    active = {f"{engagement}__program": F("program"), f"{engagement}__state": "active"}
    same = Membership.objects.filter(pk=OuterRef("pk"), **active).values("pk")
    return Subquery(same.annotate(count=Count(engagement)).values("count"), output_field=IntegerField())


def _page(
    rows: MembershipQuerySet, order: str, cursor: Cursor | None
) -> tuple[list[Membership], Cursor | None, Cursor | None]:
    rows = rows.select_related("person__profile")
    is_back = cursor is not None and cursor.is_back
    if cursor is not None:
        rows = rows.filter(_beyond(cursor))
    found = list((rows.reverse() if is_back else rows)[: PER_PAGE + 1])
    goes_on = len(found) > PER_PAGE
    page = found[:PER_PAGE]
    if is_back:
        page.reverse()
    if not page:
        return page, None, None
    field = ORDERS[order][0]
    first, last = (Cursor(order, getattr(member, field), member.pk) for member in (page[0], page[-1]))
    has_before, has_after = (goes_on, True) if is_back else (cursor is not None, goes_on)
    return page, Cursor(order, first.key, first.pk, True) if has_before else None, last if has_after else None


def _beyond(cursor: Cursor) -> Q:
    field, is_down = ORDERS[cursor.order]
    way = "lt" if is_down != cursor.is_back else "gt"
    equals = {field: cursor.key, f"pk__{'lt' if cursor.is_back else 'gt'}": cursor.pk}
    return Q(**{f"{field}__{way}": cursor.key}) | Q(**equals)
