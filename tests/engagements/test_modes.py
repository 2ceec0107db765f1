"""A program in which an admin approves what mentees ask, and one in which nobody asks."""

from datetime import timedelta

import pytest
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from mentoring.engagements import approving, services
from mentoring.engagements.models import Engagement, Request
from mentoring.engagements.services import EngagementError
from mentoring.outbox.models import Mail
from mentoring.programs.models import AuditEntry, Membership, Program
from mentoring.schedule.times import Terms
from tests import factories

pytestmark = pytest.mark.django_db


def terms():
    starts_on = factories.next_weekday(1, timezone.now().date() + timedelta(days=2))
    return Terms(starts_on, starts_on + timedelta(weeks=8), factories.time(9), "Europe/London", "1w", 60)


def ask(cast, now=None):
    return services.send_request(
        mentee=cast.mentee,
        mentor_id=cast.mentor.person_id,
        goal=cast.goal,
        message="Help me hold a team.",
        offer="I can build a dashboard.",
        terms=terms(),
        now=now or timezone.now(),
    )


def set_mode(program, mode):
    program.mode = mode
    program.save(update_fields=["mode"])


@pytest.fixture
def waiting(cast):
    set_mode(cast.program, Program.Mode.APPROVED)
    return ask(cast)


def mails_to(person):
    return list(
        Mail.objects.filter(person=person).exclude(state=Mail.State.WITHDRAWN).values_list("kind", flat=True)
    )


def urls_of(request):
    names = ("detail", "accept", "decline", "approve", "refuse", "withdraw")
    return {name: reverse(f"engagements:request-{name}", args=[request.pk]) for name in names}


def test_a_request_that_waits_for_approval_does_not_exist_for_its_mentor(cast, client_of, waiting):
    client, urls = client_of(cast.mentor.person), urls_of(waiting)

    assert client.get(urls["detail"]).status_code == 404
    for name in ("accept", "decline", "approve", "refuse", "withdraw"):
        assert client.post(urls[name], {"decline": "fit"}).status_code == 404
    other_terms = reverse("engagements:other-terms", args=[waiting.pk])
    assert (client.get(other_terms).status_code, client.post(other_terms).status_code) == (404, 404)
    listed = client.get(reverse("engagements:request-list", args=[cast.program.slug]))
    home = client.get(reverse("home:program-home", args=[cast.program.slug]))
    for page in (listed, home):
        assert cast.mentee.person.name not in page.content.decode()
    assert mails_to(cast.mentor.person) == []
    assert mails_to(cast.admin.person) == ["request_to_approve"]
    with pytest.raises(EngagementError, match="waits for the program's approval"):
        services.accept_request(request_id=waiting.pk, by=cast.mentor.person, now=timezone.now())
    waiting.refresh_from_db()
    assert (waiting.state, waiting.approved_at) == ("open", None)


def test_a_request_that_nobody_could_approve_is_refused_at_once(cast):
    set_mode(cast.program, Program.Mode.APPROVED)
    cast.admin.delete()
    for half in (cast.mentor, cast.mentee):
        Membership.objects.filter(program=cast.program).update(is_admin=Q(pk=half.pk))
        with pytest.raises(EngagementError, match="neither of you"):
            ask(cast)
    assert not Request.objects.exists()


def test_a_mentor_may_stop_being_one_as_if_nothing_waited(cast, client_of, waiting):
    url = reverse("programs:membership", args=[cast.program.slug])

    assert client_of(cast.mentor.person).post(url, {"is_mentee": "on", "capacity": "1"}).status_code == 302
    with pytest.raises(EngagementError, match="cannot be asked"):
        approving.approve_request(request_id=waiting.pk, by=cast.admin.person, now=timezone.now())


def test_approval_tells_the_mentor_and_gives_them_the_usual_time(cast, client_of, waiting):
    late = timezone.now() - timedelta(days=9)
    Request.objects.filter(pk=waiting.pk).update(created_at=late, expires_at=late + timedelta(days=10))
    listed = client_of(cast.admin.person).get(
        reverse("engagements:request-list", args=[cast.program.slug]), {"show": "approval"}
    )
    before = timezone.now()

    response = client_of(cast.admin.person).post(urls_of(waiting)["approve"])

    waiting.refresh_from_db()
    assert [one.pk for one in listed.context["page"]] == [waiting.pk]
    assert response.status_code == 302
    assert waiting.approved_by == cast.admin.person
    assert waiting.expires_at >= before + cast.program.request_lifetime
    assert mails_to(cast.mentor.person) == ["request_received"]
    assert mails_to(cast.admin.person) == []
    entry = AuditEntry.objects.get(program=cast.program)
    assert (entry.action, entry.by) == ("request approved", cast.admin.person)
    client_of(cast.mentor.person).post(urls_of(waiting)["accept"], {"terms": waiting.terms_key})
    assert Engagement.objects.get(request=waiting).state == "active"


def test_an_admin_declines_in_neutral_words_and_the_mentor_never_hears(cast, client_of, waiting):
    client_of(cast.admin.person).post(urls_of(waiting)["refuse"], {"note": "Ask Ines first"})

    waiting.refresh_from_db()
    assert (waiting.state, waiting.decline, waiting.decline_note) == ("declined", "", "Ask Ines first")
    assert mails_to(cast.mentee.person) == ["request_not_approved"]
    assert mails_to(cast.mentor.person) == []
    assert client_of(cast.mentor.person).get(urls_of(waiting)["detail"]).status_code == 404
    page = client_of(cast.mentee.person).get(urls_of(waiting)["detail"]).content.decode()
    assert "have not passed it on" in page
    with pytest.raises(EngagementError, match="no longer open"):
        approving.approve_request(request_id=waiting.pk, by=cast.admin.person, now=timezone.now())


def test_an_admin_never_decides_on_a_request_of_which_they_are_half(cast, client_of, waiting):
    Membership.objects.filter(pk__in=[cast.mentor.pk, cast.mentee.pk]).update(is_admin=True)

    for half in (cast.mentor.person, cast.mentee.person):
        for name in ("approve", "refuse"):
            assert client_of(half).post(urls_of(waiting)[name]).status_code == 404
        with pytest.raises(EngagementError, match="Another admin"):
            approving.approve_request(request_id=waiting.pk, by=half, now=timezone.now())
    assert client_of(cast.mentor.person).get(urls_of(waiting)["detail"]).status_code == 404
    home = client_of(cast.mentor.person).get(reverse("home:program-home", args=[cast.program.slug]))
    assert home.context["to_approve"] == 0
    assert client_of(cast.stranger).post(urls_of(waiting)["approve"]).status_code == 404


def test_a_withdrawn_or_expired_request_was_never_the_mentors_to_know(cast, waiting):
    services.withdraw_request(request_id=waiting.pk, now=timezone.now())
    another = ask(cast)
    services.expire_requests(another.expires_at)

    another.refresh_from_db()
    assert another.state == "expired"
    assert mails_to(cast.mentor.person) == []
    assert mails_to(cast.mentee.person) == ["request_not_approved"]


def test_a_mentee_is_told_that_the_request_waits_for_approval(cast, client_of, waiting):
    page = client_of(cast.mentee.person).get(urls_of(waiting)["detail"])

    assert "waits for the program’s approval until" in page.content.decode()
    assert not page.context["may_accept"]


def test_nobody_asks_in_a_cohort(cast, client_of):
    set_mode(cast.program, Program.Mode.COHORT)
    client = client_of(cast.mentee.person)
    person = reverse("programs:person-detail", args=[cast.program.slug, cast.mentor.person_id])
    url = reverse("engagements:request-new", args=[cast.program.slug, cast.mentor.person_id])

    assert url not in client.get(person).content.decode()
    assert url not in client.get(reverse("matching:mentor-list", args=[cast.program.slug])).content.decode()
    for response in (client.get(url), client.post(url, {"message": "Please"}, follow=False)):
        assert response.url == person
    assert "nobody asks" in client.get(person).content.decode()
    with pytest.raises(EngagementError, match="nobody asks"):
        ask(cast)
    assert not Request.objects.exists()


def test_the_program_still_proposes_in_a_cohort(cast):
    set_mode(cast.program, Program.Mode.COHORT)
    request = services.propose_pairing(
        program=cast.program, mentor=cast.mentor.person, mentee=cast.mentee.person, goal=cast.goal,
        terms=terms(), now=timezone.now(),
    )  # fmt: skip

    assert request.approved_at is not None
    assert mails_to(cast.mentor.person) == ["pairing_proposed_to_mentor"]


def test_the_request_form_begins_with_what_is_usual_in_the_program(cast, client_of):
    Program.objects.filter(pk=cast.program.pk).update(usual_cadence="4w", usual_weeks=8)
    url = reverse("engagements:request-new", args=[cast.program.slug, cast.mentor.person_id])

    initial = client_of(cast.mentee.person).get(url).context["form"].initial

    assert (initial["cadence"], initial["ends_on"]) == ("4w", timezone.localdate() + timedelta(weeks=8))
