"""A run from the button to its results: who takes part, what is written, and who may write it."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts import week
from accounts.models import LearningRecord, PersonSkill, Profile, User
from matching import services, solving
from matching.candidates import kept_by
from matching.cohort import first_goals, outlook, unmatched
from matching.engine import DEFAULT_WEIGHTS
from matching.models import Emphasis, LeftOut, MatchRun, Pairing, Preference
from matching.results import Results
from matching.services import MatchingError
from matching.tasks import resume_match_runs, solve_match_run
from mentoring.celery import app
from mentoring.engagements.models import Engagement
from mentoring.engagements.services import accept_request, end_engagement
from mentoring.programs.models import Membership
from tests import factories

pytestmark = pytest.mark.django_db
State = MatchRun.State


@pytest.fixture
def run(cast):
    return services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())


def names(pairings):
    return {(one.mentee.person.name, one.mentor.person.name) for one in pairings}


def test_start_run_queues_it_and_publishes_on_commit(cast, django_capture_on_commit_callbacks):
    cast.program.weights = {"time": 40, "no longer here": 3}
    with django_capture_on_commit_callbacks() as callbacks:
        run = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    assert len(callbacks) == 1
    assert run.state == State.QUEUED
    assert run.weights == DEFAULT_WEIGHTS | {"time": 40}


def test_start_run_is_refused_while_one_is_under_way(cast, run):
    with pytest.raises(MatchingError, match="already under way"):
        services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    assert MatchRun.objects.count() == 1


def test_start_run_is_refused_when_nobody_waits(cast):
    factories.make_engagement(cast.goal, cast.mentor)
    with pytest.raises(MatchingError, match="Nobody"):
        services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())


@pytest.fixture
def broker_away():
    """Celery's application as it is when nobody listens at the broker's address."""

    def connect_to(url):
        app.conf.broker_write_url = url
        app._pool = app.amqp._producer_pool = None  # the pools hold connections to the address before

    here = app.conf.broker_write_url
    connect_to("redis://127.0.0.1:1/0")
    yield
    connect_to(here)


def test_start_run_outlives_a_broker_that_is_away(
    cast, broker_away, django_capture_on_commit_callbacks, caplog
):
    with django_capture_on_commit_callbacks(execute=True):
        run = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    assert "did not take matching.solve_match_run" in caplog.text
    assert list(MatchRun.objects.claimable(timezone.now())) == [run]


def test_solve_match_run_pairs_and_explains(cast, run):
    solve_match_run(str(run.pk))
    run.refresh_from_db()
    assert (run.state, run.progress, run.attempts, run.attempt) == (State.READY, 100, 1, None)
    assert (run.mentees, run.mentors, run.places, run.feasible_pairs) == (1, 1, 2, 1)
    pairing = run.pairings.get()
    assert (pairing.mentee, pairing.mentor, pairing.goal) == (cast.mentee, cast.mentor, cast.goal)
    assert pairing.parts["score"] == round(pairing.points / 100)
    assert pairing.parts["reasons_for"][0] == "Leila Haddad covers the skill Amara Eze wants: Negotiation"
    assert not run.left_out.exists()


def test_solve_match_run_records_proof_and_what_it_was_made_with(cast, run):
    solve_match_run(str(run.pk))
    run.refresh_from_db()
    points = run.pairings.get().points
    seconds = run.proof.pop("seconds")
    assert run.proof == {
        "objective": "most", "matched": 1, "of": 1, "total": points, "worst": points, "floor": 0,
        "pairs_seen": 1, "candidates": 1, "rounds": run.proof["rounds"], "is_proved": True,
        "gap": 0, "gap_matched": 0, "blocking": 0, "tiles": 0, "elsewhere": 0,
    }  # fmt: skip
    assert {"read", "prepare", "solve", "explain", "left out", "save"} <= set(seconds)
    assert all(value >= 0 for value in seconds.values())


def test_solve_match_run_keeps_what_the_desk_needs_to_say_costs(cast, run):
    waits = factories.make_mentee(cast.program, name="Speaks Thai", languages={"th": 4})
    goal = factories.make_goal(waits)
    solve_match_run(str(run.pk))
    kept = kept_by(run)
    row = {member: i for i, member in enumerate(kept.mentees)}
    assert set(row) == {cast.mentee.pk, waits.pk}
    assert kept.goals[row[waits.pk]] == goal.pk
    assert kept.mentors == (cast.mentor.pk,)
    assert kept.places.tolist() == [2]
    assert kept.mate[[row[cast.mentee.pk], row[waits.pk]]].tolist() == [0, -1]
    pairing = run.pairings.get()
    assert (kept.pairs.i.tolist(), kept.pairs.j.tolist()) == ([row[cast.mentee.pk]], [0])
    assert kept.pairs.points.tolist() == [pairing.points]
    assert kept.surplus[row[cast.mentee.pk]] + kept.price[0] == kept.bonus + pairing.points
    assert kept_by(MatchRun(pk=uuid.uuid4())) is None


def test_solve_match_run_weighs_as_its_settings_say(cast):
    """Leila covers the goal; somebody else does not, but has ten learning records."""
    other = factories.make_mentor(cast.program, name="Learns All", skills={"rhetoric": 1}, wishes=("sql",))
    LearningRecord.objects.bulk_create(
        LearningRecord(person=other.person, what="A course", kind="course", on=timezone.now().date())
        for _ in range(10)
    )

    def solved(**settings):
        weights = {"leadership": 0, "technical": 0, "political": 0, "passion": 1} | settings.pop(
            "weights", {}
        )
        chosen = services.RunSettings(weights, settings.pop("must_haves", {}), settings.pop("tilt", 0))
        run = services.start_run(
            program=cast.program, by=cast.admin.person, now=timezone.now(), settings=chosen, **settings
        )
        solve_match_run(str(run.pk))
        return {mentor for _, mentor in names(run.pairings.all())} or run.left_out.get().reason

    assert solved() == {"Learns All"}
    assert solved(weights={"political": 90}) == {"Leila Haddad"}
    assert solved(must_haves={"political": 0.5}) == {"Leila Haddad"}
    assert solved(must_haves={"political": 0.5, "passion": 0.5}) == (
        "No mentor who could work with Amara Eze has what this program requires of a pair: "
        "Political skill of 50 or more and Learning passion of 50 or more."
    )


def test_solve_match_run_lets_what_matters_to_a_mentee_tilt_their_weights(cast):
    other = factories.make_mentor(cast.program, name="Learns All", skills={"rhetoric": 1}, wishes=("sql",))
    LearningRecord.objects.bulk_create(
        LearningRecord(person=other.person, what="A course", kind="course", on=timezone.now().date())
        for _ in range(10)
    )
    Emphasis.objects.create(membership=cast.mentee, more=["passion"], less=["political"])
    weights = dict.fromkeys(DEFAULT_WEIGHTS, 0) | {"political": 20, "passion": 10}
    found = []
    for tilt in (0, 50):
        run = services.start_run(
            program=cast.program, by=cast.admin.person, now=timezone.now(),
            settings=services.RunSettings(weights, {}, tilt),
        )  # fmt: skip
        solve_match_run(str(run.pk))
        found.append(run.pairings.get().mentor)
    assert found == [cast.mentor, other]


def test_solve_match_run_puts_preferences_first_where_asked(cast):
    other = factories.make_mentor(cast.program, name="Less Apt", skills={"rhetoric": 1})
    Preference.objects.create(by=cast.mentee, whom=other, rank=1)
    found = []
    for objective in (MatchRun.Objective.MOST, MatchRun.Objective.PREFERENCES):
        run = services.start_run(
            program=cast.program, by=cast.admin.person, now=timezone.now(), objective=objective
        )
        solve_match_run(str(run.pk))
        run.refresh_from_db()
        assert (run.proof["objective"], run.proof["blocking"]) == (objective, 0)
        found.append(run.pairings.get().mentor)
    assert found == [cast.mentor, other]


def test_solve_match_run_leaves_nobody_far_behind_where_asked(cast):
    """Both mentees fit the good mentor better; the second is at a loss with the other one."""
    Membership.objects.filter(pk=cast.mentor.pk).update(capacity=1)
    factories.make_mentor(cast.program, name="Jack", skills={"negotiation": 2}, capacity=1, wishes=("sql",))
    worse = factories.make_goal(
        factories.make_mentee(cast.program, name="Wants Rhetoric"), skills={"negotiation": 1, "rhetoric": 3}
    )
    PersonSkill.objects.create(person=cast.mentor.person, skill=factories.make_skill("rhetoric"), level=1)
    runs = {}
    for objective in (MatchRun.Objective.MOST, MatchRun.Objective.FAIR):
        run = services.start_run(
            program=cast.program, by=cast.admin.person, now=timezone.now(), objective=objective
        )
        solve_match_run(str(run.pk))
        runs[objective] = MatchRun.objects.get(pk=run.pk).proof
    most, fair = runs.values()
    assert most["matched"] == fair["matched"] == 2
    assert fair["worst"] >= most["worst"]
    assert fair["floor"] == fair["worst"]
    assert most["total"] >= fair["total"]
    assert worse.mentee.name == "Wants Rhetoric"


def test_open_proposals_keep_their_place(cast, run):
    """Leila has two places; a proposal of the program that nobody has answered holds one."""
    factories.make_request(
        factories.make_goal(factories.make_mentee(cast.program)),
        cast.mentor,
        origin="program",
        mentee_yes_at=None,
    )
    factories.make_goal(factories.make_mentee(cast.program, name="Comes Second"))
    solve_match_run(str(run.pk))
    run.refresh_from_db()
    assert (run.places, run.pairings.count(), run.left_out.count()) == (1, 1, 1)


def test_solve_again_leaves_published_pairings_alone(cast, run):
    solve_match_run(str(run.pk))
    proposal = factories.make_request(cast.goal, cast.mentor, origin="program", mentee_yes_at=None)
    run.pairings.update(request=proposal, is_locked=True)
    factories.make_goal(factories.make_mentee(cast.program, name="Waits Still"))
    services.solve_again(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(run.pk))
    run.refresh_from_db()
    assert run.error == ""
    assert names(run.pairings.all()) == {("Amara Eze", "Leila Haddad"), ("Waits Still", "Leila Haddad")}
    # the engagement that came of it is over: this run has had its say about Amara
    accept_request(request_id=proposal.pk, by=cast.mentor.person, now=timezone.now())
    accept_request(request_id=proposal.pk, by=cast.mentee.person, now=timezone.now())
    end_engagement(engagement_id=Engagement.objects.get().pk, by=cast.mentee.person, now=timezone.now())
    services.solve_again(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(run.pk))
    assert names(run.pairings.all()) == {("Amara Eze", "Leila Haddad"), ("Waits Still", "Leila Haddad")}


def test_solve_match_run_gives_the_same_whatever_people_are_called(cast):
    """Two mentors and two mentees alike in all: ids settle who gets whom."""
    twins = [factories.make_mentor(cast.program, skills={"negotiation": 3}, capacity=1) for _ in range(3)]
    Membership.objects.filter(pk=cast.mentor.pk).update(capacity=1)
    for _ in range(3):
        factories.make_goal(factories.make_mentee(cast.program))

    def solved():
        run = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
        solve_match_run(str(run.pk))
        return set(run.pairings.values_list("mentee", "mentor"))

    before = solved()
    for number, twin in enumerate(twins):
        User.objects.filter(pk=twin.person_id).update(name=f"{chr(ord('Z') - number)}")
    assert solved() == before


def test_solve_match_run_matches_those_who_wait_with_their_first_goal(cast):
    later = factories.make_goal(cast.mentee, title="Later", target_on=cast.goal.target_on + timedelta(days=1))
    without_goal = factories.make_mentee(cast.program, name="No Goal")
    asking = factories.make_goal(factories.make_mentee(cast.program, name="Asks Already"))
    factories.make_request(asking, cast.mentor)
    closed = factories.make_goal(factories.make_mentee(cast.program, name="Closed Goal"), state="closed")
    paused = factories.make_mentee(cast.program, name="Paused")
    Membership.objects.filter(pk=paused.pk).update(is_paused=True)
    factories.make_goal(paused)
    elsewhere = factories.make_goal(factories.make_mentee(factories.make_program()))
    assert {member.person.name for member in unmatched(cast.program)} == {
        "Amara Eze", "No Goal", "Closed Goal"
    }  # fmt: skip
    assert set(first_goals(cast.program)) == {cast.goal}
    assert (outlook(cast.program).mentees, outlook(cast.program).without_goal) == (1, 2)
    run = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(run.pk))
    assert run.pairings.get().goal == cast.goal
    assert {left.mentee: (left.goal, left.reason) for left in run.left_out.all()} == {
        without_goal: (None, "No Goal has no open goal in this program."),
        Membership.objects.get(person=closed.mentee): (None, "Closed Goal has no open goal in this program."),
    }
    assert {later, elsewhere}.isdisjoint(pairing.goal for pairing in Pairing.objects.all())


def test_solve_match_run_says_why_somebody_is_left_out(cast):
    Membership.objects.filter(pk=cast.mentor.pk).update(capacity=1)
    alone = factories.make_mentee(cast.program, name="Speaks Thai", languages={"th": 4})
    factories.make_goal(alone)
    second = factories.make_mentee(cast.program, name="Second Best")
    factories.make_goal(second)
    run = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(run.pk))
    reasons = {left.mentee.person.name: left.reason for left in run.left_out.all()}
    assert names(run.pairings.all()) == {("Amara Eze", "Leila Haddad")}
    assert reasons == {
        "Speaks Thai": "No mentor shares a language with Speaks Thai that both can work in.",
        "Second Best": (
            "Only Leila Haddad could work with Second Best, and is full. "
            "One more place there would make room for Second Best."
        ),
    }


def test_solve_match_run_forms_no_pair_without_a_common_half_hour(cast):
    """The better mentor is never free when Amara is; nor is anybody when the night owl is."""
    night = week.from_indices([2, 3])
    factories.make_mentor(
        cast.program, name="Never Meets", skills={"negotiation": 4}, week=week.from_indices([90])
    )
    owl = factories.make_mentee(cast.program, name="Night Owl", week=night)
    factories.make_goal(owl)
    run = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(run.pk))
    assert names(run.pairings.all()) == {("Amara Eze", "Leila Haddad")}
    assert run.left_out.get().reason == (
        "No mentor who could work with Night Owl keeps a half hour of the week free at the same time."
    )


def test_solve_again_keeps_a_lock_on_two_without_common_time(cast, run):
    solve_match_run(str(run.pk))
    run.pairings.update(is_locked=True)
    Profile.objects.filter(person=cast.mentee.person).update(week=week.EMPTY_WEEK)
    services.solve_again(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(run.pk))
    run.refresh_from_db()
    assert (run.error, run.pairings.get().is_locked) == ("", True)


def test_solve_match_run_twice_does_once(run):
    solve_match_run(str(run.pk))
    pairing = run.pairings.get()
    solve_match_run(str(run.pk))
    assert run.pairings.get() == pairing
    run.refresh_from_db()
    assert run.attempts == 1


def test_solve_match_run_of_a_missing_run_does_nothing(db):
    solve_match_run(str(uuid.uuid4()))


def test_take_over_only_when_the_attempt_before_is_silent(run):
    now = timezone.now()
    first = solving.take_over(run.pk, now)
    assert first is not None
    assert solving.take_over(run.pk, now + timedelta(seconds=29)) is None
    second = solving.take_over(run.pk, now + timedelta(seconds=30))
    assert second is not None
    assert second.token != first.token


@pytest.mark.django_db(transaction=True)
def test_take_over_from_many_connections_succeeds_once(run):
    taken, start = [], threading.Barrier(8)

    def take_over_here():
        start.wait()
        taken.append(solving.take_over(run.pk, timezone.now()))
        connection.close()

    threads = [threading.Thread(target=take_over_here) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([attempt for attempt in taken if attempt is not None]) == 1
    assert MatchRun.objects.get().attempts == 1


def test_first_attempt_writes_nothing_once_taken_over(run):
    now = timezone.now()
    first = solving.take_over(run.pk, now - timedelta(minutes=1))
    second = solving.take_over(run.pk, now)
    with pytest.raises(solving.AttemptLost):
        first.say(50, "the first")
    with pytest.raises(solving.AttemptLost):
        solving._save(first, Results([], (), [LeftOut(run=run)], b"", {}, {}, []), solving.Course(first))
    first.give_up("the first gave up")
    run.refresh_from_db()
    assert (run.state, run.attempt, run.error) == (State.RUNNING, second.token, "")
    assert run.stage == "Starting again, since the worker before stopped"
    solving._solve(second)
    run.refresh_from_db()
    assert (run.state, run.attempts, run.pairings.count()) == (State.READY, 2, 1)


def test_resume_match_runs_finds_waiting_and_abandoned_runs_and_gives_up_in_the_end(cast, run):
    now = timezone.now()
    assert solving.resume_runs(now) == 1
    solving.take_over(run.pk, now)
    assert solving.resume_runs(now) == 0
    assert solving.resume_runs(now + timedelta(seconds=31)) == 1
    MatchRun.objects.update(attempts=solving.MOST_ATTEMPTS)
    assert solving.resume_runs(now + timedelta(seconds=31)) == 0
    run.refresh_from_db()
    assert run.state == State.FAILED
    assert "stopped unexpectedly" in run.error
    resume_match_runs()


def test_cancelled_run_writes_nothing(cast, run):
    attempt = solving.take_over(run.pk, timezone.now())
    services.cancel_run(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    with pytest.raises(solving.AttemptLost):
        solving._solve(attempt)
    services.cancel_run(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    run.refresh_from_db()
    assert (run.state, run.pairings.count(), run.changes.count()) == (State.CANCELLED, 0, 1)
    solve_match_run(str(run.pk))
    run.refresh_from_db()
    assert run.state == State.CANCELLED


def test_cancelled_solving_again_keeps_the_results_before(cast, run):
    solve_match_run(str(run.pk))
    services.solve_again(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    services.cancel_run(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    run.refresh_from_db()
    assert (run.state, run.pairings.count()) == (State.READY, 1)


def test_solve_again_keeps_locks_and_forms_no_removed_pair(cast):
    other = factories.make_mentor(cast.program, name="Other Mentor", skills={"rhetoric": 1}, wishes=("sql",))
    second = factories.make_mentee(cast.program, name="Second Mentee", offers={"sql": ""})
    factories.make_goal(second)
    run = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(run.pk))
    assert names(run.pairings.all()) == {("Amara Eze", "Leila Haddad"), ("Second Mentee", "Leila Haddad")}
    run.pairings.filter(mentee=second).update(is_removed=True)
    run.pairings.filter(mentee=cast.mentee).update(is_locked=True)
    services.solve_again(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(run.pk))
    standing = run.pairings.standing()
    assert names(standing) == {("Amara Eze", "Leila Haddad"), ("Second Mentee", "Other Mentor")}
    assert standing.get(mentee=cast.mentee).is_locked
    assert not standing.get(mentor=other).is_locked


def test_solve_again_says_which_lock_it_dropped(cast, run):
    factories.make_goal(factories.make_mentee(cast.program, name="Still Waits"))
    solve_match_run(str(run.pk))
    run.pairings.update(is_locked=True)
    factories.make_engagement(cast.goal, cast.mentor)
    services.solve_again(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(run.pk))
    run.refresh_from_db()
    assert names(run.pairings.all()) == {("Still Waits", "Leila Haddad")}
    assert run.error == "No longer to be matched, so the lock was dropped: Amara Eze."


def test_lock_that_cannot_be_kept_leaves_the_results_and_says_so(cast, run):
    solve_match_run(str(run.pk))
    run.pairings.update(is_locked=True)
    Membership.objects.filter(pk=cast.mentor.pk).update(is_paused=True)
    services.solve_again(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(run.pk))
    run.refresh_from_db()
    assert (run.state, run.pairings.count()) == (State.READY, 1)
    assert run.error == "Amara Eze and Leila Haddad cannot be paired, so their lock cannot be kept."


def test_solve_again_says_anew_only_what_has_changed(cast, run):
    """Amara's pairing stays as it is, and becomes another when something that its reasons rest on changes."""
    factories.make_goal(factories.make_mentee(cast.program, name="Second Mentee"))
    solve_match_run(str(run.pk))
    assert run.pairings.count() == 2

    def solved_again():
        services.solve_again(run_id=run.pk, by=cast.admin.person, now=timezone.now())
        solve_match_run(str(run.pk))
        return run.pairings.get(mentee=cast.mentee)

    first = run.pairings.get(mentee=cast.mentee)
    again = solved_again()
    assert (again.pk, again.parts) == (first.pk, first.parts)
    run.pairings.exclude(mentee=cast.mentee).update(is_removed=True)
    assert solved_again().pk == first.pk
    User.objects.filter(pk=cast.mentee.person_id).update(name="Amara Obi")
    renamed = solved_again()
    assert renamed.parts["reasons_for"][0] == "Leila Haddad covers the skill Amara Obi wants: Negotiation"
    assert run.pairings.standing().count() == 1
    LearningRecord.objects.create(
        person=cast.mentor.person, what="A course", kind="course", on=timezone.now().date()
    )
    learned = solved_again()
    assert learned.points > renamed.points
    assert "Leila Haddad has no recent learning record" in renamed.parts["reasons_against"]
    assert "Leila Haddad has no recent learning record" not in learned.parts["reasons_against"]
    Profile.objects.filter(person=cast.mentor.person).update(week=week.from_indices(range(16, 40)))
    assert solved_again().parts["reasons_for"] != learned.parts["reasons_for"]
