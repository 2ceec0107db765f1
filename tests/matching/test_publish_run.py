"""Publishing: proposals to both, once, at a time that suits both; and nothing before it."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts import week
from accounts.models import Profile
from matching import services
from matching.models import MatchRun
from matching.publishing import publish_run
from matching.services import MatchingError
from matching.tasks import solve_match_run
from mentoring.engagements.models import Request
from mentoring.engagements.services import accept_request
from mentoring.outbox.models import Mail
from mentoring.programs.models import Membership
from tests import factories

State = MatchRun.State


@pytest.fixture
def run(cast):
    factories.make_goal(factories.make_mentee(cast.program, name="Bruno Costa"))
    started = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(started.pk))
    started.refresh_from_db()
    assert started.pairings.count() == 2
    return started


def publish(run, cast):
    return publish_run(run_id=run.pk, by=cast.admin.person, now=timezone.now())


@pytest.mark.django_db
def test_publish_run_proposes_every_pairing_to_both(cast, run):
    assert publish(run, cast).sent == 2
    run.refresh_from_db()
    assert run.state == State.PUBLISHED
    request = Request.objects.get(mentee=cast.mentee.person)
    assert (request.mentor, request.goal, request.origin) == (cast.mentor.person, cast.goal, "program")
    assert (request.mentor_yes_at, request.mentee_yes_at) == (None, None)
    assert (request.every_weeks, request.minutes) == (1, 60)
    assert run.pairings.get(mentee=cast.mentee).request == request
    assert run.changes.get().words == "Published 2 of 2 pairings"
    assert Mail.objects.count() == 4


@pytest.mark.django_db
def test_published_times_suit_both_and_do_not_meet_each_other(cast, run):
    """One mentor, two mentees: both proposals can be accepted."""
    publish(run, cast)
    for request in Request.objects.all():
        for person in (request.mentee, request.mentor):
            accept_request(request_id=request.pk, by=person, now=timezone.now())
    assert set(Request.objects.values_list("state", flat=True)) == {"accepted"}
    first = Request.objects.first()
    assert (first.ends_on - first.starts_on).days < 7 * cast.program.usual_weeks
    assert first.starts_on > timezone.now().date() + timedelta(days=cast.program.request_days)


@pytest.mark.django_db
def test_publish_run_falls_back_to_half_an_hour(cast, run):
    Profile.objects.filter(person=cast.mentee.person).update(week=week.from_indices([20]))
    publish(run, cast)
    assert Request.objects.get(mentee=cast.mentee.person).minutes == 30


@pytest.mark.django_db
def test_publish_run_keeps_back_a_pairing_without_common_time_and_tries_it_again(cast, run, client_of):
    profile = Profile.objects.filter(person=cast.mentee.person)
    profile.update(week=week.EMPTY_WEEK)
    assert (publish(run, cast).sent, Request.objects.count()) == (1, 1)
    pairing = run.pairings.get(mentee=cast.mentee)
    assert pairing.request is None
    assert pairing.note == "No weekly half hour is free for both beside what is reserved or proposed already."
    page = client_of(cast.admin.person).get(reverse("matching:match-run-detail", args=[run.pk]))
    assert page.context["rows"][0][0] == pairing  # what is still to be done comes first
    profile.update(week=factories.WORKING_WEEK)
    assert publish(run, cast).sent == 1
    pairing.refresh_from_db()
    assert (pairing.request is None, pairing.note) == (False, "")


@pytest.mark.django_db
def test_publish_run_keeps_back_what_has_become_impossible(cast, run):
    Membership.objects.filter(pk=cast.mentee.pk).update(left_at=timezone.now())
    assert publish(run, cast).kept_back == 1
    assert run.pairings.get(mentee=cast.mentee).note == (
        "It could not be proposed: One of the two is no longer a member of this program."
    )


@pytest.mark.django_db
def test_publish_run_leaves_removed_pairings_alone(cast, run):
    run.pairings.filter(mentee=cast.mentee).update(is_removed=True)
    publish(run, cast)
    assert not Request.objects.filter(mentee=cast.mentee.person).exists()


@pytest.mark.django_db
def test_publish_run_leaves_an_admins_own_pairing_to_another_admin(cast, run):
    Membership.objects.filter(pk=cast.mentee.pk).update(is_admin=True)
    publish_run(run_id=run.pk, by=cast.mentee.person, now=timezone.now())
    assert not Request.objects.filter(mentee=cast.mentee.person).exists()
    assert publish(run, cast).sent == 1
    assert Request.objects.filter(mentee=cast.mentee.person).exists()


@pytest.mark.django_db
def test_publish_run_is_refused_while_it_is_solved(cast, run):
    services.solve_again(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    with pytest.raises(MatchingError, match="waiting to start"):
        publish(run, cast)
    assert not Request.objects.exists()


@pytest.mark.django_db
def test_participants_see_nothing_before_it_is_published_and_a_proposal_after(cast, run, client_of):
    slug = cast.program.slug
    pages = [
        reverse("home:program-home", args=[slug]),
        reverse("engagements:request-list", args=[slug]),
        reverse("matching:mentor-list", args=[slug]),
    ]

    def sees(member, other):
        client = client_of(member.person)
        return [other.person.name in client.get(page).text for page in pages]

    assert sees(cast.mentor, cast.mentee) == [False, False, False]
    assert sees(cast.mentee, cast.mentor)[:2] == [False, False]
    assert not Mail.objects.exists()
    publish(run, cast)
    assert sees(cast.mentor, cast.mentee)[1]
    assert sees(cast.mentee, cast.mentor)[1]


@pytest.mark.django_db
def test_match_run_publish_asks_first(cast, run, client_of):
    client = client_of(cast.admin.person)
    url = reverse("matching:match-run-publish", args=[run.pk])
    assert client.get(url).context["count"] == 2
    assert not Request.objects.exists()
    response = client.post(url, follow=True)
    assert [str(message) for message in response.context["messages"]] == [
        "2 pairings published. The people concerned are told by mail."
    ]
    assert client.get(url).context["count"] == 0


@pytest.mark.django_db(transaction=True)
def test_publish_run_from_two_connections_publishes_once(cast, run):
    start = threading.Barrier(2)
    sent, errors = [], []

    def publish_here():
        try:
            start.wait()
            sent.append(publish(run, cast).sent)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish_here) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(sent) == [0, 2]
    assert Request.objects.count() == 2
    assert run.changes.count() == 1
