"""Suggestions: who is suggested, how they are spread, and what putting one away does."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import week
from accounts.models import Profile
from matching.models import Suggestion
from matching.suggesting import PER_GOAL, SPREAD, dismiss, shown_to, suggest
from mentoring.engagements.services import end_engagement
from mentoring.programs.models import Exclusion, Membership, ReportingLine
from tests import factories
from tests.racing import race, refusals

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def suggested(goal):
    return set(Suggestion.objects.live().filter(goal=goal).values_list("mentor", flat=True))


def another_mentor(cast, **over):
    return factories.make_mentor(cast.program, **over)


def test_a_new_goal_has_suggestions_with_reasons(cast):
    assert suggest(cast.program.pk, NOW, cast.goal.pk) == 1
    one = Suggestion.objects.get()
    assert (one.goal, one.mentor) == (cast.goal, cast.mentor)
    assert "Negotiation" in one.reasons[0]
    assert suggest(cast.program.pk, NOW) == 0  # twice does once
    assert shown_to(cast.mentee) == [one]
    assert shown_to(cast.mentor) == []


def test_a_goal_has_the_best_few(cast):
    others = [another_mentor(cast, skills={"negotiation": level}) for level in (1, 2, 4, 4)]
    suggest(cast.program.pk, NOW)
    assert len(suggested(cast.goal)) == PER_GOAL
    assert {others[2].pk, others[3].pk} < suggested(cast.goal)
    assert others[0].pk not in suggested(cast.goal)


def test_a_mentor_who_gains_a_place_is_suggested(cast):
    other = factories.make_mentee(cast.program)
    full = another_mentor(cast, capacity=1)
    engagement = factories.make_engagement(factories.make_goal(other), full)
    suggest(cast.program.pk, NOW)
    assert full.pk not in suggested(cast.goal)
    end_engagement(engagement_id=engagement.pk, by=None, now=NOW)
    suggest(cast.program.pk, NOW)
    assert full.pk in suggested(cast.goal)


def test_a_clearly_better_mentor_takes_the_place_of_the_weakest(cast):
    Membership.objects.filter(pk=cast.mentor.pk).update(capacity=0)
    weak = [another_mentor(cast, skills={"negotiation": 2}) for _ in range(PER_GOAL)]
    suggest(cast.program.pk, NOW)
    assert suggested(cast.goal) == {one.pk for one in weak}
    better = another_mentor(cast, skills={"negotiation": 4})
    suggest(cast.program.pk, NOW)
    assert better.pk in suggested(cast.goal)
    assert len(suggested(cast.goal)) == PER_GOAL


def test_whoever_everybody_would_like_is_not_suggested_to_everybody(cast):
    Membership.objects.filter(pk=cast.mentor.pk).update(capacity=0)
    star = another_mentor(cast, skills={"negotiation": 4}, capacity=1)
    bigger = another_mentor(cast, skills={"negotiation": 4}, capacity=2)
    plain = [another_mentor(cast, skills={"negotiation": 2}, capacity=3) for _ in range(4)]
    for _ in range(11):
        factories.make_goal(factories.make_mentee(cast.program))
    suggest(cast.program.pk, NOW)
    counts = Counter(Suggestion.objects.values_list("mentor", flat=True))
    assert counts[star.pk] == SPREAD
    assert counts[bigger.pk] == 2 * SPREAD
    assert all(counts[one.pk] <= 3 * SPREAD for one in plain)
    # and yet everybody has some
    assert Suggestion.objects.values("goal").distinct().count() == 12


@pytest.mark.parametrize("rule", ["excluded by", "excludes", "reports to", "pauses", "is full", "left"])
def test_nobody_is_suggested_whom_the_mentee_may_not_be_proposed_to(cast, rule):
    def keep_apart():
        mentor, mentee = cast.mentor.person, cast.mentee.person
        rows = Membership.objects.filter(pk=cast.mentor.pk)
        match rule:
            case "excluded by":
                Exclusion.objects.create(by=mentor, other=mentee)
            case "excludes":
                Exclusion.objects.create(by=mentee, other=mentor)
            case "reports to":
                ReportingLine.objects.create(program=cast.program, junior=mentee, senior=mentor)
            case "pauses":
                rows.update(is_paused=True)
            case "is full":
                rows.update(capacity=0)
            case "left":
                rows.update(left_at=NOW)

    suggest(cast.program.pk, NOW)
    assert len(shown_to(cast.mentee)) == 1
    keep_apart()
    assert shown_to(cast.mentee) == []  # on the very next page, before any task has run
    suggest(cast.program.pk, NOW)
    assert not Suggestion.objects.exists()


def test_a_request_for_the_goal_ends_its_suggestions(cast):
    another_mentor(cast)
    suggest(cast.program.pk, NOW)
    assert len(shown_to(cast.mentee, cast.goal)) == 2
    factories.make_request(cast.goal, cast.mentor)
    assert shown_to(cast.mentee, cast.goal) == []
    assert suggest(cast.program.pk, NOW) == 0


def test_a_mentor_who_declined_is_left_in_peace(cast):
    request = factories.make_request(cast.goal, cast.mentor)
    request.state, request.closed_at = "declined", NOW
    request.save()
    assert suggest(cast.program.pk, NOW) == 0
    assert suggest(cast.program.pk, NOW + timedelta(days=91)) == 1


def test_what_is_put_away_returns_after_90_days_and_for_no_goal_before(cast):
    second = factories.make_goal(cast.mentee, title="Another goal")
    suggest(cast.program.pk, NOW, cast.goal.pk)
    dismiss(Suggestion.objects.get(), now=NOW)
    assert shown_to(cast.mentee) == []
    assert suggest(cast.program.pk, NOW + timedelta(days=89)) == 0
    assert suggest(cast.program.pk, NOW + timedelta(days=91)) == 2
    assert suggested(cast.goal) == suggested(second) == {cast.mentor.pk}


def test_who_is_put_away_for_one_goal_is_shown_for_no_other(cast):
    second = factories.make_goal(cast.mentee, title="Another goal")
    suggest(cast.program.pk, NOW)
    dismiss(Suggestion.objects.get(goal=second), now=NOW)
    assert shown_to(cast.mentee) == []  # on the very next page, before any task has run
    suggest(cast.program.pk, NOW)
    assert not Suggestion.objects.live().exists()


def test_who_is_put_away_in_one_program_is_suggested_in_another(cast):
    elsewhere = factories.make_program()
    there = factories.make_member(elsewhere, cast.mentee.person)
    factories.make_goal(there)
    factories.make_member(elsewhere, cast.mentor.person, is_mentor=True, is_mentee=False)
    for program in (cast.program, elsewhere):
        suggest(program.pk, NOW)
    dismiss(Suggestion.objects.get(goal=cast.goal), now=NOW)
    assert (shown_to(cast.mentee), len(shown_to(there))) == ([], 1)


def test_putting_away_what_a_worker_gave_up_meanwhile_still_holds_for_90_days(cast):
    suggest(cast.program.pk, NOW)
    shown = Suggestion.objects.get()
    Suggestion.objects.all().delete()
    dismiss(shown, now=NOW)
    assert suggest(cast.program.pk, NOW + timedelta(days=89)) == 0
    assert suggest(cast.program.pk, NOW + timedelta(days=91)) == 1


@pytest.mark.parametrize("state", ["declined", "withdrawn", "expired"])
def test_who_was_asked_in_vain_is_not_suggested_for_the_other_goal_either(cast, state):
    other = factories.make_goal(cast.mentee, title="Another goal")
    suggest(cast.program.pk, NOW)
    request = factories.make_request(cast.goal, cast.mentor)
    request.state, request.closed_at = state, NOW
    request.save()
    assert shown_to(cast.mentee) == []
    suggest(cast.program.pk, NOW)
    assert not Suggestion.objects.filter(goal=other).exists()


def test_reasons_follow_what_profiles_say_now(cast):
    suggest(cast.program.pk, NOW)
    before = Suggestion.objects.get()
    assert any(reason.startswith("Free with you") for reason in before.reasons)
    Profile.objects.filter(person=cast.mentor.person).update(week=week.EMPTY_WEEK)
    assert suggest(cast.program.pk, NOW) == 0
    after = Suggestion.objects.get()
    assert not any("Free" in reason for reason in after.reasons)
    assert (after.pk, after.created_at) == (before.pk, before.created_at)
    assert after.points < before.points


@pytest.mark.django_db(transaction=True)
def test_what_is_put_away_while_a_worker_suggests_stays_away(cast):
    """And the page does not wait for the worker, nor does an admin who changes the program."""
    factories.make_goal(cast.mentee, title="Another goal")
    suggest(cast.program.pk, NOW, cast.goal.pk)
    shown = Suggestion.objects.get()
    with transaction.atomic():
        assert suggest(cast.program.pk, NOW) == 1
        done = race(
            [
                lambda: dismiss(shown, now=NOW),
                lambda: factories.set_matching(cast.program, weights={"time": 1}, must_haves={}),
            ]
        )
        assert refusals(done) == {}
    assert Suggestion.objects.live().count() == 1
    assert shown_to(cast.mentee) == []
    suggest(cast.program.pk, NOW)
    assert not Suggestion.objects.live().exists()


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_suggest_everybody_once(cast):
    for _ in range(6):
        factories.make_mentor(cast.program, capacity=1)
        factories.make_goal(factories.make_mentee(cast.program))
    done = race([lambda: suggest(cast.program.pk, NOW)] * 4)
    assert refusals(done) == {}
    assert sum(one.returned for one in done) == Suggestion.objects.count()
    counts = Counter(Suggestion.objects.values_list("mentor", flat=True))
    assert all(counts[one] <= SPREAD for one in counts if one != cast.mentor.pk)
    assert max(Counter(Suggestion.objects.values_list("goal", flat=True)).values()) == PER_GOAL


def test_putting_away_changes_no_list(cast, client_of):
    client = client_of(cast.mentee.person)
    url = reverse("matching:mentor-list", args=[cast.program.slug])
    before = client.get(url).context["cards"]
    suggest(cast.program.pk, NOW)
    dismiss(Suggestion.objects.get(), now=NOW)
    assert client.get(url).context["cards"] == before


def test_the_pages_show_them_and_put_them_away(cast, client_of):
    suggest(cast.program.pk, NOW)
    client = client_of(cast.mentee.person)
    home = reverse("home:program-home", args=[cast.program.slug])
    for url in (home, reverse("goals:goal-detail", args=[cast.goal.pk])):
        assert "Suggested mentors" in client.get(url).text
    answer = client.post(
        reverse("matching:suggestion-dismiss", args=[Suggestion.objects.get().pk]), {"back": "home"}
    )
    assert answer.url == home
    page = client.get(home).text
    assert "Suggested mentors" not in page
    assert "not suggested to you again for 90 days" in page


def test_an_admin_sees_no_suggestion_of_a_mentee(cast, client_of):
    suggest(cast.program.pk, NOW)
    page = client_of(cast.admin.person).get(reverse("goals:goal-detail", args=[cast.goal.pk])).text
    assert "Suggested mentors" not in page
