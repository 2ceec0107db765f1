"""One function a scenario; what each claims stands in its bounds."""

import random
import time
from collections.abc import Callable

from benchmarks.chaos.mails import cancelled, smtp
from benchmarks.chaos.outages import broker, database
from benchmarks.chaos.report import Report
from benchmarks.chaos.rig import Rig, make_due_reminders
from benchmarks.chaos.sizes import Size
from mentoring.outbox.models import Mail
from mentoring.schedule.models import Reminder
from tests.running import wait_until

FULL = Size(reminders=3_000, kills=50, together=1_000, frozen=60.0, outages=4, engagements=100)
SHORT = Size(reminders=200, kills=5, together=60, frozen=10.0, outages=2, engagements=10)
SEED = 4_20_26


def kills(rig: Rig, report: Report, size: Size) -> None:
    """Workers are killed (-9) at random moments while reminders are written and sent."""
    due = size.reminders
    make_due_reminders(due)
    moments = random.Random(SEED)
    site = rig.new_site()
    site.start_beat()
    # One sends while the next one starts; each is one process, so that one mail at most is under way in it.
    workers = [site.start_worker(f"worker{n}", concurrency=1, wait=False) for n in range(2)]
    queued = Reminder.objects.filter(state=Reminder.State.QUEUED)
    wait_until(queued.exists, 60, rig.logs)
    for kill in range(size.kills):
        so_many = int(due * 0.9 * kill / size.kills)
        wait_until(lambda so_many=so_many: len(set(rig.received)) >= so_many, 120, rig.logs)
        time.sleep(moments.uniform(0, 0.2))
        workers.pop(0).kill()
        workers.append(site.start_worker(f"worker{kill + 2}", concurrency=1, wait=False))
    before_the_last_kill = len(set(rig.received))
    rig.wait_for_reminders(due, 300)
    report.count("reminders due", due)
    report.count("workers killed", size.kills)
    report.count("received before the last was killed", before_the_last_kill, at_most=due - 1)
    _count_reminders(rig, report, due)
    report.count("repeated", rig.repeats(), at_most=size.kills)
    report.count("most often that one was repeated", rig.most_repeats_of_one(), at_most=1)
    unclear = Mail.objects.filter(kind="reminder", state=Mail.State.FAILED)
    report.count("not tried a third time, shown as unclear", unclear.count())


def together(rig: Rig, report: Report, size: Size) -> None:
    """Two dispatch loops, two beats and two workers at once."""
    due = size.together
    make_due_reminders(due)
    site = rig.new_site()
    for n in range(2):
        site.start_worker(f"worker{n}", concurrency=1, wait=False)
        site.start_loop(f"loop{n}")
        site.start_beat()
    rig.wait_for_reminders(due, 180)
    report.count("reminders due", due)
    _count_reminders(rig, report, due)
    report.count("repeated", rig.repeats(), exactly=0)


def _count_reminders(rig: Rig, report: Report, due: int) -> None:
    mails = Mail.objects.filter(kind="reminder")
    ids = {headers["Message-ID"] for headers in mails.values_list("headers", flat=True)}
    report.count("mails written", len(ids), exactly=due)
    report.count("lost", len(ids - set(rig.received)), exactly=0)


SCENARIOS: dict[str, Callable[[Rig, Report, Size], None]] = {
    "kills": kills,
    "together": together,
    "broker": broker,
    "database": database,
    "smtp": smtp,
    "cancelled": cancelled,
}
