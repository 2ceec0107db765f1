import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from playwright.sync_api import Browser, sync_playwright

from mentoring.local import chromium
from tests.browser.audit import Audit
from tests.browser.visitor import Visitor
from tests.running import ROOT, Catcher, Site, catcher, empty_broker

__all__ = ["catcher"]

FLAGS = (
    "--no-sandbox",  # Chromium refuses root with it
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def own_database(template: str = "template0") -> Iterator[str]:
    """A database of its own on the PostgreSQL of this run; gives its URL.

    The processes of a site use it and the test's own process does not, so nothing here needs Django's
    connection, and what the migrations wrote is all there.
    """
    given = urlsplit(os.environ["DATABASE_URL"])
    name = f"browser_{uuid.uuid4().hex[:12]}"
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        yield urlunsplit(given._replace(path=f"/{name}"))
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    connection.close()


@pytest.fixture(scope="package")
def migrated() -> Iterator[str]:
    """The name of a migrated and otherwise empty database, to be copied."""
    with own_database() as url:
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, check=True)
        yield urlsplit(url).path.removeprefix("/")


@pytest.fixture
def site(migrated: str, catcher: Catcher, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    """The application's processes on a fresh database; none is started yet. Their logs follow a failure."""
    empty_broker()
    with own_database(migrated) as url:
        running = Site(tmp_path, DATABASE_URL=url, EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(catcher.port))
        yield running
        if _failed(request):
            print(running.logs())
            print("Mails:", *(f"{mail['To']}: {mail['Subject']}" for mail in catcher.mails), sep="\n  ")
        running.stop()


@pytest.fixture
def manage(site: Site) -> Callable[..., str]:
    """Run a module (`manage`, `tests.browser.cohort`) on the site's database; gives what it prints."""

    def run(module: str, *arguments: str) -> str:
        command = [sys.executable, "-m", module, *arguments]
        ran = subprocess.run(command, cwd=ROOT, env=site.env, stdout=subprocess.PIPE, text=True, check=True)
        return ran.stdout

    return run


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = chromium.find()
    assert path is not None, "no Chromium that starts: python -m mentoring.local.chromium installs one"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="package")
def examined() -> set[tuple[str, str]]:
    return set()


@pytest.fixture
def audit(examined: set[tuple[str, str]]) -> Audit:
    """Examines what no test before has examined, and answers for that."""
    return Audit(examined)


@pytest.fixture
def visitor(
    browser: Browser, site: Site, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Visitor]]:
    """Make a person with a browser of their own: `visitor("Ewa Nowak", "Europe/Warsaw", audit)`."""
    made: list[Visitor] = []

    def make(name: str, zone: str, audit: Audit | None = None, *, script: bool = True) -> Visitor:
        made.append(Visitor(browser, site.url, name, zone, audit, script=script))
        return made[-1]

    yield make
    for each in made:
        if _failed(request):
            each.page.screenshot(path=tmp_path / f"{each.name}.png", full_page=True)
            print(f"{each.name} was at {each.page.url}: {tmp_path / each.name}.png")
        each.context.close()


REPORT = pytest.StashKey[pytest.TestReport]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    item.stash[REPORT] = report
    return report


def _failed(request: pytest.FixtureRequest) -> bool:
    """Whether the test itself has failed, asked while its fixtures are taken down."""
    return request.node.stash[REPORT].failed
