"""What if: two runs side by side, by one yardstick, and nothing of the reader's own place."""

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from matching import services
from matching.comparing import compare
from matching.fits import fits
from matching.models import MatchRun
from matching.services import RunSettings
from matching.tasks import solve_match_run
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(cast):
    """Whom Leila suits better by skill, and Nils by what they offer."""
    mentee = factories.make_mentee(cast.program, name="Bruno Costa", offers={"accounting": ""})
    factories.make_goal(mentee, title="Read a balance sheet", skills={"negotiation": 3})
    Membership.objects.filter(pk=cast.mentor.pk).update(capacity=1)
    factories.make_mentor(
        cast.program, name="Nils Ledger", skills={"accounting": 4}, wishes=("accounting",), capacity=1
    )
    return mentee


def solve(cast, **weights):
    """A run in which only these criteria count."""
    run = services.start_run(
        program=cast.program,
        by=cast.admin.person,
        now=timezone.now(),
        settings=RunSettings(dict.fromkeys(services.DEFAULT_WEIGHTS, 0) | weights, {}, 0),
    )
    solve_match_run(str(run.pk))
    run.refresh_from_db()
    return run


@pytest.fixture
def runs(cast, second):
    """The second run swaps the two, by a pairing of each that has another mentor."""
    first = solve(cast, reciprocity=10, leadership=1)
    other = solve(cast, reciprocity=10, leadership=1)
    one, two = other.pairings.get(mentee=cast.mentee), other.pairings.get(mentee=second)
    services.record(other, cast.admin.person, "swap", "Swapped", timezone.now())
    one.mentor, two.mentor = two.mentor, one.mentor
    MatchRun.objects.filter(pk=other.pk).update(weights=other.weights | {"reciprocity": 1, "leadership": 10})
    other.refresh_from_db()
    found = fits(cast.program, Goal.objects.filter(program=cast.program), timezone.localdate(), other)
    for pairing in (one, two):
        pairing.points = int(
            found.points[found.row_of(pairing.goal_id), found.column_of(pairing.mentor.person_id)]
        )
        pairing.save()
    return first, other


def page_of(client, runs, **query):
    return client.get(reverse("matching:match-run-compare", args=[run.pk for run in runs]), query)


def test_match_run_compare_scores_both_runs_by_the_settings_of_either(cast, runs, client_of):
    first, other = runs
    desk = client_of(cast.admin.person)
    by_first = page_of(desk, runs).context["found"]
    by_second = page_of(desk, runs, by="second").context["found"]
    assert by_first.first.total == sum(first.pairings.values_list("points", flat=True))
    assert by_second.second.total == sum(other.pairings.values_list("points", flat=True))
    # each run is the best by its own settings
    assert by_first.total_change < 0
    assert {(shift.mentee, shift.before, shift.after) for shift in by_first.shifts} == {
        ("Amara Eze", "Leila Haddad", "Nils Ledger"),
        ("Bruno Costa", "Nils Ledger", "Leila Haddad"),
    }
    changes = [shift.change for shift in by_first.shifts]
    assert changes == sorted(changes)
    assert sum(changes) == by_first.total_change
    assert by_first.same == 0
    words = page_of(desk, runs).context["chart"].in_words
    assert words.startswith("Pairings by score. First run: ")


def test_match_run_compare_of_like_settings_has_one_yardstick(cast, runs, client_of):
    first, _ = runs
    twin = solve(cast, reciprocity=10, leadership=1)
    page = page_of(client_of(cast.admin.person), (first, twin), by="second")
    assert page.context["is_alike"]
    assert (page.context["by_second"], page.context["found"].shifts) == (False, [])
    assert page.context["found"].same == 2


def test_match_run_compare_says_who_has_a_mentor_in_one_run_alone(cast, runs, client_of):
    first, other = runs
    pairing = other.pairings.get(mentee=cast.mentee)
    pairing.is_removed = True
    pairing.save()
    found = page_of(client_of(cast.admin.person), (first, other)).context["found"]
    (lost,) = [shift for shift in found.shifts if shift.mentee == "Amara Eze"]
    assert (lost.after, lost.points_after) == (None, 0)
    assert (found.first.matched, found.second.matched, found.matched_change) == (2, 1, "−1")


def test_match_run_compare_tells_an_admin_nothing_of_their_own_place(cast, second, runs, client_of):
    """Leila has Amara in the first run and Bruno in the second: without both, nobody is left to compare."""
    Membership.objects.filter(pk=cast.mentor.pk).update(is_admin=True)
    page = page_of(client_of(cast.mentor.person), runs)
    found = page.context["found"]
    assert (found.first.matched, found.second.matched, found.shifts, found.same) == (0, 0, [], 0)
    assert "Leila Haddad" not in page.text.replace("Account of Leila Haddad", "").split("<main")[1]


def test_match_run_compare_is_of_one_program_and_of_results(cast, runs, client_of):
    first, other = runs
    desk = client_of(cast.admin.person)
    elsewhere = MatchRun.objects.create(
        program=factories.make_program(), state=MatchRun.State.READY, created_at=timezone.now()
    )
    for pair in ((first, first), (first, elsewhere), (elsewhere, first)):
        assert page_of(desk, pair).status_code == 404
    MatchRun.objects.filter(pk=other.pk).update(state=MatchRun.State.RUNNING)
    assert page_of(desk, (first, other)).status_code == 404
    assert page_of(client_of(cast.mentee.person), (first, other)).status_code == 404


def test_compare_keeps_the_points_of_pairs_whose_mentor_is_gone(cast, runs):
    first, other = runs
    Membership.objects.filter(pk=cast.mentor.pk).update(left_at=timezone.now())
    found = compare(first, other, first, reader=cast.admin.person, today=timezone.localdate())
    kept = other.pairings.get(mentor=cast.mentor).points
    assert kept in found.points_second


def test_match_run_list_offers_to_choose_the_run_to_compare_with(cast, runs, client_of):
    first, other = runs
    url = reverse("matching:match-run-list", args=[cast.program.slug])
    page = client_of(cast.admin.person).get(url, {"with": str(first.pk)})
    assert reverse("matching:match-run-compare", args=[first.pk, other.pk]) in page.text
    for nobody in ("garbage", str(uuid.uuid4()), "\x00"):
        assert client_of(cast.admin.person).get(url, {"with": nobody}).context["compared"] is None
