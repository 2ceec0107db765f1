"""People for the engine's tests: a small named cast, and crowds by seed."""

import dataclasses
from datetime import date

import numpy as np

from matching.engine import CRITERIA, HALF_HOURS, Allowed, Mentees, Mentors, Scoring, Settings, SkillMap

MONDAY = date(2026, 3, 2)
LANGUAGES = ("English", "Portuguese")
SKILLS = SkillMap.from_parents(
    slugs=("data", "sql", "statistics", "budgeting", "speaking", "negotiation", "coalitions"),
    names=("data analysis", "SQL", "statistics", "budgeting", "public speaking", "negotiation", "coalitions"),
    kind=(0, 0, 0, 0, 1, 1, 2),
    parents={"sql": "data", "statistics": "data"},
)


def row(**levels):
    """(1, S): row(sql=0.5) is 0.5 for SQL and 0 for the others."""
    return np.array([[levels.get(slug, 0.0) for slug in SKILLS.slugs]], dtype=np.float32)


def week(*spans):
    """(1, 336): week(("Tue", 9, 11.5)) is free on Tuesday from 9:00 to 11:30 UTC."""
    free = np.zeros((1, HALF_HOURS), dtype=bool)
    for day, start, end in spans:
        first = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun").index(day) * 48
        free[0, first + int(start * 2) : first + int(end * 2)] = True
    return free


def meaning(*figures):
    """(1, 4) int8"""
    return np.array([[*figures, *[0] * (4 - len(figures))]], dtype=np.int8)


def make_mentee(**over):
    """Amara wants SQL (most), public speaking, negotiation and coalitions, and offers budgeting."""
    fields = {
        "ids": ("amara",),
        "names": ("Amara Obi",),
        "wanted": row(sql=3, speaking=2, negotiation=2, coalitions=1),
        "offers": row(budgeting=0.75),
        "free": week(("Tue", 9, 11), ("Thu", 9, 11)),
        "languages": np.array([[1.0, 0.5]]),
        "half_hours_needed": np.array([2]),
        "meaning": meaning(100, 0, 20),
    }
    return Mentees(**fields | over)


def make_mentor(**over):
    fields = {
        "ids": ("jonas",),
        "names": ("Jonas Weber",),
        "level": row(sql=1, speaking=0.75, negotiation=0.5),
        "backed": row(sql=1) > 0,
        "wishes": row(budgeting=1),
        "free": week(("Tue", 8, 12), ("Thu", 10, 12)),
        "languages": np.array([[0.75, 0.0]]),
        "meaning": meaning(100, 20, 20),
        "rating_sum": np.array([0.0]),
        "rating_count": np.array([0]),
        "capacity": np.array([1]),
    }
    return Mentors(**fields | over)


def crowd(n, m, seed, languages=2):
    """n mentees and m mentors with varied, reproducible lives."""
    rng = np.random.default_rng(seed)
    size = len(SKILLS.slugs)

    def some(rows, share, top=1.0):
        return ((rng.random((rows, size)) < share) * rng.integers(1, 5, (rows, size)) / 4 * top).astype(
            np.float32
        )

    def meanings(rows):
        near = rng.integers(-40, 41, (rows, 8)) + 60
        return (near * (rng.random((rows, 1)) < 0.8)).astype(np.int8)

    mentees = Mentees(
        ids=tuple(f"mentee-{i}" for i in range(n)),
        names=tuple(f"Mentee {i}" for i in range(n)),
        wanted=np.ceil(some(n, 0.4, 3)),
        offers=some(n, 0.3),
        free=rng.random((n, HALF_HOURS)) < 0.1,
        languages=rng.integers(0, 5, (n, languages)) / 4,
        half_hours_needed=rng.integers(1, 5, n),
        meaning=meanings(n),
        emphasis=rng.integers(-1, 2, (n, len(CRITERIA))).astype(np.int8),
    )
    counts = rng.integers(0, 7, m)
    mentors = Mentors(
        ids=tuple(f"mentor-{j}" for j in range(m)),
        names=tuple(f"Mentor {j}" for j in range(m)),
        level=some(m, 0.4),
        backed=rng.random((m, size)) < 0.2,
        wishes=rng.random((m, size)) < 0.2,
        free=rng.random((m, HALF_HOURS)) < 0.1,
        languages=rng.integers(0, 5, (m, languages)) / 4,
        meaning=meanings(m),
        rating_sum=counts * rng.integers(0, 5, m) / 4,
        rating_count=counts,
        capacity=rng.integers(0, 4, m),
        record_owner=rng.integers(0, max(m, 1), 3 * m),
        record_age_days=rng.integers(0, 1500, 3 * m),
    )
    return mentees, mentors


def reorder(people, order):
    """The same people in another order, or some of them; a mentor's learning records go with their owner."""
    order = np.asarray(order, dtype=int)
    changed = {}
    for field in dataclasses.fields(people):
        values = getattr(people, field.name)
        if field.name.startswith("record_"):
            continue
        if values is None or field.name == "closeness_range":
            changed[field.name] = values
        elif isinstance(values, np.ndarray):
            changed[field.name] = values[order]
        else:
            changed[field.name] = tuple(values[index] for index in order) if values else values
    if isinstance(people, Mentors):
        place = {int(old): new for new, old in enumerate(order)}
        kept = np.array([int(owner) in place for owner in people.record_owner], dtype=bool)
        owners = [place[int(owner)] for owner in people.record_owner[kept]]
        changed["record_owner"] = np.array(owners, dtype=int)
        changed["record_age_days"] = people.record_age_days[kept]
    return dataclasses.replace(people, **changed)


def allowed_among(n, m, seed):
    """Some mentors who may be proposed to nobody, and some pairs kept apart."""
    rng = np.random.default_rng(seed)
    apart = np.argwhere(rng.random((n, m)) < 0.1)
    return Allowed(rng.random(m) < 0.9, apart.reshape(-1, 2))


def scoring(mentees=None, mentors=None, weights=None, allowed=None, **settings):
    """Of the named pair unless others are given."""
    return Scoring(
        make_mentee() if mentees is None else mentees,
        make_mentor() if mentors is None else mentors,
        SKILLS,
        allowed,
        Settings(weights=weights or {}, **settings),
    )
