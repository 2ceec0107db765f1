"""A Chromium for the browser tests: found, or installed in the way the machine allows."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find() -> str | None:
    """The program that CHROMIUM names, or the machine's own, or Playwright's; None if none starts."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if _starts(named) else None
    candidates = [shutil.which(name) for name in NAMES] + [*MAC_APPLICATIONS, _playwrights_own()]
    return next((path for path in candidates if path and _starts(path)), None)


def _starts(path: str) -> bool:
    if not Path(path).is_file():
        return False
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright  # a development package, absent where Holdfast only runs

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def install() -> None:
    """Try Debian's package as root, else Playwright's download. Whether it worked, `find` tells."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium with apt-get …", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "-qq", *arguments], env=environment, stdout=subprocess.DEVNULL)  # noqa: S607
        if find() is not None:
            return
    print("Installing Chromium with Playwright …", flush=True)
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> int:
    if find() is None and not os.environ.get("CHROMIUM"):
        install()
    if find() is None:
        print(
            "No Chromium that starts: install Chromium or Chrome, or name one with CHROMIUM=/path/to/it"
            " (all other tests: .venv/bin/python -m pytest -m 'not browser').",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
