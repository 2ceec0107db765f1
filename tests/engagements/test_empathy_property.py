"""No sequence of public figures reveals one empathy rating.

A history is what happens, and the answers that are given in it. Whatever the history, every answer may be
exchanged for others, at least half the scale apart, such that all public figures after every step stay the
same: first in a model that counts by the same functions, then in the database.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import lcm
from typing import Any

import numpy as np
import pytest
from django.db import transaction
from django.template import Context, Template
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import EmpathyAggregate, EmpathyRating
from matching.engine import empathy_figures
from matching.fits import fits
from mentoring.engagements import empathy
from mentoring.engagements.empathy import ANSWERS, MOST, batch_of, rate_empathy, release_empathy
from mentoring.engagements.models import Engagement
from mentoring.goals.models import Goal
from tests import factories
from tests.engagements.ended import make_ended

MENTORS, MENTEES, ROUNDS = 2, 5, 2
HALF = MOST // 2
Step = tuple[str, int]  # what happens, and to which engagement, mentee or mentor
Contents = list[tuple[int, int]]  # of a batch: mentee, and the step at which the answers were given


def pair_of(engagement: int) -> tuple[int, int]:
    return engagement % MENTORS, engagement // MENTORS % MENTEES


# Every batch there is


@pytest.mark.parametrize("raters", [3, 4, 5])
def test_every_batch_leaves_half_the_scale_open_to_each_in_it(raters: int) -> None:
    possible = defaultdict(set)
    for sums in combinations_with_replacement(range(MOST + 1), raters):
        possible[batch_of(enumerate(sums))].update(sums)
    assert [batch for batch, of in possible.items() if max(of) - min(of) < HALF] == []


def test_every_batch_with_two_ratings_of_one_mentee_leaves_half_the_scale_open() -> None:
    steps = range(MOST + 1)
    alone, doubled = defaultdict(set), defaultdict(set)
    for twice, others in product(*[list(combinations_with_replacement(steps, 2))] * 2):
        batch = batch_of([("a", twice[0]), ("a", twice[1]), ("b", others[0]), ("c", others[1])])
        doubled[batch].update(twice)
        alone[batch].update(others)
    for possible in (alone, doubled):
        assert [batch for batch, of in possible.items() if max(of) - min(of) < HALF] == []


def test_no_batch_of_fewer_than_three_mentees() -> None:
    assert batch_of([("a", 16), ("b", 16), ("b", 0)]) is None
    assert batch_of([]) is None


# Every history


@dataclass
class Model:
    """What the service does, without rows; `figures` is all that anybody but the raters can see."""

    waiting: dict[int, tuple[int, int]] = field(default_factory=dict)  # engagement -> sum, step
    ended: set[int] = field(default_factory=set)
    fixed: set[int] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    stored: dict[int, tuple[int, float]] = field(default_factory=dict)  # mentor -> raters, total
    batches: list[Contents] = field(default_factory=list)

    def take(self, at: int, step: Step, answer: int) -> None:
        what, which = step
        if what == "end":
            self.ended.add(which)
        elif what == "rate":
            mentor, mentee = pair_of(which)
            if which in self.ended - self.fixed and not self.gone & {f"mentor {mentor}", f"mentee {mentee}"}:
                self.waiting[which] = (answer, at)
        elif what == "erase rating":
            self.waiting.pop(which, None)
        elif what == "day":
            self._release()
        else:
            self._erase(what, which)

    def figures(self) -> tuple[Any, ...]:
        mentors = sorted(self.stored)
        raters = np.array([self.stored[mentor][0] for mentor in mentors], dtype=np.int64)
        totals = np.array([self.stored[mentor][1] for mentor in mentors])
        shown = empathy_figures(totals, raters).tolist() if mentors else []
        return tuple(mentors), tuple(raters.tolist()), tuple(totals.tolist()), tuple(shown)

    def _release(self) -> None:
        for mentor in range(MENTORS):
            rows = {e: row for e, row in self.waiting.items() if pair_of(e)[0] == mentor}
            batch = batch_of((pair_of(e)[1], answer) for e, (answer, _) in rows.items())
            if batch is None:
                continue
            raters, total = self.stored.get(mentor, (0, 0.0))
            self.stored[mentor] = raters + batch.raters, total + float(batch.total)
            self.batches.append([(pair_of(e)[1], at) for e, (_, at) in rows.items()])
            self.fixed |= rows.keys()
            self.waiting = {e: row for e, row in self.waiting.items() if e not in rows}

    def _erase(self, what: str, which: int) -> None:
        self.gone.add(f"{what.removeprefix('erase ')} {which}")
        place = 0 if what == "erase mentor" else 1
        self.waiting = {e: row for e, row in self.waiting.items() if pair_of(e)[place] != which}
        if what == "erase mentor":
            self.stored.pop(which, None)


def play(steps: Sequence[Step], answers: Sequence[int]) -> tuple[list[Any], list[Contents]]:
    """All public figures after every step, and what went into each batch."""
    model, seen = Model(), []
    for at, (step, answer) in enumerate(zip(steps, answers, strict=True)):
        model.take(at, step, answer)
        seen.append(model.figures())
    return seen, model.batches


def others_for(answers: Sequence[int], batches: list[Contents], at: int) -> list[list[int]]:
    """The same answers but for that of one step, as low and as high as they may be to whoever knows the
    figures; those of others in its batch make up for it."""
    batch = next((contents for contents in batches if at in dict.fromkeys(s for _, s in contents)), None)
    if batch is None:
        return [[*answers[:at], answer, *answers[at + 1 :]] for answer in (0, MOST)]
    given = defaultdict(int)
    for mentee, _ in batch:
        given[mentee] += 1
    unit = lcm(*given.values())
    weight = {step: unit // given[mentee] for mentee, step in batch}
    total = sum(answers[step] * share for step, share in weight.items())
    low, high = HALF * unit, (len(given) * MOST - HALF) * unit
    targets = range(low + 1) if total <= low else range(high, high + low + 1) if total >= high else [total]
    found = {}
    for answer in range(MOST + 1):
        rest = [(step, share) for step, share in weight.items() if step != at]
        for target in targets:
            if (made := _made_of(rest, target - answer * weight[at])) is not None:
                found[answer] = made | {at: answer}
                break
    return [
        [found[answer].get(step, old) for step, old in enumerate(answers)]
        for answer in (min(found), max(found))
    ]


def _made_of(parts: list[tuple[int, int]], target: int) -> dict[int, int] | None:
    """Answers of these (step, weight) that add up to the target."""
    reach = [1]  # bit n: the first parts can add up to n
    for _, share in parts:
        before, now = reach[-1], 0
        for answer in range(MOST + 1):
            now |= before << answer * share
        reach.append(now)
    if target < 0 or not reach[-1] >> target & 1:
        return None
    made = {}
    for (step, share), before in zip(reversed(parts), reversed(reach[:-1]), strict=True):
        made[step] = next(
            a for a in range(MOST + 1) if target >= a * share and before >> target - a * share & 1
        )
        target -= made[step] * share
    return made


def check(steps: Sequence[Step], answers: Sequence[int]) -> None:
    seen, batches = play(steps, answers)
    assert all(len({mentee for mentee, _ in contents}) >= 3 for contents in batches)
    for at, (what, _) in enumerate(steps):
        if what != "rate":
            continue
        lowest, highest = others_for(answers, batches, at)
        assert highest[at] - lowest[at] >= HALF
        assert play(steps, lowest)[0] == seen
        assert play(steps, highest)[0] == seen


engagements = st.integers(0, MENTORS * MENTEES * ROUNDS - 1)
rated = st.tuples(st.just("rate"), engagements)
happens = st.one_of(
    rated, rated, rated, rated, rated, rated,
    st.tuples(st.just("day"), st.just(0)),
    st.tuples(st.just("end"), engagements),
    st.tuples(st.just("erase rating"), engagements),
    st.tuples(st.just("erase mentee"), st.integers(0, MENTEES - 1)),
    st.tuples(st.just("erase mentor"), st.integers(0, MENTORS - 1)),
)  # fmt: skip
given_answers = st.one_of(st.sampled_from([0, MOST]), st.integers(0, MOST))


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Step], list[int]]:
    """Many engagements have ended; most then rate, several a day."""
    ended = draw(st.sets(engagements, min_size=8))
    steps = [("end", one) for one in sorted(ended)]
    for _ in range(draw(st.integers(1, 4))):
        steps += [("rate", one) for one in draw(st.lists(st.sampled_from(sorted(ended)), max_size=8))]
        steps += draw(st.lists(happens, max_size=3))
        steps.append(("day", 0))
    answers = draw(st.lists(given_answers, min_size=len(steps), max_size=len(steps)))
    return steps, answers


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_no_sequence_of_figures_determines_a_rating(history: tuple[list[Step], list[int]]) -> None:
    check(*history)


# All of one mentor's mentees say the best there is, then one more does, then two more.
OPEN_BATCHES = [0, 2, 4]
BEST = (
    [("end", e) for e in (0, 2, 4, 6, 8)]
    + [("rate", e) for e in OPEN_BATCHES]
    + [("day", 0), ("rate", 6), ("day", 0), ("rate", 8), ("day", 0)]
)


@pytest.mark.parametrize(
    ("raters", "margin"), [(3, Fraction(0)), (1, Fraction(0)), (1, Fraction(1, 2)), (2, Fraction(0))]
)
def test_without_batches_or_margin_ratings_are_revealed(
    monkeypatch: pytest.MonkeyPatch, raters: int, margin: Fraction
) -> None:
    check(BEST, [MOST] * len(BEST))
    monkeypatch.setattr(empathy, "LEAST_RATERS", raters)
    monkeypatch.setattr(empathy, "MARGIN", margin)
    with pytest.raises(AssertionError):
        check(BEST, [MOST] * len(BEST))


# In the database


STORIES = [
    # everybody says the best of the first mentor, one twice; then a batch of the second; then erasures
    [("rate", 0), ("rate", 2), ("rate", 4), ("rate", 10), ("day", 0), ("rate", 1), ("rate", 3), ("day", 0),
     ("rate", 3), ("rate", 5), ("day", 0), ("erase rating", 0), ("erase mentee", 1), ("day", 0)],
    # one answer after another, one changed, one erased before it counts
    [("rate", 0), ("day", 0), ("rate", 2), ("day", 0), ("rate", 4), ("erase rating", 4), ("day", 0),
     ("rate", 0), ("rate", 6), ("day", 0), ("rate", 8), ("day", 0), ("erase mentor", 1), ("day", 0)],
]  # fmt: skip


@dataclass(frozen=True)
class Rows:
    program: Any
    mentors: list[Any]
    mentees: list[Any]
    ended: dict[int, Engagement]


@pytest.fixture
def rows(cast: Any) -> Rows:
    mentors = [cast.mentor, factories.make_mentor(cast.program, name="Omar Said")]
    mentees = [factories.make_mentee(cast.program) for _ in range(MENTEES)]
    ended = {
        e: make_ended(mentors[pair_of(e)[0]], mentees[pair_of(e)[1]])
        for e in range(MENTORS * MENTEES * ROUNDS)
    }
    return Rows(cast.program, mentors, mentees, ended)


def shown(rows: Rows, admin: Any) -> list[Any]:
    """What mentors read on their profiles, admins on the pages of mentors, and matching says of all pairs."""
    page = Template("{% load empathy %}{% empathy_of member.person %}{% empathy_here admin member %}")
    seen: list[Any] = [list(EmpathyAggregate.objects.order_by("pk").values("mentor", "raters", "total"))]
    seen += [page.render(Context({"admin": admin, "member": mentor})) for mentor in rows.mentors]
    goals = Goal.objects.filter(program=rows.program, state="open")
    found = fits(rows.program, goals, factories.instant(2026, 3, 2).date())
    return [*seen, found.points.tolist(), found.mentors.arrays.rating_sum.tolist()]


def live(rows: Rows, steps: Sequence[Step], answers: Sequence[int], admin: Any) -> list[Any]:
    """Through the services, rolled back at the end."""
    now, seen = factories.instant(2026, 3, 2, 12), []
    with transaction.atomic():
        for (what, which), answer in zip(steps, answers, strict=True):
            if what == "rate":
                quarter = {name: min(4, max(0, answer - 4 * n)) for n, name in enumerate(ANSWERS)}
                one = rows.ended[which]
                rate_empathy(engagement_id=one.pk, by=one.mentee, answers=quarter, now=now)
            elif what == "day":
                now += timedelta(days=1)
                release_empathy(now)
            elif what == "erase rating":
                EmpathyRating.objects.filter(closing=rows.ended[which]).delete()
            else:
                EmpathyRating.objects.filter(
                    **{what.removeprefix("erase "): _person(rows, what, which)}
                ).delete()
                EmpathyAggregate.objects.filter(mentor=_person(rows, what, which)).delete()
            seen.append(shown(rows, admin))
        transaction.set_rollback(True)
    return seen


def _person(rows: Rows, what: str, which: int) -> Any:
    return (rows.mentors if what == "erase mentor" else rows.mentees)[which].person_id


@pytest.mark.django_db
@pytest.mark.parametrize("steps", STORIES)
def test_no_page_and_no_match_determines_a_rating(cast: Any, rows: Rows, steps: list[Step]) -> None:
    answers = [(MOST if at % 4 else 11) for at in range(len(steps))]
    ends = [("end", e) for e in rows.ended]
    batches = [
        [(mentee, at - len(ends)) for mentee, at in contents]
        for contents in play([*ends, *steps], [0] * len(ends) + answers)[1]
    ]
    assert batches
    seen = live(rows, steps, answers, cast.admin)
    assert "of 100" in str(seen[-1])
    said = [at for at, (what, _) in enumerate(steps) if what == "rate"]
    for at in (said[0], said[-1]):
        other = next(made for made in others_for(answers, batches, at) if abs(made[at] - answers[at]) >= 4)
        assert live(rows, steps, other, cast.admin) == seen
