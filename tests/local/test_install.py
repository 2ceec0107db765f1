import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout that needs no packages, with a space in its path, installed once."""
    project = tmp_path_factory.mktemp("hold fast")
    (project / "mentoring" / "local").mkdir(parents=True)
    shutil.copy(ROOT / "mentoring" / "local" / "install.py", project / "mentoring" / "local")
    for name in ("requirements.txt", "requirements-dev.txt"):
        (project / name).write_text("# nothing\n")
    assert install(project).returncode == 0
    yield project
    shutil.rmtree(project)


def install(project: Path, name: str = "requirements.txt") -> subprocess.CompletedProcess[str]:
    script = project / "mentoring" / "local" / "install.py"
    return subprocess.run([sys.executable, "-I", script, name], capture_output=True, text=True, check=False)


def starts(project: Path) -> bool:
    command = [project / ".venv" / "bin" / "python", "-m", "pip", "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_install_twice_does_nothing_the_second_time(project: Path) -> None:
    began = time.monotonic()
    again = install(project)
    assert (again.returncode, again.stdout) == (0, "")
    assert time.monotonic() - began < 10


def test_install_again_when_the_pins_have_changed(project: Path) -> None:
    (project / "requirements.txt").write_text("# nothing yet\n")
    assert "Installing what requirements.txt pins" in install(project).stdout
    assert install(project).stdout == ""


def test_install_of_the_larger_set_covers_the_smaller(project: Path) -> None:
    (project / "requirements-dev.txt").write_text("# nothing more\n")
    assert "Installing what requirements-dev.txt pins" in install(project, "requirements-dev.txt").stdout
    assert install(project).stdout == ""


def test_install_begins_again_after_one_that_was_killed(project: Path) -> None:
    (project / ".venv" / "unfinished").touch()
    (project / ".venv" / "half-written").touch()
    assert install(project).returncode == 0
    assert not (project / ".venv" / "half-written").exists()
    assert starts(project)


def test_install_replaces_an_environment_whose_python_is_gone(project: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert install(project).returncode == 0
    assert starts(project)


def test_install_names_what_pip_could_not_do(project: Path) -> None:
    (project / "requirements.txt").write_text("unhashed==1.0\n")
    failed = install(project)
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1] == "pip could not install requirements.txt; see above."
    (project / "requirements.txt").write_text("# nothing\n")
    assert install(project).returncode == 0


def test_requirements_for_tests_hold_all_that_holdfast_runs_on() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text().splitlines()
        return {line.split()[0] for line in lines if line[:1].isalnum()}

    assert pins("requirements.txt") - pins("requirements-dev.txt") == set()
