"""From an uploaded file to staged rows: by a process of its own (table_rows.py), with bounds."""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

CHILD = Path(__file__).with_name("table_rows.py")
CPU_SECONDS = 60
MEMORY_BYTES = 1536 * 1024 * 1024
READ_SECONDS = 240.0  # on a busy machine a minute of the processor takes longer


class ReadError(Exception):
    """The file was not read; the text is fit to show."""


def rows_of_file(path: Path) -> Iterator[list[str]]:
    """The file's rows, headings first. Raises ReadError, also when some rows have been given already."""
    asked = {"path": str(path), "cpu_seconds": CPU_SECONDS, "memory_bytes": MEMORY_BYTES}
    with subprocess.Popen(  # noqa: S603 - our own file, and no argument from outside
        [sys.executable, "-I", str(CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it may quote the file
        env={"PYTHONUTF8": "1"},
        text=True,
        encoding="utf-8",
    ) as child:
        timer = threading.Timer(READ_SECONDS, child.kill)
        timer.start()
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(json.dumps(asked) + "\n")
            child.stdin.close()
            yield from _rows(child.stdout)
        finally:
            timer.cancel()
            child.kill()


def _rows(lines: IO[str]) -> Iterator[list[str]]:
    for line in lines:
        said = json.loads(line) if line.endswith("\n") else None
        if isinstance(said, list):
            yield said
        elif isinstance(said, dict) and "error" in said:
            raise ReadError(said["error"])
        elif isinstance(said, dict):
            return
    raise ReadError(
        "This file takes more to read than Holdfast can give. Save it as CSV, or cut it in parts."
    )


def as_file(pieces: Iterator[bytes]) -> "tempfile._TemporaryFileWrapper[bytes]":
    """A temporary file of these pieces, gone when it is closed."""
    file = tempfile.NamedTemporaryFile(prefix="import-")  # noqa: SIM115 - the caller closes it
    for piece in pieces:
        file.write(piece)
    file.flush()
    return file
