"""Runs at the edge: with nobody to pair, with people who have gone since, with ids of another program."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from matching import services
from matching.engine import CRITERIA
from matching.services import RunSettings
from matching.tasks import solve_match_run, suggest_mentors
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership
from tests import factories

pytestmark = pytest.mark.django_db
NAMES = [criterion.name for criterion in CRITERIA]
PAGES = (
    "match-run-detail",
    "match-run-left-out",
    "match-run-load",
    "match-run-changes",
    "match-run-costs",
    "match-run-publish",
    "match-run-take-back",
    "match-run-publishing",
    "match-run-progress",
)


def solve(admin, **over):
    run = services.start_run(program=admin.program, by=admin.person, now=timezone.now(), **over)
    solve_match_run(str(run.pk))
    run.refresh_from_db()
    assert (run.state, run.error) == ("ready", "")
    return run


def url(name, thing):
    return reverse(f"matching:{name}", args=[thing.pk])


def every_page(client, run):
    for name in PAGES:
        assert client.get(url(name, run)).status_code == 200, name
    restoring = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert client.get(url("match-run-detail", run), headers=restoring).status_code == 200
    for left in run.left_out.all():
        answer = client.get(url("match-run-assign", run), {"mentee": str(left.mentee_id)})
        assert answer.status_code == 200
    for pairing in run.pairings.standing():
        named = {"mentee": str(pairing.mentee_id), "mentor": str(pairing.mentor_id)}
        for page in (url("pairing-remove", pairing), url("pairing-swap", pairing)):
            assert client.get(page).status_code == 200
        assert client.get(url("match-run-assign", run), named).status_code == 200


def without_anybody(mentor):
    Membership.objects.filter(pk=mentor.pk).delete()


def deactivated(mentor):
    User.objects.filter(pk=mentor.person_id).update(is_active=False)


def without_places(mentor):
    Membership.objects.filter(pk=mentor.pk).update(capacity=0)


@pytest.mark.parametrize("objective", ["most", "fair", "preferences"])
@pytest.mark.parametrize("rid", [without_anybody, deactivated, without_places])
def test_program_in_which_nobody_can_be_paired_has_pages_and_reasons(cast, client_of, rid, objective):
    rid(cast.mentor)
    run = solve(cast.admin, objective=objective)
    assert not run.pairings.exists()
    assert run.left_out.get().reason
    every_page(client_of(cast.admin.person), run)
    suggest_mentors(str(cast.program.pk))
    assert not cast.goal.suggestions.exists()


@pytest.mark.parametrize("objective", ["most", "fair", "preferences"])
def test_must_haves_of_everything_leave_everybody_out_and_say_why(cast, client_of, objective):
    everything = dict.fromkeys(NAMES, 1.0)
    settings = RunSettings(dict.fromkeys(NAMES, 10), everything, 50)
    run = solve(cast.admin, objective=objective, settings=settings)
    assert "has what this program requires of a pair" in run.left_out.get().reason
    every_page(client_of(cast.admin.person), run)
    factories.set_matching(cast.program, weights={}, must_haves=everything)
    page = client_of(cast.mentee.person).get(reverse("matching:mentor-list", args=[cast.program.slug]))
    assert "1 more mentor is not shown" in page.text


def test_people_and_goals_that_have_gone_since_break_no_page(cast, client_of):
    run, client = solve(cast.admin), client_of(cast.admin.person)
    Membership.objects.filter(pk=cast.mentor.pk).update(is_mentor=False, is_mentee=True)
    every_page(client, run)
    Membership.objects.filter(pk=cast.mentor.pk).update(left_at=timezone.now())
    Goal.objects.update(state="closed")
    every_page(client, run)
    deactivated(cast.mentee)
    every_page(client, run)


@pytest.fixture
def elsewhere():
    """A run of another program."""
    program = factories.make_program()
    admin = factories.make_member(program, is_admin=True, is_mentee=False)
    factories.make_mentor(program)
    factories.make_goal(factories.make_mentee(program))
    return solve(admin)


def test_ids_of_another_program_name_nothing_here(cast, elsewhere, client_of):
    run, client = solve(cast.admin), client_of(cast.admin.person)
    own, foreign = run.pairings.get(), elsewhere.pairings.get()
    assign = url("match-run-assign", run)
    bodies = [
        {"mentee": str(foreign.mentee_id)},
        {"mentee": str(foreign.mentee_id), "mentor": str(foreign.mentor_id), "key": "0" * 64},
        {"mentee": str(own.mentee_id), "mentor": str(foreign.mentor_id), "key": "0" * 64},
        {"mentee": str(own.mentee.person_id), "mentor": str(own.mentor_id), "key": "0" * 64},
    ]
    for body in bodies:
        assert client.get(assign, body).status_code == client.post(assign, body).status_code == 404
    assert client.post(url("pairing-swap", own), {"other": str(foreign.pk)}).status_code == 404
    assert client.get(url("match-run-costs", run), {"pairing": [str(foreign.pk)] * 900}).text.strip() == ""
    ticked = {"which": "chosen", "when": "now", "pairing": str(foreign.pk)}
    assert list(client.post(url("match-run-publish", run), ticked).context["form"].errors) == ["which"]
    client.post(url("match-run-take-back", run), {"pairing": str(foreign.pk)})
    both = reverse("matching:match-run-compare", args=[run.pk, elsewhere.pk])
    assert client.get(both).status_code == 404
    new = reverse("matching:match-run-new", args=[cast.program.slug])
    assert client.get(new, {"like": str(elsewhere.pk)}).context["like"] is None
    runs = reverse("matching:match-run-list", args=[cast.program.slug])
    assert client.get(runs, {"with": str(elsewhere.pk)}).context["compared"] is None
    for untouched in (run, elsewhere):
        assert not untouched.pairings.planned().exists()
        assert untouched.pairings.standing().count() == 1
