import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mentoring.local import postgres, valkey
from mentoring.local.places import socket_folder


@pytest.fixture
def var() -> Iterator[Path]:
    """A folder like a checkout's `var`, with a space in its path, where PostgreSQL's own user can get."""
    top = Path(tempfile.mkdtemp(prefix="holdfast local "))
    top.chmod(0o755)
    var = top / "var"
    var.mkdir()
    yield var
    note = var / "instance"
    if note.exists():
        shutil.rmtree(postgres.MACHINE_FOLDER / note.read_text().strip(), ignore_errors=True)
    for name in ("postgres", "valkey"):
        shutil.rmtree(socket_folder(var / name), ignore_errors=True)
    top.chmod(0o755)
    shutil.rmtree(top)


@pytest.fixture
def database(var: Path) -> Iterator[postgres.Server]:
    server = postgres.start(var / "postgres", database="holdfast", fsync=False)
    yield server
    server.stop()


@pytest.fixture
def broker(var: Path) -> Iterator[valkey.Server]:
    server = valkey.start(var / "valkey")
    yield server
    server.stop()


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has PostgreSQL run as another user")
