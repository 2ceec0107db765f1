"""Time away: what it covers in all programs is skipped or moved, both told; and taken back."""

from datetime import date, datetime, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mentoring.engagements.services import accept_request, end_engagement
from mentoring.outbox.models import Mail
from mentoring.schedule import away
from mentoring.schedule.models import Move, Reminder, Reservation, Series, Session, TimeAway
from mentoring.schedule.services import ScheduleError
from mentoring.schedule.slots import common_starts, find_free
from mentoring.schedule.times import Terms
from tests import factories
from tests.factories import instant

pytestmark = pytest.mark.django_db
NOW = instant(2031, 2, 1, 12)
FROM, UNTIL = date(2031, 3, 3), date(2031, 3, 14)  # two Tuesdays: 4 and 11 March


@pytest.fixture
def series(cast) -> Series:
    """Twelve Tuesdays at 09:00 in London, from 18 February to 6 May."""
    factories.make_engagement(
        cast.goal, cast.mentor, now=NOW, starts_on=date(2031, 2, 18), ends_on=date(2031, 5, 6)
    )
    return Series.objects.get()


def take(series: Series, *, asks: bool = False, starts_on: date = FROM, ends_on: date = UNTIL, now=NOW):
    return away.take_time_away(person=series.mentor, starts_on=starts_on, ends_on=ends_on, asks=asks, now=now)


def remove(row: TimeAway, *, restores: bool = True, now: datetime = NOW) -> away.Outcome:
    return away.remove_time_away(away_id=row.pk, person=row.person, restores=restores, now=now)


def states(series: Series) -> list[str]:
    return list(series.sessions.order_by("on").values_list("state", flat=True))


def test_take_time_away_skips_what_it_covers_in_every_program(cast, series) -> None:
    elsewhere = factories.make_program()
    mentor = factories.make_member(elsewhere, series.mentor, is_mentor=True, capacity=3)
    goal = factories.make_goal(factories.make_mentee(elsewhere, name="Bea"))
    factories.make_engagement(goal, mentor, now=NOW, starts_on=date(2031, 2, 20), at=time(15))
    row, outcome = take(series)
    assert [one.on.day for one in outcome.skipped] == [4, 6, 11, 13]
    assert states(series) == ["planned"] * 2 + ["skipped"] * 2 + ["planned"] * 8
    skipped = Session.objects.filter(state="skipped")
    assert set(skipped.values_list("skipped_by", "away", "sequence")) == {(series.mentor_id, row.pk, 1)}
    assert not Reservation.objects.filter(session__in=skipped, is_live=True).exists()
    assert set(Reminder.objects.filter(session__in=skipped).values_list("state", flat=True)) == {"dropped"}


def test_take_time_away_tells_the_other_without_a_reason_and_the_person_in_sum(series) -> None:
    take(series)
    told = Mail.objects.get(kind="person_away")
    assert told.recipients == [series.mentee.email]
    assert told.subject == "Leila Haddad is away"
    assert "2 sessions with you are skipped" in told.text
    assert "- Tuesday 4 March 2031, 09:00 (Europe/London)\n- Tuesday 11 March" in told.text
    assert told.calendar.count("STATUS:CANCELLED") == 2
    summary = Mail.objects.get(kind="time_away_noted")
    assert summary.recipients == [series.mentor.email]
    assert "Tuesday 4 March, 09:00 with Amara Eze" in summary.text


@pytest.mark.parametrize(
    ("zone", "starts_on", "covered"),
    [
        # The session of 4 March, 09:00 in London, is at 22:00 in Auckland and at 23:00 on the 3rd in Honolulu
        ("Europe/London", date(2031, 3, 4), 1),
        ("Europe/London", date(2031, 3, 5), 0),
        ("Pacific/Auckland", date(2031, 3, 4), 1),
        ("Pacific/Honolulu", date(2031, 3, 3), 1),
        ("Pacific/Honolulu", date(2031, 3, 4), 0),
    ],
)
def test_days_are_those_of_the_persons_zone(series, zone: str, starts_on: date, covered: int) -> None:
    series.mentor.zone = zone
    assert len(away.covered_sessions(series.mentor, starts_on, starts_on, NOW)) == covered


def test_take_time_away_asks_for_another_time(series) -> None:
    _, outcome = take(series, asks=True, starts_on=date(2031, 3, 4), ends_on=date(2031, 3, 4))
    assert (outcome.skipped, len(outcome.asked)) == ([], 1)
    move = Move.objects.get()
    assert (move.by, move.state) == (series.mentor, "open")
    assert date(2031, 3, 3) <= move.starts_at.date() <= date(2031, 3, 5)
    assert move.starts_at.date() != date(2031, 3, 4)
    assert states(series) == ["planned"] * 12
    assert Mail.objects.get(kind="move_proposed").recipients == [series.mentee.email]
    assert not Mail.objects.filter(kind="person_away").exists()


def test_two_that_are_asked_for_do_not_get_the_same_time(cast, series) -> None:
    """The last hour of the day before is the nearest to both."""
    goal = factories.make_goal(factories.make_mentee(cast.program))
    factories.make_engagement(goal, cast.mentor, now=NOW, starts_on=date(2031, 2, 18), at=time(10))
    _, outcome = take(series, asks=True, starts_on=date(2031, 3, 4), ends_on=date(2031, 3, 4))
    assert len(outcome.asked) == 2
    first, second = Move.objects.order_by("starts_at")
    assert first.starts_at < first.ends_at <= second.starts_at


def test_what_cannot_be_within_ten_days_is_skipped(series) -> None:
    _, outcome = take(series, asks=True, starts_on=date(2031, 2, 10), ends_on=date(2031, 4, 4))
    assert [one.on for one in outcome.skipped] == [date(2031, 2, 18) + timedelta(weeks=n) for n in range(6)]
    assert [one.on for one in outcome.asked] == [date(2031, 4, 1)]


def test_no_time_is_proposed_within_time_away(series) -> None:
    take(series)
    around = instant(2031, 3, 4, 9)
    free = find_free(
        series.mentor, series.mentee, around=around, length=timedelta(hours=1), now=NOW,
        until=instant(2031, 3, 20),
    )  # fmt: skip
    found = [*free.protected, *free.others]
    assert found
    assert not [at for at in found if FROM <= at.date() <= UNTIL]
    terms = Terms(date(2031, 3, 10), date(2031, 5, 6), time.min, "Europe/London", "1w", 60)
    assert {start.on for start in common_starts(series.mentor, series.mentee, terms)} == set()


def test_a_new_series_skips_what_lies_in_time_away(cast, series) -> None:
    take(series)
    mentee = factories.make_mentee(cast.program)
    factories.make_engagement(
        factories.make_goal(mentee), cast.mentor, now=NOW, starts_on=date(2031, 2, 20), at=time(14)
    )
    new = Series.objects.get(mentee=mentee.person)
    assert states(new)[:5] == ["planned", "planned", "skipped", "skipped", "planned"]


def test_both_are_told_which_sessions_are_skipped_from_the_start(cast, client_of) -> None:
    request = factories.make_request(cast.goal, cast.mentor)
    second = request.starts_on + timedelta(weeks=1)
    TimeAway.objects.create(
        person=cast.mentor.person, starts_on=second, ends_on=second, created_at=timezone.now()
    )
    client = client_of(cast.mentor.person)
    page = client.get(reverse("engagements:request-detail", args=[request.pk]))
    assert f"{second:%A} {second.day} {second:%B %Y}: you are away, and this session is skipped." in page.text
    shown_to_admin = client_of(cast.admin.person).get(page.request["PATH_INFO"]).text
    assert "is away" not in shown_to_admin
    answer = client.post(
        reverse("engagements:request-accept", args=[request.pk]), {"terms": request.terms_key}, follow=True
    )
    assert f"Skipped, as one of you is away: {second.day} {second:%B}." in answer.text
    mail = Mail.objects.filter(kind="engagement_opened", person=cast.mentee.person).get()
    assert f"1 session falls on days when one of you is away, and is skipped: {second.day}" in mail.text
    assert mail.calendar.count("BEGIN:VEVENT") == 12


def test_take_time_away_twice_is_refused(series) -> None:
    take(series)
    with pytest.raises(ScheduleError, match="noted these days already"):
        take(series)
    assert TimeAway.objects.count() == 1


def test_remove_time_away_restores_what_is_still_free(cast, series) -> None:
    row, _ = take(series)
    factories.make_engagement(
        factories.make_goal(factories.make_mentee(cast.program)), cast.mentor, now=NOW,
        starts_on=date(2031, 2, 18), ends_on=date(2031, 3, 8), at=time(16),
    )  # fmt: skip
    taken = series.sessions.get(on=date(2031, 3, 11))
    Reservation.objects.filter(person=series.mentee, session__on=date(2031, 3, 18)).update(
        during=(taken.starts_at, taken.ends_at)
    )
    outcome = remove(row)
    assert [one.on.day for one in outcome.restored if one.series_id == series.pk] == [4]
    assert [one.on.day for one in outcome.taken] == [11]
    assert states(series)[2:4] == ["planned", "skipped"]
    restored = series.sessions.get(on=date(2031, 3, 4))
    assert (restored.sequence, restored.skipped_by, restored.away) == (2, None, None)
    assert restored.reservations.filter(is_live=True).count() == 2
    assert restored.reminders.filter(state="waiting").count() == 4
    mail = Mail.objects.filter(kind="person_not_away", person=series.mentee).get()
    assert "Tuesday 4 March 2031, 09:00 (Europe/London)" in mail.text
    assert not TimeAway.objects.exists()


def test_remove_time_away_may_leave_them_skipped(series) -> None:
    row, _ = take(series)
    assert remove(row, restores=False).restored == []
    assert states(series)[2:4] == ["skipped", "skipped"]
    assert not Mail.objects.filter(kind="person_not_away").exists()


def test_remove_time_away_leaves_what_another_still_covers(series) -> None:
    row, _ = take(series)
    take(series, starts_on=date(2031, 3, 11), ends_on=date(2031, 3, 11))
    outcome = remove(row)
    assert ([one.on.day for one in outcome.restored], [one.on.day for one in outcome.taken]) == ([4], [11])


def test_remove_time_away_restores_nothing_that_has_passed_or_ended(series) -> None:
    row, _ = take(series)
    assert [one.on.day for one in away.restorable(row, instant(2031, 3, 4, 9))] == [11]
    end_engagement(engagement_id=series.engagement_id, by=None, now=NOW)
    assert away.restorable(row, NOW) == []


# Pages


def days(first: int, last: int, **over) -> dict[str, object]:
    today = timezone.localdate()
    return {
        "starts_on": today + timedelta(days=first), "ends_on": today + timedelta(days=last), "choice": "skip",
    } | over  # fmt: skip


NEW = "schedule:time-away-new"


def test_time_away_new_shows_what_it_covers_before_it_is_saved(cast, client_of) -> None:
    factories.make_engagement(cast.goal, cast.mentor)
    client = client_of(cast.mentor.person)
    data = days(7, 21)
    page = client.post(reverse(NEW), data)
    assert len(page.context["covered"]) == Session.objects.planned().filter(
        starts_at__date__range=(data["starts_on"], data["ends_on"])
    ).count() > 0  # fmt: skip
    assert "Nothing is saved yet" in page.text
    assert not TimeAway.objects.exists()
    answer = client.post(reverse(NEW), data | {"seen": page.context["seen"]})
    assert answer.url == reverse("schedule:time-away-list")
    assert TimeAway.objects.get().sessions.count() == len(page.context["covered"])


def test_time_away_new_shows_anew_when_more_is_covered(cast, client_of) -> None:
    factories.make_engagement(cast.goal, cast.mentor)
    client = client_of(cast.mentor.person)
    seen = client.post(reverse(NEW), days(7, 13)).context["seen"]
    assert client.post(reverse(NEW), days(7, 28, seen=seen)).status_code == 200
    assert not TimeAway.objects.exists()


def test_time_away_new_skips_nothing_that_is_reserved_while_it_is_saved(
    cast, client_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking what is covered and the locks another pair agrees on a session on these days."""
    factories.make_engagement(cast.goal, cast.mentor, at=time(15))
    request = factories.make_request(factories.make_goal(factories.make_mentee(cast.program)), cast.mentor)
    client = client_of(cast.mentor.person)
    seen = client.post(reverse(NEW), days(7, 21)).context["seen"]
    real = away.take_time_away

    def take_late(**kwargs):
        monkeypatch.undo()
        accept_request(request_id=request.pk, by=cast.mentor.person, now=timezone.now())
        return real(**kwargs)

    monkeypatch.setattr(away, "take_time_away", take_late)
    answer = client.post(reverse(NEW), days(7, 21, seen=seen))
    assert "Your sessions on these days have changed meanwhile" in answer.text
    assert not TimeAway.objects.exists()
    assert {other for _, other in answer.context["covered"]} == {cast.mentee.person, request.mentee}
    assert client.post(reverse(NEW), days(7, 21, seen=answer.context["seen"])).status_code == 302
    row = TimeAway.objects.get()
    assert not away.covered_sessions(row.person, row.starts_on, row.ends_on, timezone.now())


def test_time_away_new_twice_is_refused_on_the_page(cast, client_of) -> None:
    client = client_of(cast.mentor.person)
    client.post(reverse(NEW), days(0, 0))
    assert "You have noted these days already." in client.post(reverse(NEW), days(0, 0)).text
    assert TimeAway.objects.count() == 1


def test_time_away_new_that_covers_nothing_is_saved_at_once(cast, client_of) -> None:
    client = client_of(cast.mentor.person)
    assert client.post(reverse(NEW), days(0, 0)).status_code == 302
    assert TimeAway.objects.get().person == cast.mentor.person


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"starts_on": timezone.localdate() - timedelta(days=1)}, "starts_on"),
        ({"starts_on": "0001-01-01"}, "starts_on"),
        ({"starts_on": "9999-12-31"}, "starts_on"),
        ({"starts_on": ""}, "starts_on"),
        ({"starts_on": "2\x00"}, "starts_on"),
        ({"ends_on": timezone.localdate() + timedelta(days=2)}, "ends_on"),
        ({"ends_on": timezone.localdate() + timedelta(days=380)}, "ends_on"),
        ({"ends_on": "9999-12-31"}, "ends_on"),
        ({"choice": "vanish"}, "choice"),
    ],
)
def test_time_away_new_refuses_beside_the_field(cast, client_of, over: dict, field: str) -> None:
    answer = client_of(cast.mentor.person).post(reverse(NEW), days(7, 10, **over))
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert not TimeAway.objects.exists()


def test_time_away_remove_is_the_owners_alone(cast, client_of) -> None:
    row, _ = away.take_time_away(
        person=cast.mentor.person, starts_on=date(2031, 3, 3), ends_on=date(2031, 3, 4), asks=False, now=NOW
    )
    url = reverse("schedule:time-away-remove", args=[row.pk])
    for person in (cast.mentee.person, cast.admin.person, cast.stranger):
        assert client_of(person).post(url).status_code == 404
    assert client_of(cast.mentor.person).get(url).status_code == 200
    assert client_of(cast.mentor.person).post(url).url == reverse("schedule:time-away-list")
    assert not TimeAway.objects.exists()
