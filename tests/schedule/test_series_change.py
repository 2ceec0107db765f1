"""Other terms from some date on: proposed by one, answered by the other, all of it or nothing."""

from datetime import date, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mentoring.engagements.services import end_engagement
from mentoring.outbox.models import Mail
from mentoring.schedule import changes
from mentoring.schedule.models import Change, Reminder, Reservation, Series, Session, TimeAway
from mentoring.schedule.moves import accept_move, propose_move
from mentoring.schedule.services import ScheduleError
from mentoring.schedule.slots import common_starts
from mentoring.schedule.times import Cadence, Terms
from tests import factories
from tests.factories import instant

pytestmark = pytest.mark.django_db
NOW = instant(2031, 2, 1, 12)
MARCH = date(2031, 3, 18)


@pytest.fixture
def series(cast) -> Series:
    """Twelve Tuesdays at 09:00 in London, from 18 February to 6 May, over the change of 30 March."""
    factories.make_engagement(
        cast.goal, cast.mentor, now=NOW, starts_on=date(2031, 2, 18), ends_on=date(2031, 5, 6)
    )
    return Series.objects.get()


def other_terms(series: Series, **over) -> Terms:
    """Every second Wednesday at 14:00 from 19 March on: four sessions."""
    fields = {
        "starts_on": date(2031, 3, 19),
        "ends_on": series.ends_on,
        "at": time(14),
        "zone": "Europe/London",
        "cadence": Cadence.TWO_WEEKS,
        "minutes": 90,
    }
    return Terms(**fields | over)


def propose(series: Series, by=None, now=NOW, **over) -> Change:
    terms = other_terms(series, **over)
    return changes.propose_change(series_id=series.pk, by=by or series.mentee, terms=terms, now=now)


def accept(change: Change, now=NOW) -> Series:
    other = change.series.other(change.by)
    return changes.accept_change(change_id=change.pk, by=other, now=now)


def states(series: Series) -> list[str]:
    return list(series.sessions.order_by("on").values_list("state", flat=True))


def test_propose_change_changes_nothing_but_asks_the_other(series) -> None:
    change = propose(series)
    assert states(series) == ["planned"] * 12
    assert list(Change.objects.awaiting(series.mentor, NOW)) == [change]
    assert not Change.objects.awaiting(series.mentee, NOW).exists()
    mail = Mail.objects.get(kind="change_proposed")
    assert mail.recipients == [series.mentor.email]
    assert "Every two weeks, on Wednesdays at 14:00 (Europe/London), 1½ hours" in mail.text


def test_accept_change_gives_up_what_lies_after_and_reserves_the_new(series) -> None:
    successor = accept(propose(series))
    assert states(series) == ["planned"] * 5 + ["cancelled"] * 7
    assert set(series.sessions.filter(state="cancelled").values_list("sequence", flat=True)) == {1}
    assert (successor.replaces, successor.minutes, successor.cadence) == (series, 90, "2w")
    assert [session.on for session in successor.sessions.all()] == [
        date(2031, 3, 19) + timedelta(weeks=2 * n) for n in range(4)
    ]
    assert Reservation.objects.filter(is_live=True).count() == (5 + 4) * 2
    assert not Reminder.objects.filter(session__state="cancelled", state="waiting").exists()
    assert list(Series.objects.in_force()) == [successor]


def test_accept_change_tells_each_in_one_mail_with_a_file(series) -> None:
    accept(propose(series))
    mails = {mail.recipients[0]: mail for mail in Mail.objects.filter(kind="series_changed")}
    assert set(mails) == {series.mentor.email, series.mentee.email}
    mail = mails[series.mentor.email]
    assert mail.calendar_method == "PUBLISH"
    assert mail.calendar.count("STATUS:CANCELLED") == 7
    assert mail.calendar.count("STATUS:CONFIRMED") == 4
    assert "Tuesday 25 March 2031, 09:00" in mail.text
    assert Mail.objects.get(kind="change_proposed").state == "withdrawn"


def test_accept_change_leaves_the_past_alone(series) -> None:
    """Accepted late: a session of the new span that has been held stays as it was."""
    late = instant(2031, 3, 18, 10)
    change = propose(series, now=instant(2031, 3, 17), starts_on=date(2031, 3, 19))
    accept(change, now=late)
    assert states(series)[:5] == ["planned"] * 5


def test_accept_change_keeps_the_hour_where_old_and_new_overlap(series) -> None:
    """What the new series takes the place of does not stand in its way."""
    successor = accept(propose(series, starts_on=MARCH, at=time(9, 30), cadence="1w", minutes=60))
    assert successor.sessions.planned().count() == 8
    assert states(series) == ["planned"] * 4 + ["cancelled"] * 8


def test_accept_change_that_collides_changes_nothing(cast, series) -> None:
    held = {"starts_on": date(2031, 4, 2), "ends_on": date(2031, 4, 30), "at": time(14), "cadence": "4w"}
    factories.make_engagement(
        factories.make_goal(factories.make_mentee(cast.program)), cast.mentor, now=NOW, **held
    )
    before = list(Reservation.objects.order_by("pk").values_list("pk", "is_live", "during"))
    change = propose(series)
    with pytest.raises(ScheduleError, match=r"2 of 4 sessions collide .* Wednesday 2 April.*Free for all: "):
        accept(change)
    assert list(Reservation.objects.order_by("pk").values_list("pk", "is_live", "during")) == before
    change.refresh_from_db()
    assert change.state == "open"
    assert states(series) == ["planned"] * 12
    assert not Mail.objects.filter(kind="series_changed").exists()


def test_accept_change_skips_time_away(series) -> None:
    TimeAway.objects.create(
        person=series.mentor, starts_on=date(2031, 4, 1), ends_on=date(2031, 4, 3), created_at=NOW
    )
    successor = accept(propose(series))
    assert states(successor) == ["planned", "skipped", "planned", "planned"]
    skipped = successor.sessions.get(state="skipped")
    assert (skipped.skipped_by, skipped.away.person) == (series.mentor, series.mentor)
    assert not skipped.reservations.exists()
    mail = Mail.objects.filter(kind="series_changed").first()
    assert f"Wednesday 2 April 2031: {series.mentor.name} is away, and this session is skipped." in mail.text


def test_accept_change_lets_open_moves_of_what_is_given_up_lapse(series) -> None:
    session = series.sessions.get(on=date(2031, 4, 1))
    move = propose_move(session_id=session.pk, by=series.mentor, starts_at=instant(2031, 4, 3, 9), now=NOW)
    accept(propose(series))
    move.refresh_from_db()
    assert move.state == "lapsed"


def test_accept_change_keeps_a_session_moved_behind_its_first_date(series) -> None:
    """It stands for a date before: it stays, and its time is taken."""
    session = series.sessions.get(on=date(2031, 3, 11))
    move = propose_move(session_id=session.pk, by=series.mentor, starts_at=instant(2031, 3, 20, 9), now=NOW)
    accept_move(session_id=session.pk, move_id=move.pk, by=series.mentee, now=NOW)
    accept(propose(series))
    session.refresh_from_db()
    assert session.state == "planned"


def test_decline_change_tells_the_proposer(series) -> None:
    change = changes.decline_change(change_id=propose(series).pk, by=series.mentor, now=NOW)
    assert (change.state, change.closed_at) == ("declined", NOW)
    assert Mail.objects.get(kind="change_declined").recipients == [series.mentee.email]
    assert states(series) == ["planned"] * 12


@pytest.mark.parametrize("was_sent", [True, False])
def test_withdraw_change_tells_whoever_was_told(series, was_sent: bool) -> None:
    change = propose(series)
    if was_sent:
        Mail.objects.filter(kind="change_proposed").update(state="sent", sent_at=NOW)
    changes.withdraw_change(change_id=change.pk, by=series.mentee, now=NOW)
    change.refresh_from_db()
    assert change.state == "withdrawn"
    assert Mail.objects.filter(kind="change_withdrawn").count() == was_sent


def test_offering_other_terms_replaces_what_was_proposed(series) -> None:
    first = propose(series)
    second = propose(series, by=series.mentor, at=time(15))
    first.refresh_from_db()
    assert (first.state, second.state) == ("replaced", "open")
    with pytest.raises(ScheduleError, match="Other terms have been proposed meanwhile"):
        accept(first)
    accept(second)
    assert Series.objects.in_force().get().at == time(15)


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"starts_on": date(2031, 1, 29)}, "in the past"),
        ({"ends_on": date(2031, 6, 1)}, "ends before"),
        ({"starts_on": MARCH, "at": time(9), "cadence": "1w", "minutes": 60}, "have already"),
        ({"starts_on": date(2031, 4, 30), "cadence": "m1"}, "in the past"),
    ],
)
def test_propose_change_refuses(series, over: dict, words: str) -> None:
    with pytest.raises(ScheduleError, match=words):
        propose(series, **over)


def test_propose_change_twice_asks_once(series) -> None:
    assert propose(series) == propose(series)
    assert Mail.objects.filter(kind="change_proposed", state="waiting").count() == 1


def test_propose_change_is_refused_the_sixth_time_in_a_day(series) -> None:
    for minute in range(5):
        propose(series, at=time(14, minute))
    with pytest.raises(ScheduleError, match="many times today"):
        propose(series, at=time(14, 30))
    propose(series, at=time(14, 30), now=NOW + timedelta(days=1, minutes=1))


@pytest.mark.parametrize(
    ("act", "by", "words"),
    [
        (changes.accept_change, "mentee", "for the other to accept"),
        (changes.decline_change, "mentee", "take them back"),
        (changes.withdraw_change, "mentor", "Only the one who proposed"),
    ],
)
def test_answers_by_the_wrong_one_are_refused(series, act, by: str, words: str) -> None:
    with pytest.raises(ScheduleError, match=words):
        act(change_id=propose(series).pk, by=getattr(series, by), now=NOW)


def test_a_change_is_answered_once(series) -> None:
    change = propose(series)
    accept(change)
    for act in (changes.accept_change, changes.decline_change):
        with pytest.raises(ScheduleError, match="agreed already"):
            act(change_id=change.pk, by=series.mentor, now=NOW)


def test_a_series_that_was_replaced_is_not_changed_again(series) -> None:
    accept(propose(series))
    with pytest.raises(ScheduleError, match="other terms meanwhile"):
        propose(series, at=time(16))


def test_ending_lets_an_open_change_lapse_and_withdraws_its_mail(series) -> None:
    change = propose(series)
    end_engagement(engagement_id=series.engagement_id, by=series.mentor, now=NOW)
    change.refresh_from_db()
    assert (change.state, change.closed_at) == ("lapsed", NOW)
    assert Mail.objects.get(kind="change_proposed").state == "withdrawn"
    with pytest.raises(ScheduleError, match="no longer possible"):
        accept(change)


def test_ending_cancels_what_a_change_reserved(series) -> None:
    accept(propose(series))
    end_engagement(engagement_id=series.engagement_id, by=series.mentor, now=instant(2031, 3, 1))
    assert Reservation.objects.filter(is_live=True).count() == 2 * 2  # held on 18 and 25 February
    assert not Session.objects.planned().filter(starts_at__gt=instant(2031, 3, 1)).exists()


def test_lapse_changes_closes_those_whose_first_session_would_have_begun(series) -> None:
    change = propose(series)
    assert changes.lapse_changes(instant(2031, 3, 19, 13, 59)) == 0
    assert changes.is_open_to_answer(change, instant(2031, 3, 19, 13, 59))
    assert not changes.is_open_to_answer(change, instant(2031, 3, 19, 14))
    assert changes.lapse_changes(instant(2031, 3, 19, 14)) == 1
    assert changes.lapse_changes(instant(2031, 3, 19, 14)) == 0
    change.refresh_from_db()
    assert change.state == "lapsed"


def test_a_change_whose_first_date_is_over_awaits_nobody(series) -> None:
    propose(series)
    for last, awaits in ((instant(2031, 3, 20, 11, 59), True), (instant(2031, 3, 20, 12), False)):
        assert Change.objects.awaiting(series.mentor, last).exists() is awaits


def test_time_away_noted_meanwhile_is_shown_before_a_change_is_accepted(cast, running, client_of) -> None:
    change = propose(running, now=timezone.now(), **over_now(running))
    mentor, page = client_of(cast.mentor.person), reverse("schedule:change-detail", args=[change.pk])
    accepting = reverse("schedule:change-accept", args=[change.pk])
    seen = mentor.get(page).context["preview"].key
    second = change.terms.occurrences()[1].on
    TimeAway.objects.create(
        person=running.mentee, starts_on=second, ends_on=second, created_at=timezone.now()
    )
    for stale in ({"seen": seen}, {}):
        answer = mentor.post(accepting, stale, follow=True)
        assert "The dates that differ have changed meanwhile" in answer.text
        assert f"{running.mentee.name} is away, and this session is skipped" in answer.text
        assert Series.objects.count() == 1
    mentor.post(accepting, {"seen": answer.context["preview"].key})
    assert Series.objects.in_force().get().sessions.get(on=second).state == "skipped"


# Pages


@pytest.fixture
def running(cast) -> Series:
    factories.make_engagement(cast.goal, cast.mentor)
    return Series.objects.get()


def filled(series: Series, **over) -> dict[str, object]:
    """What one sends who names a time of their own, on a Thursday."""
    on = factories.next_weekday(3, timezone.localdate() + timedelta(days=20))
    return {
        "from_on": on,
        "cadence": "1w",
        "minutes": 30,
        "zone_kept": "Europe/London",
        "start": "other",
        "on": on,
        "at": "17:45",
    } | over


def test_series_change_is_proposed_and_accepted(cast, running, client_of) -> None:
    mentor, mentee = client_of(cast.mentor.person), client_of(cast.mentee.person)
    url = reverse("schedule:series-change", args=[running.pk])
    assert "weekly, on Tuesdays at 09:00 (Europe/London), 1 hour" in mentee.get(url).text
    answer = mentee.post(url, filled(running))
    change = Change.objects.get()
    assert answer.url == reverse("schedule:change-detail", args=[change.pk])
    assert "has yet to answer" in mentee.get(answer.url).text
    page = mentor.get(answer.url)
    assert "Weekly, on Thursdays, 30 minutes" in page.text
    seen = {"seen": page.context["preview"].key}
    assert f'name="seen" value="{seen["seen"]}"' in page.text
    assert mentor.post(reverse("schedule:change-accept", args=[change.pk]), seen).url == answer.url
    assert Series.objects.in_force().get().minutes == 30
    assert "agreed" not in mentor.get(url, follow=False).headers.get("Location", "")
    assert mentor.get(url).url == reverse("engagements:engagement-detail", args=[running.engagement_id])


def test_times_that_the_old_series_holds_are_free_for_what_replaces_it(series) -> None:
    terms = other_terms(series, starts_on=date(2031, 3, 17), at=time.min, cadence="1w", minutes=60)
    tuesday_at_nine = (date(2031, 3, 18), time(9))
    for replacing, is_free in ((series, True), (None, False)):
        starts = common_starts(series.mentor, series.mentee, terms, replacing=replacing)
        assert (tuesday_at_nine in {(start.on, start.at) for start in starts}) is is_free


def test_series_change_offers_times(cast, running, client_of) -> None:
    client = client_of(cast.mentee.person)
    form = client.get(reverse("schedule:series-change", args=[running.pk])).context["form"]
    assert len(form.starts) >= 15
    assert form.replacing == running


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"from_on": ""}, "from_on"),
        ({"from_on": "0001-01-01"}, "from_on"),
        ({"from_on": "9999-12-31"}, "from_on"),
        ({"from_on": timezone.localdate()}, "from_on"),
        ({"on": ""}, "on"),
        ({"on": "9999-12-31"}, "on"),
        ({"on": timezone.localdate() + timedelta(days=3)}, "on"),
        ({"at": ""}, "at"),
        ({"cadence": "m9"}, "cadence"),
        ({"minutes": 20}, "minutes"),
        ({"zone_kept": "Asia/Kolkata"}, "zone_kept"),
        ({"start": "\x00"}, "start"),
    ],
)
def test_series_change_refuses_bad_input_beside_its_field(
    cast, running, client_of, over: dict, field: str
) -> None:
    client = client_of(cast.mentee.person)
    answer = client.post(reverse("schedule:series-change", args=[running.pk]), filled(running, **over))
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert Change.objects.count() == 0


def test_series_change_names_the_next_date_that_is_the_nth_weekday(cast, running, client_of) -> None:
    client = client_of(cast.mentee.person)
    on = next(
        day
        for n in range(20, 60)
        if (day := timezone.localdate() + timedelta(days=n)).weekday() == 3 and 8 <= day.day <= 14
    )
    wrong, right = on - timedelta(days=7), on
    answer = client.post(
        reverse("schedule:series-change", args=[running.pk]), filled(running, cadence="m2", on=wrong)
    )
    assert answer.context["form"].errors["on"] == [
        f"{wrong.day} {wrong:%B} is not the second Thursday of its month. "
        f"The next one is {right.day} {right:%B %Y}."
    ]


def test_series_change_times_is_a_fragment_without_complaints(cast, running, client_of) -> None:
    client = client_of(cast.mentee.person)
    url = reverse("schedule:series-change-times", args=[running.pk])
    answer = client.post(url, {"cadence": "m5", "minutes": 180}, headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith('<fieldset class="fieldset" id="times"')
    assert "Last " in answer.text
    assert 'class="errorlist"' not in answer.text
    assert "<html" in client.post(url, {"cadence": "1w"}).text


def test_series_change_times_after_the_end_leads_away_and_is_no_fragment(cast, running, client_of) -> None:
    end_engagement(engagement_id=running.engagement_id, by=None, now=timezone.now())
    client, url = client_of(cast.mentee.person), reverse("schedule:series-change-times", args=[running.pk])
    back = reverse("engagements:engagement-detail", args=[running.engagement_id])
    assert client.post(url, {}).url == back
    answer = client.post(url, {}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"], answer.text) == (200, back, "")


def test_change_pages_are_not_found_for_others(cast, running, client_of) -> None:
    change = propose(running, now=timezone.now(), **over_now(running))
    for person in (cast.admin.person, cast.stranger):
        client = client_of(person)
        assert client.get(reverse("schedule:change-detail", args=[change.pk])).status_code == 404
        assert client.post(reverse("schedule:change-accept", args=[change.pk])).status_code == 404
        assert client.get(reverse("schedule:series-change", args=[running.pk])).status_code == 404


def over_now(series: Series) -> dict[str, object]:
    return {"starts_on": factories.next_weekday(3, timezone.localdate() + timedelta(days=20))}


def test_after_the_end_a_change_is_read_alone(cast, running, client_of) -> None:
    change = propose(running, now=timezone.now(), **over_now(running))
    end_engagement(engagement_id=running.engagement_id, by=None, now=timezone.now())
    client = client_of(cast.mentor.person)
    page = client.get(reverse("schedule:change-detail", args=[change.pk]))
    assert (page.status_code, "Accept" in page.text) == (200, False)
    assert client.get(reverse("schedule:series-change", args=[running.pk])).status_code == 302
    client.post(reverse("schedule:change-accept", args=[change.pk]))
    assert Series.objects.count() == 1


def test_gaps_are_shown_before_a_request_is_sent(cast, client_of, settings) -> None:
    """A time that the clocks skip or repeat within half a year: sent only when it has been shown."""
    client = client_of(cast.mentee.person)
    today = timezone.localdate()
    sunday = factories.next_weekday(6, today + timedelta(days=5))
    data = {
        "goal": cast.goal.pk, "message": "Help me.", "offer": "Figures.", "cadence": "1w", "minutes": 30,
        "ends_on": today + timedelta(weeks=26), "start": "other", "on": sunday, "at": "01:30",
    }  # fmt: skip
    url = reverse("engagements:request-new", args=[cast.program.slug, cast.mentor.person_id])
    shown = client.post(url, data)
    (words,) = shown.context["form"].errors["start"]
    assert "comes twice in Europe/London" in words or "skip 01:30" in words
    assert client.post(url, data | {"seen": shown.context["form"].seen}).status_code == 302


def test_what_is_agreed_to_is_shown_again_when_more_dates_differ(cast, client_of) -> None:
    """Another length, or time away that was noted meanwhile, is not what was read."""
    client, today = client_of(cast.mentee.person), timezone.localdate()
    on = factories.next_weekday(3, today + timedelta(days=5))
    data = {
        "goal": cast.goal.pk, "message": "Help me.", "offer": "Figures.", "cadence": "1w", "minutes": 30,
        "ends_on": on + timedelta(weeks=4), "start": "other", "on": on, "at": "12:00",
    }  # fmt: skip
    url = reverse("engagements:request-new", args=[cast.program.slug, cast.mentor.person_id])
    for weeks in (1, 2):
        away = on + timedelta(weeks=weeks)
        TimeAway.objects.create(
            person=cast.mentor.person, starts_on=away, ends_on=away, created_at=timezone.now()
        )
        shown = client.post(url, data).context["form"]
        assert f"{away.day} {away:%B %Y}: Leila Haddad is away" in shown.errors["start"][0]
        data["seen"] = shown.seen
    assert client.post(url, data | {"minutes": 60}).status_code == 200
    assert client.post(url, data).status_code == 302
