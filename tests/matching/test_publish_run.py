"""Publishing: proposals to both, once, at a time that suits both; and nothing before it."""

import threading
import uuid
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import week
from accounts.models import Profile
from matching import proposing, publishing, services
from matching.desk import lock_pairing, remove_pairing
from matching.models import MatchRun
from matching.publishing import (
    cancel_publishing,
    plan_publishing,
    publish_some,
    take_back_all,
    take_back_pairing,
)
from matching.services import MatchingError
from matching.tasks import publish_due, solve_match_run
from mentoring.engagements.models import Request
from mentoring.engagements.services import (
    EngagementError,
    accept_request,
    decline_request,
    end_engagement,
)
from mentoring.goals.models import Goal
from mentoring.outbox.models import Mail
from mentoring.programs.models import Membership
from tests import factories

State = MatchRun.State


@pytest.fixture
def second(cast):
    mentee = factories.make_mentee(cast.program, name="Bruno Costa")
    factories.make_goal(mentee)
    return mentee


@pytest.fixture
def run(cast, second):
    started = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(started.pk))
    started.refresh_from_db()
    assert started.pairings.count() == 2
    return started


def publish(run, cast, by=None, **over):
    """Decide, and let the worker's task do it; gives how many there were, and how many were proposed."""
    before = Request.objects.count()
    count = plan_publishing(run_id=run.pk, by=by or cast.admin.person, now=timezone.now(), **over)
    publish_due()
    return count, Request.objects.count() - before


def take_back(run, cast, mentee):
    pairing = run.pairings.get(mentee=mentee)
    return take_back_pairing(pairing_id=pairing.pk, by=cast.admin.person, now=timezone.now())


@pytest.mark.django_db
def test_publish_run_proposes_every_pairing_to_both(cast, run):
    assert publish(run, cast) == (2, 2)
    run.refresh_from_db()
    assert run.state == State.PUBLISHED
    request = Request.objects.get(mentee=cast.mentee.person)
    assert (request.mentor, request.goal, request.origin) == (cast.mentor.person, cast.goal, "program")
    assert (request.mentor_yes_at, request.mentee_yes_at) == (None, None)
    assert (request.cadence, request.minutes) == ("1w", 60)
    assert run.pairings.get(mentee=cast.mentee).request == request
    assert run.changes.get().words == "2 pairings to be published at once"
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
@pytest.mark.parametrize("cadence", ["2w", "m5"])
def test_publish_run_proposes_the_rhythm_of_the_program(cast, run, cadence):
    type(cast.program).objects.filter(pk=cast.program.pk).update(usual_cadence=cadence)
    assert publish(run, cast) == (2, 2)
    request = Request.objects.get(mentee=cast.mentee.person)
    for person in (request.mentee, request.mentor):
        accept_request(request_id=request.pk, by=person, now=timezone.now())
    assert request.engagement.series.get().cadence == cadence


@pytest.mark.django_db
def test_publish_run_falls_back_to_half_an_hour(cast, run):
    Profile.objects.filter(person=cast.mentee.person).update(week=week.from_indices([20]))
    publish(run, cast)
    assert Request.objects.get(mentee=cast.mentee.person).minutes == 30


@pytest.mark.django_db
def test_publish_run_keeps_back_a_pairing_without_common_time_and_tries_it_again(cast, run, client_of):
    profile = Profile.objects.filter(person=cast.mentee.person)
    profile.update(week=week.EMPTY_WEEK)
    assert publish(run, cast) == (2, 1)
    pairing = run.pairings.get(mentee=cast.mentee)
    assert pairing.request is None
    assert pairing.note == proposing.NO_TIME
    page = client_of(cast.admin.person).get(reverse("matching:match-run-detail", args=[run.pk]))
    assert page.context["rows"][0][0] == pairing  # what is still to be done comes first
    profile.update(week=factories.WORKING_WEEK)
    assert publish(run, cast) == (1, 1)
    pairing.refresh_from_db()
    assert (pairing.request is None, pairing.note) == (False, "")


@pytest.mark.django_db
def test_publish_run_keeps_back_what_has_become_impossible(cast, run):
    Membership.objects.filter(pk=cast.mentee.pk).update(left_at=timezone.now())
    assert publish(run, cast) == (2, 1)
    assert run.pairings.get(mentee=cast.mentee).note == (
        "It could not be proposed: One of the two is no longer a member of this program."
    )


@pytest.mark.django_db
def test_publish_run_proposes_nobody_whose_places_are_gone(cast, run, second):
    """By the planned hour the mentor has taken somebody else, and lowered the number of places."""
    third = factories.make_mentee(cast.program)
    engaged = factories.make_engagement(factories.make_goal(third), cast.mentor)
    assert publish(run, cast) == (2, 1)
    kept = run.pairings.unpublished().get()
    assert kept.note == "It could not be proposed: Leila Haddad has no place free at present."
    end_engagement(engagement_id=engaged.pk, by=None, now=timezone.now())
    assert publish(run, cast) == (1, 1)


@pytest.mark.django_db
def test_publish_run_says_to_admins_what_has_changed_for_the_mentee(cast, run, second):
    Goal.objects.filter(pk=cast.goal.pk).update(state="closed")
    factories.make_engagement(factories.make_goal(second), cast.mentor, at=time(13))
    assert publish(run, cast) == (2, 0)
    assert {pairing.note for pairing in run.pairings.all()} == {
        "It could not be proposed: Amara Eze has closed the goal.",
        "It could not be proposed: The two already have an engagement under way in this program.",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    "at",
    [
        "2026-06-01T00:00+23:00",
        "2026-06-01T00:00-23:59:59.999999",
        "0001-01-01T00:00+14:00",
        "9999-12-31T23:59-14:00",
        "2026-06-01",
        "a\x00b",
        "9" * 400,
    ],
)
def test_match_run_cancel_publishing_of_no_real_instant_cancels_nothing(cast, run, client_of, at):
    publish(run, cast, at=timezone.now() + timedelta(hours=3))
    url = reverse("matching:match-run-cancel-publishing", args=[run.pk])
    assert client_of(cast.admin.person).post(url, {"at": at}).status_code in (302, 404)
    assert run.pairings.planned().count() == 2


@pytest.mark.django_db
def test_match_run_publish_of_ticked_pairings_passes_over_what_is_published_meanwhile(
    cast, run, second, client_of
):
    client, url = client_of(cast.admin.person), reverse("matching:match-run-publish", args=[run.pk])
    gone, left = run.pairings.get(mentee=cast.mentee), run.pairings.get(mentee=second)
    publish(run, cast, chosen=[gone.pk])
    form = {"which": "chosen", "when": "now", "pairing": [str(gone.pk), str(uuid.uuid4())]}
    refused = client.post(url, form)
    assert list(refused.context["form"].errors) == ["which"]
    assert str(gone.pk) not in refused.text
    assert client.post(url, form | {"pairing": [str(gone.pk), str(left.pk)]}).status_code == 302
    assert list(run.pairings.planned()) == [left]


@pytest.mark.django_db
def test_publish_run_leaves_removed_pairings_alone(cast, run):
    run.pairings.filter(mentee=cast.mentee).update(is_removed=True)
    publish(run, cast)
    assert not Request.objects.filter(mentee=cast.mentee.person).exists()


@pytest.mark.django_db
def test_publish_run_leaves_an_admins_own_pairing_to_another_admin(cast, run):
    Membership.objects.filter(pk=cast.mentee.pk).update(is_admin=True)
    assert publish(run, cast, by=cast.mentee.person) == (1, 1)
    assert not Request.objects.filter(mentee=cast.mentee.person).exists()
    run.refresh_from_db()
    assert run.state == State.READY
    assert publish(run, cast) == (1, 1)
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
def test_part_of_a_run_is_published_and_the_rest_stays_open(cast, run, second):
    chosen = run.pairings.get(mentee=second)
    assert publish(run, cast, chosen=[chosen.pk]) == (1, 1)
    run.refresh_from_db()
    assert (run.state, run.published_at is None) == (State.READY, False)
    assert run.changes.get().words == "Bruno Costa and Leila Haddad to be published at once"
    assert run.changes.get().concerns == [second.person_id, cast.mentor.person_id]
    with pytest.raises(MatchingError, match="published already"):
        remove_pairing(pairing_id=chosen.pk, by=cast.admin.person, now=timezone.now())
    other = run.pairings.get(mentee=cast.mentee)
    remove_pairing(pairing_id=other.pk, by=cast.admin.person, now=timezone.now())
    run.refresh_from_db()
    assert run.state == State.PUBLISHED


@pytest.mark.django_db
def test_publishing_at_an_hour_waits_for_it(cast, run):
    hour = timezone.now() + timedelta(hours=3)
    assert publish(run, cast, at=hour) == (2, 0)
    assert publish_some(hour - timedelta(seconds=1)) == 0
    assert not Mail.objects.exists()
    pairing = run.pairings.first()
    with pytest.raises(MatchingError, match="about to be published"):
        lock_pairing(pairing_id=pairing.pk, by=cast.admin.person, now=timezone.now())
    with pytest.raises(MatchingError, match="about to be published"):
        services.solve_again(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    assert publish_some(hour) == 2
    assert publish_some(hour) == 0
    assert Request.objects.count() == 2


@pytest.mark.django_db
def test_planned_hour_is_said_in_the_admins_zone_and_cancelled(cast, run):
    hour = datetime(2030, 7, 1, 8, 0, tzinfo=UTC)
    publish(run, cast, at=hour)
    plan = {"run_id": run.pk, "by": cast.admin.person, "now": timezone.now()}
    assert cancel_publishing(**plan, at=hour + timedelta(hours=1)) == 0
    assert cancel_publishing(**plan, at=hour) == 2
    assert publish_some(hour) == 0
    assert [change.words for change in run.changes.all()] == [
        "2 pairings not to be published after all",
        "2 pairings to be published on 1 July 2030, 09:00 (Europe/London)",
    ]


@transaction.atomic
def die_in_a_batch():
    """What PostgreSQL sees of a worker that is killed: its transaction never ends."""
    publish_some(timezone.now())
    raise KeyboardInterrupt


@pytest.mark.django_db
def test_publishing_goes_on_where_a_killed_worker_left_off(cast, run, monkeypatch):
    """Each batch is one transaction: one that dies leaves nothing half done, and the next does the rest."""
    monkeypatch.setattr(publishing, "BATCH", 1)
    plan_publishing(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    assert publish_some(timezone.now()) == 1
    with pytest.raises(KeyboardInterrupt):
        die_in_a_batch()
    assert (Request.objects.count(), Mail.objects.count(), run.pairings.planned().count()) == (1, 2, 1)
    run.refresh_from_db()
    assert run.state == State.READY
    publish_due()
    publish_due()
    assert (Request.objects.count(), Mail.objects.count()) == (2, 4)
    run.refresh_from_db()
    assert run.state == State.PUBLISHED


@pytest.mark.django_db
def test_nothing_is_published_while_the_run_is_solved(cast, run):
    plan_publishing(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    MatchRun.objects.update(state=State.RUNNING)
    publish_due()
    assert not Request.objects.exists()
    MatchRun.objects.update(state=State.READY)
    publish_due()
    assert Request.objects.count() == 2


@pytest.mark.django_db
def test_taking_back_before_a_mail_has_gone_tells_nobody(cast, run, client_of):
    publish(run, cast)
    pairing = take_back(run, cast, cast.mentee)
    request = Request.objects.get(mentee=cast.mentee.person)
    assert request.state == "withdrawn"
    assert set(Mail.objects.about(f"request:{request.pk}").values_list("state", flat=True)) == {"withdrawn"}
    assert not Mail.objects.filter(kind="proposal_taken_back").exists()
    assert (pairing.request, pairing.publish_at, pairing.publish_by) == (None, None, None)
    run.refresh_from_db()
    assert run.state == State.READY
    assert run.changes.first().words == "Amara Eze and Leila Haddad taken back"
    page = client_of(cast.mentee.person).get(reverse("home:program-home", args=[cast.program.slug]))
    assert cast.mentor.person.name not in page.text
    assert publish(run, cast) == (1, 1)


@pytest.mark.django_db
def test_taking_back_tells_whoever_was_told(cast, run):
    """The mentor's mail has gone, and the mentee's is in a dispatcher's hands."""
    publish(run, cast)
    request = Request.objects.get(mentee=cast.mentee.person)
    mails = Mail.objects.about(f"request:{request.pk}")
    mails.filter(kind="pairing_proposed_to_mentor").update(state="sent", sent_at=timezone.now())
    mails.filter(kind="pairing_proposed_to_mentee").update(lease=uuid.uuid4(), leased_until=timezone.now())
    take_back(run, cast, cast.mentee)
    told = Mail.objects.filter(kind="proposal_taken_back")
    assert {mail.recipients[0] for mail in told} == {cast.mentor.person.email, cast.mentee.person.email}
    mail = told.get(recipients=[cast.mentee.person.email])
    assert mail.subject == "The proposal of Leila Haddad is taken back"
    assert "before either of you had answered" in mail.text


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["mentor", "mentee"])
def test_taking_back_is_refused_from_the_first_answer_on(cast, run, who):
    publish(run, cast)
    request = Request.objects.get(mentee=cast.mentee.person)
    accept_request(request_id=request.pk, by=getattr(cast, who).person, now=timezone.now())
    with pytest.raises(MatchingError, match="has answered already"):
        take_back(run, cast, cast.mentee)
    request.refresh_from_db()
    assert request.state == "open"
    assert not run.pairings.unanswered().filter(mentee=cast.mentee).exists()


@pytest.mark.django_db
def test_taking_back_all_leaves_what_is_answered_meanwhile(cast, run, second):
    publish(run, cast)
    plan = {"run_id": run.pk, "by": cast.admin.person, "now": timezone.now()}
    assert take_back_all(**plan) == 2
    request = Request.objects.get(mentee=cast.mentee.person)
    accept_request(request_id=request.pk, by=cast.mentee.person, now=timezone.now())
    publish_due()
    kept, taken = run.pairings.get(mentee=cast.mentee), run.pairings.get(mentee=second)
    assert (kept.request, kept.note) == (
        request,
        "It was not taken back: One of the two has answered already.",
    )
    assert (taken.request, taken.undo_at, kept.undo_at) == (None, None, None)
    assert run.changes.first().words == "2 pairings to be taken back"


@pytest.mark.django_db
def test_solving_again_gives_up_what_was_declined_and_keeps_what_is_open(cast, run, second):
    publish(run, cast)
    declined = Request.objects.get(mentee=cast.mentee.person)
    decline_request(request_id=declined.pk, decline="fit", note="", now=timezone.now())
    services.solve_again(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    assert run.pairings.get(mentee=cast.mentee).is_removed
    assert not run.pairings.get(mentee=second).is_removed


@pytest.mark.django_db
def test_match_run_publish_asks_first(cast, run, client_of):
    client = client_of(cast.admin.person)
    url = reverse("matching:match-run-publish", args=[run.pk])
    assert client.get(url).context["count"] == 2
    assert client.post(url).status_code == 200
    assert not run.pairings.planned().exists()
    response = client.post(url, {"which": "all", "when": "now"}, follow=True)
    assert response.context["is_publishing"]
    assert 'hx-trigger="every 1s"' in response.text
    publish_due()
    assert client.get(url).context["count"] == 0
    fragment = client.get(
        reverse("matching:match-run-publishing", args=[run.pk]), headers={"HX-Request": "true"}
    )
    assert fragment["HX-Refresh"] == "true"


@pytest.mark.django_db
def test_match_run_publish_of_ticked_pairings_at_an_hour(cast, run, client_of):
    client = client_of(cast.admin.person)
    url = reverse("matching:match-run-publish", args=[run.pk])
    pairing = run.pairings.get(mentee=cast.mentee)
    page = client.get(url, {"pairing": [str(pairing.pk), "garbage", str(uuid.uuid4())]})
    assert page.context["chosen"] == [pairing]
    day = timezone.localdate() + timedelta(days=3)
    form = {"which": "chosen", "pairing": str(pairing.pk), "when": "at", "on": str(day), "at": "09:00"}
    page = client.post(url, form, follow=True)
    assert [group["count"] for group in page.context["planned"]] == [1]
    assert "09:00 (Europe/London)" in page.text
    pairing.refresh_from_db()
    assert pairing.publish_at == datetime.combine(day, time(9), ZoneInfo("Europe/London"))
    cancel = reverse("matching:match-run-cancel-publishing", args=[run.pk])
    assert client.post(cancel, {"at": "garbage"}).status_code == 404
    client.post(cancel, {"at": pairing.publish_at.isoformat()})
    pairing.refresh_from_db()
    assert pairing.publish_at is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("on", "at", "field"),
    [("", "09:00", "on"), ("today", "", "at"), ("0001-01-01", "09:00", "on"), ("9999-12-31", "09:00", "on")],
)
def test_match_run_publish_at_no_hour_says_what_is_missing(cast, run, client_of, on, at, field):
    on = str(timezone.localdate()) if on == "today" else on
    url = reverse("matching:match-run-publish", args=[run.pk])
    page = client_of(cast.admin.person).post(url, {"which": "all", "when": "at", "on": on, "at": at})
    assert set(page.context["form"].errors) == {field}
    assert not run.pairings.planned().exists()


@pytest.mark.django_db
def test_match_run_take_back_of_ticked_pairings_never_means_all(cast, run, client_of):
    """The ticked one has been answered meanwhile: nothing is left that was meant."""
    publish(run, cast)
    request = Request.objects.get(mentee=cast.mentee.person)
    client, url = client_of(cast.admin.person), reverse("matching:match-run-take-back", args=[run.pk])
    assert client.get(url).context["count"] == 2
    accept_request(request_id=request.pk, by=cast.mentee.person, now=timezone.now())
    client.post(url, {"pairing": str(run.pairings.get(mentee=cast.mentee).pk)})
    assert not run.pairings.filter(undo_at__isnull=False).exists()
    client.post(url)
    assert run.pairings.filter(undo_at__isnull=False).count() == 1


@pytest.mark.django_db
def test_an_admins_own_planned_pairing_is_neither_counted_nor_cancelled(cast, run, client_of):
    Membership.objects.filter(pk=cast.mentee.pk).update(is_admin=True)
    hour = timezone.now() + timedelta(hours=3)
    publish(run, cast, at=hour)
    client = client_of(cast.mentee.person)
    page = client.get(reverse("matching:match-run-detail", args=[run.pk]))
    assert [group["count"] for group in page.context["planned"]] == [1]
    client.post(reverse("matching:match-run-cancel-publishing", args=[run.pk]))
    assert run.pairings.planned().get().mentee == cast.mentee


@pytest.mark.django_db(transaction=True)
def test_publishing_by_two_workers_proposes_each_pairing_once(cast, run, monkeypatch):
    monkeypatch.setattr(publishing, "BATCH", 1)
    plan_publishing(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    start = threading.Barrier(2)
    errors = []

    def publish_here():
        try:
            start.wait()
            while run.pairings.planned().exists():
                publish_due()
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
    assert Request.objects.count() == 2
    assert Mail.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_answer_and_taking_back_at_once_let_one_of_them_win(cast, run):
    publish(run, cast)
    request = Request.objects.get(mentee=cast.mentee.person)
    start, won = threading.Barrier(2), []

    def run_here(name, do):
        start.wait()
        try:
            do()
            won.append(name)
        except (EngagementError, MatchingError):
            pass
        finally:
            connection.close()

    def answer():
        accept_request(request_id=request.pk, by=cast.mentee.person, now=timezone.now())

    tries = {"answer": answer, "undo": lambda: take_back(run, cast, cast.mentee)}
    threads = [threading.Thread(target=run_here, args=item) for item in tries.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    request.refresh_from_db()
    assert won in (["answer"], ["undo"])
    assert (request.state, request.mentee_yes_at is None) == (
        ("open", False) if won == ["answer"] else ("withdrawn", True)
    )
