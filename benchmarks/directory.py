"""The directory with 1,000 and with 20,000 mentors: queries and time of its pages, side by side.

    python -m benchmarks.directory [mentors …]

In a database of its own, through the whole stack (middleware, view, templates) by Django's test client. The
sizes take turns, so that other work on the machine meets all of them alike; each figure is the median of 15.
"""

import random
import re
import statistics
import sys
import time
from collections import defaultdict
from typing import Any

from benchmarks.database import analyze, own_database
from benchmarks.mentor_list import SEED, describe, people

SIZES = (1_000, 20_000)
REPEATS = 15
BATCH = 2_000
SOUGHT = "Quirina Xanthopoulos"


def main(sizes: tuple[int, ...]) -> None:
    with own_database():
        from django.db import connection

        pages = {size: pages_of(size) for size in sizes}
        analyze()
        with connection.cursor() as cursor:
            for index in ("search_entry_words", "search_entry_letters"):
                cursor.execute("SELECT gin_clean_pending_list(%s)", [index])
        print(f"{'page':<44}" + "".join(f"{size:>10,}: queries     ms" for size in sizes))
        for name in pages[sizes[0]]:
            figures = measured({size: pages[size][name] for size in sizes})
            told = "".join(
                f"{queries:>19} {1000 * took:>6.0f}" for queries, took in (figures[size] for size in sizes)
            )
            print(f"{name:<44}{told}")


def measured(pages: dict[int, Any]) -> dict[int, tuple[int, float]]:
    """The number of queries and the median seconds of each of these pages."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    queries: dict[int, int] = {}
    times = defaultdict(list)
    for size, page in pages.items():
        page()
        with CaptureQueriesContext(connection) as captured:
            page()
        queries[size] = len(captured)
    for _ in range(REPEATS):
        for size, page in pages.items():
            started = time.perf_counter()
            page()
            times[size].append(time.perf_counter() - started)
    return {size: (queries[size], statistics.median(times[size])) for size in pages}


def pages_of(size: int) -> dict[str, Any]:
    """What is measured, by name: functions that fetch a page which shows somebody."""
    from django.test import Client
    from django.urls import reverse

    from accounts.models import Skill

    program, mentee = build(size)
    client = Client()
    client.force_login(mentee)
    skill = Skill.objects.get(name="Negotiation").pk
    directory = reverse("programs:directory", args=[program.slug])

    def page(url: str, **asked: object) -> Any:
        def get() -> Any:
            response = client.get(url, asked)
            assert response.status_code == 200
            assert b"<article" in response.content
            return response

        return get

    after = re.search(rb"[?&;]page=([\w-]+)", page(directory)().content)
    assert after is not None
    return {
        "first page, by name": page(directory),
        "second page": page(directory, page=after[1].decode()),
        "newest first": page(directory, sort="newest"),
        "most places first": page(directory, sort="places"),
        "a name": page(directory, words="quirina"),
        "a name, mistyped": page(directory, words="xantopoulos"),
        "a skill by its synonym": page(directory, words="k8s"),
        "a word that nearly everybody says": page(directory, words="harvest"),
        "skill, language, hours in common": page(directory, skill=skill, language="fr", hours="on"),
        "with those who have no place": page(directory, full="on"),
    }


def build(size: int) -> tuple[Any, Any]:
    """A program with this many mentors of full profiles, one of whom is sought, and a mentee."""
    from django.utils import timezone

    from accounts import search
    from accounts.models import Skill, User
    from mentoring.programs.models import Membership, Program

    rng = random.Random(SEED + size)
    now = timezone.now()
    skills = list(Skill.objects.order_by("pk"))
    program = Program.objects.create(slug=f"directory-{size}", name=f"Directory of {size}")
    (mentee,) = people(rng, f"reader-{size}", 1)
    Membership.objects.create(program=program, person=mentee, is_mentee=True, joined_at=now)
    for begun in range(0, size, BATCH):
        mentors = people(rng, f"mentor-{size}-{begun}", min(BATCH, size - begun))
        if not begun:
            User.objects.filter(pk=mentors[0].pk).update(name=SOUGHT)
        Membership.objects.bulk_create(
            Membership(program=program, person=one, is_mentor=True, capacity=rng.randint(1, 4), joined_at=now)
            for one in mentors
        )
        describe(rng, mentors, skills)
        search.refresh(one.pk for one in mentors)
    return program, mentee


if __name__ == "__main__":
    main(tuple(int(size) for size in sys.argv[1:]) or SIZES)
