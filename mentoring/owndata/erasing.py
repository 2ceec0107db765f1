"""Erasing oneself: what is shared with somebody stays theirs without one's name, everything else goes."""

import re
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session as SignIn
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from mentoring.engagements.leaving import end_all
from mentoring.engagements.models import Engagement, Request
from mentoring.outbox.models import FREE, Mail
from mentoring.owndata.models import Erasure
from mentoring.owndata.rules import Fate, Rule, Way, Who
from mentoring.owndata.services import OwnDataError
from mentoring.owndata.table import TABLE
from mentoring.programs.models import Membership, Program
from mentoring.transfer.models import ImportRow

NAMELESS = "Somebody who left"
GONE = "erased.invalid"  # RFC 2606: no mail ever goes there
SWEPT_FOR = timedelta(days=1)


def erase(*, person_id: uuid.UUID, now: datetime) -> None:
    """All or nothing, and twice does once. Raises OwnDataError while a program has no other admin.

    Ends what is under way, so that the others are told by name; then takes the name away; then deletes or
    blanks by the table. Locks in the order of every other service: programs, memberships, then the rest.
    """
    with transaction.atomic():
        _lock_programs(person_id)
        list(Membership.objects.filter(person=person_id).order_by("pk").select_for_update(no_key=True))
        person = User.objects.select_for_update(no_key=True).get(pk=person_id)
        if Erasure.objects.filter(person=person).exists():
            return
        if named := [program.name for program in left_without_admin(person)]:
            raise OwnDataError(f"You are the only admin of {' and '.join(named)}. {NAME_ANOTHER}")
        who = Who.of(person)
        _end_what_is_under_way(person, now)
        _leave_programs(person, now)
        _take_name_away(person)
        # What somebody sent in that moment: from here on nothing new can refer to the person.
        _end_what_is_under_way(person, now)
        _apply(who)
        end_sign_ins(person.pk, now)
        Erasure.objects.create(person=person, erased_at=now)


NAME_ANOTHER = "Make somebody else an admin there first, on the page of its members."


def left_without_admin(person: User) -> list[Program]:
    """Programs with other members of which the person is the only admin."""
    current = Membership.objects.current()
    others = current.exclude(person=person)
    alone = Program.objects.administered_by(person).exclude(
        pk__in=others.filter(is_admin=True).values("program")
    )
    return list(alone.filter(pk__in=others.values("program")).order_by("name"))


def under_way(person: User) -> dict[str, int]:
    """What ends with the account, counted; a request that the person has not heard of is not."""
    return {
        "engagements": Engagement.objects.active().visible_to(person).count(),
        "requests": Request.objects.open().known_to(person).count(),
    }


def erase_again(now: datetime) -> None:
    """Rows that were on their way while their person was erased, such as by another window's form."""
    lately = User.objects.filter(erasure__erased_at__gt=now - SWEPT_FOR).order_by("pk")
    for person in lately:
        with transaction.atomic():
            _leave_programs(person, now)
            _end_what_is_under_way(person, now)
            _apply(Who(person.pk, NAMELESS, (person.email,)))


def end_sign_ins(person_id: uuid.UUID, now: datetime) -> None:
    """Sessions hold their person inside, signed; there is no column to look by."""
    theirs = [
        one.session_key
        for one in SignIn.objects.filter(expire_date__gt=now).iterator(chunk_size=500)
        if one.get_decoded().get("_auth_user_id") == str(person_id)
    ]
    SignIn.objects.filter(session_key__in=theirs).delete()


def _lock_programs(person_id: uuid.UUID) -> None:
    """Those where an admin may be lost, as leaving a program does."""
    run = Program.objects.filter(memberships__person=person_id, memberships__is_admin=True).values("pk")
    list(Program.objects.filter(pk__in=run).order_by("pk").select_for_update(no_key=True))


def _end_what_is_under_way(person: User, now: datetime) -> None:
    end_all(person, Q(), by=person, note="I am leaving Holdfast.", now=now)


def _leave_programs(person: User, now: datetime) -> None:
    Membership.objects.filter(person=person, left_at__isnull=True).update(left_at=now)


def _take_name_away(person: User) -> None:
    """What is left of an account: a row that what is shared can still refer to, and nobody signs in as."""
    person.email, person.name, person.zone = f"erased-{uuid.uuid4()}@{GONE}", NAMELESS, "UTC"
    person.password, person.photo_key, person.last_login = make_password(None), "", None
    person.is_active = person.is_staff = person.is_superuser = False
    person.save(
        update_fields=[
            *("email", "name", "zone", "password", "photo_key", "last_login"),
            *("is_active", "is_staff", "is_superuser"),
        ]
    )


def _apply(who: Who) -> None:
    _empty_import_rows(who)
    to_them = next(rule for rule in TABLE if rule.label == "outbox.Mail")
    for way in to_them.ways:
        unsent = Mail.objects.filter(way.condition(who)).exclude(state__in=["sent", "digested"])
        unsent.update_in_order(state=Mail.State.WITHDRAWN, **FREE)
    for rule in TABLE:
        for way in rule.ways:
            _apply_way(rule, way, who)


def _apply_way(rule: Rule, way: Way, who: Who) -> None:
    # The condition may join; a subquery deletes and updates without.
    found = rule.model._default_manager.filter(way.condition(who)).values("pk")
    rows = rule.model._default_manager.filter(pk__in=found)
    if way.fate is Fate.DELETED:
        rows.delete()
    elif way.fate is Fate.KEPT:
        if way.goes is not None:
            going = rows.filter(way.goes).values("pk")
            rule.model._default_manager.filter(pk__in=list(going.values_list("pk", flat=True))).delete()
        if way.rewrite and who.name != NAMELESS:
            shared = rows.filter(way.namesakes(who)) if way.namesakes else rows.none()
            kept = set(shared.values_list("pk", flat=True))
            _rewrite(rows.filter(pk__in=kept), way.rewrite, replace(who, name=""))
            _rewrite(rows.exclude(pk__in=kept), way.rewrite, who)
        if way.blank:
            rows.update(**way.blank)


def _rewrite(rows: QuerySet[Any], fields: tuple[str, ...], who: Who) -> None:
    """Put nobody's name in the place of theirs, and nothing in that of their addresses."""
    for row in rows.only("pk", *fields).iterator(chunk_size=500):
        changed = {}
        for name in fields:
            before = getattr(row, name)
            after = without_name(before, who)
            if after != before:
                changed[name] = after
        if changed:
            rows.model._default_manager.filter(pk=row.pk).update(**changed)


def without_name(said: Any, who: Who) -> Any:
    """The same text, list or JSON without their name and addresses."""
    if isinstance(said, str):
        for address in who.addresses:
            said = re.sub(rf"(?<![\w.+-]){re.escape(address)}(?![\w-])", "", said, flags=re.IGNORECASE)
        if who.name:
            said = re.sub(rf"(?<!\w){re.escape(who.name)}(?!\w)", NAMELESS, said)
        return said
    if isinstance(said, list):
        return [without_name(one, who) for one in said]
    if isinstance(said, dict):
        return {key: without_name(value, who) for key, value in said.items()}  # keys are words of ours
    return said


def _empty_import_rows(who: Who) -> None:
    """Of rows about the person everything, not their name alone; no later run applies them."""
    rule = next(rule for rule in TABLE if rule.label == "transfer.ImportRow")
    for row in ImportRow.objects.filter(rule.ways[0].condition(who)).select_related("of"):
        column = row.of.mapping.get("manager")
        said = {cell.strip().lower() for number, cell in enumerate(row.cells) if number != column}
        if said & set(who.addresses):
            row.cells, row.problems, row.changes = [""] * len(row.cells), {}, {}
            row.note, row.is_left_out = "", True
            row.save(update_fields=["cells", "problems", "changes", "note", "is_left_out"])
