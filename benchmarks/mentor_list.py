"""The ranked list of mentors with 10 and with 1,000 mentors: queries and time of the first page.

    python -m benchmarks.mentor_list [mentors …]

In a database of its own, through the whole stack (middleware, view, templates) by Django's test client. Cold
is the first page that the process serves of the program; warm is the median of 20 further ones; CPU is this
process' share of it, without PostgreSQL's, and says more than warm does on a machine that has other work.
"""

import random
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.database import analyze, own_database

if TYPE_CHECKING:
    from accounts.models import Skill
    from mentoring.programs.models import Program

SIZES = (10, 1_000)
REPEATS = 20
SEED = 20_260
ZONES = (
    "Europe/London",
    "Africa/Lagos",
    "Asia/Kolkata",
    "America/New_York",
    "Asia/Tokyo",
    "America/Sao_Paulo",
)
LANGUAGES = ("en", "pt", "fr", "hi", "ja", "sw")
WORDS = (
    "team", "ward", "budget", "release", "patient", "harvest", "lesson", "contract", "night", "rota",
    "design", "merger", "data", "grant", "review", "practice", "listening", "argument", "sales", "field",
    "classroom", "repair", "policy", "archive", "engine", "safety",
)  # fmt: skip


def main(sizes: tuple[int, ...]) -> None:
    with own_database():
        print(f"{'mentors':>8} {'queries':>8} {'cold ms':>8} {'warm ms':>8} {'CPU ms':>8} {'page kB':>8}")
        for size in sizes:
            measure(size)


def measure(size: int) -> None:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    program, mentee = build(size)
    analyze()
    client = Client()
    client.force_login(mentee)
    url = reverse("matching:mentor-list", args=[program.slug])
    times, busy = [], []
    for _ in range(REPEATS + 1):
        started, worked = time.perf_counter(), time.process_time()
        response = client.get(url)
        times.append(1000 * (time.perf_counter() - started))
        busy.append(1000 * (time.process_time() - worked))
    assert response.status_code == 200
    assert b"best fit first" in response.content
    with CaptureQueriesContext(connection) as captured:
        client.get(url)
    figures = (
        times[0],
        statistics.median(times[1:]),
        statistics.median(busy[1:]),
        len(response.content) / 1000,
    )
    print(f"{size:>8,} {len(captured):>8} " + " ".join(f"{figure:>8.0f}" for figure in figures))


def build(size: int) -> tuple["Program", Any]:
    """A program with this many mentors of full profiles, and one mentee with a goal and an offer."""
    from django.utils import timezone

    from accounts.models import Offer, Skill
    from mentoring.goals.models import Goal, SkillWanted
    from mentoring.programs.models import Membership, Program

    rng = random.Random(SEED + size)
    skills = list(Skill.objects.order_by("pk"))
    program = Program.objects.create(slug=f"benchmark-{size}", name=f"Benchmark {size}")
    mentors = people(rng, f"mentor-{size}", size)
    (mentee,) = people(rng, f"mentee-{size}", 1)
    now = timezone.now()
    Membership.objects.bulk_create(
        Membership(program=program, person=person, is_mentor=True, capacity=rng.randint(1, 4), joined_at=now)
        for person in mentors
    )
    Membership.objects.create(program=program, person=mentee, is_mentee=True, joined_at=now)
    describe(rng, mentors, skills)
    goal = Goal.objects.create(
        program=program,
        mentee=mentee,
        title="Lead a team through a reorganisation",
        why=sentence(rng, 60),
        success=sentence(rng, 40),
        target_on=now.date() + timedelta(weeks=20),
    )
    for skill in rng.sample(skills, 5):
        SkillWanted.objects.create(goal=goal, skill=skill, importance=rng.randint(1, 3))
    Offer.objects.create(person=mentee, skill=rng.choice(skills), words=sentence(rng, 12))
    ratings(rng, program, mentors[: size // 2])
    return program, mentee


def people(rng: random.Random, prefix: str, count: int) -> list[Any]:
    from accounts.models import Profile, SpokenLanguage, User
    from accounts.week import from_indices

    made = User.objects.bulk_create(
        User(
            email=f"{prefix}-{n}@example.org",
            name=f"{prefix.title()} {n}",
            zone=rng.choice(ZONES),
            password="!",
        )
        for n in range(count)
    )
    days = [[day * 48 + half_hour for half_hour in range(16, 40)] for day in range(5)]
    Profile.objects.bulk_create(
        Profile(
            person=person,
            headline=sentence(rng, 8),
            about=sentence(rng, 80),
            week=from_indices(slot for day in rng.sample(days, 3) for slot in day if rng.random() < 0.7),
        )
        for person in made
    )
    SpokenLanguage.objects.bulk_create(
        SpokenLanguage(person=person, code=code, fluency=rng.randint(2, 4))
        for person in made
        for code in ["en", *rng.sample(LANGUAGES[1:], 2)]
    )
    return made


def describe(rng: random.Random, mentors: list[Any], skills: list["Skill"]) -> None:
    """Eight skills, two wishes, three accomplishments and five learning records each."""
    from accounts.models import Accomplishment, LearningRecord, LearningWish, PersonSkill

    today = date.today()
    PersonSkill.objects.bulk_create(
        PersonSkill(person=person, skill=skill, level=rng.randint(1, 4))
        for person in mentors
        for skill in rng.sample(skills, 8)
    )
    LearningWish.objects.bulk_create(
        LearningWish(person=person, skill=skill) for person in mentors for skill in rng.sample(skills, 2)
    )
    LearningRecord.objects.bulk_create(
        LearningRecord(
            person=person,
            what=sentence(rng, 8),
            kind="course",
            on=today - timedelta(days=rng.randint(1, 1500)),
        )
        for person in mentors
        for _ in range(5)
    )
    done = Accomplishment.objects.bulk_create(
        Accomplishment(person=person, what=sentence(rng, 12), how=sentence(rng, 25), on=today)
        for person in mentors
        for _ in range(3)
    )
    backing = Accomplishment.skills.through
    backing.objects.bulk_create(
        backing(accomplishment=one, skill=skill) for one in done for skill in rng.sample(skills, 2)
    )


def ratings(rng: random.Random, program: "Program", mentors: list[Any]) -> None:
    """Four ended engagements with a rating for each of these mentors."""
    from django.utils import timezone

    from accounts.models import EmpathyRating
    from mentoring.engagements.empathy import release_empathy
    from mentoring.engagements.models import Engagement, Request
    from mentoring.goals.models import Goal

    now = timezone.now()
    today = now.date()
    raters = people(rng, f"rater-{len(mentors)}", 4)
    goals = [
        Goal.objects.create(program=program, mentee=rater, title="Done", target_on=today, state="closed")
        for rater in raters
    ]
    pairs = [(mentor, goal) for mentor in mentors for goal in goals]
    course = {"starts_on": today - timedelta(weeks=12), "ends_on": today, "created_at": now}
    requests = Request.objects.bulk_create(
        Request(
            program=program, mentor=mentor, mentee=goal.mentee, goal=goal, origin="program", state="accepted",
            cadence="1w", minutes=60, zone="UTC", at="09:00", mentee_yes_at=now, mentor_yes_at=now,
            approved_at=now, closed_at=now, expires_at=now, **course,
        )
        for mentor, goal in pairs
    )  # fmt: skip
    ended = Engagement.objects.bulk_create(
        Engagement(
            program=program, mentor=mentor, mentee=goal.mentee, goal=goal, request=request, state="ended",
            ended_at=now, **course,
        )
        for (mentor, goal), request in zip(pairs, requests, strict=True)
    )  # fmt: skip
    EmpathyRating.objects.bulk_create(
        EmpathyRating(
            closing=one, mentor=one.mentor, mentee=one.mentee, created_at=now - timedelta(days=1),
            **{answer: rng.randint(1, 4) for answer in ("understood", "listened", "context", "honest")},
        )
        for one in ended
    )  # fmt: skip
    release_empathy(now)


def sentence(rng: random.Random, words: int) -> str:
    return " ".join(_words(rng, words)).capitalize() + "."


def _words(rng: random.Random, count: int) -> Iterator[str]:
    for _ in range(count):
        yield rng.choice(WORDS)


if __name__ == "__main__":
    main(tuple(int(size) for size in sys.argv[1:]) or SIZES)
