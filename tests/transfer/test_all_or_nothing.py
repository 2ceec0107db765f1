"""An import is applied whole or not at all, once, whatever happens meanwhile; with real connections."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mentoring.programs.models import Membership
from mentoring.transfer import services, working
from mentoring.transfer.applying import Writer
from mentoring.transfer.attempts import AttemptLost, take_over
from mentoring.transfer.models import Import
from tests.racing import race
from tests.transfer.conftest import apply, table, work

pytestmark = pytest.mark.django_db(transaction=True)


def people(count: int, name: str = "Person") -> bytes:
    return table(*((f"{name} {n}", f"p{n}@example.org", "mentee", *[""] * 6) for n in range(count)))


def test_last_row_that_the_database_refuses_undoes_all(bring: Any) -> None:
    """The 4,999th of 5,000: a constraint of the database itself, after two chunks are written."""
    of = bring(people(5_000))
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE accounts_user ADD CONSTRAINT refuse_one CHECK (email <> 'p4998@example.org')"
        )
    before = User.objects.count()
    apply(of)
    assert (of.state, of.told) == (Import.State.CHECKING, working.REFUSED)
    assert (User.objects.count(), Membership.objects.filter(person__email__startswith="p4").count()) == (
        before,
        0,
    )
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_user DROP CONSTRAINT refuse_one")
    work(of)
    apply(of)
    assert of.state == Import.State.APPLIED
    assert User.objects.count() == before + 5_000


def test_two_workers_apply_one_import_once(bring: Any) -> None:
    of = bring(people(300))
    services.apply_import(of, sends_invitations=False)
    race([lambda: working.work_on(of.pk)] * 2)
    of.refresh_from_db()
    assert of.state == Import.State.APPLIED
    assert (
        User.objects.filter(email__endswith="@example.org", email__startswith="p")
        .exclude(imported=None)
        .count()
        == 300
    )


def test_two_imports_of_the_same_people_make_each_once(bring: Any) -> None:
    """The one that comes second sees that its dry run no longer holds, and shows it."""
    one, other = bring(people(200)), bring(people(200))
    for of in (one, other):
        services.apply_import(of, sends_invitations=False)
    race([lambda: working.work_on(one.pk), lambda: working.work_on(other.pk)])
    states = {Import.objects.get(pk=of.pk).state for of in (one, other)}
    assert states == {Import.State.APPLIED, Import.State.CHECKING}
    assert User.objects.exclude(imported=None).count() == 200


def test_worker_that_died_is_followed_by_another(bring: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    of = bring(people(50))
    services.apply_import(of, sends_invitations=False)

    def die(self: Writer, plans: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(Writer, "write", die)
        with pytest.raises(SystemExit):
            working.work_on(of.pk)
    work(of)  # the dead one is not known to be dead yet
    assert of.state == Import.State.APPLYING
    Import.objects.filter(pk=of.pk).update(beat_at=timezone.now() - timedelta(minutes=1))
    assert working.resume_imports(timezone.now()) == 1
    work(of)
    assert of.state == Import.State.APPLIED
    work(of)
    assert User.objects.exclude(imported=None).count() == 50


def test_whoever_was_taken_over_from_writes_nothing(bring: Any) -> None:
    of = bring(people(5))
    services.choose_columns(of, mapping=of.mapping, usual_role="mentee")
    first = take_over(of.pk, timezone.now())
    assert first is not None
    assert take_over(of.pk, timezone.now()) is None
    assert take_over(of.pk, timezone.now() + timedelta(minutes=1)) is not None
    with pytest.raises(AttemptLost):
        first.finish(Import.State.CHECKED)


def test_cancelled_while_it_is_applied_leaves_nothing(bring: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    of = bring(people(50))
    services.apply_import(of, sends_invitations=False)
    finish = Writer.finish

    def cancel_meanwhile(self: Writer, found: Any) -> None:
        finish(self, found)
        race([lambda: services.cancel_import(of)])

    monkeypatch.setattr(Writer, "finish", cancel_meanwhile)
    work(of)
    assert of.state == Import.State.CANCELLED
    assert not User.objects.exclude(imported=None).exists()


def test_cancelled_while_it_is_read_leaves_no_rows(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def rows_until_cancelled(path: Any) -> Iterator[list[str]]:
        yield ["E-mail"]
        for n in range(working.CHUNK):
            yield [f"p{n}@example.org"]
        services.cancel_import(of)
        yield ["late@example.org"]

    monkeypatch.setattr(working, "rows_of_file", rows_until_cancelled)
    of = services.upload(
        cast.program, by=cast.admin.person, filename="people.csv", pieces=[b"-"], now=timezone.now()
    )
    work(of)
    assert (of.state, of.rows.count()) == (Import.State.CANCELLED, 0)


def test_what_is_typed_while_another_row_is_tried_comes_back(bring: Any, cast: Any, client_of: Any) -> None:
    of = bring(people(2))
    services.change_row(of.rows.get(number=2), texts={"name": "Ada"})
    client, row = client_of(cast.admin.person), reverse("transfer:import-row", args=[of.pk, 3])

    answer = client.post(row, {"name": "Zoe", "email": "p1@example.org"})

    assert answer.context["form"].non_field_errors() == [
        "This cannot be done now: the import is dry run under way."
    ]
    assert answer.context["form"]["name"].value() == "Zoe"
    assert client.get(row).url == reverse("transfer:import-detail", args=[of.pk])
