"""A match run through the database: from the button to pairings that an admin can review.

    python -m benchmarks.cohort [--workers 1] [--tiles-from 1000000000] [10000x4000 …]

In a database of its own, with a real broker and real worker processes. Prints when the run was ready after
the button, where the time went (as the run itself recorded it), and how much memory a worker took at most.
The second run of a program is warm: what is compiled is compiled, and the worker's connection is open.
From --tiles-from pairs on, the scoring is shared out over the workers.
"""

import argparse
import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from benchmarks.database import own_database
from benchmarks.mentor_list import SEED, describe, people, sentence
from mentoring.local import valkey

if TYPE_CHECKING:
    from accounts.models import User
    from mentoring.programs.models import Program

SIZES = ("10000x4000",)
RUNS = 2
PATIENCE = 600.0  # seconds
TOPICS = 60  # meanings of goals and mentors lie around so many
SENTENCES = 6
ROOT = Path(__file__).resolve().parent.parent


def main(sizes: Sequence[str], workers: int, tiles_from: int) -> None:
    with own_database(MATCH_TILES_FROM=str(tiles_from)) as (var, server):
        broker = valkey.start(var / "valkey")
        started = [start_worker(var, number) for number in range(workers)]
        try:
            for size in sizes:
                measure(size, [worker.pid for worker in started], server.pid)
        finally:
            for worker in started:
                worker.terminate()
            for worker in started:
                worker.wait(timeout=30)
            broker.stop()


def start_worker(var: Path, number: int) -> subprocess.Popen[bytes]:
    command = ["-m", "celery", "-A", "mentoring", "worker", "--concurrency", "1", "--loglevel", "WARNING"]
    command += ["--without-gossip", "--without-mingle", "--hostname", f"benchmark{number}@%h"]
    with (var / f"worker{number}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def measure(size: str, pids: Sequence[int], server: int) -> None:
    from django.db import connection
    from django.utils import timezone

    from matching.models import MatchRun
    from matching.services import start_run

    n, m = (int(number) for number in size.split("x"))
    began = time.perf_counter()
    program, admin = build(n, m)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"{n:,} mentees, {m:,} mentors: made in {time.perf_counter() - began:.0f} s")
    for number in range(RUNS):
        began, worked = time.perf_counter(), [busy(pid) for pid in (*pids, server)]
        run = start_run(program=program, by=admin, now=timezone.now())
        done = (MatchRun.State.READY, MatchRun.State.FAILED)
        while run.state not in done and time.perf_counter() - began < PATIENCE:
            time.sleep(0.05)
            run.refresh_from_db(fields=["state"])
        took = time.perf_counter() - began
        *of_workers, of_server = [
            busy(pid) - before for pid, before in zip((*pids, server), worked, strict=True)
        ]
        run.refresh_from_db()
        assert run.state == MatchRun.State.READY, f"{run.state} at {run.stage}: {run.error}"
        words = "cold" if number == 0 else "warm"
        print(
            f"  {words}: ready {took:.1f} s after the button; {run.pairings.count():,} pairings, "
            f"{run.left_out.count():,} left out; CPU {sum(of_workers):.1f} s of workers and "
            f"{of_server:.1f} s of PostgreSQL; a worker's peak {max(peak(pid) for pid in pids):.0f} MB"
        )
        proof = run.proof
        print("   ", ", ".join(f"{name} {seconds:.1f} s" for name, seconds in proof.pop("seconds").items()))
        print("   ", ", ".join(f"{name} {value}" for name, value in proof.items()))


def busy(pid: int) -> float:
    """Seconds of CPU time that a process and those that it has started have used."""
    used = 0.0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            used += sum(process.cpu_times()[:2])
    return used


def peak(pid: int) -> float:
    """The most memory that one process of this worker ever held, in MB."""
    most = 0.0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        with suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            held = next(line for line in status.splitlines() if line.startswith("VmHWM"))
            most = max(most, int(held.split()[1]) / 1000)
    return most


def build(n: int, m: int) -> tuple["Program", "User"]:
    """A program of n mentees, each with a goal and an offer, and m mentors with full profiles."""
    from django.utils import timezone

    from accounts.models import Offer, Skill, User
    from mentoring.goals.models import Goal, SkillWanted
    from mentoring.programs.models import Membership, Program

    rng = random.Random(SEED + n + m)
    now = timezone.now()
    skills = list(Skill.objects.order_by("pk"))
    program = Program.objects.create(slug=f"cohort-{n}-{m}", name=f"Cohort of {n} and {m}")
    admin = User.objects.create(email=f"admin-{n}-{m}@example.org", name="Admin")
    mentors = people(rng, f"mentor-{n}-{m}", m)
    mentees = people(rng, f"mentee-{n}-{m}", n)
    describe(rng, mentors, skills)
    Membership.objects.bulk_create(
        [
            Membership(program=program, person=admin, is_admin=True, joined_at=now),
            *(Membership(program=program, person=one, is_mentee=True, joined_at=now) for one in mentees),
            *(
                Membership(program=program, person=one, is_mentor=True, capacity=capacity, joined_at=now)
                for one, capacity in zip(mentors, places(rng, n, m), strict=True)
            ),
        ]
    )
    goals = Goal.objects.bulk_create(
        Goal(
            program=program,
            mentee=one,
            title=sentence(rng, 6),
            why=sentence(rng, 30),
            success=sentence(rng, 20),
            target_on=now.date() + timedelta(weeks=20),
        )
        for one in mentees
    )
    SkillWanted.objects.bulk_create(
        SkillWanted(goal=goal, skill=skill, importance=rng.randint(1, 3))
        for goal in goals
        for skill in rng.sample(skills, 4)
    )
    Offer.objects.bulk_create(
        Offer(person=one, skill=skill) for one in mentees for skill in rng.sample(skills, 2)
    )
    say_what_they_mean(rng, program)
    return program, admin


def say_what_they_mean(rng: random.Random, program: "Program") -> None:
    """Vectors as workers would have computed them by and by, of six sentences each, around a few topics."""
    from matching.engine.meaning import DIMENSIONS, LENGTH, RANGES, whole
    from matching.meanings import KINDS
    from matching.models import Meaning

    drawn = np.random.default_rng(rng.randrange(1 << 32))
    topics = drawn.normal(size=(TOPICS, DIMENSIONS))

    def vectors() -> dict[str, Any]:
        said = topics[drawn.integers(TOPICS)] + 1.2 * drawn.normal(size=(SENTENCES, DIMENSIONS))
        said *= LENGTH / np.linalg.norm(said, axis=1, keepdims=True)
        each = np.clip(np.rint(said), -127, 127).astype(np.int8)
        words = [sentence(rng, 10) for _ in range(SENTENCES)]
        return {"sentences": words, "whole": whole(each).tobytes(), "each": each.tobytes()}

    # of the words as they are, so that no worker finds them outdated
    rows = []
    within = (("program", "mentee__email"), ("memberships__program", "email"))
    for kind, (of_program, order) in zip(KINDS, within, strict=True):
        words = kind.rows.filter(**{of_program: program}).annotate(words=kind.words)
        for key, said in words.order_by(order).values_list("pk", "words"):
            digest = hashlib.sha256(said.encode()).digest()
            model = {"model": next(iter(RANGES)), "digest": digest}
            rows.append(Meaning(**{f"{kind.field}_id": key}, **model, **vectors()))
    Meaning.objects.bulk_create(rows, batch_size=1000)


def places(rng: random.Random, n: int, m: int) -> list[int]:
    """One to four a mentor; some fewer in all than there are mentees, so that somebody is left out."""
    drawn = [rng.randint(1, 4) for _ in range(m)]
    while sum(drawn) > 0.98 * n:
        drawn[rng.randrange(m)] = rng.randint(0, 1)
    return drawn


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", default=SIZES)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--tiles-from", type=int, default=1_000_000_000)
    given = parser.parse_args()
    main(given.sizes, given.workers, given.tiles_from)
