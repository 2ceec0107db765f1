"""One long-running child of `make run`: its log lines, its restarts, its end."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from mentoring.local.processes import spawn, stop

FIRST_PAUSE = 1.0  # seconds before a child that died is started again; doubled each time
LONGEST_PAUSE = 30.0
HEALTHY_AFTER = 60.0  # having lived this long it begins with the first pause again


@dataclass
class Child:
    """`ask_signals` are sent one after the other, `patience` seconds apart, before it is killed."""

    name: str
    command: Sequence[str | Path]
    cwd: Path
    ask_signals: Sequence[signal.Signals]
    patience: float
    death_signal: signal.Signals
    pass_fds: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0  # by the monotonic clock, as are the other two
    pause: float = FIRST_PAUSE
    restart_at: float | None = None
    rest: bytes = field(default=b"", repr=False)  # the beginning of a line that has not ended yet

    def start(self) -> None:
        self.process = spawn(
            self.command,
            output=subprocess.PIPE,
            on_parent_death=self.death_signal,
            cwd=self.cwd,
            pass_fds=self.pass_fds,
        )
        os.set_blocking(self.output.fileno(), False)
        self.started_at, self.restart_at = time.monotonic(), None

    @property
    def output(self) -> IO[bytes]:
        if self.process is None or self.process.stdout is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self.process.stdout

    def forward_output(self, show: Callable[[str, str], None]) -> bool:
        """Pass the whole lines that wait to `show(name, line)`; False when the pipe has ended."""
        try:
            received = os.read(self.output.fileno(), 65536)
        except BlockingIOError:
            return True
        *lines, self.rest = (self.rest + received).split(b"\n")
        if not received and self.rest:
            lines, self.rest = [*lines, self.rest], b""
        for line in lines:
            show(self.name, line.decode(errors="replace").rstrip())
        return bool(received)

    def notice_death(self, now: float) -> int | None:
        """The exit code of a child found dead just now, whose restart is then planned."""
        if self.process is None or self.restart_at is not None:
            return None
        code = self.process.poll()
        if code is None:
            return None
        self.kill_group()
        if now - self.started_at > HEALTHY_AFTER:
            self.pause = FIRST_PAUSE
        self.restart_at = now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        return code

    def ask_to_end(self) -> None:
        """Send the first signal and return at once, so that several children can end at the same time."""
        if self.process is not None:
            self.process.send_signal(self.ask_signals[0])

    def stop(self) -> None:
        """Wait for the end of a child that was asked, and see to it."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout=self.patience)
        except subprocess.TimeoutExpired:
            stop(psutil.Process(self.process.pid), self.ask_signals[1:], self.patience)
            self.process.poll()
        self.kill_group()

    def kill_group(self) -> None:
        # It leads a session of its own, whose other members have no business without it.
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS says the second of a group of zombies
            return
