"""What happens to reminders and pages when everything else goes wrong, with real processes on this machine.

    python -m benchmarks.chaos [--short] [--json FILE] [scenario …]

Starts a PostgreSQL and a Valkey of its own, which it may kill, and the application's processes on them. It
prints what it counted and ends with 1 when a bound is broken; tests/processes/test_chaos.py runs the short
version.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.chaos.report import Report
from mentoring.local import postgres, redis_url, valkey

NAMES = ("kills", "together", "broker", "database", "smtp", "cancelled")


def main(names: Sequence[str], *, is_short: bool, into: Path | None) -> int:
    reports: list[Report] = []
    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-chaos-")))
        database = stack.enter_context(postgres.temporary())
        prepare(var, database.url)

        from benchmarks.chaos.rig import Rig
        from benchmarks.chaos.scenarios import FULL, SCENARIOS, SHORT

        broker = valkey.start(var / "valkey")
        rig = Rig(var, database, broker)
        stack.callback(rig.close)
        # As in earnest from here on: what was committed is there after a crash.
        rig.stop_database(signal.SIGINT)
        rig.start_database()
        for name in names:
            report = Report(name)
            began = time.monotonic()
            try:
                SCENARIOS[name](rig, report, SHORT if is_short else FULL)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                # of a scenario that cannot go on (or of a test's helper that fails one) nothing holds
                report.broken.append("".join(traceback.format_exception_only(error)).strip())
                report.broken.append(rig.logs())
            finally:
                rig.clear()
            report.seconds = round(time.monotonic() - began, 1)
            report.show()
            reports.append(report)
    if into is not None:
        into.write_text(json.dumps([vars(report) for report in reports], default=str))
    return int(any(report.broken for report in reports))


def prepare(var: Path, database_url: str) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "mentoring.settings",
        "DEBUG": "1",
        "VAR_DIR": str(var),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url(var),
        "LOG_LEVEL": "ERROR",
    }
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    settings.DEBUG = False  # Django under DEBUG keeps every query in memory
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="a tenth of each, as in the tests")
    parser.add_argument("--json", type=Path, help="where to write the counts")
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="scenario", help=", ".join(NAMES))
    given = parser.parse_args()
    sys.exit(main(given.names or NAMES, is_short=given.short, into=given.json))
