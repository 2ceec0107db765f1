"""What an admin does with an import; the work itself is a worker's (working.py)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from mentoring.celery import publish_on_commit
from mentoring.programs.models import Program
from mentoring.transfer.invitations import MOST_MAILS
from mentoring.transfer.models import Import, ImportPiece, ImportRow

WORK = "transfer.work_on_import"
State = Import.State
MOST_OPEN = 5
KEPT_FOR = timedelta(days=30)


class TransferError(Exception):
    """Why something cannot be done with an import, in words fit to show."""


@transaction.atomic
def upload(program: Program, *, by: User, filename: str, pieces: Iterable[bytes], now: datetime) -> Import:
    """Keep a file and have it read. The pieces are not held in memory together."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    over = (State.APPLIED, State.CANCELLED, State.FAILED)
    if Import.objects.filter(program=program).exclude(state__in=over).count() >= MOST_OPEN:
        raise TransferError(f"{MOST_OPEN} imports are open already. Apply or cancel one of them first.")
    name = "".join(each if each.isprintable() else "\ufffd" for each in filename)[:200] or "file"
    made = Import.objects.create(program=program, by=by, filename=name, created_at=now)
    for number, piece in enumerate(pieces):
        ImportPiece.objects.create(of=made, number=number, octets=piece)
    publish_on_commit(WORK, str(made.pk))
    return made


@transaction.atomic
def choose_columns(of: Import, *, mapping: Mapping[str, int], usual_role: str) -> None:
    """Say which column is what, and have the dry run made."""
    locked = _locked(of, State.MAPPING, State.CHECKED)
    if "email" not in mapping:
        raise TransferError("Say which column holds the mail address.")
    if len(set(mapping.values())) != len(mapping):
        raise TransferError("Two things cannot stand in the same column.")
    locked.mapping, locked.usual_role = dict(mapping), usual_role
    _check_again(locked)


@transaction.atomic
def change_row(row: ImportRow, *, texts: Mapping[str, str]) -> None:
    """Write other texts into a row's cells, by field, and have the dry run made anew."""
    of = _locked(row.of, State.CHECKED)
    row = ImportRow.objects.select_for_update().get(pk=row.pk)
    columns = {of.mapping[field]: text for field, text in texts.items() if field in of.mapping}
    width = max([len(row.cells), *(column + 1 for column in columns)])
    cells = row.cells + [""] * (width - len(row.cells))
    for column, text in columns.items():
        cells[column] = text
    row.cells = cells
    row.save(update_fields=["cells"])
    _check_again(of)


@transaction.atomic
def leave_row_out(row: ImportRow) -> None:
    of = _locked(row.of, State.CHECKED)
    ImportRow.objects.filter(pk=row.pk).update(is_left_out=True)
    _check_again(of)


@transaction.atomic
def apply_import(of: Import, *, sends_invitations: bool) -> None:
    locked = _locked(of, State.CHECKED)
    if locked.rows.filter(outcome=ImportRow.Outcome.ERROR, is_left_out=False).exists():
        raise TransferError(
            "Some rows are in error. Correct them or leave them out; then all is applied at once."
        )
    if sends_invitations and locked.rows.filter(outcome=ImportRow.Outcome.NEW).count() > MOST_MAILS:
        raise TransferError(f"More than {MOST_MAILS:,} people are new; so many mails are not sent at once.")
    locked.sends_invitations = sends_invitations
    _go_on(locked, State.APPLYING)


@transaction.atomic
def cancel_import(of: Import) -> None:
    """Also while a worker is at it: what it has not finished is not written. Twice is once."""
    locked = Import.objects.select_for_update().get(pk=of.pk)
    if locked.state == State.CANCELLED:
        return
    if locked.is_over:
        raise TransferError("This import is over; nothing is left to cancel.")
    locked.state, locked.attempt = State.CANCELLED, None
    locked.save(update_fields=["state", "attempt"])
    ImportRow.objects.filter(of=locked).delete()
    ImportPiece.objects.filter(of=locked).delete()


def forget_old_imports(now: datetime) -> int:
    """Rows hold what people's lives are about: a month later only that there was an import is left."""
    old = Q(created_at__lte=now - KEPT_FOR)
    Import.objects.filter(old).exclude(state__in=[State.APPLIED, State.CANCELLED, State.FAILED]).update(
        state=State.CANCELLED, attempt=None
    )
    return ImportRow.objects.filter(of__created_at__lte=now - KEPT_FOR).delete()[0]


def _locked(of: Import, *states: str) -> Import:
    locked = Import.objects.select_for_update().get(pk=of.pk)
    if locked.state not in states:
        raise TransferError(f"This cannot be done now: the import is {locked.get_state_display()}.")
    return locked


def _check_again(of: Import) -> None:
    _go_on(of, State.CHECKING)


def _go_on(of: Import, state: str) -> None:
    of.state, of.attempt, of.attempts, of.rows_done, of.told = state, None, 0, 0, ""
    of.save()
    publish_on_commit(WORK, str(of.pk))
