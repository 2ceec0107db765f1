"""Why this pair, and why nobody: the scores of scoring.py and the arrays of people.py put into words."""

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.engine import phrases
from matching.engine.criteria import CRITERIA, MIN_RATERS
from matching.engine.feasibility import WORKING_FLUENCY, Infeasible
from matching.engine.people import Ints, Mentees, Mentors, SkillMap
from matching.engine.phrases import Phrase, Voice
from matching.engine.scoring import Parts, Scoring
from matching.engine.week import join_words, say_times, session_starts

HIGH = 0.6  # a score worth a word in favour
LOW = 0.15  # and one worth a word against
FLUENT = 0.75
SAID_CLOSE = 0.5  # relatedness from which a skill is said to be close to another
MODEST = 0.4  # a level below this is said to be modest
KINDS = ("technical", "leadership", "political")  # by SkillMap.kind
QUOTED = 140  # letters of a sentence
NAMED = 5  # skills or people in one list; the rest are counted
Pair = tuple[int, int]
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Part:
    """One criterion's part: score 0..1, weight 0..100 of the whole, points = weight × score.

    weight is 0 where the criterion does not apply to the pair. Round before showing.
    """

    name: str
    label: str
    score: float
    weight: float
    points: float
    applies: bool


@dataclass(frozen=True)
class Explanation:
    """parts in CRITERIA's order; their points add up to total (0..100). Reasons: skills first."""

    total: float
    parts: tuple[Part, ...]
    reasons_for: tuple[str, ...]
    reasons_against: tuple[str, ...]


class Quote(NamedTuple):
    """The two sentences nearest in meaning, of the goal and of what the mentor says of themselves."""

    goal: str
    mentor: str


Quotes = Callable[[Sequence[int]], Mapping[int, Quote]]


@dataclass(frozen=True, eq=False)
class _Pair:
    """What the reasons are made from."""

    scoring: Scoring
    found: Parts
    at: int  # in found
    i: int
    j: int
    zone: str
    on: date
    voice: Voice
    languages: Sequence[str]
    quote: Quote | None
    counted: NDArray[np.bool_]  # (S,): the skills of kinds that have any weight
    near: dict[int, NDArray[np.intp]]  # skills a step away, of those that were looked at

    @property
    def mentees(self) -> Mentees:
        return self.scoring.mentees

    @property
    def mentors(self) -> Mentors:
        return self.scoring.mentors

    @property
    def skills(self) -> SkillMap:
        return self.scoring.skills

    def say(self, phrase: Phrase, **words: str) -> str:
        return phrase.to(
            self.voice, mentee=self.mentees.names[self.i], mentor=self.mentors.names[self.j], **words
        )

    def part(self, name: str) -> float:
        return float(self.found.parts[name][self.at])

    def share(self, name: str) -> float:
        return float(self.found.shares[name][self.at])

    def applies(self, name: str) -> bool:
        return bool(self.found.applies[name][self.at])

    def counts(self, name: str) -> bool:
        return self.applies(name) and self.scoring.weights[name] > 0


def explain(
    scoring: Scoring,
    i: int,
    j: int,
    *,
    zone: str,
    on: date,
    voice: Voice = "mentee",
    languages: Sequence[str] = (),
    quote: Quote | None = None,
) -> Explanation:
    """Say why mentee i and mentor j, to the mentee, the mentor or an admin.

    zone: the reader's, for times of the week, at the UTC offset of the week of `on`. languages: names of the
    L columns; without them nothing is said of languages by name. A criterion of weight 0 gives no reasons.
    To the mentee, learning passion and empathy are one part, and nothing is said of empathy, since what a
    mentor's raters said is for the mentor and admins alone. Says nothing of whether the pair is feasible.
    """
    quotes = None if quote is None else lambda places: dict.fromkeys(places, quote)
    (said,) = explain_all(
        scoring, [i], [j], zone=zone, on=on, voice=voice, languages=languages, quotes=quotes
    )
    return said


def explain_all(
    scoring: Scoring,
    i: Sequence[int],
    j: Sequence[int],
    *,
    zone: str,
    on: date,
    voice: Voice = "mentee",
    languages: Sequence[str] = (),
    quotes: Quotes | None = None,
) -> list[Explanation]:
    """explain() of many pairs, many times faster for each.

    quotes: asked once, with the places (in i and j) of the pairs of whose meaning there is something to say.
    """
    found = scoring.parts(np.asarray(i, dtype=np.intp), np.asarray(j, dtype=np.intp))
    alike = np.flatnonzero(found.applies["purpose"] & (found.parts["purpose"] >= HIGH)).tolist()
    quoted = quotes(alike) if quotes is not None and alike else {}
    kinds = [kind for kind, name in enumerate(KINDS) if scoring.weights[name] > 0]
    counted = np.isin(scoring.skills.kind, kinds)
    near: dict[int, NDArray[np.intp]] = {}
    return [
        _explanation(
            _Pair(scoring, found, at, row, column, zone, on, voice, languages, quoted.get(at), counted, near)
        )
        for at, (row, column) in enumerate(zip(i, j, strict=True))
    ]


def _explanation(pair: _Pair) -> Explanation:
    skills_for, skills_against = _skills(pair)
    time_for, time_against = _time(pair)
    wishes_for, wishes_against = _reciprocity(pair)
    rest_for, rest_against = _purpose_and_person(pair)
    language_for, language_against = _language(pair)
    parts = _parts(pair)
    return Explanation(
        total=sum(part.points for part in parts),
        parts=parts,
        reasons_for=(*skills_for, *time_for, *wishes_for, *rest_for, *language_for),
        reasons_against=(*skills_against, *time_against, *language_against, *wishes_against, *rest_against),
    )


def _parts(pair: _Pair) -> tuple[Part, ...]:
    parts = []
    for criterion in CRITERIA:
        score = pair.part(criterion.name)
        weight = 100 * pair.share(criterion.name)
        applies = pair.applies(criterion.name)
        parts.append(Part(criterion.name, criterion.label, score, weight, score * weight, applies))
    if pair.voice != "mentee":
        return tuple(parts)
    named = {part.name: part for part in parts}
    passion, empathy = named["passion"], named["empathy"]
    weight, points = passion.weight + empathy.weight, passion.points + empathy.points
    both = Part("person", "Learning and empathy", points / weight if weight else 0.0, weight, points, True)
    return tuple(both if part is passion else part for part in parts if part is not empathy)


def _skills(pair: _Pair) -> tuple[list[str], list[str]]:
    importance = pair.mentees.wanted[pair.i] * pair.counted
    level, backed = pair.mentors.level[pair.j], pair.mentors.backed[pair.j]
    # the most important first, then by name
    wanted = sorted(np.flatnonzero(importance).tolist(), key=lambda s: (-importance[s], pair.skills.names[s]))
    offered = [s for s in wanted if level[s] > 0]
    close = {s: t for s in wanted if s not in offered and (t := _closest(pair, s, level)) is not None}
    missing = [s for s in wanted if s not in offered and s not in close]

    good = []
    if offered:
        part = _part_of(len(offered), len(wanted))
        good.append(pair.say(phrases.COVERS, part=part, skills=_names(pair.skills, offered, join=", ")))
    if shown := [s for s in offered if backed[s]]:
        good.append(pair.say(phrases.SHOWN, skills=_names(pair.skills, shown)))
    for s, t in list(close.items())[:2]:
        good.append(pair.say(phrases.CLOSE, offered=pair.skills.names[t], wanted=pair.skills.names[s]))

    poor = []
    values = importance[wanted]
    most = values.max() if len(wanted) > 1 and values.max() > values.min() else np.inf
    if first := [s for s in missing if importance[s] >= most]:
        matters = "matters" if len(first) == 1 else "matter"
        poor.append(pair.say(phrases.LACKS_MOST, skills=_names(pair.skills, first), matters=matters))
    if others := [s for s in missing if importance[s] < most]:
        poor.append(pair.say(phrases.LACKS, skills=_names(pair.skills, others, last=" or ")))
    if modest := [s for s in offered if level[s] < MODEST]:
        poor.append(pair.say(phrases.MODEST, skills=_names(pair.skills, modest)))
    return good, poor


def _time(pair: _Pair) -> tuple[list[str], list[str]]:
    if not pair.counts("time"):
        return [], []
    common = pair.mentees.free[pair.i] & pair.mentors.free[pair.j]
    needed = int(pair.mentees.half_hours_needed[pair.i])
    starts = session_starts(common, needed)
    count = int(common.sum())
    if starts.any():
        return [pair.say(phrases.TIMES, times=say_times(starts, pair.zone, pair.on))], []
    if not count:
        return [], [pair.say(phrases.NO_TIME)]
    if count >= needed:
        return [], [pair.say(phrases.SPLIT_TIME)]
    plural = count > 1
    said = f"{_number(count)} half {'hours' if plural else 'hour'}"
    return [], [pair.say(phrases.LITTLE_TIME, count=said, is_are="are" if plural else "is")]


def _reciprocity(pair: _Pair) -> tuple[list[str], list[str]]:
    if not pair.counts("reciprocity"):
        return [], []
    offers, wishes = pair.mentees.offers[pair.i], pair.mentors.wishes[pair.j]
    met = sorted(
        np.flatnonzero((offers > 0) & (wishes > 0)).tolist(), key=lambda s: (-offers[s], pair.skills.names[s])
    )
    if met:
        return [pair.say(phrases.WISHES, skills=_names(pair.skills, met))], []
    if pair.part("reciprocity") <= 0:
        return [], [pair.say(phrases.WISHES_MISSED)]
    near = ((s, _closest(pair, s, offers)) for s in np.flatnonzero(wishes).tolist())
    said = [(s, t) for s, t in near if t is not None][:1]
    names = pair.skills.names
    return [pair.say(phrases.WISHES_CLOSE, wish=names[wish], offer=names[offer]) for wish, offer in said], []


def _purpose_and_person(pair: _Pair) -> tuple[list[str], list[str]]:
    good, poor = [], []
    if pair.counts("purpose") and pair.part("purpose") >= HIGH:
        good.append(_alike(pair))
    if pair.counts("passion") and pair.part("passion") >= HIGH:
        good.append(pair.say(phrases.LEARNING))
    if pair.counts("passion") and pair.part("passion") < LOW:
        poor.append(pair.say(phrases.NOT_LEARNING))
    rated = pair.mentors.rating_count[pair.j] >= MIN_RATERS
    if pair.voice != "mentee" and pair.counts("empathy") and rated and pair.part("empathy") >= HIGH:
        good.append(pair.say(phrases.FELT_UNDERSTOOD))
    return good, poor


def _alike(pair: _Pair) -> str:
    if pair.quote is None:
        return pair.say(phrases.ALIKE)
    goal, mentor = (
        textwrap.shorten(sentence.rstrip("."), QUOTED, placeholder="…") for sentence in pair.quote
    )
    return pair.say(phrases.ALIKE_QUOTED, goal_says=goal, mentor_says=mentor)


def _language(pair: _Pair) -> tuple[list[str], list[str]]:
    fluency = np.minimum(pair.mentees.languages[pair.i], pair.mentors.languages[pair.j])
    best = float(fluency.max(initial=0))
    if best < WORKING_FLUENCY:
        return [], [pair.say(phrases.NO_LANGUAGE)]
    if not pair.languages or not pair.counts("language"):
        return [], []
    name = pair.languages[int(fluency.argmax())]
    if best < FLUENT:
        return [], [pair.say(phrases.HALTING, language=name)]
    return [pair.say(phrases.SPEAK, language=name)], []


def why_left_out(
    scoring: Scoring,
    i: int,
    *,
    capacity: Ints | None = None,
    forbidden: Iterable[Pair] = (),
    best: Sequence[int] = (),
    voice: Literal["mentee", "admin"] = "admin",
) -> str:
    """The true reason why row i, which assign() has left out, has no pair; to the mentee or an admin.

    capacity (the mentors' unless given) and forbidden as given to assign(). best: columns of those who would
    fit best, who are named where those who fit are too many; see best_for. Where somebody fits, it rests on
    assign() matching as many as can be: whoever could work with a mentee left out is then full, and one more
    place with any of them makes room for that mentee and unmatches nobody. To the mentee nobody is named, nor
    is a rule that concerns somebody else.
    """
    reasons = scoring.reasons(i)
    reasons[[j for row, j in forbidden if row == i]] |= np.uint8(Infeasible.NOT_ALLOWED)
    fits = np.flatnonzero(reasons == 0)
    places = scoring.mentors.capacity if capacity is None else capacity
    key = _key_of_full(fits, places) if fits.size else _key_of_none(reasons)
    to_mentee, to_admin = phrases.LEFT_OUT[key]
    template = to_mentee if voice == "mentee" else to_admin
    return template.format(
        mentee=scoring.mentees.names[i], mentors=_named(scoring, fits, best), required=_required(scoring)
    )


def best_for(
    scoring: Scoring, rows: NDArray[np.intp], forbidden: Iterable[Pair] = ()
) -> dict[int, list[int]]:
    """Of each row the columns of the few who would fit best, best first; in one compiled pass."""
    found = scoring.best(NAMED, 0, rows, forbidden)
    best: dict[int, list[int]] = {}
    for k in np.lexsort((found.j, -found.points, found.i)).tolist():
        best.setdefault(int(found.i[k]), []).append(int(found.j[k]))
    return best


def _named(scoring: Scoring, fits: NDArray[np.intp], best: Sequence[int]) -> str:
    names = scoring.mentors.names
    if fits.size <= NAMED + 1 or not best:
        return _listed(sorted(names[j] for j in fits.tolist()))
    return f"{join_words([names[j] for j in best])}, who fit best, and {fits.size - len(best)} more"


def _required(scoring: Scoring) -> str:
    least = {name: share for name, share in scoring.settings.must_haves.items() if share}
    return (
        join_words(
            [f"{one.label} of {100 * least[one.name]:.0f} or more" for one in CRITERIA if one.name in least]
        )
        if least
        else ""
    )


def _key_of_full(fits: NDArray[np.intp], capacity: Ints) -> str:
    if not (capacity[fits] > 0).any():
        return "no_places"
    return "full_one" if fits.size == 1 else "full"


def _key_of_none(reasons: NDArray[np.uint8]) -> str:
    """The first rule after which nobody is left; nobody asks for time with somebody they cannot talk to."""
    if not reasons.size:
        return "no_mentors"
    if _all(reasons, Infeasible.NOT_ALLOWED):
        return "not_allowed"
    if _all(reasons, Infeasible.NO_LANGUAGE):
        return "no_language"
    if _all(reasons, Infeasible.NOT_ALLOWED | Infeasible.NO_LANGUAGE):
        return "neither"
    could = reasons[(reasons & np.uint8(Infeasible.NOT_ALLOWED | Infeasible.NO_LANGUAGE)) == 0]
    if _all(could, Infeasible.NO_TIME):
        return "no_time"
    return "must_have" if _all(could, Infeasible.MUST_HAVE) else "no_time_or_must_have"


def _all(reasons: NDArray[np.uint8], flags: Infeasible) -> bool:
    """Has everybody one of these?"""
    return bool((reasons & np.uint8(flags)).all())


def _closest(pair: _Pair, wanted: int, strength: NDArray[np.floating]) -> int | None:
    """The strongest skill a step away; one of the same family alone counts, but is not worth saying."""
    related = pair.skills.related[wanted]
    if wanted not in pair.near:
        pair.near[wanted] = np.flatnonzero(related >= SAID_CLOSE)
    near = pair.near[wanted]
    worth = related[near] * strength[near]
    best = int(worth.argmax())
    return int(near[best]) if worth[best] > 0 else None


def _part_of(count: int, of: int) -> str:
    if count < of:
        return f"{count} of the {of} skills"
    return "the skill" if of == 1 else "both skills" if of == 2 else f"all {of} skills"


def _names(skills: SkillMap, chosen: Sequence[int], join: str | None = None, last: str = " and ") -> str:
    names = [skills.names[s] for s in chosen]
    if join is None or len(names) > NAMED:
        return _listed(names, last)
    return join.join(names)


def _listed(names: Sequence[str], last: str = " and ") -> str:
    if len(names) <= NAMED + 1:
        return join_words(names, last=last)
    return join_words([*names[:NAMED], f"{len(names) - NAMED} more"])


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)
