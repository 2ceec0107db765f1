"""Outliving a restart of PostgreSQL, and saying that one is alive, for what runs on without a request."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

log = logging.getLogger(__name__)

# The first when the server refuses or drops us, the second on a connection that it has dropped already.
AWAY = (OperationalError, InterfaceError)
PATIENCE = 30.0  # seconds; well below the time limit of a task
PAUSE = 0.5

Result = TypeVar("Result")


def patiently(work: Callable[[], Result], patience: float = PATIENCE) -> Result:
    """What `work` returns, done again on a new connection when the database went away meanwhile.

    For work of which twice does once: the answer to a commit may be what was lost. Inside a transaction
    nothing is done again, since what went before is lost with it.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return work()
        except AWAY as error:
            if connection.in_atomic_block or time.monotonic() > deadline:
                raise
            log.warning("the database is away: %s", str(error).strip())
            connection.close()
        time.sleep(PAUSE)


@contextmanager
def every(seconds: float, say: Callable[[], object], name: str) -> Iterator[None]:
    """Within it `say` is called again and again from a thread of this name, on a connection of its own: the
    work itself may be in a transaction."""
    over = threading.Event()

    def repeat() -> None:
        try:
            while not over.wait(seconds):
                say()
        finally:
            connection.close()

    thread = threading.Thread(target=repeat, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
