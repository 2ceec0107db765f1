"""Asking a mentor: the form, the times that it proposes, and who may not ask."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mentoring.engagements.models import Request
from mentoring.outbox.models import Mail
from mentoring.programs.models import Exclusion, ReportingLine
from tests import factories

pytestmark = pytest.mark.django_db


def address(cast, name: str = "request-new") -> str:
    return reverse(f"engagements:{name}", args=[cast.program.slug, cast.mentor.person_id])


def filled(cast, **over) -> dict[str, object]:
    """What a mentee sends who names a time of their own."""
    on = timezone.localdate() + timedelta(days=5)
    return {
        "goal": cast.goal.pk,
        "message": "I would like to learn how you hold hard talks.",
        "offer": "I can build your ward's dashboard.",
        "cadence": "2w",
        "minutes": 45,
        "ends_on": on + timedelta(weeks=10),
        "start": "other",
        "on": on,
        "at": "17:45",
    } | over


@pytest.fixture
def mentee(cast, client_of):
    return client_of(cast.mentee.person)


def errors_of(answer) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return dict(answer.context["form"].errors)


def test_request_new_proposes_times_that_are_free_for_both(cast, mentee) -> None:
    form = mentee.get(address(cast)).context["form"]
    assert len(form.starts) >= 5
    assert {start.outside for start in form.starts} == {0}
    assert form["goal"].value() == cast.goal.pk


def test_request_new_sends_at_a_proposed_time(cast, mentee) -> None:
    start = mentee.get(address(cast)).context["form"].starts[0]
    end = timezone.localdate() + timedelta(weeks=12)  # as the form proposes, so that its times stand
    chosen = filled(
        cast, cadence="1w", minutes=60, ends_on=end, start=f"{start.on:%Y-%m-%d}T{start.at:%H:%M}"
    )
    answer = mentee.post(address(cast), chosen)
    request = Request.objects.get()
    assert answer.url == reverse("engagements:request-detail", args=[request.pk])
    assert (request.mentee, request.mentor) == (cast.mentee.person, cast.mentor.person)
    assert (request.starts_on, request.at, request.zone) == (start.on, start.at, "Europe/London")
    assert request.mentee_yes_at is not None
    assert request.mentor_yes_at is None
    assert request.expires_at - request.created_at == timedelta(days=10)


def test_request_new_sends_at_another_time_and_tells_the_mentor(cast, mentee) -> None:
    data = filled(cast)
    mentee.post(address(cast), data)
    request = Request.objects.get()
    assert (request.starts_on, f"{request.at:%H:%M}", request.cadence, request.minutes) == (
        data["on"],
        "17:45",
        "2w",
        45,
    )
    mail = Mail.objects.get()
    assert (mail.kind, mail.recipients) == ("request_received", [cast.mentor.person.email])
    assert data["message"] not in mail.text + mail.html


@pytest.mark.parametrize("field", ["goal", "message", "offer", "cadence", "minutes", "ends_on", "start"])
def test_request_new_needs_every_field_and_keeps_the_others(cast, mentee, field: str) -> None:
    answer = mentee.post(address(cast), filled(cast, **{field: ""}))
    assert field in errors_of(answer)
    if field != "message":
        assert "I would like to learn how you hold hard talks." in answer.text
    assert Request.objects.count() == 0


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"on": ""}, "on"),
        ({"at": ""}, "at"),
        ({"at": "25:00"}, "at"),
        ({"on": timezone.localdate()}, "on"),
        ({"on": "9999-12-31"}, "on"),
        ({"on": "0001-01-01"}, "on"),
        ({"ends_on": timezone.localdate() + timedelta(days=1)}, "ends_on"),
        ({"ends_on": timezone.localdate() + timedelta(weeks=26, days=1)}, "ends_on"),
        ({"ends_on": "9999-12-31"}, "ends_on"),
        ({"ends_on": timezone.localdate() + timedelta(days=4)}, "ends_on"),
        ({"cadence": "3w"}, "cadence"),
        ({"minutes": 999}, "minutes"),
        ({"start": "2031-01-01T09:00"}, "start"),
        ({"start": "\x00"}, "start"),
        ({"message": "x" * 2001}, "message"),
        ({"message": "a\x00b"}, "message"),
        ({"goal": "garbage"}, "goal"),
        ({"goal": "00000000-0000-4000-8000-000000000000"}, "goal"),
    ],
)
def test_request_new_refuses_bad_input_beside_its_field(cast, mentee, over: dict, field: str) -> None:
    assert field in errors_of(mentee.post(address(cast), filled(cast, **over)))
    assert Request.objects.count() == 0


def test_request_new_refuses_a_goal_of_somebody_else_or_a_closed_one(cast, mentee) -> None:
    foreign = factories.make_goal(factories.make_mentee(cast.program))
    elsewhere = factories.make_goal(factories.make_member(factories.make_program(), cast.mentee.person))
    closed = factories.make_goal(cast.mentee, state="closed")
    for goal in (foreign, elsewhere, closed):
        assert "goal" in errors_of(mentee.post(address(cast), filled(cast, goal=goal.pk)))


@pytest.mark.parametrize("goal", ["garbage", "\x00", "00000000-0000-4000-8000-000000000000", ""])
def test_request_new_ignores_a_goal_that_is_not_there(cast, mentee, goal: str) -> None:
    assert mentee.get(address(cast), {"goal": goal}).context["form"]["goal"].value() == cast.goal.pk


def test_request_new_shows_the_services_refusal_and_keeps_what_was_typed(cast, mentee) -> None:
    factories.make_request(cast.goal, cast.mentor)
    answer = mentee.post(address(cast), filled(cast))
    assert errors_of(answer) == {"__all__": ["A request with Leila Haddad is already waiting."]}
    assert "I can build your ward&#x27;s dashboard." in answer.text


def test_request_new_is_not_there_for_who_may_not_ask(cast, client_of, client) -> None:
    url = address(cast)
    for person in (cast.stranger, cast.mentor.person, cast.admin.person):
        assert client_of(person).get(url).status_code == 404
        assert client_of(person).post(url, filled(cast)).status_code == 404
    assert client.get(url).url.startswith("/account/login/")
    assert Request.objects.count() == 0


def test_request_new_is_not_there_for_people_kept_apart_or_pausing(cast, mentee) -> None:
    def assert_gone() -> None:
        assert mentee.get(address(cast)).status_code == 404
        assert mentee.post(address(cast), filled(cast)).status_code == 404

    one, other = cast.mentee.person, cast.mentor.person
    for apart in (
        Exclusion(by=one, other=other),
        Exclusion(by=other, other=one),
        ReportingLine(program=cast.program, junior=one, senior=other),
        ReportingLine(program=cast.program, junior=other, senior=one),
    ):
        apart.save()
        assert_gone()
        apart.delete()
    cast.mentor.is_paused = True
    cast.mentor.save(update_fields=["is_paused"])
    assert_gone()
    assert Request.objects.count() == 0


def test_request_new_of_a_member_who_is_no_mentor_or_no_member(cast, mentee) -> None:
    plain = factories.make_mentee(cast.program).person_id
    for person_id in (plain, cast.mentee.person_id, cast.stranger.pk, "00000000-0000-4000-8000-000000000000"):
        url = reverse("engagements:request-new", args=[cast.program.slug, person_id])
        assert mentee.get(url).status_code == 404


def test_request_times_gives_the_times_for_other_terms(cast, mentee) -> None:
    """Without a script the whole page with all that was typed, with one the fragment; no word of errors."""
    typed = filled(cast, minutes=90, message="", at="")
    page = mentee.post(address(cast, "request-times"), typed)
    assert "I can build your ward&#x27;s dashboard." in page.text
    assert "<html" in page.text
    assert not page.context["form"].errors
    fragment = mentee.post(address(cast, "request-times"), typed, headers={"HX-Request": "true"})
    assert "<html" not in fragment.text
    assert fragment.context["form"].starts == page.context["form"].starts
    assert Request.objects.count() == 0
    assert mentee.get(address(cast, "request-times")).status_code == 405


def test_request_new_leaves_out_times_that_are_taken(cast, mentee) -> None:
    start = mentee.get(address(cast)).context["form"].starts[0]
    other = factories.make_goal(factories.make_mentee(cast.program))
    held = {"starts_on": start.on, "ends_on": start.on + timedelta(weeks=2), "at": start.at}
    factories.make_engagement(other, cast.mentor, **held)
    again = mentee.get(address(cast)).context["form"].starts
    assert (start.on, start.at) not in {(one.on, one.at) for one in again}


def test_request_form_in_two_zones_names_both_times(cast, mentee) -> None:
    cast.mentor.person.zone = "Asia/Kolkata"
    cast.mentor.person.save(update_fields=["zone"])
    text = mentee.get(address(cast)).text
    assert "for Leila" in text
