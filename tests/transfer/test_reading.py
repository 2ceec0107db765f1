"""Files as spreadsheets save them, and files made to do harm: read at a distance, or refused in words."""

import codecs
import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from mentoring.transfer.reading import ReadError, rows_of_file

ROWS = [["Name", "E-mail"], ["Zoë “Z” €uler", "z@example.org"], ["two\nlines; and, more", "b@example.org"]]


def text(delimiter: str, end: str = "\r\n") -> str:
    lines = [delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in ROWS]
    return end.join([*lines, ""])


def read(tmp_path: Path, content: bytes) -> list[list[str]]:
    path = tmp_path / "people"
    path.write_bytes(content)
    return list(rows_of_file(path))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be with its mark", "cp1252"])
def test_every_encoding_of_spreadsheets_is_read(tmp_path: Path, delimiter: str, encoding: str) -> None:
    if encoding.startswith("utf-16-be"):
        content = codecs.BOM_UTF16_BE + text(delimiter).encode("utf-16-be")
    else:
        content = text(delimiter).encode(encoding)
    assert read(tmp_path, content) == ROWS


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_ends_of_lines_do_not_matter(tmp_path: Path, end: str) -> None:
    assert read(tmp_path, text(",", end).encode()) == ROWS


def test_excels_own_line_about_the_delimiter_is_no_row(tmp_path: Path) -> None:
    assert read(tmp_path, b"sep=;\r\n" + text(";").encode()) == ROWS


def test_numbers_and_dates_of_a_workbook_are_what_one_sees(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Places", "Since", "Yes", "Formula", "Half"])
    sheet.write_number(2, 0, 2.0)
    sheet.write_datetime(
        2, 1, __import__("datetime").datetime(2026, 3, 1), book.add_format({"num_format": "d/m/yy"})
    )
    sheet.write_boolean(2, 2, True)
    sheet.write_formula(2, 3, "=1+1", value=2)
    sheet.write_number(2, 4, 2.5)
    book.close()
    headings, empty, row = rows_of_file(path)
    assert (len(headings), empty, row) == (5, [], ["2", "2026-03-01", "yes", "2", "2.5"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (text(",").encode("utf-16-le"), "UTF-16 without its mark"),
        (b"Name,E-mail\n\x81\x8d,b@example.org\n", "cannot be read"),
        (b"\xff\xfeN\x00a\x00m", "cannot be read"),  # half a letter at its end
        (b"\xd0\xcf\x11\xe0 an old workbook", "XLS"),
        (b"\x7fELF a program", "neither"),
        (b"PK\x03\x04 cut off", "damaged"),
        (b'Name,E-mail\n"' + b"a" * 2_000_000, "does not end"),
        (b"Name\n" + b"b" * 6_000 + b"\n", "more than 5,000 characters"),
        (b",".join([b"x"] * 101) + b"\n", "at most 100"),
        (b"Name\n" + b"a\n" * 100_001, "more than 100,000 rows"),
    ],
)
def test_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ReadError, match=words):
        read(tmp_path, content)


def test_nul_becomes_a_mark_that_is_refused_later(tmp_path: Path) -> None:
    assert read(tmp_path, b"Name,E-mail\nZo\0e,z@example.org\n")[1] == ["Zo\ufffde", "z@example.org"]


def workbook(sheet: bytes, told: int | None = None) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as parts:
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        parts.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>'
            '<sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        parts.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="r1" '
            f'Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        with parts.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as file:
            for _ in range(told or 1):
                file.write(sheet)
    return packed.getvalue()


def test_zip_bomb_is_refused_and_memory_stays_bounded(tmp_path: Path) -> None:
    """700 MB of nothing in less than 1 MB, told as it is; and told as less than it is."""
    bomb = workbook(b" " * 1_000_000, 700)
    assert len(bomb) < 1_000_000
    tracemalloc.start()
    with pytest.raises(ReadError, match="larger than can be read"):
        read(tmp_path, bomb)
    lying = bomb.replace((700_000_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
    with pytest.raises(ReadError):
        read(tmp_path, lying)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_workbook_that_says_one_long_text_in_many_cells_is_refused(tmp_path: Path) -> None:
    """Some 100 kB that would be 60 MB once they are rows."""
    path = tmp_path / "people.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for row in range(122):
        for column in range(100):
            sheet.write_string(row, column, "a" * 5_000)
    book.close()

    assert path.stat().st_size < 200_000
    with pytest.raises(ReadError, match="more text than can be read at once"):
        read(tmp_path, path.read_bytes())
