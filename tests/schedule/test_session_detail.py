"""The page of a session, what the two can do on it, and that nobody else has it."""

import re
from datetime import date, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mentoring.engagements.models import Engagement
from mentoring.engagements.services import end_engagement
from mentoring.schedule import moves
from mentoring.schedule.forms_sessions import MoveForm
from mentoring.schedule.models import Move, Session, TimeAway
from tests import factories

pytestmark = pytest.mark.django_db
ACTIONS = ("detail", "move", "times", "move-accept", "move-decline", "move-withdraw", "skip", "mark")
KEY = "%Y-%m-%dT%H:%MZ"


@pytest.fixture
def engagement(cast):
    """Thirteen Tuesdays at 09:00 in London, the first a week or so ahead."""
    return factories.make_engagement(cast.goal, cast.mentor)


@pytest.fixture
def session(engagement) -> Session:
    return engagement.series.get().sessions.get(number=1)


@pytest.fixture
def mentor(cast, client_of):
    return client_of(cast.mentor.person)


@pytest.fixture
def mentee(cast, client_of):
    return client_of(cast.mentee.person)


def url(session: Session, action: str = "detail") -> str:
    return reverse(f"schedule:session-{action}", args=[session.pk])


def post(client, session: Session, action: str, **form):
    return client.post(url(session, action), form, follow=True)


def words(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def propose(session: Session, by, hours: int = 2) -> Move:
    starts_at = session.starts_at + timedelta(hours=hours)
    return moves.propose_move(session_id=session.pk, by=by, starts_at=starts_at, now=timezone.now())


def make_past(session: Session, days: int = 1) -> None:
    now = timezone.now()
    started = now - timedelta(days=days)
    Session.objects.filter(pk=session.pk).update(starts_at=started, ends_at=started + timedelta(hours=1))


def test_detail_tells_when_in_both_zones_and_what_is_beside_it(cast, engagement, mentee) -> None:
    cast.mentor.person.zone = "Asia/Kolkata"
    cast.mentor.person.save(update_fields=["zone"])
    second = engagement.series.get().sessions.get(number=2)
    answer = mentee.get(url(second))
    kolkata = second.starts_at.astimezone(cast.mentor.person.zone_info)
    assert f"{kolkata:%H:%M} for Leila (Asia/Kolkata)" in answer.text
    assert "Europe/London</span></p>" in answer.text
    assert [answer.context[name].number for name in ("previous", "next")] == [1, 3]
    assert answer.headers["Cache-Control"].count("no-store") == 1


def test_detail_offers_each_what_they_may_do(cast, session, mentor, mentee) -> None:
    def offered(client) -> set[str]:
        page = client.get(url(session)).text
        return {action for action in ACTIONS if f'"{url(session, action)}"' in page} - {"detail"}

    assert offered(mentee) == {"move", "skip"}
    propose(session, cast.mentee.person)
    assert offered(mentee) == {"move", "move-withdraw", "skip"}
    assert offered(mentor) == {"move", "move-accept", "move-decline", "skip"}
    make_past(session)
    assert offered(mentee) == offered(mentor) == {"mark"}
    make_past(session, days=20)
    assert offered(mentee) == offered(mentor) == set()


def test_detail_after_the_end_of_the_engagement_is_read_alone(cast, engagement, session, mentee) -> None:
    move = propose(session, cast.mentor.person)
    end_engagement(engagement_id=engagement.pk, by=cast.mentor.person, now=timezone.now())
    page = mentee.get(url(session)).text
    assert not [action for action in ACTIONS[1:] if f'"{url(session, action)}"' in page]
    assert words(post(mentee, session, "move-accept", move=move.pk)) == ["This proposal has lapsed."]
    for action in ("move", "skip", "times"):
        answer = post(mentee, session, action, start="other", word="Ill.")
        assert answer.redirect_chain == [(url(session), 302)]
    assert words(post(mentee, session, "mark", was_held="yes")) == ["The engagement has ended."]


def test_sessions_are_of_the_two_alone(cast, session, client_of, client) -> None:
    """Not even the program's admins have the page, nor is anything told of whether it exists."""
    move = propose(session, cast.mentee.person)
    body = {"move": move.pk, "was_held": "yes", "word": "Ill.", "start": "other"}
    for person in (cast.stranger, cast.admin.person, factories.make_mentee(cast.program).person):
        for action in ACTIONS:
            assert client_of(person).get(url(session, action)).status_code in (404, 405)
            if action != "detail":
                assert client_of(person).post(url(session, action), body).status_code == 404
    for action in ACTIONS:
        assert client.post(url(session, action), body).url.startswith("/account/login/")
    move.refresh_from_db()
    assert move.state == "open"


@pytest.mark.parametrize("action", ["times", "move-accept", "move-decline", "move-withdraw", "mark"])
def test_what_changes_something_is_posted(session, mentee, action: str) -> None:
    assert mentee.get(url(session, action)).status_code == 405


def test_detail_costs_the_same_queries_for_few_and_many(
    cast, engagement, session, mentee, django_assert_max_num_queries
) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(60) as captured:
            mentee.get(url(session))
        return len(captured)

    for later in engagement.series.get().sessions.filter(number__gt=3):
        later.delete()
    propose(session, cast.mentor.person)
    mentee.get(url(session))
    few = queries()
    for hours in (3, 4, 5):
        propose(session, cast.mentor.person, hours)
    assert queries() == few


# Moving


def form_of(client, session: Session) -> MoveForm:
    return client.get(url(session, "move")).context["form"]


def offered(form: MoveForm) -> list[str]:
    """The times that one sees, without one's own."""
    return [value for group in form.fields["start"].widget.choices[:-1] for value, _ in group[1]]


def test_move_offers_protected_times_by_day_and_proposes_the_chosen_one(cast, session, mentee) -> None:
    form = form_of(mentee, session)
    times = offered(form)
    assert times == sorted(times)
    assert 4 < len(times) <= 16
    assert session.starts_at.strftime(KEY) not in times
    answer = post(mentee, session, "move", start=times[3])
    assert answer.redirect_chain == [(url(session), 302)]
    assert words(answer) == ["Your proposal is on its way to Leila Haddad."]
    assert Move.objects.get().starts_at.strftime(KEY) == times[3]


def test_more_times_are_a_fragment_or_the_page_with_what_was_typed(session, mentee) -> None:
    typed = {"days": form_of(mentee, session).more, "on": "2031-02-31", "at": "07:15"}
    page = mentee.post(url(session, "times"), typed)
    fragment = mentee.post(url(session, "times"), typed, headers={"HX-Request": "true"})
    for answer in (page, fragment):
        assert 'value="2031-02-31"' in answer.text
        assert 'value="07:15"' in answer.text
        assert len(offered(answer.context["form"])) > len(offered(form_of(mentee, session)))
        assert not answer.context["form"].errors
    assert "<html" in page.text
    assert fragment.text.lstrip().startswith('<fieldset class="fieldset" id="times">')
    assert not Move.objects.exists()


@pytest.mark.parametrize("days", ["", "x", "\x00", "-4", "9" * 400, "²"])
def test_days_to_show_that_are_no_number_are_the_first_few(session, mentee, days: str) -> None:
    first = offered(form_of(mentee, session))
    answer = mentee.post(url(session, "times"), {"days": days})
    assert offered(answer.context["form"]) == first
    assert post(mentee, session, "move", start=first[0], days=days).redirect_chain


def test_days_with_no_protected_time_come_last_and_say_so(cast, session, mentee) -> None:
    cast.mentor.person.profile.week = bytes(42)
    cast.mentor.person.profile.save(update_fields=["week"])
    page = mentee.get(url(session, "move")).text
    assert "No other time is protected by both of you around then." in page
    assert ", outside protected time" in page


def own(on, at: str) -> dict[str, str]:
    return {"start": "other", "on": str(on), "at": at}


def test_move_takes_a_time_of_ones_own_in_ones_own_zone(cast, session, mentee) -> None:
    cast.mentee.person.zone = "America/New_York"
    cast.mentee.person.save(update_fields=["zone"])
    on = session.starts_at.date() + timedelta(days=1)
    post(mentee, session, "move", **own(on, "21:20"))
    local = Move.objects.get().starts_at.astimezone(cast.mentee.person.zone_info)
    assert (local.date(), local.time()) == (on, time(21, 20))


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "start"),
        ({"start": "2031-02-20T09:00Z"}, "start"),
        ({"start": "9999-12-31T23:59Z"}, "start"),
        ({"start": "\x00"}, "start"),
        ({"start": "other"}, "on"),
        (own("9999-12-31", "23:59"), "on"),
        (own("0001-01-01", "00:00"), "on"),
        (own("2026-02-30", "10:00"), "on"),
        (own("a\x00b", "10:00"), "on"),
        (own("", "10:00"), "on"),
        (own("tomorrow", "25:61"), "at"),
    ],
)
def test_move_refuses_bad_input_and_keeps_what_was_typed(session, mentee, form, field: str) -> None:
    answer = post(mentee, session, "move", **form)
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert not Move.objects.exists()
    assert answer.context["form"]["on"].value() == form.get("on")


def test_move_refuses_a_time_that_the_clock_skips(engagement, session, mentee) -> None:
    """In the reader's zone: the clocks of London skip from 01:00 to 02:00 on the last Sunday of March."""
    years = (date(timezone.localdate().year + n, 4, 1) for n in (0, 1))
    april = next(each for each in years if each > timezone.localdate() + timedelta(weeks=1))
    spring = april - timedelta(days=april.isoweekday())
    dates = {"starts_on": spring - timedelta(weeks=26), "ends_on": spring}
    Engagement.objects.filter(pk=engagement.pk).update(**dates)
    answer = post(mentee, session, "move", **own(spring, "01:30"))
    said = "The clock skips this time on that day in Europe/London."
    assert answer.context["form"].errors == {"at": [said]}
    assert post(mentee, session, "move", **own(spring, "02:00")).redirect_chain


def test_move_refused_by_the_schedule_says_why_on_the_form(cast, session, mentee) -> None:
    day = session.starts_at.date() + timedelta(days=1)
    TimeAway.objects.create(person=cast.mentor.person, starts_on=day, ends_on=day, created_at=timezone.now())
    answer = post(mentee, session, "move", **own(day, "12:00"))
    assert answer.context["form"].non_field_errors() == [
        "This time is not free any more: one of you is away on that day."
    ]


def test_accept_moves_it_and_says_so(cast, session, mentor) -> None:
    move = propose(session, cast.mentee.person)
    answer = post(mentor, session, "move-accept", move=move.pk)
    assert words(answer) == ["It is agreed. The new time is reserved for both of you."]
    session.refresh_from_db()
    assert session.starts_at == move.starts_at
    assert "at another time than usual" in answer.text


def test_accept_of_what_is_taken_says_why_and_shows_the_nearest_times(cast, session, mentor) -> None:
    move = propose(session, cast.mentee.person)
    day = session.starts_at.date()
    TimeAway.objects.create(person=cast.mentee.person, starts_on=day, ends_on=day, created_at=timezone.now())
    refused = "This time is not free any more: one of you is away on that day."
    page = mentor.get(url(session)).text
    assert refused in page
    assert url(session, "move-accept") not in page
    answer = post(mentor, session, "move-accept", move=move.pk)
    assert answer.redirect_chain == []
    assert refused in answer.text
    times = offered(answer.context["form"])
    assert times
    assert not [each for each in times if each.startswith(str(day))]
    post(mentor, session, "move", start=times[0])
    assert Move.objects.open().get().by == cast.mentor.person


@pytest.mark.parametrize("move", ["", "x", "\x00", "00000000-0000-4000-8000-000000000000", "9" * 400])
@pytest.mark.parametrize("action", ["move-accept", "move-decline", "move-withdraw"])
def test_answers_to_no_proposal_say_so(cast, session, mentor, action: str, move: str) -> None:
    propose(session, cast.mentee.person)
    assert words(post(mentor, session, action, move=move)) == ["There is no such proposal."]
    assert Move.objects.open().count() == 1


def test_answer_to_a_move_of_another_pair_changes_nothing(cast, session, mentor) -> None:
    other = factories.make_engagement(
        factories.make_goal(factories.make_mentee(cast.program)), factories.make_mentor(cast.program)
    )
    foreign = propose(other.series.get().sessions.get(number=1), other.mentee)
    for action in ("move-accept", "move-decline", "move-withdraw"):
        assert words(post(mentor, session, action, move=foreign.pk)) == ["There is no such proposal."]
    foreign.refresh_from_db()
    assert foreign.state == "open"


def test_decline_and_taking_back_say_what_became_of_it(cast, session, mentor, mentee) -> None:
    move = propose(session, cast.mentee.person)
    said = ["The session stays where it is. Amara Eze is told."]
    assert words(post(mentor, session, "move-decline", move=move.pk)) == said
    move = propose(session, cast.mentee.person)
    said = ["Your proposal is taken back. The session stays where it is."]
    assert words(post(mentee, session, "move-withdraw", move=move.pk)) == said
    assert sorted(Move.objects.values_list("state", flat=True)) == ["declined", "withdrawn"]


# Skipping and marking


def test_skip_shows_the_word_to_the_other_alone(cast, session, mentor, mentee, client_of) -> None:
    answer = post(mentee, session, "skip", word="  My train is on strike.  ")
    assert words(answer) == ["The session is skipped and the time is free. Leila Haddad is told."]
    page = mentor.get(url(session)).text
    assert "Amara Eze has skipped this session" in page
    assert "My train is on strike." in page
    engagement_page = reverse("engagements:engagement-detail", args=[session.series.engagement_id])
    assert "train" not in client_of(cast.admin.person).get(engagement_page).text


@pytest.mark.parametrize("word", ["", "   ", "x" * 301, "a\x00b"])
def test_skip_needs_a_word(session, mentee, word: str) -> None:
    answer = post(mentee, session, "skip", word=word)
    assert list(answer.context["form"].errors) == ["word"]
    session.refresh_from_db()
    assert session.state == "planned"


def test_mark_by_both_is_shown_to_both(cast, session, mentor, mentee) -> None:
    make_past(session)
    assert words(post(mentor, session, "mark", was_held="yes")) == ["Thank you, it is noted."]
    page = post(mentee, session, "mark", was_held="no").text
    assert "You remember it differently" in page
    assert re.findall(r"We (?:met|did not meet)(?=</span>)", page) == ["We met", "We did not meet"]


@pytest.mark.parametrize("was_held", ["", "maybe", "\x00", "True"])
def test_mark_refuses_what_is_neither(session, mentee, was_held: str) -> None:
    make_past(session)
    assert words(post(mentee, session, "mark", was_held=was_held)) == ["Say whether you met."]
    assert not session.marks.exists()


def test_two_missed_in_a_row_are_asked_about_on_the_page(cast, engagement, mentee) -> None:
    first, second, third = engagement.series.get().sessions.order_by("number")[:3]
    for days, one in ((9, first), (2, second)):
        make_past(one, days)
    asked = "Does this time still suit you?"
    assert asked not in post(mentee, first, "mark", was_held="no").text
    assert asked in post(mentee, second, "mark", was_held="no").text
    assert asked not in mentee.get(url(third)).text
