from datetime import date

import pytest
from django.urls import reverse

from accounts.models import LearningRecord
from tests import factories

pytestmark = pytest.mark.django_db
NEW = reverse("accounts:learning-new")
FIELDS = {
    "what": "Evening course in queueing theory",
    "kind": "course",
    "on": "2025-09-14",
    "link": "",
    "changed": "We hold six beds empty at noon on purpose.",
}


def make_record(person, **over):
    fields = {"what": "A book", "kind": "book", "on": date(2025, 1, 2)} | over
    return LearningRecord.objects.create(person=person, **fields)


def test_learning_new_saves_the_record(client_of):
    person = factories.make_person()

    response = client_of(person).post(NEW, FIELDS)

    assert response.url == reverse("accounts:profile")
    saved = person.learning_records.values_list("what", "kind", "on", "changed").get()
    assert saved == (FIELDS["what"], "course", date(2025, 9, 14), FIELDS["changed"])


def test_learning_edit_changes_the_record(client_of):
    record = make_record(factories.make_person())

    client_of(record.person).post(reverse("accounts:learning-edit", args=[record.pk]), FIELDS)

    record.refresh_from_db()
    assert (record.what, record.kind) == (FIELDS["what"], "course")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("what", "\0"),
        ("what", "x" * 301),
        ("kind", "gossip"),
        ("kind", ""),
        ("on", "9999-12-31"),
        ("on", "0001-01-01"),
        ("changed", "x" * 601),
        ("link", "javascript:alert(1)"),
    ],
)
def test_learning_says_beside_the_field_what_is_wrong(client_of, field, value):
    person = factories.make_person()

    response = client_of(person).post(NEW, FIELDS | {field: value})

    assert list(response.context["form"].errors) == [field]
    assert not person.learning_records.exists()


def test_learning_delete_asks_first_and_deletes_on_post(client_of):
    record = make_record(factories.make_person())
    client, url = client_of(record.person), reverse("accounts:learning-delete", args=[record.pk])

    assert "A book" in client.get(url).text
    assert client.post(url).url == reverse("accounts:profile")
    assert not LearningRecord.objects.exists()


@pytest.mark.parametrize("name", ["accounts:learning-edit", "accounts:learning-delete"])
def test_learning_of_somebody_else_is_not_found_and_stays(client_of, client, name):
    record = make_record(factories.make_person())
    url = reverse(name, args=[record.pk])
    stranger = client_of(factories.make_person())

    assert stranger.get(url).status_code == 404
    assert stranger.post(url, FIELDS).status_code == 404
    assert client.get(url).url == f"{reverse('account_login')}?next={url}"
    record.refresh_from_db()
    assert record.what == "A book"


def test_learning_new_refuses_more_than_a_profile_holds(client_of):
    person = factories.make_person()
    rows = [LearningRecord(person=person, what="A book", kind="book", on="2025-01-02") for _ in range(100)]
    record, *_ = LearningRecord.objects.bulk_create(rows)
    client = client_of(person)

    assert "100 of these at most" in client.post(NEW, FIELDS).text
    assert person.learning_records.count() == 100
    assert client.post(reverse("accounts:learning-edit", args=[record.pk]), FIELDS).status_code == 302
