"""What comes of a match run: pairings with their reasons, who is left out and why, and what was proved."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from matching.attempts import Course
from matching.candidates import kept_of, pack_kept
from matching.cohort import NO_GOAL, Cohort, Decided, decided_by_hand, wishes_of
from matching.engine import Allowed, Assignment, Scoring, assign, why_left_out
from matching.engine.assignment import Objective, Pair
from matching.engine.explain import best_for
from matching.engine.given import Given
from matching.fits import Fits, shown
from matching.marks import Marks
from matching.models import LeftOut, MatchRun, Pairing
from matching.tiles import Tiled

EXPLAINED_AT_ONCE = 500
KEY = ("mentee_id", "mentor_id", "goal_id", "points", "is_locked")
PROVE_FOR = 1200.0  # seconds; after that the best so far stands, with what may be missing


@dataclass(frozen=True, eq=False)
class Results:
    """Rows not saved yet, and the ids of pairings of an earlier solving that stay as they are; `dropped` are
    the names of mentees whose lock no longer has a meaning."""

    pairings: list[Pairing]
    staying: Collection[uuid.UUID]
    left_out: list[LeftOut]
    candidates: bytes
    counts: dict[str, int]
    proof: dict[str, Any]
    dropped: Sequence[str]


def results_of(run: MatchRun, cohort: Cohort, course: Course) -> Results:
    """Raises AssignmentError where an admin's locks cannot be kept."""
    decided = decided_by_hand(run, cohort)
    with course.stage("prepare", 15, 17):
        course.say(0, "Getting ready")
        _prepare(run, cohort)
    with course.stage("solve", 17, 70):
        assignment, shared_out = _solved(run, cohort, decided, course)
    with course.stage("explain", 70, 90):
        pairings, staying = _pairings(run, cohort, assignment, set(decided.locked), course)
    with course.stage("left out", 90, 95):
        left_out = _left_out(run, cohort, assignment, decided, course)
    mentors = cohort.fits.mentors.rows
    able = cohort.places * [not row.is_paused for row in mentors]
    kept = kept_of(
        assignment,
        mentees=cohort.members,
        goals=[row.goal for row in cohort.fits.mentees.rows],
        mentors=[row.membership for row in mentors],
        places=cohort.places,
    )
    counts = {
        "mentees": len(cohort.members),
        "mentors": int((able > 0).sum()),
        "places": int(able.sum()),
        "feasible_pairs": assignment.pairs_seen,
    }
    return Results(
        pairings,
        staying,
        left_out,
        pack_kept(kept),
        counts,
        _proof(run, cohort, assignment) | shared_out,
        decided.dropped,
    )


def _solved(
    run: MatchRun, cohort: Cohort, decided: Decided, course: Course
) -> tuple[Assignment, dict[str, int]]:
    """And into how many tiles the scoring was shared out, and how many of them other workers scored."""
    fits = cohort.fits
    mentees, mentors = fits.mentees.arrays, fits.mentors.arrays
    tiled = Tiled(_with_places(cohort, decided), course.attempt)
    assignment = assign(
        tiled,
        cohort.places,
        mentee_ids=mentees.ids,
        mentor_ids=mentors.ids,
        objective=cast(Objective, run.objective),
        locked=decided.locked,
        vouched=decided.vouched,
        forbidden=decided.forbidden,
        preferences=wishes_of(run.program, cohort) if run.objective == run.Objective.PREFERENCES else None,
        mentee_names=mentees.names,
        mentor_names=mentors.names,
        seconds=PROVE_FOR,
        say=course.say,
    )
    for name, seconds in tiled.seconds.items():
        course.seconds[name] += seconds
        course.seconds["solve"] -= seconds
    return assignment, {"tiles": tiled.tiles, "elsewhere": tiled.elsewhere}


def _prepare(run: MatchRun, cohort: Cohort) -> None:
    """Load the engine's compiled code by a small use; the first time after an update it is compiled.

    What the review desk needs of it too, so that no page has to compile.
    """
    # Loads numba, which nothing that a page imports should do.
    from matching.engine.costs import Costs

    scoring, first = cohort.fits.scoring, slice(0, 1)
    scoring.best(1, 1, first)
    nothing = np.zeros(scoring.n, dtype=np.int64), np.zeros(scoring.m, dtype=np.int64)
    scoring.improving(*nothing, 0, 0, 1, first)
    pair = Given(np.ones((1, 1), dtype=np.int64))
    one = np.ones(1, dtype=np.int64)
    found = assign(pair, one, mentee_ids=["one"], mentor_ids=["one"])
    objective = cast(Objective, run.objective)
    assign(pair, one, mentee_ids=["one"], mentor_ids=["one"], objective=objective)
    mate = np.zeros(1, dtype=np.int32)
    costs = Costs(found.candidates, one, mate, found.points, found.price, found.bonus)
    costs.cost_of(forbid=[(0, 0)])
    costs.worth_of_places()


def _with_places(cohort: Cohort, decided: Decided) -> Scoring:
    """Without mentors who have no place, of whom nobody's best need be kept; those who are locked stay."""
    scoring = cohort.fits.scoring
    able = cohort.places > 0
    able[[j for _, j in decided.locked]] = True
    allowed = Allowed(scoring.allowed.proposable & able, scoring.allowed.apart)
    return Scoring(scoring.mentees, scoring.mentors, scoring.skills, allowed, scoring.settings)


def _pairings(
    run: MatchRun, cohort: Cohort, assignment: Assignment, locked: set[Pair], course: Course
) -> tuple[list[Pairing], set[uuid.UUID]]:
    """New ones, and the ids of those that an earlier solving has made and that are still the same."""
    fits, marks = cohort.fits, Marks(cohort.fits, run.zone)
    before = _pairings_before(run)
    fresh: list[Pairing] = []
    staying: set[uuid.UUID] = set()
    for (i, j), points in zip(assignment.pairs, assignment.points.tolist(), strict=True):
        pairing = Pairing(
            run_id=run.pk,
            mentee_id=cohort.members[i],
            mentor_id=fits.mentors.rows[j].membership,
            goal_id=fits.mentees.rows[i].goal,
            points=points,
            parts={"mark": marks.of(i, j)},
            is_locked=(i, j) in locked,
        )
        same = before.get(_key(pairing))
        if same is None:
            fresh.append(pairing)
        else:
            staying.add(same)
    _explain(fresh, fits, run.zone, course)
    return fresh, staying


def _pairings_before(run: MatchRun) -> dict[tuple[Any, ...], uuid.UUID]:
    rows = run.pairings.unpublished().values_list(*KEY, "parts__mark", "pk")
    return {tuple(key): pk for *key, pk in rows}


def _key(pairing: Pairing) -> tuple[Any, ...]:
    """Pairings alike in this are the same, and what was said of the one is true of the other."""
    return *(getattr(pairing, name) for name in KEY), pairing.parts["mark"]


def _explain(pairings: Sequence[Pairing], fits: Fits, zone: str, course: Course) -> None:
    """Fill in the parts."""
    row = {loaded.goal: i for i, loaded in enumerate(fits.mentees.rows)}
    column = {loaded.membership: j for j, loaded in enumerate(fits.mentors.rows)}
    for first in range(0, len(pairings), EXPLAINED_AT_ONCE):
        course.say(first / len(pairings), "Putting the reasons into words")
        some = pairings[first : first + EXPLAINED_AT_ONCE]
        rows, columns = [row[one.goal_id] for one in some], [column[one.mentor_id] for one in some]
        said = fits.explanations(rows, columns, voice="admin", zone=zone)
        for pairing, explanation in zip(some, said, strict=True):
            pairing.parts |= shown(explanation) | {"score": round(pairing.points / 100)}


def _left_out(
    run: MatchRun, cohort: Cohort, assignment: Assignment, decided: Decided, course: Course
) -> list[LeftOut]:
    left_out = [
        LeftOut(run=run, mentee_id=member, reason=NO_GOAL.format(name=name))
        for member, name in cohort.without_goal
    ]
    fits = cohort.fits
    forbidden: dict[int, list[tuple[int, int]]] = {}
    for i, j in decided.forbidden:
        forbidden.setdefault(i, []).append((i, j))
    best = best_for(fits.scoring, np.array(assignment.unmatched, dtype=np.intp), decided.forbidden)
    for done, i in enumerate(assignment.unmatched):
        course.say(done / len(assignment.unmatched), "Saying who is left out, and why")
        reason = why_left_out(
            fits.scoring, i, capacity=cohort.places, forbidden=forbidden.get(i, ()), best=best.get(i, ())
        )
        left_out.append(
            LeftOut(
                run=run, mentee_id=cohort.members[i], goal_id=fits.mentees.rows[i].goal, reason=reason[:500]
            )
        )
    return left_out


def _proof(run: MatchRun, cohort: Cohort, assignment: Assignment) -> dict[str, Any]:
    """What the review desk says of how good this is. Points are of 10,000 a pair."""
    return {
        "objective": run.objective,
        "matched": assignment.matched,
        "of": len(cohort.members),
        "total": assignment.total_points,
        "worst": assignment.worst_points,
        "floor": assignment.floor,
        "pairs_seen": assignment.pairs_seen,
        "candidates": len(assignment.candidates),
        "rounds": assignment.rounds,
        "is_proved": assignment.is_proved,
        "gap": assignment.gap,
        "gap_matched": assignment.gap_matched,
        "blocking": len(assignment.blocking),
    }
