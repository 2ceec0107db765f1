"""`python -m tests.moved_clock SECONDS MODULE ARGUMENT…`: a module's program with its clock moved ahead.

The clock goes on from there, in the children that the program forks too. Timeouts are measured by
another clock and stay as they are.
"""

import runpy
import sys
from datetime import UTC, datetime, timedelta

import time_machine

seconds, module, *arguments = sys.argv[1:]
time_machine.travel(datetime.now(UTC) + timedelta(seconds=float(seconds)), tick=True).start()
sys.argv = [module, *arguments]
runpy.run_module(module, run_name="__main__", alter_sys=True)
