"""The work on an import, step by step: read, dry run, apply. Every step can be begun anew at any time."""

import json
import logging
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from mentoring.celery import publish
from mentoring.programs import audit
from mentoring.programs.models import Program
from mentoring.transfer import services
from mentoring.transfer.applying import Writer
from mentoring.transfer.attempts import Attempt, AttemptLost, beating, take_over
from mentoring.transfer.fields import guess
from mentoring.transfer.models import Import, ImportPiece, ImportRow
from mentoring.transfer.planning import Plan, Planner, skill_names
from mentoring.transfer.reading import ReadError, as_file, rows_of_file
from mentoring.transfer.surveying import survey

log = logging.getLogger(__name__)
State = Import.State
CHUNK = 2_000
MOST_ATTEMPTS = 4
STALE = "The program has changed since the dry run, so it was made anew. Look at it once more, then apply it."
REFUSED = (
    "The database refused a row, so nothing was written and the dry run was made anew. Somebody may have "
    "registered at that moment: apply it once more. Refused again, it is for whoever runs this installation."
)
T = TypeVar("T")


class Stale(Exception):
    """What the dry run said is no longer so."""


def resume_imports(now: datetime) -> int:
    """Wake workers for imports that wait or were left by a worker that died; returns for how many."""
    services.forget_old_imports(now)
    claimable = Import.objects.claimable(now)
    claimable.filter(attempts__gte=MOST_ATTEMPTS).update(
        state=State.FAILED, attempt=None, told="The work on it stopped unexpectedly, several times over."
    )
    ids = list(claimable.values_list("pk", flat=True))
    for pk in ids:
        publish(services.WORK, str(pk))
    return len(ids)


def work_on(import_id: uuid.UUID) -> None:
    """Do what the import waits for; nothing when somebody else does it."""
    attempt = take_over(import_id, timezone.now())
    if attempt is None:
        return
    steps = {State.READING: _read, State.CHECKING: _check, State.APPLYING: _apply}
    with beating(attempt):
        try:
            steps[State(attempt.state)](Import.objects.get(pk=import_id), attempt)
        except AttemptLost:
            log.info("import %s was taken over or cancelled", import_id)


def _read(of: Import, attempt: Attempt) -> None:
    of.rows.all().delete()
    pieces = ImportPiece.objects.filter(of=of).values_list("octets", flat=True)
    try:
        with as_file(bytes(piece) for piece in pieces.iterator(chunk_size=1)) as file:
            rows = enumerate(rows_of_file(Path(file.name)), 1)
            filled = ((number, cells) for number, cells in rows if any(cells))
            headings = next(filled, (0, []))[1]
            for some in batched(filled, CHUNK):
                attempt.done += len(some)
                with transaction.atomic():  # whoever has lost the attempt leaves no rows behind
                    ImportRow.objects.bulk_create(
                        ImportRow(of=of, number=number, cells=cells) for number, cells in some
                    )
                    attempt.write(rows_total=attempt.done)
            if not attempt.done:
                raise ReadError("The file has no rows below its headings.")
    except ReadError as error:
        of.rows.all().delete()
        attempt.finish(State.FAILED, told=str(error)[:300])
    else:
        names = [heading[:200] for heading in headings]
        attempt.finish(State.MAPPING, headings=names, mapping=guess(names), rows_total=attempt.done)
    ImportPiece.objects.filter(of=of).delete()


def _check(of: Import, attempt: Attempt) -> None:
    planner = Planner(of, survey(of), skill_names(of.program_id))
    for plans in _plans(planner, attempt):
        _stage(plans)
        attempt.write(rows_done=attempt.done)  # or the attempt is lost
    attempt.finish(State.CHECKED, rows_done=attempt.done)


def _apply(of: Import, attempt: Attempt) -> None:
    """All or nothing: one transaction, in which the dry run is made once more and has to say the same."""
    now = timezone.now()
    try:
        with transaction.atomic():
            program = Program.objects.select_for_update(no_key=True).get(pk=of.program_id)
            found = survey(of)
            writer = Writer(program, of, now)
            for plans in _plans(Planner(of, found, skill_names(of.program_id)), attempt, lock=True):
                if any(plan.says != _staged(plan.row) for plan in plans):
                    raise Stale
                writer.write(plans)
            writer.finish(found)
            audit.record(
                program,
                by=of.by,
                action="people imported",
                details=writer.told(),
                now=now,
            )
            attempt.finish(State.APPLIED, rows_done=attempt.done, applied_at=now)
    except Stale:
        _check_anew(of, attempt, STALE)
    except (IntegrityError, DataError) as error:
        # Somebody joined, or registered, between our reading and our writing; or we are wrong. What the error
        # says may quote the row.
        told: Any = getattr(error.__cause__, "diag", None)
        log.warning("import %s is refused: %s %s", of.pk, type(error).__name__, told and told.constraint_name)
        _check_anew(of, attempt, REFUSED)


def _check_anew(of: Import, attempt: Attempt, why: str) -> None:
    attempt.finish(State.CHECKING, told=why)
    publish(services.WORK, str(of.pk))


def _plans(planner: Planner, attempt: Attempt, *, lock: bool = False) -> Iterator[list[Plan]]:
    attempt.done = 0
    rows = planner.of.rows.filter(is_left_out=False).order_by("number")
    for some in batched(rows.iterator(chunk_size=CHUNK), CHUNK):
        yield planner.plan(some, lock=lock)
        attempt.done += len(some)


def _staged(row: ImportRow) -> tuple[object, ...]:
    return row.outcome, row.problems, row.changes, row.note


def _stage(plans: list[Plan]) -> None:
    """Write what the dry run says of these rows, in one statement."""
    said = [
        {
            "id": plan.row.pk,
            "outcome": plan.outcome,
            "problems": plan.problems,
            "changes": plan.changes,
            "note": plan.note,
        }
        for plan in plans
        if plan.says != _staged(plan.row)
    ]
    if not said:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE transfer_importrow AS r"
            " SET outcome = s.outcome, problems = s.problems, changes = s.changes, note = s.note"
            " FROM jsonb_to_recordset(%s::jsonb)"
            " AS s (id bigint, outcome text, problems jsonb, changes jsonb, note text) WHERE r.id = s.id",
            [json.dumps(said)],
        )


def batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(things)
    while some := list(islice(iterator, size)):
        yield some
