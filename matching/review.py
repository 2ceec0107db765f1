"""What the review desk shows of a run, read in a fixed number of queries."""

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Value, When

from accounts.models import PersonSkill, User
from accounts.vocabulary import Called, Vocabulary
from matching.charts import Chart, histogram
from matching.engine import CRITERIA
from matching.forms_settings import share
from matching.models import LeftOut, MatchRun, Pairing, PairingQuerySet, RunChange
from matching.people import active_engagements
from mentoring.programs.models import Membership

FULL = "Every mentor who could work with them is full."
NOTHING: Mapping[uuid.UUID, tuple[int, int]] = MappingProxyType({})
SORTS = {
    "lowest": ("Lowest score first", ("points", "pk")),
    "highest": ("Highest score first", ("-points", "pk")),
    "mentee": ("By mentee", ("mentee__person__name", "pk")),
    "mentor": ("By mentor", ("mentor__person__name", "pk")),
}


SHOWN = {
    "all": ("All", Q()),
    "open": ("Not published", Q(request__isnull=True)),
    "locked": ("Locked", Q(is_locked=True)),
    "noted": ("Could not be published", ~Q(note="")),
    "published": ("Published", Q(request__isnull=False)),
}
STAGES = {  # of solving, as the run's seconds name them, in the order in which they come
    "prepare": "compiling the engine, once after an update",
    "read": "reading people",
    "score": "scoring pairs",
    "solve": "solving",
    "prove": "proving",
    "explain": "putting reasons into words",
    "left out": "saying who is left out",
    "save": "saving",
}
Action = RunChange.Action
BY_HAND = (Action.REMOVE, Action.SWAP, Action.ASSIGN)


@dataclass(frozen=True)
class Load:
    """`worth`: how many more matched and points more in total one more place there would bring, if known."""

    name: str
    pairings: int
    places: int
    worth: tuple[int, int] | None = None

    @property
    def share(self) -> int:
        """Percent of the places that the run fills."""
        return round(100 * self.pairings / self.places) if self.places else 100


@dataclass(frozen=True)
class Summary:
    """Of the standing pairings that the reader may know of; all in hundredths of a point.

    The reader's own pairing is left out of every figure: beside the list of the others, any total would tell.
    """

    matched: int
    total: int
    average: int
    worst: int
    chart: Chart


def summary_of(run: MatchRun, reader: User) -> Summary:
    points = list(run.pairings.standing().reviewable_by(reader).values_list("points", flat=True))
    return Summary(
        matched=len(points),
        total=sum(points),
        average=round(sum(points) / len(points)) if points else 0,
        worst=min(points, default=0),
        chart=histogram(points),
    )


def proof_of(run: MatchRun, reader: User) -> list[str]:
    """What the solver proved, in sentences; none for a run made before proofs were kept. Changes since are
    those that the reader may know of."""
    proof = run.proof
    if "pairs_seen" not in proof:
        return []
    pairs, rounds, gap = f"{proof['pairs_seen']:,}", proof["rounds"], proof["gap"] / 100
    said = [f"Optimal over all {pairs} feasible pairs; {rounds} round{'' if rounds == 1 else 's'}."]
    if not proof["is_proved"]:
        said = [f"At most {gap:,.1f} points in total below the best of all {pairs} feasible pairs."]
    if run.objective == MatchRun.Objective.PREFERENCES:
        said.append(_blocking_in_words(proof.get("blocking") or 0))
    changes = run.changes.readable_by(reader).filter(action__in=BY_HAND)
    since = changes.filter(at__gt=run.finished_at).count() if run.finished_at else 0
    if since:
        by_hand = "1 change" if since == 1 else f"{since} changes"
        said.append(f"This is of the pairs as they were computed, before {by_hand} by hand.")
    return said


def _blocking_in_words(blocking: int) -> str:
    if not blocking:
        return "No two people would rather have each other than whom they got."
    pairs = "1 pair" if blocking == 1 else f"{blocking:,} pairs"
    return f"{pairs} of people would rather have each other than whom they got."


def took(run: MatchRun) -> dict[str, Any] | None:
    """How long computing took, and each stage of it, in words."""
    seconds: dict[str, float] = run.proof.get("seconds") or {}
    if not seconds:
        return None
    stages = [
        {"label": label, "took": f"{seconds[name]:.1f} s"}
        for name, label in STAGES.items()
        if seconds.get(name, 0) >= 0.05
    ]
    return {"total": f"{sum(seconds.values()):.1f} seconds", "stages": stages}


def settings_in_words(run: MatchRun) -> list[tuple[str, str]]:
    """Criterion and its share of the whole, with its must-have; what counts nothing is left out."""
    total = sum(run.weights.get(criterion.name, 0) for criterion in CRITERIA)
    said = []
    for criterion in CRITERIA:
        weight, least = run.weights.get(criterion.name, 0), run.must_haves.get(criterion.name)
        if weight or least:
            words = f"{share(weight, total)}%" + (f", at least {least:.0%} in every pair" if least else "")
            said.append((criterion.label, words))
    if run.tilt:
        said.append(("What matters to a mentee", f"moves a weight by up to {run.tilt}%"))
    return said


def publication_of(run: MatchRun, reader: User, now: datetime) -> dict[str, Any]:
    """What is being published or taken back this moment, how far that is, and what is planned for when."""
    ours = run.pairings.reviewable_by(reader)
    planned = ours.planned().values("publish_at").annotate(count=Count("pk")).order_by("publish_at")
    due = [group for group in planned if group["publish_at"] <= now]
    left = sum(group["count"] for group in due)
    done = ours.published().filter(publish_at__in=[group["publish_at"] for group in due]).count()
    taking_back = ours.filter(undo_at__isnull=False).count()
    return {
        "is_publishing": bool(left or taking_back),
        "to_publish": left + done if left else 0,
        "done": done,
        "taking_back": taking_back,
        "planned": [group for group in planned if group["publish_at"] > now],
    }


def load_of(run: MatchRun, reader: User, worth: Mapping[uuid.UUID, tuple[int, int]] = NOTHING) -> list[Load]:
    """The other mentors with a place or a pairing; the fullest first, and whose next place is worth most."""
    # The reader's own pairing is not counted: beside the list it would tell who their mentor is to be.
    used = Counter(run.pairings.standing().reviewable_by(reader).values_list("mentor_id", flat=True))
    taken = active_engagements(run.program)
    mentors = (
        Membership.objects.proposable()
        .filter(program=run.program)
        .exclude(person_id=reader.pk)
        .values_list("pk", "person_id", "person__name", "capacity")
    )
    loads = [
        Load(name, used[pk], max(used[pk], capacity - taken.get(person, 0)), worth.get(pk))
        for pk, person, name, capacity in mentors
    ]
    return sorted(
        (load for load in loads if load.places),
        key=lambda load: (-load.share, *(-gain for gain in load.worth or (0, 0)), -load.pairings, load.name),
    )


def pairings_of(
    run: MatchRun, reader: User, *, sort: str = "lowest", show: str = "all", words: str = ""
) -> PairingQuerySet:
    """Standing pairings that the reader may decide on, with all that their cards show.

    Those that are not published, among them what could not be, come before those that are.
    """
    return (
        run.pairings.standing()
        .reviewable_by(reader)
        .filter(SHOWN[show][1])
        .of_somebody(words)
        .select_related("mentee__person__profile", "mentor__person__profile", "goal", "request")
        .prefetch_related(
            "goal__skills_wanted",
            "mentor__person__skills",
            "mentor__person__languages",
            "mentee__person__languages",
        )
        .order_by(Case(When(request__isnull=True, then=0), default=1), *SORTS[sort][1])
    )


def left_out_of(run: MatchRun, reader: User) -> QuerySet[LeftOut]:
    """Each with `said`, the reason as the reader may read it; those with a goal first: for them something can
    be done."""
    told_too_much = [When(reason__contains=name, then=Value(FULL)) for name in _own_names(run, reader)]
    return (
        run.left_out.reviewable_by(reader)
        .select_related("mentee__person", "goal")
        .annotate(said=Case(*told_too_much, default="reason") if told_too_much else F("reason"))
        .order_by(Case(When(goal=None, then=1), default=0), "mentee__person__name", "pk")
    )


def error_for(run: MatchRun, reader: User) -> str:
    """What the run says of itself, without the names that would tell the reader of their own pairing."""
    named = bool(run.error) and any(name in run.error for name in _own_names(run, reader))
    return "A lock that concerns you cannot be kept. Ask another admin to look." if named else run.error


def _own_names(run: MatchRun, reader: User) -> set[str]:
    """Of both people of each pairing of the reader's own."""
    own = run.pairings.standing().filter(Q(mentee__person=reader) | Q(mentor__person=reader))
    return {name for pair in own.values_list("mentee__person__name", "mentor__person__name") for name in pair}


def skills_of(pairing: Pairing, vocabulary: Vocabulary) -> dict[str, Any]:
    """Both people's skills as the component takes them, by the program's words: wanted ones marked where they
    are met."""
    wanted = vocabulary.shown(row.skill_id for row in pairing.goal.skills_wanted.all())
    offered: dict[Called, PersonSkill] = {}
    for own in sorted(pairing.mentor.person.skills.all(), key=lambda own: -own.level):
        if called := vocabulary.of(own.skill_id):
            offered.setdefault(called, own)
    return {
        "wanted": [
            {"name": skill.name, "kind": skill.kind, "wanted": True, "met": skill in offered}
            for skill in wanted
        ],
        "offered": [
            {
                "name": called.name,
                "kind": called.kind,
                "level": own.level,
                "level_label": own.get_level_display(),
                "met": called in wanted,
            }
            for called, own in offered.items()
        ],
    }
