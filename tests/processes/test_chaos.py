"""The short version of `python -m benchmarks.chaos`: each scenario keeps its bounds."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.chaos.__main__ import NAMES
from tests.running import ROOT

pytestmark = pytest.mark.processes
PATIENCE = 900.0  # seconds, on a machine that is busy otherwise


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """All scenarios in one process, which starts servers of its own that it may kill."""
    found: Path = tmp_path_factory.mktemp("chaos") / "reports.json"
    ours = {"DATABASE_URL", "REDIS_URL", "VAR_DIR"}
    env = {name: value for name, value in os.environ.items() if name not in ours}
    command = [sys.executable, "-m", "benchmarks.chaos", "--short", "--json", str(found)]
    ran = subprocess.run(
        command, cwd=ROOT, env=env, timeout=PATIENCE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert found.exists(), ran.stdout.decode(errors="replace")[-3000:]
    return {report["name"]: report for report in json.loads(found.read_text())}


@pytest.mark.parametrize("name", NAMES)
def test_chaos_keeps_its_bounds(
    reports: dict[str, dict[str, Any]], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report = reports[name]
    with capsys.disabled():
        print(f"\n{name}: {report['counts']}", end=" ")
    assert report["broken"] == []
    assert report["bounds"]
