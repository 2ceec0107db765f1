"""Child processes that never outlive the process which started them."""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil

PR_SET_PDEATHSIG = 1


def spawn(
    command: Sequence[str | Path],
    *,
    output: int | IO[bytes],
    on_parent_death: signal.Signals,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    owner: tuple[int, int] | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, both outputs to `output`, as `owner` (uid, gid) if given.

    On Linux the kernel sends it `on_parent_death` when the calling thread ends, even by kill -9; call this
    from the main thread.
    """
    uid, gid = owner or (None, None)
    return subprocess.Popen(
        [os.fspath(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=None if env is None else dict(env),
        user=uid,
        group=gid,
        extra_groups=None if owner is None else [],
        start_new_session=True,
        pass_fds=pass_fds,
        preexec_fn=_tied_to_parent(on_parent_death),
    )


def _tied_to_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    # Changing the user clears the setting; Popen changes it before it calls this.
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before the call
            os._exit(1)

    return tie


def find_process(pid: int, name: str) -> psutil.Process | None:
    """The living process `pid`, if its program is called `name` (a pid file may name a successor)."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or process.name() != name:
            return None
    except psutil.NoSuchProcess:
        return None
    return process


def stop(process: psutil.Process, signals: Sequence[signal.Signals], patience: float) -> None:
    """Send the signals one after the other, each after `patience` seconds, until the process has ended."""
    for number in (*signals, signal.SIGKILL):
        try:
            process.send_signal(number)
            process.wait(timeout=patience)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            continue
        return


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`; of two processes that start one server, the second waits and finds it."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def end_of(log: Path, lines: int = 6) -> str:
    """The last lines of a log, for an error message."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
