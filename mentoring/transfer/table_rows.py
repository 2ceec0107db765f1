"""The rows of a table file that anybody may have made. Run as a process of its own.

It gets one line of JSON on stdin, which names the file and the bounds, and writes a line of JSON for each
row: a list of cells, all text. What it may use of the processor and of memory is bounded, so that a file
made to cost as much as it can ends this process and nothing else. Nothing in a cell is ever evaluated.
"""

import codecs
import csv
import json
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from typing import Any

MOST_ROWS = 100_000
MOST_COLUMNS = 100
LONGEST_CELL = 5_000
MOST_LETTERS = 60_000_000  # of all cells; a workbook can say one long text in many cells at little cost
MOST_UNPACKED = 600_000_000
PIECE = 1 << 16
UNREADABLE = "The letters of this file cannot be read. Save it as CSV UTF-8."
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class TableError(Exception):
    """The file is refused; the text is fit to show."""


def rows_of(path: str) -> Iterator[list[str]]:
    """The rows, headings first; empty rows are empty lists, so that rows count as in a spreadsheet."""
    with open(path, "rb") as file:
        head = file.read(8)
    if head.startswith(b"PK\x03\x04"):
        return _rows_of_workbook(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError(
            "This is a workbook of an old kind (XLS), or one with a password. Save it as XLSX or CSV."
        )
    if head.startswith((b"%PDF", b"\x7fELF", b"MZ", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")):
        raise TableError("This is neither a CSV file nor a workbook (XLSX), whatever its name says.")
    return _rows_of_text(path, encoding_of(path))


def encoding_of(path: str) -> str:
    """By its mark; without one UTF-8 if all of it is, or else Windows-1252 if all of it can be."""
    with open(path, "rb") as file:
        head = file.read(4)
        for bom, name in BOMS:
            if head.startswith(bom) and _is_all(path, name):
                return name
            if head.startswith(bom):
                raise TableError(UNREADABLE)
        if head.count(0) >= 2:
            raise TableError("This text is in UTF-16 without its mark. Save it as CSV UTF-8.")
    for name in ("utf-8", "cp1252"):
        if _is_all(path, name):
            return name
    raise TableError(UNREADABLE)


def _is_all(path: str, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with open(path, "rb") as file:
        try:
            while piece := file.read(PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _rows_of_text(path: str, encoding: str) -> Iterator[list[str]]:
    csv.field_size_limit(1_000_000)
    with open(path, encoding=encoding, newline="") as file:
        delimiter = _delimiter(file.read(PIECE))
        file.seek(0)
        # PostgreSQL keeps no NUL; the mark that stands for it is refused where it matters.
        lines = (line.replace("\0", "\ufffd") for line in file)
        first = next(lines, "")
        rest = lines if first.lower().startswith("sep=") else chain([first], lines)
        try:
            for row in csv.reader(rest, delimiter=delimiter):
                yield [cell.strip() for cell in row]
        except csv.Error as error:
            raise TableError("A cell of this file does not end. A quotation mark is missing.") from error


def _delimiter(text: str) -> str:
    """What cuts the first rows into most columns, the same number in each."""
    if text.lower().startswith("sep=") and text[4:5] in (",", ";", "\t"):
        return text[4]

    def fits(delimiter: str) -> tuple[int, int]:
        try:
            rows = [row for row in islice(csv.reader(text.splitlines(True), delimiter=delimiter), 12) if row]
        except csv.Error:
            return (0, 0)
        widths = [len(row) for row in rows[:-1] or rows]
        return (widths[0], widths.count(widths[0])) if widths else (0, 0)

    return max(",;\t", key=fits)


def _rows_of_workbook(path: str) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
                raise TableError("Unpacked, this workbook is larger than can be read. Save it as CSV.")
            if "xl/workbook.xml" not in packed.namelist():
                raise TableError("This is not a workbook that can be read (XLSX). Save it as XLSX or CSV.")
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise TableError("This workbook is damaged. Save it anew as XLSX or CSV.") from error
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
        for row in sheet.iter_rows():  # from the first row on, the empty ones too
            yield [text_of(cell) for cell in row]
    except (CalamineError, zipfile.BadZipFile) as error:
        raise TableError(
            "This workbook is damaged, or has a password. Save it anew as XLSX or CSV."
        ) from error


def text_of(value: Any) -> str:
    """A cell as its reader would write it: 2.0 is 2, a date is 2026-03-01."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value).replace("\0", "\ufffd").strip()


def checked(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """The same rows, within bounds; columns behind the last heading with nothing in them are dropped."""
    found = letters = 0
    for number, row in enumerate(rows, 1):
        while row and not row[-1]:
            row.pop()
        if len(row) > MOST_COLUMNS:
            raise TableError(f"Row {number} has {len(row)} columns; at most {MOST_COLUMNS} can be read.")
        if any(len(cell) > LONGEST_CELL for cell in row):
            raise TableError(f"A cell in row {number} has more than {LONGEST_CELL:,} characters.")
        letters += sum(map(len, row))
        if letters > MOST_LETTERS:
            raise TableError("The file holds more text than can be read at once. Cut it in parts.")
        found += bool(row)
        if found > MOST_ROWS + 1:
            raise TableError(
                f"The file has more than {MOST_ROWS:,} rows. Cut it in two, and import one after the other."
            )
        # JSON can hold half of a character, PostgreSQL cannot
        yield [cell.encode("utf-8", "replace").decode() for cell in row]


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    resource.setrlimit(resource.RLIMIT_CPU, (asked["cpu_seconds"],) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (asked["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for row in checked(rows_of(asked["path"])):
            sys.stdout.write(json.dumps(row) + "\n")
        end: dict[str, Any] = {"done": True}
    except TableError as error:
        end = {"error": str(error)}
    sys.stdout.write(json.dumps(end) + "\n")


if __name__ == "__main__":
    main()
