"""Work outside requests outlives a connection that PostgreSQL has dropped."""

import pytest
from django.db import OperationalError, connection, transaction

from mentoring.database import AWAY, patiently
from mentoring.outbox.models import Mail

pytestmark = pytest.mark.django_db(transaction=True)


def drop_connection() -> None:
    """As a restart does: the server ends our session while we think that it is open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()


def test_work_is_done_on_a_new_connection() -> None:
    drop_connection()
    assert patiently(Mail.objects.count) == 0


def test_without_patience_it_fails() -> None:
    """What the test before would see if nothing was mended."""
    drop_connection()
    with pytest.raises(AWAY):
        Mail.objects.count()
    connection.close()


def test_patience_ends() -> None:
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise OperationalError("away for good")

    with pytest.raises(OperationalError, match="away for good"):
        patiently(fail, patience=0.7)
    assert len(tries) > 1


def test_nothing_is_done_again_inside_a_transaction() -> None:
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise OperationalError("away")

    with pytest.raises(OperationalError), transaction.atomic():
        patiently(fail)
    assert tries == [1]
