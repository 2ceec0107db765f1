"""A few mentors for each goal that nobody helps with yet, spread so that nobody is asked by everyone.

A suggestion is made when a goal is new and when a mentor who fits gains a place. A mentor appears in at most
SPREAD suggestions and open requests for each free place, whoever they would fit best; a goal has at most
PER_GOAL. What is put away is not suggested to that mentee again for 90 days and changes nothing else: no
score, no list, no run, and nobody is told. So is a mentor who was asked, for as long.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from matching.fits import Fits, fits
from matching.models import SUGGESTED_AGAIN_AFTER, Suggestion
from mentoring.engagements.models import Engagement, Request, RequestQuerySet
from mentoring.goals.models import Goal, GoalQuerySet
from mentoring.programs.models import Membership, Program

PER_GOAL = 3
SPREAD = 4  # suggestions and open requests for each free place
LEAST = 4_000  # points: whoever fits less is found in the list, but is not worth a nudge
BETTER = 500  # points by which somebody with a place must fit better to take another's
LOOKED_AT = 40  # best mentors of a goal among whom its suggestions are chosen
REASONS = 3

Pair = tuple[uuid.UUID, uuid.UUID]  # a goal and a mentor's membership


@dataclass(frozen=True)
class Candidate:
    """One of a goal's best mentors; `column` is theirs in the arrays."""

    mentor: uuid.UUID
    column: int
    points: int


def shown_to(member: Membership, goal: Goal | None = None) -> list[Suggestion]:
    """What a page may still show: the mentor may be proposed, has a place, and was neither asked nor put
    away meanwhile, for whatever goal."""
    if not member.is_mentee or not member.program.takes_requests:
        return []
    since = timezone.now() - SUGGESTED_AGAIN_AFTER
    goals = waiting_goals(member.program).filter(mentee=member.person_id)
    free = Membership.objects.open_to(member).with_counts().filter(Q(taken__lt=F("capacity")))
    pair = {"mentee": member.person_id, "mentor": OuterRef("mentor__person"), "program": member.program_id}
    away = {"goal__mentee": member.person_id, "mentor": OuterRef("mentor")}
    live = (
        Suggestion.objects.live()
        .filter(goal__in=goals.filter(pk=goal.pk) if goal else goals)
        .filter(mentor__in=free.values("pk"))
        .exclude(Exists(_asked_since(since).filter(**pair)))
        .exclude(Exists(Engagement.objects.active().filter(**pair)))
        .exclude(Exists(Suggestion.objects.dismissed_since(since).filter(**away)))
        .select_related("goal", "mentor__person__profile")
    )
    return list(live.order_by("goal__target_on", "goal_id", "-points", "pk"))


def waiting_goals(program: Program) -> GoalQuerySet:
    """Open goals of current mentees that no engagement or open request is about."""
    mentees = Membership.objects.mentees().not_pausing().filter(program=program).values("person")
    about = {"goal": OuterRef("pk")}
    return (
        Goal.objects.open()
        .filter(program=program, mentee__in=mentees)
        .exclude(Exists(Engagement.objects.active().filter(**about)))
        .exclude(Exists(Request.objects.open().filter(**about)))
    )


def dismiss(suggestion: Suggestion, *, now: datetime) -> None:
    """Put the mentor away: no page suggests them to this mentee any more, for whatever goal."""
    suggestion.dismissed_at = now
    # the row again, should a worker have given it up since it was shown: what was asked for is kept
    Suggestion.objects.bulk_create(
        [suggestion],
        update_conflicts=True,
        unique_fields=["goal", "mentor"],
        update_fields=["dismissed_at"],
    )


def suggest(program_id: uuid.UUID, now: datetime, goal_id: uuid.UUID | None = None) -> int:
    """Bring a program's suggestions, or those of one goal, up to date; returns how many are new.

    One at a time in a program: whoever finds another at it leaves the work to them.
    """
    with transaction.atomic():
        program = Program.objects.filter(pk=program_id).first()
        if program is None or not program.takes_requests or not _is_first(program):
            return 0
        goals = waiting_goals(program)
        if goal_id is not None:
            goals = goals.filter(pk=goal_id)
        if not goals.exists():
            return 0
        found = fits(program, goals, now.date())
        ranked = _ranked(found)
        barred = _barred(program, goals, now)
        _forget(program, goals, ranked, barred, now)
        live = _live(goals, ranked)
        chosen = _choose(ranked, live, barred, _room(program, found))
        _save(found, ranked, chosen, now)
        return len(chosen)


def _is_first(program: Program) -> bool:
    """Until the transaction ends. A lock of our own: that of the program's row would stop its admins."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"suggestions:{program.pk}"]
        )
        return bool(cursor.fetchone()[0])


def programs_with_goals() -> list[uuid.UUID]:
    return list(Program.objects.filter(goals__state=Goal.State.OPEN).distinct().values_list("pk", flat=True))


def _ranked(found: Fits) -> dict[uuid.UUID, list[Candidate]]:
    """Of each goal the best mentors with a place, best first."""
    best = found.scoring.best(per_mentee=LOOKED_AT, per_mentor=0)
    ranked: dict[uuid.UUID, list[Candidate]] = {row.goal: [] for row in found.mentees.rows}
    for i, j, points in zip(best.i.tolist(), best.j.tolist(), best.points.tolist(), strict=True):
        mentor = found.mentors.rows[j]
        if points >= LEAST and mentor.places_free:
            ranked[found.mentees.rows[i].goal].append(Candidate(mentor.membership, j, points))
    for candidates in ranked.values():
        candidates.sort(key=lambda candidate: (-candidate.points, candidate.mentor))
    return ranked


def _forget(
    program: Program,
    goals: GoalQuerySet,
    ranked: dict[uuid.UUID, list[Candidate]],
    barred: set[Pair],
    now: datetime,
) -> None:
    """Suggestions that no longer hold, and those put away so long ago that they may come back."""
    possible = {(goal, one.mentor) for goal, candidates in ranked.items() for one in candidates} - barred
    live = Suggestion.objects.live().filter(goal__in=goals).values_list("pk", "goal_id", "mentor_id")
    gone = [pk for pk, goal, mentor in live if (goal, mentor) not in possible]
    Suggestion.objects.live().filter(pk__in=gone).delete()
    answered = (
        Suggestion.objects.live().filter(goal__program=program).exclude(goal__in=waiting_goals(program))
    )
    answered.delete()
    old = Q(dismissed_at__lte=now - SUGGESTED_AGAIN_AFTER)
    Suggestion.objects.filter(old, goal__program=program).delete()


def _live(
    goals: GoalQuerySet, ranked: dict[uuid.UUID, list[Candidate]]
) -> dict[uuid.UUID, list[tuple[int, uuid.UUID]]]:
    """Of each goal (points as they are now, mentor) of its suggestions, the weakest first."""
    held = set(Suggestion.objects.live().filter(goal__in=goals).values_list("goal_id", "mentor_id"))
    return {
        goal: sorted((one.points, one.mentor) for one in candidates if (goal, one.mentor) in held)
        for goal, candidates in ranked.items()
    }


def _barred(program: Program, goals: GoalQuerySet, now: datetime) -> set[Pair]:
    """(goal, mentor) that may not be suggested: put away by the mentee for whatever goal, or already asked.

    A mentor who has answered no, or not at all, is left in peace as long as one who was put away.
    """
    since = now - SUGGESTED_AGAIN_AFTER
    away = Suggestion.objects.dismissed_since(since).filter(goal__program=program)
    pairs = set(away.values_list("goal__mentee_id", "mentor_id"))
    membership = dict(Membership.objects.filter(program=program).values_list("person_id", "pk"))
    asked = _asked_since(since).filter(program=program)
    meeting = Engagement.objects.active().filter(program=program)
    for rows in (asked, meeting):
        for mentee, mentor in rows.values_list("mentee_id", "mentor_id"):
            if mentor in membership:
                pairs.add((mentee, membership[mentor]))
    by_mentee: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for mentee, mentor in pairs:
        by_mentee[mentee].append(mentor)
    return {
        (goal, mentor)
        for goal, mentee in goals.values_list("pk", "mentee_id")
        for mentor in by_mentee[mentee]
    }


def _asked_since(since: datetime) -> RequestQuerySet:
    """Requests that wait, and those closed since, whatever became of them."""
    return Request.objects.filter(Q(state=Request.State.OPEN) | Q(closed_at__gt=since))


def _room(program: Program, found: Fits) -> Counter[uuid.UUID]:
    """How many more suggestions each mentor can bear."""
    room = Counter({row.membership: SPREAD * row.places_free for row in found.mentors.rows})
    live = Suggestion.objects.live().filter(goal__program=program)
    room.subtract(live.values_list("mentor_id", flat=True))
    membership = {row.person: row.membership for row in found.mentors.rows}
    asked = Request.objects.open().filter(program=program).values_list("mentor_id", flat=True)
    room.subtract(membership[person] for person in asked if person in membership)
    return room


def _choose(
    ranked: dict[uuid.UUID, list[Candidate]],
    live: dict[uuid.UUID, list[tuple[int, uuid.UUID]]],
    barred: set[Pair],
    room: Counter[uuid.UUID],
) -> list[tuple[uuid.UUID, Candidate]]:
    """New suggestions, round by round, so that every goal has one before any has a second.

    A full goal takes a newcomer who fits clearly better in place of its weakest.
    """
    chosen: list[tuple[uuid.UUID, Candidate]] = []
    held = {goal: {mentor for _, mentor in live.get(goal, ())} for goal in ranked}
    for count in range(PER_GOAL):
        for goal, candidates in ranked.items():
            if len(held[goal]) == count:
                one = _best_of(candidates, goal, held[goal], barred, room)
                if one is not None:
                    chosen.append((goal, one))
                    held[goal].add(one.mentor)
                    room[one.mentor] -= 1
    for goal, candidates in ranked.items():
        if len(live.get(goal, ())) < PER_GOAL:
            continue
        one = _best_of(candidates, goal, held[goal], barred, room)
        weakest, given_up = live[goal][0]
        if one is not None and one.points >= weakest + BETTER:
            Suggestion.objects.live().filter(goal_id=goal, mentor_id=given_up).delete()
            chosen.append((goal, one))
            room[one.mentor] -= 1
    return chosen


def _best_of(
    candidates: Iterable[Candidate],
    goal: uuid.UUID,
    held: set[uuid.UUID],
    barred: set[Pair],
    room: Counter[uuid.UUID],
) -> Candidate | None:
    for one in candidates:
        if room[one.mentor] > 0 and one.mentor not in held and (goal, one.mentor) not in barred:
            return one
    return None


def _save(
    found: Fits,
    ranked: dict[uuid.UUID, list[Candidate]],
    chosen: list[tuple[uuid.UUID, Candidate]],
    now: datetime,
) -> None:
    """The chosen ones; and what stays suggested with points and reasons as profiles and goals are now: what
    somebody has taken back is not repeated. All is put into words before a row is held."""
    current = {(goal, one.mentor): one for goal, candidates in ranked.items() for one in candidates}
    live = list(Suggestion.objects.live().filter(goal__in=ranked))
    kept = [one for one in live if (one.goal_id, one.mentor_id) in current]
    pairs = [(one.goal_id, current[one.goal_id, one.mentor_id]) for one in kept]
    said = _reasons(found, pairs + chosen)
    changed = []
    for one, (_, candidate), reasons in zip(kept, pairs, said, strict=False):
        if (one.points, one.reasons) != (candidate.points, reasons):
            one.points, one.reasons = candidate.points, reasons
            changed.append(one)
    made = [
        Suggestion(goal_id=goal, mentor_id=one.mentor, points=one.points, reasons=reasons, created_at=now)
        for (goal, one), reasons in zip(chosen, said[len(kept) :], strict=True)
    ]
    Suggestion.objects.bulk_update(changed, ["points", "reasons"], batch_size=1000)
    Suggestion.objects.bulk_create(made, ignore_conflicts=True)


def _reasons(found: Fits, pairs: Sequence[tuple[uuid.UUID, Candidate]]) -> list[list[str]]:
    """Of pair after pair, in the mentee's zone."""
    row = {loaded.goal: i for i, loaded in enumerate(found.mentees.rows)}
    zones = dict(Goal.objects.filter(pk__in={goal for goal, _ in pairs}).values_list("pk", "mentee__zone"))
    places: dict[str, list[int]] = defaultdict(list)
    for place, (goal, _) in enumerate(pairs):
        places[zones.get(goal, "UTC")].append(place)
    reasons: list[list[str]] = [[] for _ in pairs]
    for zone, some in places.items():
        rows, columns = [row[pairs[k][0]] for k in some], [pairs[k][1].column for k in some]
        said = found.explanations(rows, columns, voice="mentee", zone=zone)
        for k, explanation in zip(some, said, strict=True):
            reasons[k] = [reason[:300] for reason in explanation.reasons_for[:REASONS]]
    return reasons
