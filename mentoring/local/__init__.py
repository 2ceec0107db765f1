"""PostgreSQL and Valkey from installed wheels, for development and tests; never used in production.

The two functions here compute addresses and start nothing, so that settings can call them.
"""

from pathlib import Path
from urllib.parse import quote

from mentoring.local.places import socket_folder

DATABASE = "holdfast"


def database_url(var_dir: Path) -> str:
    """Where the PostgreSQL of this checkout listens when it runs: a URL with the socket folder as `host`."""
    return postgres_url(var_dir / "postgres", DATABASE)


def redis_url(var_dir: Path) -> str:
    """Where the Valkey of this checkout listens when it runs, in Celery's form for a socket."""
    return valkey_url(var_dir / "valkey")


def postgres_url(data_dir: Path, database: str) -> str:
    # The folder goes into the query: what stands before the path loses its capitals when parsed.
    folder = quote(str(socket_folder(data_dir)), safe="")
    return f"postgresql://postgres@/{quote(database)}?host={folder}&port=5432"


def valkey_url(data_dir: Path) -> str:
    return f"redis+socket://{quote(str(valkey_socket(data_dir)))}"


def valkey_socket(data_dir: Path) -> Path:
    return socket_folder(data_dir) / "valkey.sock"
