"""Match runs: computations of a whole cohort's pairings, reviewed by an admin before they are published."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, F, Min, Q, Sum

from accounts.models import User
from mentoring.confidential.models import new_id
from mentoring.engagements.models import Request
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership, Program


class MatchRunQuerySet(models.QuerySet["MatchRun"]):
    def visible_to(self, user: User | AnonymousUser) -> "MatchRunQuerySet":
        """Runs of programs that the user administers; participants see nothing of a run."""
        return self.filter(program__in=Program.objects.administered_by(user))

    def claimable(self, now: datetime) -> "MatchRunQuerySet":
        """Runs that wait, and those whose attempt has not said for a while that it is alive."""
        abandoned = Q(state=MatchRun.State.RUNNING, beat_at__lte=now - settings.MATCH_STALE_AFTER)
        return self.filter(Q(state=MatchRun.State.QUEUED) | abandoned)

    def with_results(self, reader: User) -> "MatchRunQuerySet":
        """Each with `matched`, `total` and `worst`, and `left` to publish, of the standing pairings that the
        reader may know of."""
        shown = Q(pairings__is_removed=False) & ~(
            Q(pairings__mentee__person=reader) | Q(pairings__mentor__person=reader)
        )
        return self.annotate(
            matched=Count("pairings", filter=shown),
            total=Sum("pairings__points", filter=shown),
            worst=Min("pairings__points", filter=shown),
            left=Count("pairings", filter=shown & Q(pairings__request__isnull=True)),
        )


class MatchRun(models.Model):
    class Objective(models.TextChoices):
        MOST = "most", "Most people matched, then the highest total"
        FAIR = "fair", "Nobody far behind"
        PREFERENCES = "preferences", "Preferences first"

    class State(models.TextChoices):
        QUEUED = "queued", "waiting to start"
        RUNNING = "running", "running"
        READY = "ready", "ready for review"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"
        PUBLISHED = "published", "published"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    program = models.ForeignKey(Program, models.CASCADE, related_name="match_runs")
    started_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0, help_text="0 to 100.")
    stage = models.CharField(max_length=80, blank=True)
    objective = models.CharField(max_length=11, choices=Objective, default=Objective.MOST)
    weights = models.JSONField(default=dict, help_text="The criteria's weights under which the run was made.")
    must_haves = models.JSONField(default=dict, help_text="Least score, 0 to 1, by criterion's name.")
    tilt = models.PositiveSmallIntegerField(
        default=0, help_text="Percent by which what matters to a mentee moved their weights, at most."
    )
    zone = models.CharField(max_length=64, default="UTC", help_text="Time zone of the times in the reasons.")
    # The attempt that may write: a worker that takes the run over stops the one before from writing.
    attempt = models.UUIDField(null=True, editable=False)
    beat_at = models.DateTimeField(
        null=True, editable=False, help_text="When the attempt last said it is alive."
    )
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    mentees = models.PositiveIntegerField(default=0)
    mentors = models.PositiveIntegerField(default=0)
    places = models.PositiveIntegerField(default=0)
    feasible_pairs = models.PositiveBigIntegerField(default=0)
    # What the solver proved and how long each stage took; see matching/results.py.
    proof = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    # Of the latest results; while a run is solved again, those before it stand.
    finished_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True, help_text="When something of it was first published.")

    objects = MatchRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="match_run_progress_0_to_100", condition=Q(progress__lte=100)),
            models.UniqueConstraint(
                fields=["program"],
                condition=Q(state__in=["queued", "running"]),
                name="match_run_one_at_a_time",
                violation_error_message="A match run is already under way in this program.",
            ),
            # One whose pairings are published in part is still ready for review, and has the instant too.
            models.CheckConstraint(
                name="match_run_published_has_instant",
                condition=~Q(state="published") | Q(published_at__isnull=False),
            ),
        ]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"match run of {self.created_at:%d %B %Y}"


class ReviewQuerySet(models.QuerySet[Any]):
    def reviewable_by(self, user: User | AnonymousUser) -> Self:
        """What concerns others, in runs of programs that the user administers: nobody decides their own."""
        return self.filter(run__in=MatchRun.objects.visible_to(user)).exclude(mentee__person_id=user.pk)


class PairingQuerySet(ReviewQuerySet):
    def reviewable_by(self, user: User | AnonymousUser) -> Self:
        return super().reviewable_by(user).exclude(mentor__person_id=user.pk)

    def standing(self) -> Self:
        return self.filter(is_removed=False)

    def unpublished(self) -> Self:
        return self.standing().filter(request__isnull=True)

    def of_somebody(self, words: str) -> Self:
        """Those of a mentee or mentor whose name holds the words; with none, all."""
        if not words:
            return self
        return self.filter(
            Q(mentee__person__name__icontains=words) | Q(mentor__person__name__icontains=words)
        )

    def planned(self) -> Self:
        """Those that an admin has decided to publish, at once or at an hour, and that are not yet."""
        return self.unpublished().filter(publish_at__isnull=False)

    def due(self, now: datetime) -> Self:
        return self.planned().filter(publish_at__lte=now)

    def published(self) -> Self:
        return self.standing().filter(request__isnull=False)

    def unanswered(self) -> Self:
        """Published ones to which neither of the two has said anything yet: these can be taken back."""
        return self.published().filter(
            request__state=Request.State.OPEN,
            request__mentor_yes_at__isnull=True,
            request__mentee_yes_at__isnull=True,
        )


class Pairing(models.Model):
    """One proposed mentor and mentee in a match run."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(MatchRun, models.CASCADE, related_name="pairings")
    mentee = models.ForeignKey(Membership, models.CASCADE, related_name="+")
    mentor = models.ForeignKey(Membership, models.CASCADE, related_name="+")
    goal = models.ForeignKey(Goal, models.CASCADE, related_name="+")
    points = models.PositiveSmallIntegerField(help_text="Score in hundredths of a point, 0 to 10,000.")
    parts = models.JSONField(default=dict, help_text="The score's parts and the reasons, as shown to admins.")
    is_locked = models.BooleanField(default=False)
    is_removed = models.BooleanField(default=False)
    request = models.OneToOneField(Request, models.SET_NULL, null=True, related_name="pairing")
    # Set once an admin has decided to publish it, at that hour; the request appears when it is done.
    publish_at = models.DateTimeField(null=True)
    publish_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    undo_at = models.DateTimeField(null=True, help_text="When an admin asked to take it back, until it is.")
    note = models.CharField(
        max_length=300, blank=True, help_text="Why it could not be published, or not taken back."
    )

    objects = PairingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "mentee"], condition=Q(is_removed=False), name="pairing_one_mentor_per_mentee"
            ),
            models.UniqueConstraint(fields=["run", "mentee", "mentor"], name="pairing_once"),
            models.CheckConstraint(name="pairing_points_0_to_10000", condition=Q(points__lte=10_000)),
            models.CheckConstraint(
                name="pairing_locked_or_removed", condition=~Q(is_locked=True, is_removed=True)
            ),
            models.CheckConstraint(
                name="pairing_removed_is_not_planned",
                condition=~Q(is_removed=True, publish_at__isnull=False),
            ),
        ]
        ordering = ["-points", "pk"]

    def __str__(self) -> str:
        return f"pairing {self.pk}"

    @property
    def may_be_taken_back(self) -> bool:
        """As `unanswered` says; the request has to be loaded."""
        request = self.request
        return (
            request is not None
            and self.undo_at is None
            and request.state == Request.State.OPEN
            and not (request.mentor_yes_at or request.mentee_yes_at)
        )


class LeftOut(models.Model):
    """A mentee whom the run leaves without a pairing, and why."""

    run = models.ForeignKey(MatchRun, models.CASCADE, related_name="left_out")
    mentee = models.ForeignKey(Membership, models.CASCADE, related_name="+")
    goal = models.ForeignKey(Goal, models.CASCADE, null=True, related_name="+")
    reason = models.CharField(max_length=500)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "mentee"], name="left_out_once")]
        verbose_name_plural = "left out"

    def __str__(self) -> str:
        return self.reason


class RunChangeQuerySet(models.QuerySet["RunChange"]):
    def readable_by(self, user: User | AnonymousUser) -> "RunChangeQuerySet":
        return self.filter(run__in=MatchRun.objects.visible_to(user)).exclude(concerns__contains=[user.pk])


class RunChange(models.Model):
    """A change that an admin made to a run by hand, for the record."""

    class Action(models.TextChoices):
        LOCK = "lock", "locked"
        UNLOCK = "unlock", "unlocked"
        REMOVE = "remove", "removed"
        SWAP = "swap", "swapped mentors"
        ASSIGN = "assign", "assigned"
        SOLVE = "solve", "solved again"
        CANCEL = "cancel", "cancelled"
        PUBLISH = "publish", "published"
        UNDO = "undo", "took back"

    run = models.ForeignKey(MatchRun, models.CASCADE, related_name="changes")
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=8, choices=Action)
    words = models.CharField(max_length=300)
    # People whom the words name; a change about an admin's own pairing is not shown to them.
    concerns = ArrayField(models.UUIDField(), default=list)
    at = models.DateTimeField()

    objects = RunChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.words


class Candidates(models.Model):
    """What a run's solver worked on at the end: pairs worth considering, their points, and the prices.

    With it the review desk says what a change costs without reading the people again.
    """

    run = models.OneToOneField(MatchRun, models.CASCADE, primary_key=True, related_name="candidates")
    packed = models.BinaryField(help_text="Arrays as matching/candidates.py packs them.")

    def __str__(self) -> str:
        return f"candidates of {self.run_id}"


class Snapshot(models.Model):
    """The people and settings as one attempt at a run has read them, so that all who score see the same."""

    run = models.OneToOneField(MatchRun, models.CASCADE, primary_key=True, related_name="snapshot")
    attempt = models.UUIDField()
    packed = models.BinaryField(help_text="As matching/snapshots.py packs it.")

    def __str__(self) -> str:
        return f"snapshot of {self.run_id}"


class Tile(models.Model):
    """Some mentees of a snapshot to be scored, by whichever worker takes them; gone once all are joined."""

    run = models.ForeignKey(MatchRun, models.CASCADE, related_name="tiles")
    attempt = models.UUIDField()
    number = models.PositiveIntegerField(help_text="Its place among the tiles of the attempt.")
    asked = models.BinaryField(help_text="What is to be found out, as matching/tiles.py packs it.")
    taken_at = models.DateTimeField(null=True)
    packed = models.BinaryField(null=True, help_text="What was found.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "attempt", "number"], name="tile_once")]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"tile {self.number} of {self.run_id}"


class Emphasis(models.Model):
    """What matters to one mentee in a program: criteria that should count for more, or for less, to them."""

    membership = models.OneToOneField(Membership, models.CASCADE, primary_key=True, related_name="emphasis")
    more = ArrayField(models.CharField(max_length=20), default=list)
    less = ArrayField(models.CharField(max_length=20), default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="emphasis_not_both",
                condition=~Q(more__overlap=F("less")),
                violation_error_message="A criterion cannot count for more and for less.",
            )
        ]

    def __str__(self) -> str:
        return f"emphasis of {self.membership_id}"


class Preference(models.Model):
    """A member's wish for another member of the program, 1 the dearest, at most five. Nobody sees whose."""

    by = models.ForeignKey(Membership, models.CASCADE, related_name="preferences")
    # A mentee prefers mentors, a mentor mentees; somebody who is both keeps two lists.
    as_mentor = models.BooleanField(default=False)
    whom = models.ForeignKey(Membership, models.CASCADE, related_name="+")
    rank = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["by", "as_mentor", "whom"], name="preference_once"),
            models.UniqueConstraint(fields=["by", "as_mentor", "rank"], name="preference_one_a_rank"),
            models.CheckConstraint(name="preference_rank_1_to_5", condition=Q(rank__gte=1, rank__lte=5)),
            models.CheckConstraint(name="preference_not_oneself", condition=~Q(by=F("whom"))),
        ]
        ordering = ["rank"]

    def __str__(self) -> str:
        return f"preference {self.rank}"


SUGGESTED_AGAIN_AFTER = timedelta(days=90)


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    def owned_by(self, user: User | AnonymousUser) -> "SuggestionQuerySet":
        """The user's own, in programs that they are still a member of."""
        return self.filter(goal__in=Goal.objects.owned_by(user))

    def live(self) -> "SuggestionQuerySet":
        return self.filter(dismissed_at__isnull=True)

    def dismissed_since(self, instant: datetime) -> "SuggestionQuerySet":
        return self.filter(dismissed_at__gt=instant)


class Suggestion(models.Model):
    """A mentor shown to a mentee for one goal; dismissed, that mentor is not suggested again for 90 days."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    goal = models.ForeignKey(Goal, models.CASCADE, related_name="suggestions")
    mentor = models.ForeignKey(Membership, models.CASCADE, related_name="+")
    points = models.PositiveSmallIntegerField(help_text="Score in hundredths of a point, 0 to 10,000.")
    reasons = ArrayField(models.CharField(max_length=300), default=list, help_text="Told to the mentee.")
    created_at = models.DateTimeField()
    dismissed_at = models.DateTimeField(null=True)

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["goal", "mentor"], name="suggestion_once"),
            models.CheckConstraint(name="suggestion_points_0_to_10000", condition=Q(points__lte=10_000)),
        ]
        ordering = ["-points", "pk"]

    def __str__(self) -> str:
        return f"suggestion {self.pk}"


class Meaning(models.Model):
    """Vectors of what a goal, or a person as mentor, says; computed by a worker when the words change.

    Comparable only with vectors of the same `model`. `digest` is of the words that they were computed from.
    """

    goal = models.OneToOneField(Goal, models.CASCADE, null=True, related_name="meaning")
    person = models.OneToOneField(User, models.CASCADE, null=True, related_name="meaning")
    model = models.CharField(max_length=40)
    digest = models.BinaryField(max_length=32)
    sentences = ArrayField(models.TextField(), default=list)
    # whole: (D,) int8 of the text; each: (sentences, D) int8, row by row
    whole = models.BinaryField()
    each = models.BinaryField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="meaning_of_one",
                condition=Q(goal__isnull=True, person__isnull=False)
                | Q(goal__isnull=False, person__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"meaning of {self.goal_id or self.person_id}"
