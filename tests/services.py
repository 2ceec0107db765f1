"""A pytest plugin: a PostgreSQL and a Valkey of this run's own, unless the environment names others.

Loaded with -p, so that it runs before Django reads its settings.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mentoring.local import postgres, redis_url, valkey
from mentoring.local.places import compiled_folder

_running = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    os.environ["DEBUG"] = "1"
    var = Path(_running.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-var-")))
    os.environ["VAR_DIR"] = str(var)
    # what one run has compiled the next one need not
    root = Path(__file__).resolve().parent.parent
    os.environ.setdefault("NUMBA_CACHE_DIR", str(compiled_folder(root / "var", root / "matching/engine")))
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = _running.enter_context(postgres.temporary()).url
    if not os.environ.get("REDIS_URL"):
        _running.callback(valkey.start(var / "valkey").stop)
        os.environ["REDIS_URL"] = redis_url(var)
    return (yield)


def pytest_unconfigure() -> None:
    _running.close()
