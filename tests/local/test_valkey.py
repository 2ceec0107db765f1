import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import redis
from kombu import Connection

from mentoring.local import redis_url, valkey
from mentoring.local.places import LocalServerError, socket_folder


def client(server: valkey.Server) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(server.socket), socket_timeout=2)


def test_start_serves_the_url_that_settings_compute(var: Path, broker: valkey.Server) -> None:
    assert broker.url == redis_url(var)
    with Connection(redis_url(var)) as connection:
        queue = connection.SimpleQueue("greetings")
        queue.put({"id": 7})
        message = queue.get(timeout=2)
        message.ack()
        queue.close()
    assert message.payload == {"id": 7}


def test_start_listens_on_no_port(broker: valkey.Server) -> None:
    assert psutil.Process(broker.pid).net_connections("inet") == []


def test_start_keeps_the_socket_to_ourselves(broker: valkey.Server) -> None:
    assert stat.S_IMODE(broker.socket.parent.stat().st_mode) == 0o700


def test_start_takes_the_server_that_runs(var: Path, broker: valkey.Server) -> None:
    assert valkey.start(var / "valkey").pid == broker.pid


def test_stop_leaves_no_process_and_keeps_what_waits(var: Path, broker: valkey.Server) -> None:
    client(broker).set("waiting", 7)
    broker.stop()
    assert not psutil.pid_exists(broker.pid)
    again = valkey.start(var / "valkey")
    assert client(again).get("waiting") == b"7"
    again.stop()


def test_start_after_kill_works(var: Path, broker: valkey.Server) -> None:
    process = psutil.Process(broker.pid)
    process.kill()
    process.wait()
    again = valkey.start(var / "valkey")
    assert again.pid != broker.pid
    assert client(again).ping()
    again.stop()


def test_start_replaces_a_frozen_server(var: Path, broker: valkey.Server) -> None:
    psutil.Process(broker.pid).suspend()
    again = valkey.start(var / "valkey")
    assert not psutil.pid_exists(broker.pid)
    assert client(again).ping()
    again.stop()


def test_start_refuses_a_socket_in_a_place_taken_by_another(var: Path) -> None:
    sockets = socket_folder(var / "valkey")
    elsewhere = var / "elsewhere"
    elsewhere.mkdir()
    sockets.symlink_to(elsewhere)
    with pytest.raises(LocalServerError, match="is not ours"):
        valkey.start(var / "valkey")
    sockets.unlink()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start ends it")
def test_server_ends_with_a_killed_starter(var: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from mentoring.local import valkey;"
        "print(valkey.start(Path(sys.argv[1])).pid, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(var / "valkey")], stdout=subprocess.PIPE, text=True
    )
    server = psutil.Process(int(process.stdout.readline()))
    process.send_signal(signal.SIGKILL)
    process.wait()
    server.wait(timeout=10)


def test_is_answering_gives_up_on_a_frozen_server(broker: valkey.Server) -> None:
    psutil.Process(broker.pid).suspend()
    began = time.monotonic()
    assert not valkey.is_answering(broker.socket)
    assert time.monotonic() - began < 2
    psutil.Process(broker.pid).resume()
