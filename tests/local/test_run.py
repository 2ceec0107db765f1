"""`make run` from the inside: the real servers, web, worker and beat, on data of the test's own."""

import http.client
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from mentoring.local.places import LocalServerError
from mentoring.local.run import listen

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.processes


def obey_ctrl_c() -> None:
    """A shell that runs the tests in the background has its children ignore SIGINT, and theirs."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Run:
    """One `python -m mentoring.local.run`, in a process group of its own, on request below a make."""

    def __init__(self, var: Path, port: int, *, under_make: bool = False) -> None:
        inherited = {
            k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "MAKELEVEL"}
        }
        command = [sys.executable, "-m", "mentoring.local.run"]
        if under_make:
            (var / "Makefile").write_text(f"run:\n\t@exec {shlex.join(command)}\n")
            command = ["make", "-f", str(var / "Makefile")]
        self.log = var / "test-output.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**inherited, "VAR_DIR": str(var), "PORT": str(port)},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=obey_ctrl_c,
            )

    def wait_until_up(self, seconds: float) -> None:
        began = time.monotonic()
        while "Ctrl-C stops everything" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() - began < seconds, self.log.read_text()
            time.sleep(0.1)

    def stop(self, number: signal.Signals) -> int:
        os.killpg(self.process.pid, number)
        return self.process.wait(timeout=90)


def processes_on(var: Path) -> list[psutil.Process]:
    """Every process that was started on this data folder, but for us."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("VAR_DIR") == str(var) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return found


def wait_until_none_on(var: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (left := processes_on(var)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def worker_of(run: Run) -> psutil.Process:
    children = psutil.Process(run.process.pid).children()
    (worker,) = [child for child in children if "worker" in child.cmdline()]
    return worker


def status_of(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def started(var: Path) -> Iterator[list[Run]]:
    runs: list[Run] = []
    yield runs
    for run in runs:
        if run.process.poll() is None:
            run.stop(signal.SIGTERM)
    wait_until_none_on(var, 20)


def test_run_starts_stops_and_starts_again(var: Path, port: int, started: list[Run]) -> None:
    first = Run(var, port)
    started.append(first)
    first.wait_until_up(300)
    assert f"Holdfast runs at http://127.0.0.1:{port}/" in first.log.read_text()
    assert status_of(port, "/healthz") == 200

    second = subprocess.run(
        [sys.executable, "-m", "mentoring.local.run"],
        cwd=ROOT,
        env={**os.environ, "VAR_DIR": str(var), "PORT": str(port)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == (
        f"Holdfast already runs from this folder: http://127.0.0.1:{port}/, process {first.process.pid}\n"
    )

    assert first.stop(signal.SIGINT) == 0  # Ctrl-C
    wait_until_none_on(var, 0)

    again = Run(var, port)
    started.append(again)
    again.wait_until_up(150)
    assert "The demonstration program is there already." in (var / "prepare.log").read_text()
    worker = worker_of(again)
    worker.kill()
    deadline = time.monotonic() + 60
    while worker.is_running() or not [
        c for c in psutil.Process(again.process.pid).children() if "worker" in c.cmdline()
    ]:
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert again.stop(signal.SIGKILL) == -signal.SIGKILL  # the whole group, as a closed terminal cannot
    wait_until_none_on(var, 15)

    after = Run(var, port, under_make=True)
    started.append(after)
    after.wait_until_up(150)
    assert status_of(port, "/healthz") == 200
    after.process.send_signal(signal.SIGINT)  # to make alone, which passes nothing on
    assert after.process.wait(timeout=90) == -signal.SIGINT
    wait_until_none_on(var, 0)


def test_run_names_a_port_that_is_taken(var: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        refused = subprocess.run(
            [sys.executable, "-m", "mentoring.local.run"],
            cwd=ROOT,
            env={**os.environ, "VAR_DIR": str(var), "PORT": str(taken)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"Port {taken} cannot be used (Address already in use); choose another: PORT=8123 make run\n"
    )
    wait_until_none_on(var, 0)


@pytest.mark.parametrize("text", ["none", "", "0", "65536", "-1", "٨"])
def test_listen_refuses_a_port_that_is_none(text: str) -> None:
    with pytest.raises(LocalServerError, match=f"PORT must be a number from 1 to 65535, not {text!r}"):
        listen(text)
