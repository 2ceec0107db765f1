"""When people are busy elsewhere: read from an address of theirs, kept as times and nothing else."""

import json
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import User
from mentoring.confidential.models import DataKey, place
from mentoring.schedule import ical
from mentoring.schedule.fetching import INTERNET, FetchError, Network, fetch, place_of
from mentoring.schedule.models import Busy, BusyCalendar, Session

EVERY = timedelta(hours=1)
FIRST_PAUSE = timedelta(minutes=30)
LONGEST_PAUSE = timedelta(days=1)
STOP_AFTER = 14  # failures in a row, some nine days
LEASE = timedelta(minutes=5)
BATCH = 5  # read at the same time, so that one slow address keeps nobody waiting
TASK_SECONDS = 10.0  # after so long no other batch begins
PAST = timedelta(days=1)
AHEAD = timedelta(days=180)
CPU_SECONDS = 10
MEMORY_BYTES = 512 * 1024 * 1024
PARSE_SECONDS = 40  # on a busy machine ten seconds of the processor take longer
CHILD = Path(__file__).with_name("busy_times.py")

Range = tuple[datetime, datetime]


@dataclass(frozen=True)
class _Job:
    """One calendar to be read: all that it takes, so that no thread needs the database."""

    person_id: uuid.UUID
    lease: datetime
    address: str
    zone: str
    own: list[str]


@dataclass(frozen=True)
class _Read:
    job: _Job
    busy: list[Range]
    error: str = ""


def keep_address(person: User, address: str, now: datetime) -> None:
    """Read from this address from now on; what an earlier one said is forgotten."""
    calendar = BusyCalendar(person=person)
    key = DataKey.objects.of(f"person:{person.pk}")
    with transaction.atomic():
        BusyCalendar.objects.update_or_create(
            person=person,
            defaults={
                "address_sealed": key.seal(address, place=place(calendar, "address")),
                "host": place_of(address).host,
                "due_at": now,
                "read_at": None,
                "failures": 0,
                "error": "",
            },
        )
        Busy.objects.filter(person=person).delete()


@transaction.atomic
def forget_address(person: User) -> None:
    BusyCalendar.objects.filter(person=person).delete()
    Busy.objects.filter(person=person).delete()


def read_again(person: User, now: datetime) -> None:
    """Try an address soon that could not be read, although its next turn is far off."""
    BusyCalendar.objects.filter(person=person).exclude(error="").update(due_at=now)


def read_calendars(now: datetime, *, network: Network = INTERNET) -> int:
    """Read the calendars that are due, batch by batch, network and parsing outside of transactions.

    Returns how many were tried. Any number of workers may do this at once.
    """
    tried, began = 0, time.monotonic()
    while time.monotonic() - began < TASK_SECONDS and (jobs := _claim(now)):
        with ThreadPoolExecutor(BATCH) as threads:
            reads = list(threads.map(lambda job: _read(job, now, network), jobs))
        for read in reads:
            _record(read, now)
        tried += len(jobs)
    return tried


@transaction.atomic
def _claim(now: datetime) -> list[_Job]:
    """Take a batch of what is due; its turn is put off as long as a batch may take, should we die."""
    due = BusyCalendar.objects.filter(due_at__lte=now, person__is_active=True).order_by("due_at")
    rows = list(due.select_for_update(of=("self",), skip_locked=True).select_related("person")[:BATCH])
    lease = now + LEASE
    BusyCalendar.objects.filter(pk__in=[row.pk for row in rows]).update(due_at=lease)
    return [_job(row, lease) for row in rows]


def _job(calendar: BusyCalendar, lease: datetime) -> _Job:
    person = calendar.person
    key = DataKey.objects.of(f"person:{person.pk}")
    mine = Session.objects.visible_to(person)
    return _Job(
        person_id=person.pk,
        lease=lease,
        address=key.open(bytes(calendar.address_sealed), place=place(calendar, "address")),
        zone=person.zone,
        # Whoever subscribes to our feed is not busy with our own sessions, least of all with moved ones.
        own=[ical.uid(session) for session in mine.only("pk")],
    )


def _read(job: _Job, now: datetime, network: Network) -> _Read:
    try:
        body = fetch(job.address, network=network)
        return _Read(job, parse(body, now=now, zone=job.zone, own=job.own))
    except FetchError as error:
        return _Read(job, [], str(error))


def parse(body: bytes, *, now: datetime, zone: str, own: list[str]) -> list[Range]:
    """Busy times in a calendar, from a day ago to half a year ahead. Raises FetchError in words.

    A process of its own does it, with bounds (busy_times.py), none of our variables and none of our words.
    """
    since, until = now - PAST, now + AHEAD
    asked = {
        "since": since.timestamp(),
        "until": until.timestamp(),
        "zone": zone,
        "own": own,
        "cpu_seconds": CPU_SECONDS,
        "memory_bytes": MEMORY_BYTES,
    }
    try:
        child = subprocess.run(  # noqa: S603 - our own file, and no argument from outside
            [sys.executable, "-I", str(CHILD)],
            input=json.dumps(asked).encode() + b"\n" + body,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it may quote the calendar
            timeout=PARSE_SECONDS,
            check=True,
            env={},
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        raise FetchError("The calendar takes more to read than Holdfast can give.") from error
    answer = json.loads(child.stdout)
    if "error" in answer:
        raise FetchError(answer["error"])
    return [
        (datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        for start, end in answer["busy"]
    ]


@transaction.atomic
def _record(read: _Read, now: datetime) -> None:
    """Write what was read, unless the address was changed or forgotten meanwhile, or the lease was lost."""
    ours = BusyCalendar.objects.select_for_update().filter(
        person_id=read.job.person_id, due_at=read.job.lease
    )
    if (calendar := ours.first()) is None:
        return
    if read.error:
        calendar.failures += 1
        calendar.error = read.error
        calendar.due_at = None if calendar.failures >= STOP_AFTER else now + _pause(calendar.failures)
    else:
        calendar.failures, calendar.error, calendar.read_at = 0, "", now
        calendar.due_at = now + EVERY
    calendar.save(update_fields=["failures", "error", "read_at", "due_at"])
    if not read.error or calendar.due_at is None:
        Busy.objects.filter(person_id=calendar.person_id).delete()
        Busy.objects.bulk_create(
            Busy(person_id=calendar.person_id, during=DateTimeTZRange(start, end)) for start, end in read.busy
        )


def _pause(failures: int) -> timedelta:
    """How long to wait after so many failures: half an hour, 1 hour, 2, … at most a day."""
    return min(FIRST_PAUSE * 2 ** min(failures - 1, 10), LONGEST_PAUSE)
