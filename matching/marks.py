"""A mark of all that the words about a pair rest on: a run that is solved again says anew only what changed.

Most pairings stay when an admin locks one and forbids another; theirs are the reasons they had.
"""

import hashlib
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.engine import Mentees, Mentors
from matching.engine.criteria import HALF_LIFE_DAYS
from matching.fits import Fits

# Nothing is said of places, and of records only how fresh they are together.
_ELSEWHERE = ("capacity", "record_owner", "record_age_days")
_LENGTH = 12  # bytes: one in 2^48 pairs would keep words that have changed


class Marks:
    def __init__(self, fits: Fits, zone: str) -> None:
        self._mentees = _digests(fits.mentees.arrays, [row.title for row in fits.mentees.rows])
        self._mentors = _digests(fits.mentors.arrays, [row.headline + row.about for row in fits.mentors.rows])
        scoring, mentors = fits.scoring, fits.mentors.arrays
        # what is the same for all: the settings, the day, and what every mentor's raters said
        whole = [
            repr(scoring.settings).encode(),
            f"{zone} {fits.today} {mentors.closeness_range} {scoring.skills.names}".encode(),
            scoring.skills.related.tobytes(),
            np.sort(np.asarray(mentors.rating_sum, dtype=np.float64)).tobytes(),
        ]
        self._whole = hashlib.blake2b(b"".join(whole)).digest()

    def of(self, i: int, j: int) -> str:
        both = self._whole + self._mentees[i] + self._mentors[j]
        return hashlib.blake2b(both, digest_size=_LENGTH).hexdigest()


def _digests(people: Mentees | Mentors, said: list[str]) -> list[bytes]:
    """Of each person's row in all arrays, their name, and what is said beside."""
    count = len(people)
    rows = [
        _bytes(values, count)
        for one in fields(people)
        if isinstance(values := getattr(people, one.name), np.ndarray) and one.name not in _ELSEWHERE
    ]
    if isinstance(people, Mentors):
        fresh = 0.5 ** (np.asarray(people.record_age_days, dtype=np.float64) / HALF_LIFE_DAYS)
        rows.append(_bytes(np.bincount(people.record_owner, weights=fresh, minlength=count), count))
    packed = np.concatenate(rows, axis=1) if count else np.zeros((0, 1), np.uint8)
    return [
        hashlib.blake2b(row.tobytes() + f"{name}\x1f{words}".encode()).digest()
        for row, name, words in zip(packed, people.names, said, strict=True)
    ]


def _bytes(figures: NDArray[Any], count: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(figures).view(np.uint8).reshape(count, -1 if figures.size else 0)
