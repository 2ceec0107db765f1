"""What makes a good pair: one small function per criterion, and the table of them.

Each takes (mentees, mentors, skills) and gives a Term: how well each mentor serves each mentee, in 0..1, in
one of the few shapes of terms.py, and whom it applies to. Figures are first put on a grid of 1/4096. None
falls when somebody offers more half hours, skills, languages, records or offers (more words may be closer or
farther).

A criterion that does not apply to a mentee (the goal wants no such skill) or to a mentor (no wish to learn
anything) says so, and its weight goes to the others (see scoring.py).

To add a criterion, write its function and add its line to CRITERIA.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.engine.feasibility import WORKING_FLUENCY
from matching.engine.people import (
    LEADERSHIP,
    POLITICAL,
    TECHNICAL,
    Bools,
    Floats,
    Ints,
    Mentees,
    Mentors,
    SkillMap,
)
from matching.engine.terms import ONE, Closeness, Common, Figure, Mean, Shared, Sum, Term, by_column, on_grid

UNBACKED = 0.8  # what a level counts where no accomplishment backs it
HALF_LIFE_DAYS = 365.0  # of a learning record
RECORDS_SCALE = 2.0  # two fresh records give 1 - 1/e, some 0.63; five give 0.92
MIN_RATERS = 3  # below this, nothing that a mentor's raters said has any effect
RATERS_SCALE = 5.0  # a mentor's own mean counts half once they have this many raters
NO_RATINGS = 0.5  # the program's mean while nobody in it has MIN_RATERS

GRID = float(ONE)


def nearest(strength: NDArray[np.int16], related: NDArray[np.int16]) -> NDArray[np.int16]:
    """(K, people): for each of K skills the best of strength × relatedness over T skills.

    strength (T, people) and related (K, T) in steps of 1 / ONE.
    """
    best = np.zeros((len(related), strength.shape[1]), dtype=np.int16)
    to, own = np.nonzero(related * strength.any(axis=1))
    much = related[to, own]
    order = np.lexsort((much, own))
    counted, last = best[:0], None
    for row, skill, share in zip(to[order].tolist(), own[order].tolist(), much[order].tolist(), strict=True):
        if last != (skill, share):
            counted = ((strength[skill].astype(np.int32) * share + ONE // 2) // ONE).astype(np.int16)
            last = skill, share
        np.maximum(best[row], counted, out=best[row])
    return best


def skill_fit(mentees: Mentees, mentors: Mentors, skills: SkillMap, kind: int) -> Term:
    """Σ_s importance(i,s) · cover(j,s) / Σ_s importance(i,s), over the wanted skills of one kind; 0..1.

    cover(j,s) = max_t related(s,t) · level(j,t) · (1 if an accomplishment backs t, else 0.8). Importance is
    of the mentee's goal, level and accomplishments of the mentor's profile. Applies where the goal wants a
    skill of this kind.
    """
    of_kind = np.flatnonzero(skills.kind == kind)
    wanted = of_kind[(mentees.wanted[:, of_kind] > 0).any(axis=0)]
    related = on_grid(skills.related[np.ix_(wanted, of_kind)])
    used = related.any(axis=0)
    level, backed = (by_column(array, of_kind[used]) for array in (mentors.level, mentors.backed))
    unbacked = round(UNBACKED * ONE)
    strength = np.where(backed > 0, level, (level.astype(np.int32) * unbacked + ONE // 2) // ONE)
    importance = mentees.wanted[:, wanted]
    # whole numbers are their own grid, and take half the room
    left = importance.astype(np.int8) if importance.dtype.kind in "iu" else on_grid(importance)
    return Term(
        Mean(left, nearest(strength.astype(np.int16), related[:, used])), mentees=np.asarray(left.any(axis=1))
    )


def technical(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Term:
    """skill_fit over technical skills."""
    return skill_fit(mentees, mentors, skills, TECHNICAL)


def leadership(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Term:
    """skill_fit over leadership skills."""
    return skill_fit(mentees, mentors, skills, LEADERSHIP)


def political(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Term:
    """skill_fit over political skills (finding one's way in an organisation)."""
    return skill_fit(mentees, mentors, skills, POLITICAL)


def purpose(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Term:
    """(cosine - low) / (high - low), kept in 0..1, of what the goal and the mentor say as vectors of meaning.

    low and high are the mentors' closeness_range: cosines of texts about different and about the same work,
    as measured for the model that made the vectors (meaning.py). Alike is not the same, so it carries little
    weight. A mentor who writes nothing scores 0; a goal that says nothing is not scored.
    """
    size = max(0 if side.meaning is None else side.meaning.shape[1] for side in (mentees, mentors))
    goal, mentor = (
        np.zeros((len(side), size), dtype=np.int8) if side.meaning is None else side.meaning
        for side in (mentees, mentors)
    )
    return Term(Closeness.of(goal, mentor, *mentors.closeness_range), mentees=np.asarray(goal.any(axis=1)))


def passion(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Term:
    """1 - exp(-x / 2) with x = Σ over learning records of 0.5 ** (age in days / 365); 0..1.

    The records are dated evidence, never a self-rating; a date in the future counts as today. The same for
    all mentees.
    """
    worth = record_worth(mentors.record_age_days)
    fresh = np.bincount(mentors.record_owner, weights=worth, minlength=len(mentors))
    return Term(Figure(on_grid(passion_figure(fresh))))


def record_worth(age_days: Floats | Ints) -> NDArray[np.float64]:
    """What a learning record of this age counts beside one of today, which counts 1."""
    worth: NDArray[np.float64] = np.rint(0.5 ** (np.maximum(age_days, 0) / HALF_LIFE_DAYS) * GRID) / GRID
    return worth


def passion_figure(fresh: Floats | Ints) -> NDArray[np.float64]:
    """Learning passion, 0..1, from the sum of what somebody's records count."""
    figure: NDArray[np.float64] = 1 - np.exp(-fresh / RECORDS_SCALE)
    return figure


def empathy(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Term:
    """(rating_sum + 5 · mean) / (raters + 5), and exactly the program's mean below three raters; 0..1.

    The mean is over the ratings of mentors with at least three raters (0.5 while there is none), so that
    nothing one or two people said moves any figure anywhere. The ratings are mentees', never the mentor's
    own. The same for all mentees.
    """
    return Term(Figure(on_grid(empathy_figures(mentors.rating_sum, mentors.rating_count))))


def empathy_figures(sums: Floats, raters: Ints) -> NDArray[np.float64]:
    """Each mentor's figure of empathy, of all mentors' sums of ratings and numbers of raters."""
    enough = raters >= MIN_RATERS
    sums = np.rint(np.asarray(sums, dtype=np.float64) * GRID) / GRID
    count = float(raters[enough].sum())
    mean = float(sums[enough].sum()) / count if count else NO_RATINGS
    own = (sums + RATERS_SCALE * mean) / (raters + RATERS_SCALE)
    figures: NDArray[np.float64] = np.clip(np.where(enough, own, mean), 0, 1)
    return figures


def reciprocity(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Term:
    """min(1, Σ_s wish(j,s) · max_t related(s,t) · offer(i,t)); 0..1: what one knows and the other wants.

    One skill that the mentor wishes for and the mentee masters is full marks. Applies to mentors with a wish.
    """
    wishes = mentors.wishes > 0
    wished = np.flatnonzero(wishes.any(axis=0))
    related = on_grid(skills.related[wished])
    used = np.flatnonzero(related.any(axis=0) & (mentees.offers > 0).any(axis=0))
    offered = nearest(by_column(mentees.offers, used), related[:, used])
    met = offered.any(axis=1)
    return Term(
        Sum(np.ascontiguousarray(offered[met].T), by_column(mentors.wishes, wished[met])),
        mentors=np.asarray(wishes.any(axis=1)),
    )


def time(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Term:
    """min(1, half hours of the week free for both / half hours that a session takes); 0..1."""
    mentor = np.ascontiguousarray(_words(mentors.free).T)
    return Term(Common(_words(mentees.free), mentor, np.asarray(mentees.half_hours_needed, dtype=np.int64)))


def _words(bits: Bools) -> NDArray[np.uint64]:
    """(rows, bits / 64 rounded up): the bits of each row, 64 to a word."""
    packed = np.packbits(bits, axis=1)
    padded = np.zeros((len(bits), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view(np.uint64)


def language(mentees: Mentees, mentors: Mentors, skills: SkillMap) -> Term:
    """max over languages of the lower of the two fluencies: how well the best shared one serves both; 0..1.

    Below WORKING_FLUENCY a pair cannot be (see feasibility.py).
    """
    every = np.arange(mentors.languages.shape[1])
    return Term(Shared(on_grid(mentees.languages), by_column(mentors.languages, every)))


@dataclass(frozen=True)
class Criterion:
    """One line of the table.

    The criteria of one group stand in for each other before the others do: a goal that wants technical skills
    alone keeps the whole weight of skills on them. weight is the default; they add up to 100 and are a
    judgement, not a measurement: skills lead, and closeness in meaning stays below 15. least: below this part
    a pair cannot be, in any program.
    """

    name: str
    label: str
    group: str
    weight: float
    formula: str
    term: Callable[[Mentees, Mentors, SkillMap], Term]
    least: float = 0.0


_COVER = (
    "importance-weighted mean over wanted skills of the best level × relatedness (× 0.8 if nothing backs it)"
)

CRITERIA: tuple[Criterion, ...] = (
    Criterion("technical", "Technical skill", "skills", 22, _COVER, technical),
    Criterion("leadership", "Leadership", "skills", 16, _COVER, leadership),
    Criterion("political", "Political skill", "skills", 12, _COVER, political),
    Criterion("purpose", "Purpose", "purpose", 10, "(cosine of meanings - low) / (high - low), in 0..1",
              purpose),
    Criterion("passion", "Learning passion", "passion", 8,
              "1 - exp(-Σ over records of 0.5^(age / 365 days) / 2)", passion),
    Criterion("empathy", "Empathy", "empathy", 10,
              "(sum of ratings + 5 × program's mean) / (raters + 5); below 3 raters the mean", empathy),
    Criterion("reciprocity", "Reciprocity", "reciprocity", 8,
              "min(1, Σ over wishes of the best offer × relatedness)", reciprocity),
    Criterion("time", "Time", "time", 10,
              "min(1, half hours a week free for both / half hours of a session)", time),
    Criterion("language", "Language", "language", 4, "max over languages of the lower fluency", language,
              least=WORKING_FLUENCY),
)  # fmt: skip
