"""What makes a good pair: one small function per criterion, and the table of them.

Each takes (mentees, mentors, skills) and gives (n, m) floats in 0..1. None falls when somebody offers more
half hours, skills, languages, records or offers (more words may be closer or farther). Where sums are taken
over skills, the figures are first put on a grid of 1/4096, so that they add up exactly in whatever order a
machine adds: one mentee's list and a whole cohort give the same scores to the last bit.

A criterion that does not apply to a mentee (the goal wants no such skill) or to a mentor (no wish to learn
anything) says so in a second function, and its weight goes to the others (see scoring.py).

To add a criterion, write its function and add its line to CRITERIA.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.engine.people import LEADERSHIP, POLITICAL, TECHNICAL, Bools, Floats, Mentees, Mentors, SkillMap
from matching.engine.words import closeness

Scored = NDArray[np.float64]

UNBACKED = 0.8  # what a level counts where no accomplishment backs it
FULL_CLOSENESS = 0.5  # cosine of two texts about the same work, near enough; unrelated ones lie below 0.1
HALF_LIFE_DAYS = 365.0  # of a learning record
RECORDS_SCALE = 2.0  # two fresh records give 1 - 1/e, some 0.63; five give 0.92
MIN_RATERS = 3  # below this, nothing that a mentor's raters said has any effect
RATERS_SCALE = 5.0  # a mentor's own mean counts half once they have this many raters
NO_RATINGS = 0.5  # the program's mean while nobody in it has MIN_RATERS

GRID = 4096.0


def on_grid(values: Floats | Bools) -> Scored:
    """The nearest multiples of 1/4096, whose products add up exactly in float64."""
    return np.rint(np.asarray(values, dtype=np.float64) * GRID) / GRID


def nearest(strength: Floats, related: Floats, columns: NDArray[np.intp]) -> Scored:
    """(people, len(columns)): for each skill in columns the best of strength × relatedness over all skills.

    strength is (people, S). Only pairs of skills that are related at all are looked at.
    """
    if not columns.size:
        return np.zeros((len(strength), 0))
    row, other = np.nonzero(related[columns])  # sorted by row; none is missing, the diagonal is 1
    starts = np.searchsorted(row, np.arange(columns.size))
    each = strength[:, other] * related[columns[row], other].astype(np.float64)
    return on_grid(np.maximum.reduceat(each, starts, axis=1))


def skill_fit(mentees: Mentees, mentors: Mentors, skills: SkillMap, kind: int) -> Scored:
    """Σ_s importance(i,s) · cover(j,s) / Σ_s importance(i,s), over the wanted skills of one kind.

    cover(j,s) = max_t related(s,t) · level(j,t) · (1 if an accomplishment backs t, else 0.8). Importance and
    accomplishments are the mentee's and mentor's profile; 0 where the goal wants nothing of this kind.
    """
    wanted = np.where(skills.kind == kind, mentees.wanted, 0)
    columns = np.flatnonzero(wanted.any(axis=0))
    importance = on_grid(wanted[:, columns])
    cover = nearest(mentors.level * np.where(mentors.backed, 1.0, UNBACKED), skills.related, columns)
    whole = importance.sum(axis=1, keepdims=True)
    return (importance @ cover.T) / np.where(whole > 0, whole, 1)


def wants_kind(mentees: Mentees, skills: SkillMap, kind: int) -> Bools:
    """(n, 1): does the goal want any skill of this kind?"""
    wanted: Bools = mentees.wanted[:, skills.kind == kind] > 0
    return np.asarray(wanted.any(axis=1))[:, np.newaxis]


def technical(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Scored:
    """skill_fit over technical skills."""
    return skill_fit(mentees, mentors, skills, TECHNICAL)


def leadership(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Scored:
    """skill_fit over leadership skills."""
    return skill_fit(mentees, mentors, skills, LEADERSHIP)


def political(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Scored:
    """skill_fit over political skills (finding one's way in an organisation)."""
    return skill_fit(mentees, mentors, skills, POLITICAL)


def purpose(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Scored:
    """min(1, cosine / 0.5) of the goal's words and the mentor's own (see words.py).

    Alike in letters is not alike in meaning, so it carries little weight. A mentor who writes nothing scores
    0; a goal without words is not scored.
    """
    return np.minimum(1.0, closeness(mentees.words, mentors.words) / FULL_CLOSENESS)


def has_words(mentees: Mentees) -> Bools:
    """(n, 1): does the goal say anything?"""
    return np.array([any(letter.isalnum() for letter in words) for words in mentees.words], bool).reshape(
        -1, 1
    )


def passion(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Scored:
    """1 - exp(-x / 2) with x = Σ over learning records of 0.5 ** (age in days / 365).

    The records are dated evidence, never a self-rating; a date in the future counts as today. The same for
    all mentees.
    """
    worth = on_grid(0.5 ** (np.maximum(mentors.record_age_days, 0) / HALF_LIFE_DAYS))
    fresh = np.bincount(mentors.record_owner, weights=worth, minlength=len(mentors))
    return np.broadcast_to(1 - np.exp(-fresh / RECORDS_SCALE), (len(mentees), len(mentors)))


def empathy(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Scored:
    """(rating_sum + 5 · mean) / (raters + 5), and exactly the program's mean below three raters.

    The mean is over the ratings of mentors with at least three raters (0.5 while there is none), so that
    nothing one or two people said moves any figure anywhere. The ratings are mentees', never the mentor's
    own. The same for all mentees.
    """
    enough = mentors.rating_count >= MIN_RATERS
    raters = float(mentors.rating_count[enough].sum())
    mean = float(on_grid(mentors.rating_sum[enough]).sum()) / raters if raters else NO_RATINGS
    shrunk = (on_grid(mentors.rating_sum) + RATERS_SCALE * mean) / (mentors.rating_count + RATERS_SCALE)
    return np.broadcast_to(np.clip(np.where(enough, shrunk, mean), 0, 1), (len(mentees), len(mentors)))


def reciprocity(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Scored:
    """min(1, Σ_s wish(j,s) · max_t related(s,t) · offer(i,t)): what the mentee knows that the mentor wants.

    One skill that the mentor wishes for and the mentee masters is full marks. A mentor with no wishes is not
    scored.
    """
    columns = np.flatnonzero(mentors.wishes.any(axis=0))
    offered = nearest(mentees.offers, skills.related, columns)
    return np.minimum(1.0, offered @ on_grid(mentors.wishes[:, columns]).T)


def has_wishes(mentors: Mentors) -> Bools:
    """(1, m): would the mentor like to learn anything?"""
    wishes: Bools = mentors.wishes > 0
    return np.asarray(wishes.any(axis=1))[np.newaxis, :]


def common_half_hours(mentees: Mentees, mentors: Mentors) -> Scored:
    """(n, m): half hours of the week that both keep free."""
    # whole numbers up to 336, so float32 is exact
    return (mentees.free.astype(np.float32) @ mentors.free.astype(np.float32).T).astype(np.float64)


def time(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Scored:
    """min(1, half hours of the week free for both / half hours that a session takes)."""
    return np.minimum(1.0, common_half_hours(mentees, mentors) / mentees.half_hours_needed[:, np.newaxis])


def language(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Scored:
    """max over languages of the lower of the two fluencies: how well the best shared one serves both."""
    best = np.zeros((len(mentees), len(mentors)))
    for column in range(mentees.languages.shape[1]):
        mine, theirs = mentees.languages[:, column], mentors.languages[:, column]
        if mine.any() and theirs.any():
            np.maximum(best, np.minimum(mine[:, np.newaxis], theirs[np.newaxis, :]), out=best)
    return best


@dataclass(frozen=True)
class Criterion:
    """One line of the table.

    score gives (n, m) in 0..1; applies, where it is not None, booleans that broadcast to (n, m). The criteria
    of one group stand in for each other before the others do: a goal that wants technical skills alone keeps
    the whole weight of skills on them. weight is the default; they add up to 100 and are a judgement, not
    a measurement: skills lead, and words in common stay below 15.
    """

    name: str
    label: str
    group: str
    weight: float
    formula: str
    score: Callable[[Mentees, Mentors, SkillMap], Scored]
    applies: Callable[[Mentees, Mentors, SkillMap], Bools] | None = None


_COVER = (
    "importance-weighted mean over wanted skills of the best level × relatedness (× 0.8 if nothing backs it)"
)

CRITERIA: tuple[Criterion, ...] = (
    Criterion("technical", "Technical skill", "skills", 22, _COVER, technical,
              lambda mentees, _, skills: wants_kind(mentees, skills, TECHNICAL)),
    Criterion("leadership", "Leadership", "skills", 16, _COVER, leadership,
              lambda mentees, _, skills: wants_kind(mentees, skills, LEADERSHIP)),
    Criterion("political", "Political skill", "skills", 12, _COVER, political,
              lambda mentees, _, skills: wants_kind(mentees, skills, POLITICAL)),
    Criterion("purpose", "Purpose", "purpose", 10, "min(1, cosine of character trigrams / 0.5)", purpose,
              lambda mentees, *_: has_words(mentees)),
    Criterion("passion", "Learning passion", "passion", 8,
              "1 - exp(-Σ over records of 0.5^(age / 365 days) / 2)", passion),
    Criterion("empathy", "Empathy", "empathy", 10,
              "(sum of ratings + 5 × program's mean) / (raters + 5); below 3 raters the mean", empathy),
    Criterion("reciprocity", "Reciprocity", "reciprocity", 8,
              "min(1, Σ over wishes of the best offer × relatedness)", reciprocity,
              lambda _, mentors, __: has_wishes(mentors)),
    Criterion("time", "Time", "time", 10,
              "min(1, half hours a week free for both / half hours of a session)", time),
    Criterion("language", "Language", "language", 4, "max over languages of the lower fluency", language),
)  # fmt: skip
