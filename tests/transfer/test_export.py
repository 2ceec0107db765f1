"""Tables that go out: whole, of this program alone, and nothing in them runs."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from accounts.models import User
from mentoring.programs.models import ReportingLine
from mentoring.transfer.cells import is_formula
from mentoring.transfer.exporting import engagements
from mentoring.transfer.writing import csv_lines, safe
from tests import factories
from tests.transfer.conftest import outcomes

TRIGGERS = "=+-@\t\r\n＝＋－＠"


@given(st.text() | st.text(alphabet=TRIGGERS + " a'\u200b\xa0\0"))
def test_no_cell_begins_as_a_formula_does(text: str) -> None:
    cell = safe(text)
    assert not cell.startswith(tuple(TRIGGERS))
    assert not cell.lstrip().startswith(tuple(TRIGGERS))
    assert "\0" not in cell


@given(st.lists(st.lists(st.text(alphabet=st.characters(codec="utf-8")), min_size=2, max_size=4), max_size=5))
def test_no_field_of_the_file_begins_as_a_formula_does(rows: list[list[str]]) -> None:
    """Also as another program cuts it: what stands behind a delimiter or a line's end is quoted."""
    text = "".join(csv_lines(rows)).removeprefix("\ufeff")
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell.lstrip(" ").startswith(tuple(TRIGGERS)) for cell in row)


def get(client: Client, program: Any, what: str, kind: str) -> bytes:
    answer = client.get(reverse("transfer:export-file", args=[program.slug, what, kind]))
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize("cut", [";", "\t", "\n", "; "])
def test_no_field_begins_as_a_formula_does_where_lines_are_cut_otherwise(cut: str) -> None:
    """Excel cuts at semicolons where commas are decimal signs, and LibreOffice at tabs too."""
    line = "".join(csv_lines([["Ada", f"x{cut}=HYPERLINK(1)", "y"]]))

    assert f"x{cut}'=HYPERLINK(1)" in line
    fields = [field.strip() for field in re.split("[;\t\n]", line)]
    assert [field for field in fields if is_formula(field)] == []


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.django_db
def test_exported_members_are_the_same_when_imported(
    cast: Any, bring: Any, client_of: Callable[[User], Client]
) -> None:
    User.objects.filter(pk=cast.mentor.person_id).update(name="-2+3 @ Leila", email="leila@example.org")
    ReportingLine.objects.create(program=cast.program, junior=cast.mentee.person, senior=cast.mentor.person)
    outside = factories.make_mentor(factories.make_program())
    client = client_of(cast.admin.person)
    for kind in ("csv", "xlsx"):
        content = get(client, cast.program, "members", kind)
        if kind == "csv":
            assert "'-2+3 @ Leila" in content.decode()
            assert outside.person.email not in content.decode()
        of = bring(content)
        assert outcomes(of) == ["same"] * 3, list(of.rows.values_list("problems", "changes"))
        of.delete()


@pytest.mark.django_db
def test_workbook_holds_text_and_numbers_alone(cast: Any, client_of: Callable[[User], Client]) -> None:
    User.objects.filter(pk=cast.mentor.person_id).update(name="=1+1")
    content = get(client_of(cast.admin.person), cast.program, "members", "xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert "'=1+1" in {row[1] for row in rows}
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet


@pytest.mark.django_db
def test_counts_of_sessions_say_nothing_more(cast: Any, client_of: Callable[[User], Client]) -> None:
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    first, second, third = list(engagement.series.get().sessions.order_by("number"))[:3]
    type(first).objects.filter(pk=first.pk).update(outcome="held")
    type(first).objects.filter(pk=second.pk).update(outcome="missed")
    type(first).objects.filter(pk=third.pk).update(state="skipped")
    client = client_of(cast.admin.person)
    headings, row = table(get(client, cast.program, "sessions", "csv"))
    counts = dict(zip(headings, row, strict=True))
    whole = engagement.series.get().sessions.count()
    assert [counts[name] for name in ("Planned", "Held", "Missed", "Skipped", "Cancelled")] == [
        str(whole - 3), "1", "1", "1", "0",
    ]  # fmt: skip
    told = get(client, cast.program, "engagements", "csv").decode()
    assert cast.goal.title in told
    for secret in ("I avoid the hard talks.", cast.goal.why, engagement.request.message or "\0"):
        assert secret not in told


@pytest.mark.django_db
def test_export_of_engagements_asks_as_often_for_three_as_for_one(
    cast: Any, django_assert_num_queries: Any
) -> None:
    factories.make_engagement(cast.goal, cast.mentor)
    with CaptureQueriesContext(connection) as one:
        assert len(list(engagements(cast.program))) == 2
    for _ in range(2):
        goal = factories.make_goal(factories.make_mentee(cast.program))
        factories.make_engagement(goal, factories.make_mentor(cast.program))
    with django_assert_num_queries(len(one)):
        assert len(list(engagements(cast.program))) == 4
