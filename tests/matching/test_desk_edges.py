"""The desk when people have left since, and when an admin takes part in the run themselves."""

import pytest
from django.urls import reverse
from django.utils import timezone

from matching import services
from matching.desk import lock_pairing
from matching.publishing import plan_publishing, take_back_pairing
from matching.tasks import publish_due, solve_match_run
from mentoring.programs.models import Exclusion, Membership
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(cast):
    mentee = factories.make_mentee(cast.program, name="Bruno Costa")
    factories.make_goal(mentee)
    return mentee


def solve(cast):
    run = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(run.pk))
    run.refresh_from_db()
    return run


def url(name, thing):
    return reverse(f"matching:{name}", args=[thing.pk])


@pytest.mark.parametrize("page", ["pairing-remove", "pairing-swap"])
def test_pairing_taken_back_after_solving_again_can_be_changed(cast, second, client_of, page):
    run, by = solve(cast), {"by": cast.admin.person, "now": timezone.now()}
    pairing = run.pairings.get(mentee=cast.mentee)
    plan_publishing(run_id=run.pk, chosen=[pairing.pk], **by)
    publish_due()
    services.solve_again(run_id=run.pk, **by)
    solve_match_run(str(run.pk))
    take_back_pairing(pairing_id=pairing.pk, **by)
    assert client_of(cast.admin.person).get(url(page, pairing)).status_code == 200


@pytest.fixture
def weaker(cast, second):
    """A mentor to whom solving anew would move somebody."""
    return factories.make_mentor(cast.program, name="Nils Ledger", skills={"negotiation": 1})


def test_nobody_is_moved_to_a_mentor_who_has_left_since(cast, weaker, client_of):
    run, client = solve(cast), client_of(cast.admin.person)
    pairing = run.pairings.get(mentee=cast.mentee, mentor=cast.mentor)
    Membership.objects.filter(pk=weaker.pk).update(left_at=timezone.now())
    page = client.get(url("pairing-remove", pairing))
    client.post(url("pairing-remove", pairing), {"key": page.context["solved"].key})
    pairing.refresh_from_db()
    assert pairing.is_removed


def test_mentor_who_is_deleted_since_breaks_no_page(cast, weaker, client_of):
    run = solve(cast)
    pairing = run.pairings.get(mentee=cast.mentee, mentor=cast.mentor)
    weaker.person.delete()
    assert client_of(cast.admin.person).get(url("pairing-remove", pairing)).status_code == 200


@pytest.fixture
def own(cast, second):
    """The one pairing of a run whose mentor has one place; its mentee has become an admin."""
    Membership.objects.filter(pk=cast.mentor.pk).update(capacity=1)
    pairing = solve(cast).pairings.get()
    Membership.objects.filter(pk=pairing.mentee_id).update(is_admin=True)
    return pairing


def test_reasons_and_load_together_do_not_tell_an_admin_whose_place_is_theirs(cast, own, client_of):
    page = client_of(own.mentee.person).get(url("match-run-detail", own.run))
    free = {load.name for load in page.context["load"] if load.pairings < load.places}
    assert free == {cast.mentor.person.name}
    assert cast.mentor.person.name not in " ".join(left.said for left in page.context["left_out"])


def test_admin_who_is_a_mentor_is_not_told_that_the_run_fills_their_places(cast, own, client_of):
    Membership.objects.filter(pk=cast.mentor.pk).update(is_admin=True)
    page = client_of(cast.mentor.person).get(url("match-run-detail", own.run))
    assert cast.mentor.person.name not in " ".join(left.said for left in page.context["left_out"])


def test_error_of_a_run_tells_an_admin_nothing_of_their_own_lock(cast, second, client_of):
    run = solve(cast)
    Membership.objects.filter(pk=cast.mentee.pk).update(is_admin=True)
    by = {"by": cast.admin.person, "now": timezone.now()}
    lock_pairing(pairing_id=run.pairings.get(mentee=cast.mentee).pk, **by)
    Exclusion.objects.create(by=cast.mentor.person, other=cast.mentee.person)
    services.solve_again(run_id=run.pk, **by)
    solve_match_run(str(run.pk))
    page = client_of(cast.mentee.person).get(url("match-run-detail", run))
    assert "Amara Eze and Leila Haddad cannot be paired" not in page.text


def test_who_is_left_out_because_all_pause_is_told_so(cast):
    Membership.objects.filter(pk=cast.mentor.pk).update(is_paused=True)
    assert "pause" in solve(cast).left_out.get().reason
