"""The pages of an import: what is typed or sent wrongly is said beside it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from mentoring.transfer.models import Import
from tests.transfer.conftest import table, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(cast: Any, client_of: Callable[[User], Client]) -> Client:
    return client_of(cast.admin.person)


def test_upload_leads_to_columns_and_they_to_the_dry_run(cast: Any, admin: Client) -> None:
    new = reverse("transfer:import-new", args=[cast.program.slug])
    assert b"Choose a file." in admin.post(new).content
    empty = SimpleUploadedFile("people.csv", b"")
    assert b"This file is empty." in admin.post(new, {"file": empty}).content
    content = table(("Ada", "ada@example.org", "mentor", *[""] * 6))
    answer = admin.post(new, {"file": SimpleUploadedFile("people\u202e.csv", content)})
    of = Import.objects.get()
    assert answer.url == reverse("transfer:import-detail", args=[of.pk])
    work(of)
    columns = reverse("transfer:import-map", args=[of.pk])
    twice = admin.post(columns, {"email": "1", "name": "1", "usual_role": "mentee"})
    assert "Mail address is in this column already." in twice.content.decode()
    assert admin.post(columns, {"email": "99", "usual_role": "mentee"}).status_code == 200
    assert admin.post(columns, {"email": "1", "name": "0", "usual_role": "mentee"}).status_code == 302
    work(of)
    assert "Ready to be applied" in admin.get(answer.url).content.decode()


def test_file_that_cannot_be_read_is_told_on_the_page(cast: Any, admin: Client, bring: Any) -> None:
    of = bring(b"PK\x03\x04 broken")
    page = admin.get(reverse("transfer:import-detail", args=[of.pk])).content.decode()
    assert "This workbook is damaged." in page


def test_reason_stands_beside_the_field_of_a_row(cast: Any, admin: Client, bring: Any) -> None:
    of = bring(table(("=A", "ada@example.org", "mentor", "Negotation", *[""] * 5)))
    row = reverse("transfer:import-row", args=[of.pk, 2])
    page = admin.get(row)
    assert page.context["form"]["skills"].errors == [of.rows.get().problems["skills"]]
    nul = admin.post(row, {"name": "A\0", "email": "ada@example.org"})
    assert nul.status_code == 200
    assert nul.context["form"]["name"].errors
    assert admin.get(reverse("transfer:import-row", args=[of.pk, 99_999_999_999])).status_code == 404
    assert (
        admin.get(reverse("transfer:import-detail", args=[of.pk]), {"show": "x", "page": "x"}).status_code
        == 200
    )


def test_errors_are_downloaded_with_their_reasons(cast: Any, admin: Client, bring: Any) -> None:
    of = bring(table(("=A", "ada@example.org", *[""] * 7), ("Bo", "bo@example.org", *[""] * 7)))
    answer = admin.get(reverse("transfer:import-errors", args=[of.pk, "csv"]))
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith('"\'=A","ada@example.org"')
    assert "Is this a formula?" in lines[1]
