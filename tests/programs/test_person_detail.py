from datetime import UTC, datetime
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from accounts import week
from mentoring.engagements.services import end_engagement
from mentoring.programs.models import Exclusion, Membership
from tests import factories
from tests.pages import queries_of

pytestmark = pytest.mark.django_db


def url_of(member):
    return reverse("programs:person-detail", args=[member.program.slug, member.person_id])


def ask_url(member):
    return reverse("engagements:request-new", args=[member.program.slug, member.person_id])


def test_person_detail_tells_what_the_person_brings(cast, client_of):
    mentor = cast.mentor.person
    mentor.accomplishments.create(what="Cut the wait", how="With the porters", on="2025-06-01")
    mentor.learning_records.create(what="Queueing theory", kind="course", on="2025-09-01", changed="Beds")

    page = unescape(client_of(cast.mentee.person).get(url_of(cast.mentor)).text)

    told = [mentor.profile.headline, mentor.profile.about, "Cut the wait", "With the porters", "Negotiation"]
    then = ["Queueing theory", "Would like to learn", "Hours", "Languages and place"]
    assert page.index(told[0]) < page.index('<div class="with-sidebar">')
    portrait = page.partition('<div class="with-sidebar">')[2]
    places = [portrait.index(words) for words in [*told[1:], *then]]
    assert places == sorted(places)


def test_person_detail_tells_hours_by_the_readers_clock_and_names_the_zone(cast, client_of):
    cast.mentor.person.profile.week = week.from_indices([48 + 18, 48 + 19])  # Tuesday 09:00 to 10:00 London
    cast.mentor.person.profile.save()
    cast.mentee.person.zone = "Asia/Kathmandu"
    cast.mentee.person.save()

    with time_machine.travel(datetime(2026, 1, 14, 12, tzinfo=UTC), tick=False):
        response = client_of(cast.mentee.person).get(url_of(cast.mentor))

    portrait = response.context["portrait"]
    assert {day.weekday: day.spans for day in portrait.hours if day.spans} == {"Tuesday": ["14:45–15:45"]}
    assert "1 hour a week, in your time: Kathmandu (Asia)." in response.text
    assert portrait.home_time == "12:00"


def test_person_detail_lets_a_mentee_ask_an_open_mentor(cast, client_of):
    client = client_of(cast.mentee.person)

    page = client.get(url_of(cast.mentor)).text

    assert f"{ask_url(cast.mentor)}?goal={cast.goal.pk}" in page


def test_person_detail_keeps_the_goal_that_was_chosen(cast, client_of):
    second = factories.make_goal(cast.mentee, title="A second goal")
    client = client_of(cast.mentee.person)

    assert client.get(url_of(cast.mentor)).context["goal"] is None
    chosen = client.get(url_of(cast.mentor), {"goal": second.pk})

    assert chosen.context["goal"] == second
    assert f"{ask_url(cast.mentor)}?goal={second.pk}" in chosen.text
    assert "A second goal" in chosen.text


@pytest.mark.parametrize("goal", ["x", "\0", "00000000-0000-4000-8000-000000000000", "9" * 400])
def test_person_detail_survives_a_goal_that_is_none(cast, client_of, goal):
    response = client_of(cast.mentee.person).get(url_of(cast.mentor), {"goal": goal})

    assert response.context["goal"] is None
    assert ask_url(cast.mentor) in response.text


def test_person_detail_never_takes_somebody_elses_goal(cast, client_of):
    foreign = factories.make_goal(factories.make_mentee(cast.program), title="Not yours to see")

    response = client_of(cast.mentee.person).get(url_of(cast.mentor), {"goal": foreign.pk})

    assert response.context["goal"] is None
    assert "Not yours to see" not in response.text


def test_person_detail_offers_no_asking_where_there_can_be_none(cast, client_of):
    paused = factories.make_mentor(cast.program, is_paused=True)
    excluded = factories.make_mentor(cast.program)
    Exclusion.objects.create(by=excluded.person, other=cast.mentee.person)
    mentee = client_of(cast.mentee.person)

    for member in (paused, excluded, factories.make_mentee(cast.program)):
        assert ask_url(member) not in mentee.get(url_of(member)).text
    assert ask_url(cast.mentor) not in client_of(cast.admin.person).get(url_of(cast.mentor)).text


def test_person_detail_says_the_same_of_one_who_pauses_and_one_who_has_excluded_the_reader(cast, client_of):
    paused = factories.make_mentor(cast.program, name="Nils Ledger", is_paused=True)
    excluding = factories.make_mentor(cast.program, name="Nils Lerche")
    Exclusion.objects.create(by=excluding.person, other=cast.mentee.person)

    for roles in ({"is_mentee": True}, {"is_mentee": False, "is_mentor": True}):
        Membership.objects.filter(pk=cast.mentee.pk).update(**roles)
        mentee = client_of(cast.mentee.person)
        for member in (paused, excluding):
            assert "Nils takes no new requests at present." in mentee.get(url_of(member)).text
        assert "takes no new requests" not in mentee.get(url_of(cast.mentor)).text
    assert "takes no new requests" not in client_of(excluding.person).get(url_of(excluding)).text


def test_person_detail_shows_the_mail_address_to_self_admin_and_the_other_of_a_pair(cast, client_of):
    other = factories.make_mentee(cast.program)

    def sees(reader, member):
        return member.person.email in client_of(reader.person).get(url_of(member)).text

    assert not sees(cast.mentee, cast.mentor)
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    assert sees(cast.mentee, cast.mentor)
    assert sees(cast.mentor, cast.mentee)
    assert sees(cast.admin, cast.mentor)
    assert not sees(other, cast.mentor)
    assert not sees(cast.mentor, other)

    end_engagement(engagement_id=engagement.pk, by=None, now=engagement.created_at)
    assert not sees(cast.mentee, cast.mentor)
    assert not sees(cast.mentor, cast.mentee)


def test_person_detail_costs_the_same_queries_however_much_is_told(cast, client_of):
    client, person = client_of(cast.admin.person), cast.mentor.person

    def fill(slug):
        skill = factories.make_skill(slug)
        person.offers.create(skill=skill)
        person.accomplishments.create(what=slug, how=slug, on="2025-01-02").skills.add(skill)
        person.learning_records.create(what=slug, kind="book", on="2025-01-02")

    fill("sql")
    at_one = queries_of(client, url_of(cast.mentor))
    fill("coaching")
    fill("delegation")

    assert queries_of(client, url_of(cast.mentor)) == at_one


def test_person_detail_is_not_found_across_programs(cast, client_of, client):
    url = url_of(cast.mentor)
    theirs = cast.stranger.memberships.get()
    left = factories.make_member(cast.program, left_at=cast.mentor.joined_at)

    assert client_of(cast.stranger).get(url).status_code == 404
    assert client_of(cast.mentee.person).get(url_of(theirs)).status_code == 404
    mixed = reverse("programs:person-detail", args=[cast.program.slug, theirs.person_id])
    assert client_of(cast.mentee.person).get(mixed).status_code == 404
    assert client_of(cast.mentee.person).get(url_of(left)).status_code == 404
    assert client.get(url).url == f"{reverse('account_login')}?next={url}"
