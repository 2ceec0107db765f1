"""What docs/matching.md says of criteria and objectives is what the code has."""

from pathlib import Path

from matching.engine import CRITERIA
from matching.forms_settings import MEASURES, PURPOSE_MOST
from matching.forms_wishes import ASKS
from matching.models import MatchRun

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "matching.md").read_text()
WORDS = " ".join(TEXT.split())


def table(heading: str) -> list[tuple[str, ...]]:
    """The rows of the table that begins with this heading."""
    lines = TEXT.splitlines()
    first = lines.index(heading) + 2
    rows = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        rows.append(tuple(cell.strip() for cell in line.strip("|").split("|")))
    return rows


def test_docs_list_the_criteria_as_the_code_does():
    assert table("| name | label | weight | formula |") == [
        (one.name, one.label, f"{one.weight:g}", one.formula) for one in CRITERIA
    ]


def test_docs_list_the_objectives_as_the_page_names_them():
    assert [name for name, _ in table("| objective | what it does |")] == MatchRun.Objective.labels


def test_weights_add_up_to_100_with_purpose_within_its_bound():
    weights = {criterion.name: criterion.weight for criterion in CRITERIA}
    assert sum(weights.values()) == 100
    assert 0 < weights["purpose"] <= PURPOSE_MOST
    assert f"more than {PURPOSE_MOST}% of the whole" in WORDS


def test_words_are_of_criteria_that_exist():
    names = {criterion.name for criterion in CRITERIA}
    assert MEASURES.keys() | ASKS.keys() <= names
