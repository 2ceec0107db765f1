"""`make run`: everything Holdfast needs, together until Ctrl-C. For development, never for production."""

import fcntl
import http.client
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from mentoring.local import DATABASE, postgres, valkey
from mentoring.local.children import Child
from mentoring.local.places import LocalServerError
from mentoring.local.processes import end_of, spawn

ROOT = Path(__file__).resolve().parents[2]
START_PATIENCE = 180.0  # seconds until the first page must answer, on a machine that is busy otherwise
ACCOUNTS_FOLLOW = "--- accounts"
# In one process of its own, since each that loads Django costs a second of every start.
PREPARE = f"""
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentoring.settings")
import django
from django.core.management import call_command
django.setup()
call_command("migrate", interactive=False)
call_command("seed_demo")
print({ACCOUNTS_FOLLOW!r}, flush=True)
call_command("demo_accounts")
"""


class Make:
    """The make that started us, when a signal goes to it alone.

    Killed, it leaves us behind; interrupted, it waits for us and passes nothing on. Its handler begins by
    giving the signal back to the system, which Linux shows in the mask of signals that it catches.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.caught_interrupts = self._catches_interrupts()

    def wants_us_to_end(self) -> bool:
        return os.getppid() != self.pid or (self.caught_interrupts and not self._catches_interrupts())

    def _catches_interrupts(self) -> bool:
        try:
            lines = Path("/proc", str(self.pid), "status").read_text().splitlines()
        except OSError:  # no Linux, or no such process any more
            return False
        masks = [line.split()[1] for line in lines if line.startswith("SigCgt:")]
        return bool(masks) and bool(int(masks[0], 16) >> (signal.SIGINT - 1) & 1)


class Runner:
    def __init__(self, var_dir: Path, listener: socket.socket) -> None:
        self.var_dir = var_dir
        self.listener = listener
        self.port: int = listener.getsockname()[1]
        self.make = Make(os.getppid()) if "MAKELEVEL" in os.environ else None
        self.database: postgres.Server | None = None
        self.broker: valkey.Server | None = None
        self.selector = selectors.DefaultSelector()
        self.children = self._children()

    def _children(self) -> list[Child]:
        """In the order of starting; they are asked to end in the reverse."""
        python = sys.executable
        number = str(self.listener.fileno())
        web: list[str | Path] = [python, "-m", "gunicorn", "mentoring.wsgi", "--bind", f"fd://{number}"]
        web += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--reload"]
        web += ["--log-level", "error", "--graceful-timeout", "5", "--no-control-socket"]
        # Celery warns of running as root on every start; here that is the user's own machine.
        quiet = "ignore::UserWarning:celery.platforms"
        celery: list[str | Path] = [python, "-W", quiet, "-m", "celery", "--quiet", "-A", "mentoring"]
        worker: list[str | Path] = [*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING"]
        worker += ["--without-gossip", "--without-mingle", "--hostname", f"holdfast-{self.port}@%h"]
        beat: list[str | Path] = [*celery, "beat", "--schedule", self.var_dir / "beat-schedule"]
        beat += ["--loglevel", "WARNING"]
        quickly, gently, hard = signal.SIGQUIT, signal.SIGTERM, signal.SIGKILL
        return [
            Child("worker", worker, ROOT, (gently, quickly), 8.0, hard),
            Child("beat", beat, ROOT, (gently,), 5.0, gently),
            Child("web", web, ROOT, (gently, quickly), 6.0, quickly, (self.listener.fileno(),)),
        ]

    def run(self) -> None:
        """Start everything, in order, and stay until a signal; raises LocalServerError."""
        self.end_survivors()
        self.start_servers()
        accounts = self.prepare()
        for child in self.children:
            self.start_child(child)
        self.wait_until_answering()
        say(f"\nHoldfast runs at http://127.0.0.1:{self.port}/\n\n{accounts}\n")
        say("Ctrl-C stops everything and keeps the data.\n")
        while True:
            self.tend()

    def start_servers(self) -> None:
        if not os.environ.get("DATABASE_URL"):
            self.database = postgres.start(self.var_dir / "postgres", database=DATABASE)
        if not os.environ.get("REDIS_URL"):
            self.broker = valkey.start(self.var_dir / "valkey")

    def prepare(self) -> str:
        """Bring the database up to date, seed the demonstration once, and return its accounts in lines."""
        log = self.var_dir / "prepare.log"
        began = time.monotonic()
        with log.open("wb") as output:
            command = [sys.executable, "-c", PREPARE]
            process = spawn(command, output=output, on_parent_death=signal.SIGTERM, cwd=ROOT)
        try:
            code = _wait_announcing(process, began, "Preparing the database and the demonstration program")
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if code != 0:
            raise LocalServerError(f"The database could not be prepared:\n{end_of(log, 20)}")
        _, _, accounts = log.read_text(errors="replace").partition(f"{ACCOUNTS_FOLLOW}\n")
        return accounts.strip()

    def start_child(self, child: Child) -> None:
        child.start()
        self.selector.register(child.output, selectors.EVENT_READ, child)
        self.note_children()

    def wait_until_answering(self) -> None:
        deadline = time.monotonic() + START_PATIENCE
        while not is_healthy(self.port):
            self.tend()
            if time.monotonic() > deadline:
                raise LocalServerError(
                    f"No page answers after {START_PATIENCE:.0f} seconds; see the lines above."
                )

    def tend(self) -> None:
        """Pass on log lines for up to half a second, then see to children and servers that died."""
        for key, _ in self.selector.select(timeout=0.5):
            if not key.data.forward_output(show_line):
                self.selector.unregister(key.fileobj)
        now = time.monotonic()
        for child in self.children:
            code = child.notice_death(now)
            if code is not None:
                say(f"{child.name} ended ({code}); it is started again.")
            if child.restart_at is not None and now >= child.restart_at:
                self.start_child(child)
        if self.database is not None and not self.database.is_running():
            say("PostgreSQL ended; starting it again.")
            self.start_servers()
        if self.broker is not None and not self.broker.is_running():
            say("Valkey ended; starting it again.")
            self.start_servers()
        if self.make is not None and self.make.wants_us_to_end():
            raise KeyboardInterrupt

    def stop(self) -> None:
        """Web, beat and worker, and only then what they use."""
        for child in reversed(self.children):
            child.ask_to_end()
        for child in self.children:
            child.stop()
        if self.broker is not None:
            self.broker.stop()
        if self.database is not None:
            self.database.stop()
        (self.var_dir / "run.children").unlink(missing_ok=True)

    def note_children(self) -> None:
        running = [child.process.pid for child in self.children if child.process is not None]
        known = {str(pid): psutil.Process(pid).create_time() for pid in running if psutil.pid_exists(pid)}
        # All of it or nothing: who is killed half way must not leave a note that nobody can read.
        note = self.var_dir / "run.children.new"
        note.write_text(json.dumps(known))
        note.replace(self.var_dir / "run.children")

    def end_survivors(self) -> None:
        """End children of a run that was killed; Linux has done so by itself, macOS has not."""
        note = self.var_dir / "run.children"
        if not note.exists():
            return
        for pid, create_time in json.loads(note.read_text()).items():
            if psutil.pid_exists(int(pid)) and psutil.Process(int(pid)).create_time() == create_time:
                os.killpg(int(pid), signal.SIGKILL)
        note.unlink()


def _wait_announcing(process: subprocess.Popen[bytes], began: float, purpose: str) -> int:
    """Wait for its exit code; say what it is for only when that takes long enough to wonder."""
    try:
        return process.wait(timeout=max(0.0, began + 3.0 - time.monotonic()))
    except subprocess.TimeoutExpired:
        say(f"{purpose} …")
        return process.wait()


def is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listen(port_text: str) -> socket.socket:
    """The web's socket, taken before anything else starts and passed on to Gunicorn."""
    if not port_text.isascii() or not port_text.isdigit() or not 0 < int(port_text) < 65536:
        raise LocalServerError(f"PORT must be a number from 1 to 65535, not {port_text!r}.")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", int(port_text)))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise LocalServerError(
            f"Port {port_text} cannot be used ({error.strerror}); choose another: PORT=8123 make run"
        ) from error
    return listener


@contextmanager
def only_run(var_dir: Path, port_text: str) -> Iterator[None]:
    """Hold the lock of this checkout, so that there is one run of it."""
    lock = (var_dir / "run.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise LocalServerError(f"Holdfast already runs from this folder: {lock.read().strip()}") from None
    lock.truncate(0)
    lock.write(f"http://127.0.0.1:{port_text}/, process {os.getpid()}\n")
    lock.flush()
    with lock:
        yield


def say(text: str) -> None:
    print(text, flush=True)


def show_line(name: str, line: str) -> None:
    if line:
        say(f"{name:<6} | {line}")


def main(arguments: Sequence[str]) -> int:
    if arguments:
        say("usage: python -m mentoring.local.run (all options come from the environment)")
        return 2
    os.environ.setdefault("DEBUG", "1")
    port_text = os.environ.setdefault("PORT", "8000")
    var_dir = Path(os.environ.get("VAR_DIR", ROOT / "var")).resolve()
    os.environ["VAR_DIR"] = str(var_dir)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a shell's `&` has the first ignored
        signal.signal(number, signal.default_int_handler)
    var_dir.mkdir(parents=True, exist_ok=True)
    try:
        with only_run(var_dir, port_text):
            return supervise(Runner(var_dir, listen(port_text)))
    except LocalServerError as error:
        print(error, file=sys.stderr)
        return 1


def supervise(runner: Runner) -> int:
    try:
        runner.run()
    except KeyboardInterrupt:
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        runner.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
