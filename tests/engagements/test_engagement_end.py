"""The end of an engagement: in one step by either, by an admin, or by itself; and requests that run out."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mentoring.engagements.models import Engagement, Request
from mentoring.engagements.services import end_engagements, expire_requests
from mentoring.engagements.tasks import end_engagements as end_task
from mentoring.engagements.tasks import expire_requests as expire_task
from mentoring.outbox.models import Mail
from mentoring.schedule.models import Reservation, Session
from mentoring.schedule.reminders import queue_reminders
from tests import factories
from tests.factories import instant

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def engagement(cast) -> Engagement:
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    Mail.objects.all().delete()
    return engagement


def url_of(engagement: Engagement, name: str = "end") -> str:
    return reverse(f"engagements:engagement-{name}", args=[engagement.pk])


def told() -> set[str]:
    ended = Mail.objects.filter(kind="engagement_ended", state=Mail.State.WAITING)
    return {mail.recipients[0] for mail in ended}


def test_end_asks_first_and_changes_nothing(cast, engagement: Engagement, client_of) -> None:
    page = client_of(cast.mentee.person).get(url_of(engagement))
    assert page.context["ahead"] == 13
    assert Engagement.objects.active().count() == 1


def test_end_gives_the_time_back_and_tells_the_other(cast, engagement: Engagement, client_of) -> None:
    answer = client_of(cast.mentee.person).post(url_of(engagement), follow=True)
    assert answer.redirect_chain == [(url_of(engagement, "detail"), 302)]
    engagement.refresh_from_db()
    assert engagement.state == "ended"
    assert engagement.ended_at is not None
    assert Session.objects.planned().count() == 0
    assert Reservation.objects.filter(is_live=True).count() == 0
    assert told() == {cast.mentor.person.email}


def test_end_twice_is_once(cast, engagement: Engagement, client_of) -> None:
    client_of(cast.mentee.person).post(url_of(engagement))
    ended_at = Engagement.objects.get().ended_at
    for client in (client_of(cast.mentor.person), client_of(cast.admin.person)):
        assert client.get(url_of(engagement)).url == url_of(engagement, "detail")
        assert client.post(url_of(engagement)).url == url_of(engagement, "detail")
    assert Engagement.objects.get().ended_at == ended_at
    assert told() == {cast.mentor.person.email}


def test_end_by_an_admin_tells_both(cast, engagement: Engagement, client_of) -> None:
    client_of(cast.admin.person).post(url_of(engagement))
    assert told() == {cast.mentor.person.email, cast.mentee.person.email}


def test_end_is_not_for_others(cast, engagement: Engagement, client_of, client) -> None:
    former = factories.make_member(cast.program, is_admin=True, left_at=timezone.now())
    for person in (cast.stranger, factories.make_mentee(cast.program).person, former.person):
        for name in ("end", "detail"):
            assert client_of(person).get(url_of(engagement, name)).status_code == 404
        assert client_of(person).post(url_of(engagement)).status_code == 404
    assert client.post(url_of(engagement)).url.startswith("/account/login/")
    assert Engagement.objects.active().count() == 1


def test_end_stops_the_reminders_that_are_due(cast, engagement: Engagement, client_of) -> None:
    first = Session.objects.order_by("starts_at")[0]
    client_of(cast.mentor.person).post(url_of(engagement))
    queue_reminders(first.starts_at - timedelta(minutes=30))
    assert Mail.objects.filter(kind="reminder").count() == 0


def test_ended_engagement_makes_room_for_the_next(cast, engagement: Engagement, client_of) -> None:
    client_of(cast.mentor.person).post(url_of(engagement))
    assert factories.make_engagement(cast.goal, cast.mentor).state == "active"


def test_admin_sees_dates_and_counts_alone(cast, engagement: Engagement, client_of) -> None:
    page = client_of(cast.admin.person).get(url_of(engagement, "detail"))
    assert (page.context["past"], page.context["ahead"]) == (0, 13)
    asked = engagement.request
    for private in (cast.goal.title, "I avoid the hard talks.", asked.message, asked.offer):
        assert private not in page.text


def test_list_shows_what_is_under_way_and_what_was(cast, engagement: Engagement, client_of) -> None:
    url = reverse("engagements:engagement-list", args=["crossways"])

    def listed(person) -> tuple[list, list, list]:
        context = client_of(person).get(url).context
        return list(context["active"]), list(context["ended"]), list(context["page"])

    assert listed(cast.mentor.person) == ([engagement], [], [])
    assert listed(cast.admin.person) == ([], [], [engagement])
    client_of(cast.mentor.person).post(url_of(engagement))
    assert listed(cast.mentee.person) == ([], [engagement], [])
    assert client_of(cast.stranger).get(url).status_code == 404


def test_engagement_ends_by_itself_when_its_last_date_is_over_everywhere(cast) -> None:
    dates = {"starts_on": date(2031, 1, 7), "ends_on": date(2031, 3, 4)}
    engagement = factories.make_engagement(cast.goal, cast.mentor, now=instant(2031, 1, 1), **dates)
    # on the fifth at noon it is the fifth at midnight in the last zone of all
    assert end_engagements(instant(2031, 3, 5, 11, 59)) == 0
    assert end_engagements(instant(2031, 3, 5, 12)) == 1
    assert end_engagements(instant(2031, 3, 5, 12)) == 0
    engagement.refresh_from_db()
    assert engagement.state == "ended"
    assert told() == {cast.mentor.person.email, cast.mentee.person.email}


def test_request_runs_out_and_both_are_told(cast) -> None:
    now = timezone.now()
    request = factories.make_request(cast.goal, cast.mentor, now=now)
    assert expire_requests(now + 10 * DAY - timedelta(seconds=1)) == 0
    assert expire_requests(now + 10 * DAY) == 1
    assert expire_requests(now + 10 * DAY) == 0
    request.refresh_from_db()
    assert (request.state, request.closed_at) == (Request.State.EXPIRED, now + 10 * DAY)
    assert set(Mail.objects.values_list("kind", flat=True)) == {
        "request_expired_to_mentee",
        "request_expired_to_mentor",
    }


def test_tasks_do_what_is_due_now(cast, engagement: Engagement) -> None:
    long_ago = timezone.now() - 200 * DAY
    Engagement.objects.update(starts_on=long_ago.date(), ends_on=(long_ago + 100 * DAY).date())
    other = factories.make_goal(factories.make_mentee(cast.program))
    request = factories.make_request(other, cast.mentor, now=long_ago)
    end_task()
    expire_task()
    engagement.refresh_from_db()
    request.refresh_from_db()
    assert (engagement.state, request.state) == ("ended", "expired")
