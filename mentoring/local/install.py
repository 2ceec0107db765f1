"""`python -I mentoring/local/install.py requirements.txt`: make `.venv` hold exactly what the file pins.

Run by the machine's own Python, so it imports the standard library alone. Does nothing when the environment
is already so, and begins again from an empty one when an earlier attempt did not come to its end.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / "unfinished"  # is there while packages are being written
# What was installed is kept as a copy; the larger set has the smaller one in it.
INCLUDES = {
    "requirements.txt": ["requirements.txt"],
    "requirements-dev.txt": ["requirements.txt", "requirements-dev.txt"],
}


class InstallError(Exception):
    """One line that says what is missing."""


def main(name: str) -> None:
    with (ROOT / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # `make run` and `make test` may be the first at the same time
        if UNFINISHED.exists() or not is_usable():
            make_environment()
        if not is_installed(name):
            install(name)


def is_usable() -> bool:
    """Whether the environment has a Python that starts and has pip; the one it was made with may be gone."""
    try:
        found = subprocess.run([PYTHON, "-I", "-c", "import pip"], capture_output=True, cwd=ROOT)
    except OSError:
        return False
    return found.returncode == 0


def make_environment() -> None:
    if find_spec("ensurepip") is None:
        short = f"python{sys.version_info.major}.{sys.version_info.minor}"
        raise InstallError(
            f"{sys.executable} cannot make environments; install its venv module"
            f" (Debian: apt-get install {short}-venv)."
        )
    shutil.rmtree(VENV, ignore_errors=True)
    finished = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True)
    if finished.returncode != 0:
        lines = (finished.stdout + finished.stderr).strip().splitlines() or ["no reason given"]
        raise InstallError(f"{sys.executable} -m venv failed: {lines[-1]}")


def is_installed(name: str) -> bool:
    copy = VENV / name
    return copy.exists() and copy.read_bytes() == (ROOT / name).read_bytes()


def install(name: str) -> None:
    print(f"Installing what {name} pins into .venv (minutes the first time) …", flush=True)
    UNFINISHED.touch()
    command: list[str | Path] = [
        PYTHON,
        "-I",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    finished = subprocess.run(
        [*command, "--require-hashes", "-r", name], cwd=ROOT, env={**os.environ, "PIP_USER": "0"}
    )
    if finished.returncode != 0:
        raise InstallError(f"pip could not install {name}; see above.")
    for included in INCLUDES[name]:
        shutil.copyfile(ROOT / included, VENV / included)
    UNFINISHED.unlink()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except InstallError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
