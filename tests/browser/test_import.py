"""An admin imports 5,000 people by the keyboard alone: dry run, errors corrected, applied, and once more."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.audit import Audit
from tests.browser.test_keyboard import enter, tab_to
from tests.browser.visitor import Visitor
from tests.running import Site

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PEOPLE = 5_000
WORK_MS = 180_000  # seconds on a quiet machine
# Latin, Cyrillic, Greek, Arabic, Hebrew, Devanagari, Thai, Han, Hangul, Georgian
NAMES = (
    "Zoë Nuñez", "Ольга Иванова",
    "Ελένη Παππά", "ليلى حداد", "נועה כהן", "आरती सिंह", "สมชาย ใจดี", "田中 愛子",
    "김하나", "ნინო ბერიძე",
)  # fmt: skip
HEADINGS = ("Full name", "E-mail", "Role", "Expertise", "Languages", "Time zone", "Line manager", "Places")


def person(n: int) -> list[str]:
    above = f"person{(n - 1) // 9}@example.org" if n else ""
    role = ("mentor", "mentee", "both")[n % 3]
    name = f"{NAMES[n % len(NAMES)]} {n}"
    return [
        name,
        f"person{n}@example.org",
        role,
        "Negotiation; SQL:2",
        "English, German (native)",
        "Berlin",
        above,
        "2.0",
    ]


def people() -> list[list[str]]:
    """Right rows all; `spoilt` spoils some of them."""
    return [person(n) for n in range(PEOPLE)]


def spoilt(rows: list[list[str]]) -> list[list[str]]:
    """A formula for a name, an unknown skill, a line that leads back, and somebody twice."""
    bad = [list(row) for row in rows]
    bad[10][0] = '=HYPERLINK("https://evil.example","Click")'
    bad[20][3] = "Negotation"
    bad[4000][6] = bad[4000][1]
    return [*bad, [bad[5][0], bad[5][1].upper(), *bad[5][2:]]]


def save(path: Path, rows: list[list[str]], encoding: str) -> Path:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([HEADINGS, *rows])
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def test_five_thousand_people_are_imported_by_keyboard(
    site: Site,
    manage: Callable[..., str],
    visitor: Callable[..., Visitor],
    audit: Audit,
    tmp_path: Path,
) -> None:
    manage("tests.browser.desk_cohort", "riverside")
    site.start_worker(wait=False)
    site.start_web()
    marta = visitor("Marta Silva", "Europe/London", audit)
    marta.sign_in()
    marta.open("/programs/riverside/import/")

    upload(marta, save(tmp_path / "people.csv", spoilt(people()), "utf-16"))
    marta.reads("Which column is what?", "Ольга Иванова 1")
    chosen = marta.page.get_by_label("Skills").evaluate("each => each.selectedOptions[0].text")
    assert chosen == "Expertise (Negotiation; SQL:2)"
    enter(marta, "Make the dry run")
    counted(marta, new=4_997, error=4)
    marta.reads(
        "A name does not begin with", "Do you mean “Negotiation”?", "Nobody is their own manager", "Row 7 has"
    )
    correct(marta, 12, "name:", NAMES[0])
    counted(marta, new=4_998, error=3)
    correct(marta, 22, "skills:", "Negotiation; SQL:2")
    counted(marta, new=4_999, error=2)
    correct(marta, 4002, "manager:", "person444@example.org")
    counted(marta, new=5_000, error=1)
    enter(marta, "Correct row 5002")
    enter(marta, "Leave this row out")
    counted(marta, new=5_000, error=0)
    enter(marta, "Apply the import")
    expect(marta.page.get_by_text("Whoever is new signs in")).to_be_visible(timeout=WORK_MS)
    marta.arrive()
    marta.open("/programs/riverside/members/?q=person4321@example.org")
    marta.reads(person(4321)[0])

    marta.open("/programs/riverside/import/")
    rows = people()
    rows[10][0] = NAMES[0]
    upload(marta, save(tmp_path / "again.csv", rows, "utf-8-sig"))
    enter(marta, "Make the dry run")
    expect(marta.page.get_by_text("Everything in this file is so already.")).to_be_visible(timeout=WORK_MS)
    counted(marta, new=0, changed=0, same=5_000, error=0)

    marta.open("/programs/riverside/export/")
    assert marta.reported == []
    assert audit.has_examined(marta.visited)
    assert not audit.faults, "\n".join(audit.faults)


def upload(marta: Visitor, path: Path) -> None:
    enter(marta, "New import")
    tab_to(marta, "file:")
    with marta.page.expect_file_chooser() as chooser:
        marta.page.keyboard.press("Space")
    chooser.value.set_files(path)
    enter(marta, "Upload")
    expect(marta.page.get_by_role("heading", name="Which column is what?")).to_be_visible(timeout=WORK_MS)
    marta.page.wait_for_load_state()
    marta.arrive()


def correct(marta: Visitor, row: int, field: str, text: str) -> None:
    enter(marta, f"Correct row {row}")
    tab_to(marta, field)
    marta.page.keyboard.press("Control+A")
    marta.page.keyboard.insert_text(text)
    enter(marta, "Save and try again")


def counted(marta: Visitor, **counts: int) -> None:
    """Wait for the dry run, which shows itself when it is done."""
    label = {"error": "in error"}
    for outcome, count in counts.items():
        stat = marta.page.locator(".stat").filter(has_text=re.compile(rf"\b{label.get(outcome, outcome)}$"))
        expect(stat.locator(".stat__value")).to_have_text(f"{count}", timeout=WORK_MS)
    marta.page.wait_for_load_state()
    marta.arrive()
    if counts.get("error"):
        enter(marta, "Show rows in error")
