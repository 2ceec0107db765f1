"""Many at once, each on a connection of its own."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

PATIENCE = 60.0  # seconds until a race must be over


@dataclass(frozen=True)
class Finish:
    """What became of one that ran: what it returned, or what it raised."""

    returned: Any = None
    raised: Exception | None = None


def race(runners: Sequence[Callable[[], Any]]) -> list[Finish]:
    """Let all begin at the same moment, in threads; the finishes come in the order of the runners."""
    finishes: list[Finish | None] = [None] * len(runners)
    start = threading.Barrier(len(runners))

    def run(lane: int) -> None:
        try:
            connection.ensure_connection()
            start.wait(timeout=PATIENCE)
            finishes[lane] = Finish(returned=runners[lane]())
        except Exception as error:  # noqa: BLE001 (whatever it is, the test looks at it)
            finishes[lane] = Finish(raised=error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(lane,), daemon=True) for lane in range(len(runners))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=PATIENCE)
    assert None not in finishes, f"{finishes.count(None)} never finished"
    return [finish for finish in finishes if finish is not None]


def refusals(finishes: Sequence[Finish]) -> dict[str, int]:
    """How often each error was raised, by its type and text."""
    counted: dict[str, int] = {}
    for finish in finishes:
        if finish.raised is not None:
            words = f"{type(finish.raised).__name__}: {finish.raised}".splitlines()[0]
            counted[words] = counted.get(words, 0) + 1
    return counted


@contextmanager
def without_locks(monkeypatch: pytest.MonkeyPatch, *models: type) -> Iterator[None]:
    """SELECT … FOR UPDATE of these models takes no lock."""
    real = QuerySet.select_for_update

    def lock(rows: QuerySet, *args: object, **kwargs: object) -> QuerySet:
        return rows.all() if rows.model in models else real(rows, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(QuerySet, "select_for_update", lock)
        yield


WAITED_FOR = """
SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'
               AND transactionid = pg_current_xact_id()::xid)
"""


def is_waited_for() -> bool:
    """Whether somebody waits for a row that this transaction has locked."""
    with connection.cursor() as cursor:
        cursor.execute(WAITED_FOR)
        return bool(cursor.fetchone()[0])
