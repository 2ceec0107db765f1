"""The people of a made-up program, by seed: the arrays that the engine takes, and nothing that it computes.

Skills are some 300 in a tree, wanted and offered unevenly; weeks come in a few time zones and habits of work;
what goals and mentors say lies around topics. A popular program has, besides, a few mentors whom everybody
wants (Zipf): they can do what is asked for most, speak everything, and are rated well.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEED = 3
SKILLS = 300
HALF_HOURS = 336
LANGUAGES = 12
DIMENSIONS = 384
TOPICS = 60
LENGTH = 512.0  # of a meaning vector before it is clipped to int8
CLOSENESS = (0.84, 0.91)  # cosines of the made-up meanings: half of all, and one in a hundred, lie below
PLACES = 1.05  # for each mentee
ROOM = 1024  # people at a time, where something large is made of each

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Size:
    """mentees × mentors, written 1000x400."""

    mentees: int
    mentors: int

    @classmethod
    def parse(cls, text: str) -> "Size":
        """ValueError where the text is not of the form 1000x400."""
        mentees, mentors = (int(part) for part in text.lower().replace("×", "x").split("x"))
        if mentees < 1 or mentors < 1:
            raise ValueError("a size has at least one mentee and one mentor")
        return cls(mentees, mentors)

    @property
    def pairs(self) -> int:
        return self.mentees * self.mentors

    def __str__(self) -> str:
        return f"{self.mentees:,} × {self.mentors:,}"


def make_people(size: Size, *, popular: bool = False, seed: int = SEED) -> Arrays:
    """Arrays by the names of the engine's own fields, after "mentee_" and "mentor_"; the same for one seed.

    kind (S,) and parent (S,) make the skills: parent is a skill's index, or -1. capacity is the mentors'.
    apart (k, 2) are pairs kept apart, proposable (m,) mentors who may be proposed. ranked_by_mentees (n, 5)
    and ranked_by_mentors (m, 5) are preferences, dearest first, -1 where there is no further one.
    """
    rng = np.random.default_rng([seed, size.mentees, size.mentors, popular])
    fame = _fame(rng, size.mentors) if popular else np.zeros(size.mentors)
    kind, parent = _skills(rng)
    asked = _popularity(rng, kind, 1.2 if popular else 0.8)
    n, m = size.mentees, size.mentors
    everyone_asks = np.argsort(-asked)
    work = {
        "kind": kind,
        "parent": parent,
        "mentee_wanted": _few(rng, n, asked, 2 + rng.integers(0, 5, n), (1, 2, 3), np.int8),
        "mentee_offers": _few(rng, n, asked, rng.integers(0, 4, n), (0.25, 0.5, 0.75, 1), np.float32),
        "mentee_half_hours_needed": rng.choice([1, 2, 2, 2, 3], n).astype(np.int16),
        "mentor_level": _few(rng, m, asked, 4 + rng.integers(0, 7, m), (0.25, 0.5, 0.75, 1), np.float32),
        "mentor_wishes": _few(rng, m, asked, rng.integers(0, 4, m), (1,), np.bool_),
    }
    for star in np.flatnonzero(fame > 0.05):
        work["mentor_level"][star, everyone_asks[: int(10 + 60 * fame[star])]] = 1
    work["mentor_backed"] = (work["mentor_level"] > 0) & (rng.random((m, SKILLS)) < 0.4 + 0.6 * fame[:, None])
    work |= _weeks_and_languages(rng, n, m, fame) | _meanings(rng, n, m, fame)
    work |= _reputations(rng, m, fame) | {"mentor_capacity": _capacities(rng, n, m)}
    work |= {"ranked_by_mentees": _ranked(rng, n, m, fame), "ranked_by_mentors": _ranked(rng, m, n)}
    apart = np.stack([rng.integers(0, n, n // 5), rng.integers(0, m, n // 5)], axis=1)
    return work | {"apart": np.unique(apart, axis=0), "proposable": rng.random(m) < 0.98}


def _fame(rng: np.random.Generator, mentors: int) -> NDArray[np.float64]:
    """1, 1/2, 1/3 … in a random order."""
    return rng.permutation(1 / np.arange(1, mentors + 1))


def _skills(rng: np.random.Generator) -> tuple[NDArray[np.int8], NDArray[np.int16]]:
    """Three fifths technical, a fifth each leadership and political; a tree of three storeys in each kind."""
    kind = np.repeat(np.array([0, 0, 0, 1, 2], np.int8), SKILLS // 5)
    parent = np.full(SKILLS, -1, np.int16)
    for one in range(3):
        own = np.flatnonzero(kind == one)
        roots, middle = own[: len(own) // 10], own[len(own) // 10 : len(own) // 3]
        leaves = own[len(own) // 3 :]
        parent[middle] = rng.choice(roots, len(middle))
        parent[leaves] = rng.choice(middle, len(leaves))
    return kind, parent


def _popularity(rng: np.random.Generator, kind: NDArray[np.int8], exponent: float) -> NDArray[np.float64]:
    asked = rng.permutation(1 / np.arange(1, len(kind) + 1) ** exponent)
    return np.asarray(asked / asked.sum())


def _few(
    rng: np.random.Generator,
    people: int,
    likely: NDArray[np.float64],
    counts: NDArray[np.integer[Any]],
    values: tuple[float, ...],
    dtype: Any,
) -> NDArray[Any]:
    """(people, S): each person's so many different skills, likely ones more often, of these values."""
    made = np.zeros((people, len(likely)), dtype)
    most = max(int(counts.max(initial=0)), 1)
    for first in range(0, people, ROOM):
        rows = np.arange(first, min(first + ROOM, people))
        # the largest of log(weight) + Gumbel noise are a draw without replacement by weight
        keys = np.log(likely) + rng.gumbel(size=(len(rows), len(likely)))
        best = np.argsort(-keys, axis=1)[:, :most]
        kept = np.arange(most) < counts[rows, None]
        made[np.repeat(rows, kept.sum(axis=1)), best[kept]] = rng.choice(values, int(kept.sum()))
    return made


def _weeks_and_languages(rng: np.random.Generator, n: int, m: int, fame: NDArray[np.float64]) -> Arrays:
    """People of four regions, each with its hours and its language beside a lingua franca (column 0)."""
    offsets = np.array([0, 2, 11, 16])  # half hours that a region's morning is before UTC's
    made: Arrays = {}
    for side, people in (("mentee", n), ("mentor", m)):
        region = rng.choice(4, people, p=[0.5, 0.25, 0.15, 0.1])
        made[f"{side}_free"] = _weeks(rng, offsets[region])
        languages = np.zeros((people, LANGUAGES), np.float32)
        languages[np.arange(people), 1 + region] = rng.choice([0.75, 1], people)
        languages[:, 0] = rng.choice([0, 0.25, 0.5, 0.75, 1], people, p=[0.04, 0.06, 0.2, 0.3, 0.4])
        also = np.flatnonzero(rng.random(people) < 0.3)
        languages[also, rng.integers(5, LANGUAGES, len(also))] = rng.choice([0.25, 0.5, 0.75, 1], len(also))
        made[f"{side}_languages"] = languages
    made["mentor_languages"][fame > 0.05, 0] = 1
    return made


def _weeks(rng: np.random.Generator, offset: NDArray[Any]) -> NDArray[np.bool_]:
    """(people, 336): some working days, on each one to five hours from a habitual half hour on, with gaps."""
    people = len(offset)
    days = rng.random((people, 7)) < np.array([0.6, 0.7, 0.7, 0.7, 0.5, 0.08, 0.05])
    habit = rng.choice([17, 18, 20, 24, 26, 32], people)  # the half hour of the day that it begins with
    long = rng.integers(2, 11, people)
    free = np.zeros((people, HALF_HOURS), np.bool_)
    for day in range(7):
        for later in range(10):
            taken = days[:, day] & (later < long) & (rng.random(people) < 0.85)
            slot = (day * 48 + habit + later - offset) % HALF_HOURS
            free[np.flatnonzero(taken), slot[taken]] = True
    return free


def _meanings(rng: np.random.Generator, n: int, m: int, fame: NDArray[np.float64]) -> Arrays:
    """int8 vectors with cosines as of a small E5: all alike to 0.8, more within a topic; some say nothing."""
    common = _unit(rng.standard_normal(DIMENSIONS))
    topics = np.array([_unit(row) for row in rng.standard_normal((TOPICS, DIMENSIONS))])
    loudest = topics[0]
    made: Arrays = {}
    for side, people, silent in (("mentee", n, 0.05), ("mentor", m, 0.1)):
        meaning = np.zeros((people, DIMENSIONS), np.int8)
        topic = rng.integers(0, TOPICS, people)
        for first in range(0, people, ROOM):
            rows = np.arange(first, min(first + ROOM, people))
            own = rng.standard_normal((len(rows), DIMENSIONS)) / DIMENSIONS**0.5
            on_topic = rng.uniform(0.1, 0.4, (len(rows), 1))
            vectors = 0.9 * common + on_topic * topics[topic[rows]] + 0.3 * own
            if side == "mentor":
                vectors += 0.2 * fame[rows, None] * loudest
            vectors *= LENGTH / np.linalg.norm(vectors, axis=1, keepdims=True)
            meaning[rows] = np.clip(np.rint(vectors), -127, 127).astype(np.int8)
        meaning[rng.random(people) < silent] = 0
        made[f"{side}_meaning"] = meaning
    return made


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / float(np.linalg.norm(vector))


def _reputations(rng: np.random.Generator, mentors: int, fame: NDArray[np.float64]) -> Arrays:
    """Ratings and learning records: those of the famous are many, and good."""
    count = rng.poisson(3 + 20 * fame)
    rated = np.clip(rng.normal(0.65 + 0.3 * fame, 0.12), 0, 1)
    records = rng.poisson(2 + 8 * fame)
    return {
        "mentor_rating_count": count.astype(np.int32),
        "mentor_rating_sum": (rated * count).astype(np.float32),
        "mentor_record_owner": np.repeat(np.arange(mentors), records).astype(np.int32),
        "mentor_record_age_days": rng.exponential(400, int(records.sum())).astype(np.float32),
    }


def _ranked(
    rng: np.random.Generator, people: int, others: int, fame: NDArray[np.float64] | None = None
) -> NDArray[np.int32]:
    """(people, 5): two in five people name up to five others, the famous more often."""
    weights = np.ones(others) if fame is None else 0.01 + fame
    named = rng.choice(others, (people, 5), p=weights / weights.sum()).astype(np.int32)
    counts = np.where(rng.random(people) < 0.4, rng.integers(1, 6, people), 0)
    again = [(named[:, [place]] == named[:, :place]).any(axis=1) for place in range(5)]
    named[np.stack(again, axis=1) | (np.arange(5) >= counts[:, None])] = -1
    return named


def _capacities(rng: np.random.Generator, mentees: int, mentors: int) -> NDArray[np.int32]:
    """Places for a few more than all mentees, none to twice the mean with one mentor."""
    mean = PLACES * mentees / mentors
    capacity = rng.integers(0, max(int(2 * mean), 1) + 1, mentors)
    short = int(PLACES * mentees) - int(capacity.sum())
    some = rng.choice(mentors, abs(short))
    np.add.at(capacity, some, np.sign(short))
    return np.maximum(capacity, 0).astype(np.int32)
