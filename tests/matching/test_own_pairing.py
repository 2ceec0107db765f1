"""An admin who takes part in a run: nothing on its pages tells them of a pairing of their own."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from matching import services
from matching.desk import remove_pairing
from matching.publishing import cancel_publishing, plan_publishing, take_back_all
from matching.tasks import publish_due, solve_match_run
from mentoring.programs.models import Membership
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(cast):
    for name in ("Bruno Costa", "Chi Okafor"):
        factories.make_goal(factories.make_mentee(cast.program, name=name))
    Membership.objects.filter(pk=cast.mentor.pk).update(capacity=3)
    started = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(started.pk))
    started.refresh_from_db()
    assert started.pairings.count() == 3
    return started


@pytest.fixture
def own(cast, run):
    """The pairing of a mentee who is an admin too."""
    Membership.objects.filter(pk=cast.mentee.pk).update(is_admin=True)
    return run.pairings.get(mentee=cast.mentee)


def without_it(run, own):
    """The same run, had it left the reader out."""
    own.delete()
    run.refresh_from_db()
    services.settle_state(run, timezone.now())


def desk(run):
    return reverse("matching:match-run-detail", args=[run.pk])


def badges(client, run):
    pages = (desk(run), reverse("matching:match-run-list", args=[run.program.slug]))
    return ["published in part" in client.get(page).text for page in pages]


def test_page_before_publishing_reads_the_same_with_and_without_it(cast, run, own, client_of):
    client = client_of(cast.mentee.person)
    url = reverse("matching:match-run-publish", args=[run.pk])
    one = client.get(url)
    without_it(run, own)
    other = client.get(url)
    assert one.context["count"] == other.context["count"] == 2
    said = "What concerns you yourself is decided by another admin"
    assert (said in one.text, said in other.text) == (True, True)
    assert said not in client_of(cast.admin.person).get(url).text


def test_run_whose_other_pairings_are_published_reads_the_same_with_and_without_it(cast, run, own, client_of):
    client = client_of(cast.mentee.person)
    plan_publishing(run_id=run.pk, by=cast.mentee.person, now=timezone.now())
    publish_due()
    assert badges(client_of(cast.admin.person), run) == [True, True]
    assert badges(client, run) == [False, False]
    without_it(run, own)
    assert badges(client, run) == [False, False]
    assert "published" in client.get(desk(run)).text


def test_proof_speaks_of_no_change_that_concerns_it(cast, run, own, client_of):
    remove_pairing(pairing_id=own.pk, by=cast.admin.person, now=timezone.now())
    said = "before 1 change by hand"
    assert said in " ".join(client_of(cast.admin.person).get(desk(run)).context["proof"])
    assert said not in " ".join(client_of(cast.mentee.person).get(desk(run)).context["proof"])


def test_records_of_many_pairings_never_count_it(cast, run, own, client_of):
    plan = {"run_id": run.pk, "by": cast.admin.person, "now": timezone.now()}
    plan_publishing(**plan, at=timezone.now() + timedelta(hours=3))
    cancel_publishing(**plan)
    plan_publishing(**plan)
    publish_due()
    take_back_all(**plan)
    own_client, client = client_of(cast.mentee.person), client_of(cast.admin.person)
    url = reverse("matching:match-run-changes", args=[run.pk])
    shown = [change.words for change in own_client.get(url).context["page"]]
    assert [words.partition(" ")[0] for words in shown] == ["2"] * 4
    for page in (url, desk(run)):
        assert "3 pairings" not in own_client.get(page).text
        assert "Amara Eze and" not in own_client.get(page).text
    everything = [change.words for change in client.get(url).context["page"]]
    assert len(everything) == 8
    assert "Amara Eze and Leila Haddad to be published at once" in everything
