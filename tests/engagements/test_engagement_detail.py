from datetime import time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mentoring.engagements.models import Engagement
from mentoring.engagements.services import end_engagement
from mentoring.schedule import moves
from mentoring.schedule.marks import mark_session
from mentoring.schedule.models import Change, Series, Session
from tests import factories
from tests.pages import queries_of

pytestmark = pytest.mark.django_db


def url_of(engagement: Engagement) -> str:
    return reverse("engagements:engagement-detail", args=[engagement.pk])


@pytest.fixture
def engagement(cast) -> Engagement:
    """Under way for some weeks."""
    return factories.make_engagement(cast.goal, cast.mentor, now=timezone.now() - timedelta(weeks=5))


@pytest.fixture
def ahead(engagement) -> list[Session]:
    return list(Session.objects.filter(series__engagement=engagement).ahead(timezone.now()))


@pytest.mark.parametrize(("reader", "other"), [("mentor", "mentee"), ("mentee", "mentor")])
def test_engagement_detail_shows_the_other_s_mail_address_until_the_end(
    cast, client_of, engagement, reader, other
):
    address = getattr(cast, other).person.email
    client = client_of(getattr(cast, reader).person)

    assert address in client.get(url_of(engagement)).text
    end_engagement(engagement_id=engagement.pk, by=None, now=timezone.now())
    assert address not in client.get(url_of(engagement)).text


def test_engagement_detail_says_what_was_agreed_in_both_zones(cast, client_of, engagement, ahead):
    User.objects.filter(pk=cast.mentee.person_id).update(zone="Asia/Tokyo")

    page = client_of(cast.mentor.person).get(url_of(engagement)).text

    assert "Weekly, on Tuesdays, 1 hour" in page
    assert "09:00 in Europe/London, across clock changes" in page
    assert "for Amara (Asia/Tokyo)" in page
    assert reverse("schedule:series-change", args=[ahead[0].series_id]) in page
    assert reverse("schedule:series-link", args=[ahead[0].series_id]) in page


def test_engagement_detail_links_every_session(cast, client_of, engagement):
    page = client_of(cast.mentor.person).get(url_of(engagement)).text

    for session in Session.objects.filter(series__engagement=engagement):
        assert reverse("schedule:session-detail", args=[session.pk]) in page


def test_engagement_detail_shows_a_proposal_of_other_terms_to_both(cast, client_of, engagement, ahead):
    series = ahead[0].series
    change = Change.objects.create(
        series=series, by=cast.mentee.person, created_at=timezone.now(), zone=series.zone, at=time(16),
        cadence="2w", minutes=45, starts_on=series.ends_on - timedelta(weeks=3), ends_on=series.ends_on,
    )  # fmt: skip
    link = reverse("schedule:change-detail", args=[change.pk])

    mentor_s = client_of(cast.mentor.person).get(url_of(engagement)).text
    mentee_s = client_of(cast.mentee.person).get(url_of(engagement)).text

    assert "Amara Eze proposes other terms" in mentor_s
    assert "every two weeks, on Tuesdays, 45 minutes, at 16:00" in mentor_s
    assert "You propose other terms" in mentee_s
    assert link in mentor_s
    assert link in mentee_s
    # One proposal at a time
    assert reverse("schedule:series-change", args=[series.pk]) not in mentor_s


def test_engagement_detail_shows_a_move_that_waits(cast, client_of, engagement, ahead):
    later = ahead[0].starts_at + timedelta(hours=3)
    moves.propose_move(session_id=ahead[0].pk, by=cast.mentee.person, starts_at=later, now=timezone.now())

    page = client_of(cast.mentor.person).get(url_of(engagement)).text

    assert "waits for your answer" in page
    assert f"Amara proposes {timezone.localtime(later):%A}" in page
    assert reverse("schedule:session-move", args=[ahead[0].pk]) not in page


def test_engagement_detail_leaves_out_sessions_that_later_terms_replaced(cast, client_of, engagement, ahead):
    old = ahead[0].series
    Series.objects.create(
        engagement=engagement, mentor=old.mentor, mentee=old.mentee, replaces=old, zone=old.zone, at=time(16),
        cadence="2w", minutes=45, starts_on=ahead[0].on, ends_on=old.ends_on,
    )  # fmt: skip
    Session.objects.filter(pk__in=[one.pk for one in ahead]).update(state=Session.State.CANCELLED)

    page = client_of(cast.mentor.person).get(url_of(engagement)).text

    assert "Every two weeks, on Tuesdays, 45 minutes, since" in page
    assert reverse("schedule:session-detail", args=[ahead[0].pk]) not in page


def test_engagement_detail_after_the_end_offers_nothing_to_change(cast, client_of, engagement, ahead):
    end_engagement(engagement_id=engagement.pk, by=None, now=timezone.now())

    page = client_of(cast.mentee.person).get(url_of(engagement)).text

    assert "This engagement has ended" in page
    assert "badge--cancelled" in page
    for name in ("series-change", "series-link"):
        assert reverse(f"schedule:{name}", args=[ahead[0].series_id]) not in page
    assert reverse("schedule:session-move", args=[ahead[0].pk]) not in page


def test_admin_reads_dates_states_and_counts_and_no_word(cast, client_of, engagement, ahead):
    now = timezone.now()
    over = list(Session.objects.filter(series__engagement=engagement, ends_at__lte=now))
    for person in (cast.mentor.person, cast.mentee.person):
        mark_session(session_id=over[-1].pk, by=person, was_held=False, now=now)
    moves.skip_session(session_id=ahead[0].pk, by=cast.mentee.person, word="My father is ill.", now=now)
    Series.objects.filter(engagement=engagement).update(link="https://meet.example.org/room")

    page = client_of(cast.admin.person).get(url_of(engagement)).text

    assert f"{len(over)} past (0 held, 1 missed), {len(ahead) - 1} ahead, 1 skipped" in page
    assert page.count("<time") == len(over) + len(ahead)
    for secret in ("My father", "meet.example.org", "/sessions/", cast.goal.title, "What you undertook"):
        assert secret not in page


def test_engagement_detail_costs_the_same_however_many_sessions_it_has(cast, client_of, engagement, ahead):
    for reader in (cast.mentor.person, cast.admin.person):
        client = client_of(reader)
        whole = queries_of(client, url_of(engagement))
        for session in Session.objects.filter(pk__in=[one.pk for one in ahead[:3]]):
            later = session.starts_at + timedelta(hours=2)
            session.moves.get_or_create(
                state="open", defaults={"by": cast.mentee.person, "starts_at": later,
                                        "ends_at": later + timedelta(hours=1), "created_at": timezone.now()},
            )  # fmt: skip
        assert queries_of(client, url_of(engagement)) == whole
