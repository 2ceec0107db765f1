"""A mail server that misbehaves, and sessions that are cancelled while they are being reminded of."""

import random
import threading
from collections import Counter
from datetime import timedelta
from functools import partial

from django.test import Client
from django.utils import timezone

from accounts.models import User
from benchmarks.chaos.report import Report
from benchmarks.chaos.rig import TAKES, Rig, add_due_sessions, in_parallel
from benchmarks.chaos.sizes import Size
from mentoring.engagements.models import Engagement
from mentoring.engagements.services import end_engagement
from mentoring.outbox.models import Mail
from mentoring.schedule.mails import about
from mentoring.schedule.models import Reminder, Series
from tests import factories
from tests.running import HANG_UP, wait_until

HANGS = 8.0  # seconds; the dispatcher gives up after one
SESSIONS = 5  # of each engagement
ANSWERS: dict[str, str | float] = {
    "hangs": HANGS,
    "451": "451 4.3.0 come back later",
    "550": "550 5.1.1 no such person",
    "hang up": HANG_UP,
}


def smtp(rig: Rig, report: Report, size: Size) -> None:
    """It hangs, answers 451 or 550, or closes in the middle of a mail, among twelve that are all right."""
    admin, bad, good = _mails_with_bad_ones()
    rig.answers(lambda to, mail: ANSWERS.get(bad.get(mail["Message-ID"], ""), TAKES))
    rig.new_site(EMAIL_TIMEOUT="1").start_loop()
    began = timezone.now()
    mine = Mail.objects.filter(kind="reminder")
    wait_until(lambda: not mine.filter(attempts=0).exclude(state="sent").exists(), 90, rig.logs)
    wait_until(lambda: not mine.filter(lease__isnull=False).exists(), 30, rig.logs)
    by_trouble = {bad[mail.headers["Message-ID"]]: mail for mail in mine if mail.headers["Message-ID"] in bad}
    backed_off = [
        name
        for name, mail in by_trouble.items()
        if mail.state == Mail.State.WAITING and mail.due_at - began > timedelta(seconds=50) and mail.error
    ]
    taken = {mail["Message-ID"] for mail in rig.catcher.mails}
    report.count("mails, of which four meet trouble", mine.count())
    report.count("the rest that was delivered in the same batch", len(taken & good), exactly=len(good))
    report.count("backing off, with the reason: hangs, 451, hang up", len(backed_off), exactly=3)
    failed = by_trouble["550"]
    report.count(
        "failed for good: 550", failed.state == Mail.State.FAILED and "550" in failed.error, exactly=1
    )
    report.count("shown to the program's admin", _is_shown(admin, failed), exactly=1)
    rig.answers(None)
    mine.filter(state=Mail.State.WAITING).update(due_at=timezone.now())
    wait_until(lambda: not mine.filter(state=Mail.State.WAITING).exists(), 30, rig.logs)
    delivered = {mail["Message-ID"] for mail in rig.catcher.mails}
    later = [mail for name, mail in by_trouble.items() if name != "550"]
    lost = [mail for mail in later if mail.headers["Message-ID"] not in delivered]
    report.count("lost once it is well again", len(lost), exactly=0)


def _mails_with_bad_ones() -> tuple[User, dict[str, str], set[str]]:
    """Mails of one program: its admin, the trouble by Message-ID, and the Message-IDs of the rest."""
    program = factories.make_program(slug="crossways")
    admin = factories.make_member(program, is_admin=True).person
    goal = factories.make_goal(factories.make_mentee(program))
    engagement = factories.make_engagement(goal, factories.make_mentor(program))
    Mail.objects.all().delete()
    Reminder.objects.all().delete()
    add_due_sessions(engagement.series.get(), 8)
    from mentoring.schedule.reminders import queue_reminders

    queue_reminders(timezone.now())
    mails = list(Mail.objects.order_by("pk"))
    Mail.objects.update(program=program)
    bad = {mails[3 * n + 1].headers["Message-ID"]: name for n, name in enumerate(ANSWERS)}
    return admin, bad, {mail.headers["Message-ID"] for mail in mails} - bad.keys()


def _is_shown(admin: User, mail: Mail) -> bool:
    client = Client()
    client.force_login(admin)
    page = client.get("/programs/crossways/mail/")
    return page.status_code == 200 and f"/mail/{mail.pk}/retry/" in page.content.decode()


def cancelled(rig: Rig, report: Report, size: Size) -> None:
    """Engagements end, and with them sessions that are due to be reminded of, while the reminders go out."""
    engagements = _engagements(size.engagements)
    Mail.objects.all().delete()
    Reminder.objects.all().delete()
    ours = [
        session.pk
        for series in Series.objects.select_related("mentor", "mentee")
        for session in add_due_sessions(series, SESSIONS)
    ]
    site = rig.new_site()
    for n in range(2):
        site.start_loop(f"loop{n}")
    wait_until(lambda: len(rig.received) >= 5, 60, rig.logs)
    begun: set[str] = set()
    lock = threading.Lock()

    def end(engagement: Engagement) -> None:
        end_engagement(engagement_id=engagement.pk, by=None, now=timezone.now())
        # What nobody had begun to send by now must never arrive.
        of_it = engagement.series.values_list("sessions__pk", flat=True)
        mails = Mail.objects.filter(kind="reminder", about__in=[about(pk) for pk in of_it], attempts__gt=0)
        ids = {headers["Message-ID"] for headers in mails.values_list("headers", flat=True)}
        with lock:
            begun.update(ids)

    random.Random(size.engagements).shuffle(engagements)
    in_parallel([partial(end, engagement) for engagement in engagements])
    rig.wait_for_reminders(0, 60)
    wait_until(lambda: not Mail.objects.filter(state=Mail.State.WAITING).exists(), 90, rig.logs)
    reminders = Mail.objects.filter(kind="reminder", about__in=[about(pk) for pk in ours])
    ids = {headers["Message-ID"] for headers in reminders.values_list("headers", flat=True)}
    received = ids & set(rig.received)
    states = Counter(reminders.values_list("state", flat=True))
    dropped = Reminder.objects.filter(state=Reminder.State.DROPPED, session__in=ours).count()
    report.count("sessions cancelled while due", len(ours), exactly=size.engagements * SESSIONS)
    report.count("reminders sent before", len(received))
    report.count("reminders withdrawn or never written", states["withdrawn"] + dropped, at_least=1)
    report.count("wrong mails", len(received - begun), exactly=0)
    told = {
        headers["Message-ID"]
        for headers in Mail.objects.filter(kind="engagement_ended").values_list("headers", flat=True)
    }
    report.count("told of the end", len(told & set(rig.received)), exactly=2 * size.engagements)


def _engagements(many: int) -> list[Engagement]:
    program = factories.make_program()
    return [
        factories.make_engagement(
            factories.make_goal(factories.make_mentee(program)), factories.make_mentor(program)
        )
        for _ in range(many)
    ]
