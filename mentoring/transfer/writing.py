"""Tables for spreadsheets, row by row, in which no cell can become a formula."""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import xlsxwriter
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse

from mentoring.transfer.cells import FORMULA_SIGNS, is_formula

KINDS = ("csv", "xlsx")
MOST_LETTERS = 32_000  # of a cell, by what XLSX can hold
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def safe(text: str) -> str:
    """With an apostrophe before what a spreadsheet would take for the beginning of a formula.

    Spaces before it do not help: some programs skip them.
    """
    text = "".join(each for each in text if each.isprintable() or each in "\n\t\r\u200c\u200d")
    return f"'{text}" if is_formula(text) or is_formula(text.lstrip()) else text


# Whose spreadsheet cuts a line at semicolons or tabs, quoted or not, begins a cell behind each.
_BEHIND_A_CUT = re.compile(rf"([;\t\r\n]\s*)(?=[{re.escape(''.join(FORMULA_SIGNS.split()))}])")


def safe_in_line(text: str) -> str:
    """As `safe`, wherever a reader of the line may begin a cell."""
    return _BEHIND_A_CUT.sub(r"\1'", safe(text))


def download(name: str, kind: str, rows: Iterable[list[Any]]) -> HttpResponseBase:
    """A file of that name, a table of these rows: CSV while they are made, XLSX from a temporary file."""
    if kind == "xlsx":
        return FileResponse(
            _workbook(rows), as_attachment=True, filename=f"{name}.xlsx", content_type=WORKBOOK
        )
    answer = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[list[Any]]) -> Iterator[str]:
    """With the mark by which Excel knows UTF-8; in quotes, so that nobody who reads commas cuts elsewhere."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield "\ufeff"
    for row in rows:
        yield writer.writerow([safe_in_line(str(cell)) for cell in row])


def _workbook(rows: Iterable[list[Any]]) -> "tempfile._TemporaryFileWrapper[bytes]":
    file = tempfile.NamedTemporaryFile(suffix=".xlsx")  # noqa: SIM115 - the answer closes it
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file.name, options | {"strings_to_numbers": False})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, int):
                sheet.write_number(number, column, cell)
            else:
                sheet.write_string(number, column, safe(str(cell))[:MOST_LETTERS])
    book.close()
    file.seek(0)
    return file
