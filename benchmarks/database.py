"""A migrated database of a benchmark's own, with Django set up on it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mentoring.local import postgres, redis_url


@contextmanager
def own_database(**environment: str) -> Iterator[tuple[Path, postgres.Server]]:
    """Gives the folder for what is kept in files, and the server.

    No broker listens at the URL of that folder until the benchmark starts one.
    """
    with tempfile.TemporaryDirectory() as var, postgres.temporary() as server:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "mentoring.settings",
            "DEBUG": "1",
            "VAR_DIR": var,
            "DATABASE_URL": server.url,
            "REDIS_URL": redis_url(Path(var)),
            **environment,
        }
        import django
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connection

        django.setup()
        settings.DEBUG = False  # Django under DEBUG keeps every query in memory
        settings.ALLOWED_HOSTS = ["testserver"]
        call_command("migrate", verbosity=0)
        try:
            yield Path(var), server
        finally:
            connection.close()


def analyze() -> None:
    """What autovacuum does in its time."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
