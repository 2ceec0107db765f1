import os
import stat
import tempfile
from pathlib import Path

import dj_database_url
import pytest

from mentoring.local import database_url, postgres_url, redis_url
from mentoring.local.places import LocalServerError, make_private_folder, socket_folder


def test_socket_folder_differs_by_data_folder() -> None:
    assert socket_folder(Path("/one/var/postgres")) != socket_folder(Path("/two/var/postgres"))


def test_socket_folder_is_one_for_all_spellings_of_a_path(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert socket_folder(tmp_path / "link" / "x" / ".." / "data") == socket_folder(tmp_path / "data")


@pytest.mark.parametrize("temporary", ["/tmp/" + "x" * 60, "/tmp/one,two"])
def test_socket_folder_leaves_a_temporary_folder_that_cannot_hold_it(
    temporary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", temporary)
    assert socket_folder(Path("/one/var/postgres")).parent == Path("/tmp")


def test_database_url_keeps_folder_and_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/tmp/A b%c")
    parsed = dj_database_url.parse(database_url(Path("/srv/Hold Fast/var")))
    folder = socket_folder(Path("/srv/Hold Fast/var/postgres"))
    assert folder.parent == Path("/tmp/A b%c")
    assert (parsed["NAME"], parsed["HOST"]) == ("holdfast", "")
    assert parsed["OPTIONS"] == {"host": str(folder), "port": 5432}


def test_urls_start_nothing_and_create_nothing(tmp_path: Path) -> None:
    database_url(tmp_path)
    redis_url(tmp_path)
    postgres_url(tmp_path / "postgres", "other")
    assert list(tmp_path.iterdir()) == []
    assert not socket_folder(tmp_path / "postgres").exists()


def test_make_private_folder_closes_an_open_one(tmp_path: Path) -> None:
    folder = tmp_path / "sockets"
    folder.mkdir(mode=0o755)
    make_private_folder(folder, os.getuid(), os.getgid())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.usefixtures("as_root")
def test_make_private_folder_refuses_a_stranger_s(tmp_path: Path) -> None:
    folder = tmp_path / "sockets"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)
    with pytest.raises(LocalServerError, match="is not ours"):
        make_private_folder(folder, os.getuid(), os.getgid())
