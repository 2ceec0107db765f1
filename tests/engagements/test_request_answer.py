"""Reading a request and answering it: yes, yes on other terms, no, and taking it back."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mentoring.engagements import mails
from mentoring.engagements.models import Engagement, Request
from mentoring.outbox.models import Mail
from tests import factories

pytestmark = pytest.mark.django_db
AGREED = "It is agreed. Every session is reserved for both of you."


@pytest.fixture
def asked(cast) -> Request:
    return factories.make_request(cast.goal, cast.mentor)


@pytest.fixture
def proposal(cast) -> Request:
    blank = {"message": "", "offer": "", "mentee_yes_at": None}
    return factories.make_request(cast.goal, cast.mentor, origin=Request.Origin.PROGRAM, **blank)


@pytest.fixture
def mentor(cast, client_of):
    return client_of(cast.mentor.person)


@pytest.fixture
def mentee(cast, client_of):
    return client_of(cast.mentee.person)


def act(client, request: Request, action: str, **form):
    """Answer as the page as it now stands would; the next page is followed to."""
    if action == "accept":
        form = {"terms": Request.objects.get(pk=request.pk).terms_key} | form
    return client.post(reverse(f"engagements:request-{action}", args=[request.pk]), form, follow=True)


def page(client, request: Request):
    return client.get(reverse("engagements:request-detail", args=[request.pk]))


def words(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def test_accept_opens_the_engagement_and_shows_it(asked: Request, mentor) -> None:
    answer = act(mentor, asked, "accept")
    engagement = Engagement.objects.get(request=asked)
    assert answer.redirect_chain == [(reverse("engagements:engagement-detail", args=[engagement.pk]), 302)]
    assert words(answer) == [AGREED]
    assert engagement.series.get().sessions.count() == 13
    asked.refresh_from_db()
    assert (asked.state, asked.closed_at) == ("accepted", asked.mentor_yes_at)
    assert {mail.recipients[0] for mail in Mail.objects.filter(kind="engagement_opened")} == {
        asked.mentor.email,
        asked.mentee.email,
    }


def test_accept_twice_is_once(asked: Request, mentor) -> None:
    act(mentor, asked, "accept")
    assert words(act(mentor, asked, "accept")) == ["This request is no longer open."]
    assert Engagement.objects.count() == 1


def test_accept_of_ones_own_request_is_refused(asked: Request, mentee) -> None:
    assert words(act(mentee, asked, "accept")) == ["You have already said yes to this request."]
    assert Engagement.objects.count() == 0


def test_proposal_opens_when_both_have_said_yes(proposal: Request, mentor, mentee) -> None:
    noted = "Your yes is noted. The engagement opens when the other says yes too."
    assert words(act(mentee, proposal, "accept")) == [noted]
    assert Engagement.objects.count() == 0
    assert page(mentee, proposal).context["may_accept"] is False
    assert words(act(mentor, proposal, "accept")) == [
        "It is agreed. Every session is reserved for both of you."
    ]
    assert Engagement.objects.count() == 1


def test_accept_of_terms_that_changed_meanwhile_is_refused(proposal: Request, mentor, mentee) -> None:
    """The mentee has the page of the old terms open while the mentor offers others."""
    read = proposal.terms_key
    act_other_terms(mentor, proposal)
    answer = act(mentee, proposal, "accept", terms=read)
    assert words(answer) == ["The terms have changed meanwhile. These are the ones that stand now."]
    assert Engagement.objects.count() == 0
    proposal.refresh_from_db()
    assert proposal.terms_key in answer.text
    assert act(mentee, proposal, "accept").status_code == 200
    assert Engagement.objects.get().series.get().minutes == 45


def act_other_terms(client, request: Request, **over):
    on = timezone.localdate() + timedelta(days=5)
    form = {
        "cadence": "2w",
        "minutes": 45,
        "ends_on": on + timedelta(weeks=8),
        "start": "other",
        "on": on,
        "at": "17:45",
    }
    return client.post(reverse("engagements:other-terms", args=[request.pk]), form | over, follow=True)


def test_other_terms_ask_the_mentee_anew(asked: Request, mentor, mentee) -> None:
    answer = act_other_terms(mentor, asked)
    assert words(answer) == ["Your terms are on their way to Amara Eze."]
    asked.refresh_from_db()
    assert (asked.cadence, asked.minutes, asked.mentee_yes_at) == ("2w", 45, None)
    assert asked.mentor_yes_at is not None
    assert Mail.objects.get().recipients == [asked.mentee.email]
    act(mentee, asked, "accept")
    assert Engagement.objects.get().ends_on == asked.ends_on


@pytest.mark.parametrize("over", [{"on": ""}, {"at": "x"}, {"minutes": 7}, {"ends_on": "9999-12-31"}])
def test_other_terms_refuse_bad_input(asked: Request, mentor, over: dict) -> None:
    answer = act_other_terms(mentor, asked, **over)
    assert list(answer.context["form"].errors) == list(over)
    asked.refresh_from_db()
    assert asked.mentor_yes_at is None


def test_other_terms_are_not_for_the_mentee_or_a_closed_request(asked: Request, mentor, mentee) -> None:
    assert act_other_terms(mentee, asked).status_code == 404
    act(mentor, asked, "decline", decline="fit")
    assert act_other_terms(mentor, asked).status_code == 404


def test_accept_without_a_place_says_so(cast, asked: Request, mentor) -> None:
    cast.mentor.capacity = 0
    cast.mentor.save(update_fields=["capacity"])
    refused = "All 0 places are taken. End an engagement, or raise your number of mentees."
    assert words(act(mentor, asked, "accept")) == [refused]
    assert Engagement.objects.count() == 0


def test_accept_after_the_expiry_is_refused(asked: Request, mentor) -> None:
    Request.objects.update(expires_at=timezone.now())
    assert page(mentor, asked).context["may_accept"] is False
    assert words(act(mentor, asked, "accept")) == ["This request is no longer open."]


def test_decline_tells_the_mentee_and_nothing_else(asked: Request, mentor, mentee) -> None:
    answer = act(mentor, asked, "decline", decline="timing", note="Ask Wanjiru, she knows rotas.")
    assert words(answer) == ["Your answer is on its way to Amara Eze."]
    asked.refresh_from_db()
    assert (asked.state, asked.decline, asked.decline_note) == (
        "declined",
        "timing",
        "Ask Wanjiru, she knows rotas.",
    )
    assert [(mail.kind, mail.recipients) for mail in Mail.objects.all()] == [
        ("request_declined", [asked.mentee.email])
    ]
    assert "Ask Wanjiru, she knows rotas." in page(mentee, asked).text
    assert words(act(mentor, asked, "decline", decline="fit")) == ["This request is no longer open."]


@pytest.mark.parametrize("form", [{}, {"decline": "boring"}, {"decline": "fit", "note": "x" * 301}])
def test_decline_refuses_bad_input(asked: Request, mentor, form: dict) -> None:
    answer = act(mentor, asked, "decline", **form)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert Request.objects.open().count() == 1


def test_withdraw_tells_the_mentor_and_stops_what_waits(asked: Request, mentee) -> None:
    mails.request_received(asked, timezone.now())
    told = "Leila Haddad is told that there is nothing to answer."
    assert words(act(mentee, asked, "withdraw")) == [told]
    asked.refresh_from_db()
    assert asked.state == "withdrawn"
    assert dict(Mail.objects.values_list("kind", "state")) == {
        "request_received": "withdrawn",
        "request_withdrawn": "waiting",
    }
    assert words(act(mentee, asked, "withdraw")) == ["This request is no longer open."]


def test_detail_offers_each_what_they_may_do(cast, asked: Request, mentor, mentee, client_of) -> None:
    def may(client) -> list[str]:
        context = page(client, asked).context
        return [name for name in ("accept", "decline", "withdraw") if context[f"may_{name}"]]

    assert may(mentor) == ["accept", "decline"]
    assert may(mentee) == ["withdraw"]
    assert may(client_of(cast.admin.person)) == []


@pytest.mark.parametrize("action", ["accept", "decline", "withdraw"])
def test_answers_are_posted_by_the_right_one_alone(
    cast, asked: Request, client_of, client, action: str
) -> None:
    url = reverse(f"engagements:request-{action}", args=[asked.pk])
    wrong = [cast.stranger, cast.admin.person, factories.make_mentee(cast.program).person]
    wrong += {"accept": [], "decline": [cast.mentee.person], "withdraw": [cast.mentor.person]}[action]
    for person in wrong:
        assert client_of(person).post(url, {"decline": "fit"}).status_code == 404
    assert client_of(cast.mentor.person).get(url).status_code == 405
    assert client.post(url).url.startswith("/account/login/")
    asked.refresh_from_db()
    assert (asked.state, asked.mentor_yes_at) == ("open", None)


def test_detail_is_for_the_two_and_the_admins(cast, asked: Request, client_of) -> None:
    for person in (cast.stranger, factories.make_mentee(cast.program).person):
        assert page(client_of(person), asked).status_code == 404
    assert "Your work on rotas" in page(client_of(cast.admin.person), asked).text


def test_detail_is_gone_for_who_has_left(cast, asked: Request, mentor, client_of) -> None:
    cast.mentor.left_at = timezone.now()
    cast.mentor.save(update_fields=["left_at"])
    assert page(mentor, asked).status_code == 404
    assert act(mentor, asked, "accept").status_code == 404
    cast.admin.is_admin, cast.admin.is_mentee = False, True
    cast.admin.save(update_fields=["is_admin", "is_mentee"])
    assert page(client_of(cast.admin.person), asked).status_code == 404


def test_list_shows_ones_own_and_to_an_admin_the_others(
    cast, asked: Request, mentor, mentee, client_of
) -> None:
    def listed(client) -> tuple[list, list, list]:
        context = client.get(reverse("engagements:request-list", args=["crossways"])).context
        return list(context["received"]), list(context["sent"]), list(context["page"])

    assert listed(mentor) == ([asked], [], [])
    assert listed(mentee) == ([], [asked], [])
    assert listed(client_of(cast.admin.person)) == ([], [], [asked])
    assert (
        client_of(cast.stranger).get(reverse("engagements:request-list", args=["crossways"])).status_code
        == 404
    )


def test_list_costs_the_same_queries_for_one_and_three(cast, mentor, django_assert_max_num_queries) -> None:
    url = reverse("engagements:request-list", args=["crossways"])

    def queries() -> int:
        with django_assert_max_num_queries(40) as captured:
            mentor.get(url)
        return len(captured)

    def add() -> None:
        factories.make_request(factories.make_goal(factories.make_mentee(cast.program)), cast.mentor)

    add()
    mentor.get(url)
    one = queries()
    add(), add()
    assert queries() == one
