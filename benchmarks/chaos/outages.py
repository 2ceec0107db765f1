"""Redis and PostgreSQL go away and come back."""

import signal
import threading
import time
from itertools import cycle
from uuid import uuid4

import psutil
from django.utils import timezone

from benchmarks.chaos.report import Report
from benchmarks.chaos.rig import Rig
from benchmarks.chaos.sizes import Size
from benchmarks.chaos.visitor import PAGES, Visitor
from mentoring.engagements.models import Request
from mentoring.outbox.models import USEFUL_FOR, Mail
from mentoring.programs.models import Membership
from mentoring.schedule.models import Reminder, Session
from tests import factories
from tests.running import Site, wait_until

PAGE_LATER = 3.0  # seconds by which the slowest page may be slower while the broker is away
WORK_WITHIN = 30.0  # until what waited is sent: beat's wake-up, and the pauses between tries to connect
LOOPS_WITHIN = 10.0
DOWN = 2.0
WARM = 16  # connections of the web server that are open before PostgreSQL goes


def broker(rig: Rig, report: Report, size: Size) -> None:
    """It dies while a worker has a task of its, comes back empty, and then stands still."""
    mentor, waiting = _declinable(30)
    Mail.objects.all().delete()
    site = rig.new_site(DISPATCH_EVERY="5", REMINDERS_EVERY="5")
    web, worker, beat = site.start_web(), site.start_worker(wait=False), site.start_beat()
    undisturbed, visitor = Visitor(site), Visitor(site)
    declined: list[Request] = []
    for _ in range(2):
        _round(undisturbed, mentor, waiting, declined)
    rig.catcher.wait_for(declined[0].mentee.email, seconds=60)

    sending = threading.Event()
    rig.answers(lambda to, mail: sending.set() or 2.0)
    declined.append(waiting.pop())
    undisturbed.decline(declined[-1])
    sending.wait(timeout=15)
    rig.kill_broker()
    rig.answers(None)
    for _ in range(3):
        _round(visitor, mentor, waiting, declined)
    rig.start_empty_broker()
    after_death = wait_until(lambda: _all_sent(len(declined)), WORK_WITHIN * 2, rig.logs)

    process = psutil.Process(rig.broker.pid)
    process.suspend()
    first = Session.objects.order_by("starts_at")[0]
    late = Reminder.objects.filter(session=first, kind=Reminder.Kind.LATE)
    reminders = late.update(due_at=timezone.now())
    began = time.monotonic()
    try:
        while time.monotonic() - began < size.frozen:
            _round(visitor, mentor, waiting, declined)
            time.sleep(size.frozen / 20)
    finally:
        process.resume()
    after_freeze = wait_until(lambda: _all_sent(len(declined), reminders), WORK_WITHIN * 2, rig.logs)
    time.sleep(1.0)

    report.count("frozen, seconds", size.frozen)
    report.count("pages asked for, sign-ins and posts among them", visitor.asked)
    failed = undisturbed.failed + visitor.failed
    report.count("pages that failed", len(failed), exactly=0)
    report.broken.extend(failed[:3])
    report.count("slowest page before, seconds", undisturbed.slowest)
    report.count("slowest page, seconds", visitor.slowest, at_most=undisturbed.slowest + PAGE_LATER)
    report.count("mails due meanwhile", len(declined) + reminders)
    report.count("lost", len(declined) + reminders - len(set(rig.received)), exactly=0)
    report.count("repeated", rig.repeats(), exactly=0)
    report.count("all sent after it came back empty, seconds", after_death, at_most=WORK_WITHIN)
    report.count("all sent after it went on, seconds", after_freeze, at_most=WORK_WITHIN)
    report.count("processes that ended", sum(not one.is_running() for one in (web, worker, beat)), exactly=0)


def _declinable(many: int) -> tuple[Membership, list[Request]]:
    """A mentor with open requests to decline, and with an engagement whose reminders can be made due."""
    program = factories.make_program(slug="crossways")
    mentor = factories.make_mentor(program)
    waiting = [
        factories.make_request(factories.make_goal(factories.make_mentee(program)), mentor)
        for _ in range(many)
    ]
    factories.make_engagement(factories.make_goal(factories.make_mentee(program)), mentor)
    return mentor, waiting


def _round(visitor: Visitor, mentor: Membership, waiting: list[Request], declined: list[Request]) -> None:
    visitor.sign_in(mentor.person)
    for page in PAGES:
        visitor.get(page)
    if waiting:
        declined.append(waiting.pop())
        visitor.decline(declined[-1])


def _all_sent(declined: int, reminders: int = 0) -> bool:
    sent = Mail.objects.filter(state=Mail.State.SENT)
    return (
        sent.filter(kind="request_declined").count() == declined
        and sent.filter(kind="reminder").count() == reminders
    )


def database(rig: Rig, report: Report, size: Size) -> None:
    """It is shut down, or crashes, while mails are sent, and starts again two seconds later."""
    mentor, _ = _declinable(1)
    Mail.objects.all().delete()
    site = rig.new_site(DISPATCH_EVERY="5", OUTBOX_LEASE_SECONDS="120")
    site.start_web()
    visitors = [Visitor(site) for _ in range(WARM)]
    visitors[0].sign_in(mentor.person)
    for visitor in visitors[1:]:
        visitor.take_session_of(visitors[0])
    _ask_at_once(visitors)
    ways = cycle([(signal.SIGKILL, "worker"), (signal.SIGINT, "loop"), (signal.SIGINT, "worker"),
                  (signal.SIGKILL, "loop")])  # fmt: skip
    slowest = {"worker": 0.0, "loop": 0.0}
    written = 0
    for (how, who), _ in zip(ways, range(size.outages), strict=False):
        runners = _start(site, who)
        written += _write_mails(30)
        enough = len(rig.received) + 4
        wait_until(lambda enough=enough: len(rig.received) >= enough, 60, rig.logs)
        rig.stop_database(how)
        time.sleep(DOWN)
        rig.start_database()
        _ask_at_once(visitors)
        written += _write_mails(1)
        began = time.monotonic()
        wait_until(_nothing_waits, 60, rig.logs)
        slowest[who] = max(slowest[who], time.monotonic() - began)
        for runner in runners:
            runner.kill()
    report.count("restarts", size.outages)
    failed = [page for visitor in visitors for page in visitor.failed]
    report.count("pages asked for, as soon as it took connections", sum(one.asked for one in visitors))
    report.count("pages that failed", len(failed), exactly=0)
    report.broken.extend(failed[:3])
    report.count("mails", written)
    report.count("lost", written - len(set(rig.received)), exactly=0)
    report.count("repeated", rig.repeats(), at_most=size.outages)
    report.count("worker and beat had sent all after, seconds", slowest["worker"], at_most=LOOPS_WITHIN)
    report.count("dispatch --loop had sent all after, seconds", slowest["loop"], at_most=LOOPS_WITHIN)


def _start(site: Site, who: str) -> list:
    if who == "loop":
        return [site.start_loop()]
    return [site.start_worker(wait=False), site.start_beat()]


def _write_mails(many: int) -> int:
    now = timezone.now()
    Mail.objects.bulk_create(
        Mail(
            key=f"chaos:{uuid4()}",
            kind="account",
            sender="Holdfast <holdfast@localhost>",
            recipients=[f"person{n}@example.org"],
            subject="A code",
            text="7351\n",
            headers={"Message-ID": f"<{uuid4()}@holdfast>"},
            created_at=now,
            due_at=now,
            send_before=now + USEFUL_FOR,
        )
        for n in range(many)
    )
    return many


def _nothing_waits() -> bool:
    return not Mail.objects.filter(state=Mail.State.WAITING).exists()


def _ask_at_once(visitors: list[Visitor]) -> None:
    asking = [threading.Thread(target=visitor.get, args=["/calendar/"]) for visitor in visitors]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
