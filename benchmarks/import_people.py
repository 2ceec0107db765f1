"""An import of 100,000 people: reading the file, dry run, applying it, and the same file once more.

    python -m benchmarks.import_people [rows]

In a database of its own, by the functions that a worker calls. Peak memory is of this process (`VmHWM`);
the process that reads the file is counted beside it.
"""

import csv
import io
import random
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.database import analyze, own_database

SEED = 20_260
SURNAMES = (
    "Okafor", "Silva", "Müller", "Nguyễn", "Иванова", "田中", "김", "شريف", "כהן", "Παπαδόπουλος", "सिंह",
    "สมชาย",
)  # fmt: skip
GIVEN = ("Ada", "Bo", "Chiara", "Dmitri", "Efua", "Farid", "Grace", "Hana", "Ines", "João")
ZONES = ("Europe/London", "Lagos", "Kolkata", "America/New_York", "Tokyo", "São Paulo", "CET")


def rows(count: int, skills: list[str]) -> Iterator[list[str]]:
    rng = random.Random(SEED)
    yield ["Name", "E-mail", "Role", "Skills", "Languages", "Time zone", "Manager", "Places", "Goals"]
    for n in range(count):
        above = f"person{(n - 1) // 8}@example.org" if n else ""
        role = rng.choice(("mentor", "mentee", "mentee", "both"))
        goals = "Lead a team; Speak in public" if role != "mentor" and rng.random() < 0.5 else ""
        yield [
            f"{rng.choice(GIVEN)} {rng.choice(SURNAMES)} {n}", f"person{n}@example.org", role,
            "; ".join(f"{name}:{rng.randint(1, 4)}" for name in rng.sample(skills, 4)),
            "English, German (native)", rng.choice(ZONES), above, str(rng.randint(1, 4)), goals,
        ]  # fmt: skip


def pieces(count: int, skills: list[str]) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows(count, skills):
        writer.writerow(row)
        if text.tell() > 1_000_000:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def main(count: int) -> None:
    with own_database():  # no broker: this process is the worker
        measure(count)


def measure(count: int) -> None:
    from accounts.models import Skill, User
    from mentoring.programs.models import Membership, Program, ReportingLine

    program = Program.objects.create(slug="benchmark", name="Benchmark")
    admin = User.objects.create_user("admin@example.org", name="Admin")
    skills = list(Skill.objects.order_by("pk").values_list("name", flat=True)[:100])
    print(f"{count:,} rows")
    first = go_through(program, admin, count, skills)
    lines = ReportingLine.objects.count()
    print(f"{Membership.objects.count():,} members, {lines:,} pairs of the reporting line")
    again = go_through(program, admin, count, skills)
    print("outcomes first:", first, " again:", again)
    assert first == {"new": count}
    assert again == {"same": count}
    assert ReportingLine.objects.count() == lines
    print(f"peak: {peak():,.0f} MB; the reading process {child_peak():,.0f} MB")


def go_through(program: Any, admin: Any, count: int, skills: list[str]) -> dict[str, int]:
    from django.db.models import Count
    from django.utils import timezone

    from mentoring.transfer import services

    started = time.perf_counter()
    of = services.upload(
        program, by=admin, filename="people.csv", pieces=pieces(count, skills), now=timezone.now()
    )
    print(f"  upload   {time.perf_counter() - started:6.1f} s")
    timed("read", of)
    services.choose_columns(of, mapping=of.mapping, usual_role="mentee")
    timed("dry run", of)
    services.apply_import(of, sends_invitations=False)
    timed("apply", of)
    assert of.state == "applied", of.told
    analyze()
    return dict(of.rows.order_by().values_list("outcome").annotate(Count("pk")))


def timed(step: str, of: Any) -> None:
    from mentoring.transfer import working

    started, worked = time.perf_counter(), time.process_time()
    working.work_on(of.pk)
    of.refresh_from_db()
    took, cpu = time.perf_counter() - started, time.process_time() - worked
    print(f"  {step:8} {took:6.1f} s, CPU {cpu:5.1f} s, peak so far {peak():,.0f} MB", flush=True)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child_peak() -> float:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
