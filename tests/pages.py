"""What tests of pages share: rows of a formset as a browser posts them, what two pages have in common, and
counting queries."""

import re

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def posted_rows(prefix: str, *rows: dict[str, object], initial: int = 0) -> dict[str, str]:
    fields = {f"{prefix}-TOTAL_FORMS": str(len(rows)), f"{prefix}-INITIAL_FORMS": str(initial)}
    for index, row in enumerate(rows):
        fields |= {f"{prefix}-{index}-{name}": str(value) for name, value in row.items()}
    return fields


def without_csrf(page: str) -> str:
    """The page without what differs each time that it is rendered."""
    return re.sub(r'(csrfmiddlewaretoken" value=|x-csrftoken": )"[^"]*"', "", page)


def queries_of(client: Client, url: str) -> int:
    """How many queries one GET of a page costs, which must be there."""
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200
    return len(captured)
