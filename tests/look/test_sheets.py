"""What the content security policy and the house style ask of every template and style sheet."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [page for page in (ROOT / "templates").rglob("*.html") if "emails" not in page.parts]
SHEETS = sorted((ROOT / "static" / "css").glob("*.css"))


def test_pages_have_no_inline_style_or_script():
    refused = re.compile(
        r"\sstyle=|\son[a-z]+=\"|<style|<script(?![^>]*(?:\ssrc=|type=\"application/json\"))"
    )
    assert [page.name for page in PAGES if refused.search(page.read_text())] == []


def test_colours_are_named_in_the_raw_tokens_alone():
    colour = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch)\(")
    elsewhere = [
        sheet.name for sheet in SHEETS if sheet.name != "raw.css" and colour.search(sheet.read_text())
    ]
    assert elsewhere == ["meaning.css"]  # the shadow, which has a transparency of its own


def test_every_token_that_is_used_is_set():
    text = "\n".join(sheet.read_text() for sheet in SHEETS)
    assert set(re.findall(r"var\(--([\w-]+)", text)) - set(re.findall(r"--([\w-]+):", text)) == set()


def test_base_links_every_sheet_with_the_layers_first():
    linked = re.findall(r"css/([\w-]+\.css)", (ROOT / "templates" / "components" / "styles.html").read_text())
    assert linked[0] == "layers.css"
    assert sorted(linked) == [sheet.name for sheet in SHEETS]
