"""New zone data: a real zone file is compiled, in which London gives up summer time from 2031 on."""

import struct
import zoneinfo
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from mentoring.outbox.models import Mail
from mentoring.schedule import moves
from mentoring.schedule.models import Reservation, Series, Session, TimeAway
from mentoring.schedule.taken import away_of
from mentoring.schedule.zones import recompute_zones
from tests import factories
from tests.factories import instant
from tests.racing import race, refusals

pytestmark = pytest.mark.django_db
NOW = instant(2031, 2, 1, 12)
LATER = instant(2031, 2, 20, 12)
HOUR = timedelta(hours=1)
FIRST_IN_SUMMER = date(2031, 4, 1)


def zone_file(offset: timedelta, letters: str, rule: str) -> bytes:
    """A TZif of version 2 (RFC 8536) with one kind of local time, and a rule for what comes after."""
    names = letters.encode() + b"\x00"
    # version, then counts: UT and standard flags, leap seconds, transitions, kinds, letters of names
    header = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, len(names))
    kind = struct.pack(">lbb", int(offset.total_seconds()), 0, 0)
    return (header + kind + names) * 2 + b"\n" + rule.encode() + b"\n"


@pytest.fixture
def new_london(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Installs the new zone data when called."""
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe/London").write_bytes(zone_file(timedelta(0), "GMT", "GMT0"))

    def install() -> None:
        zoneinfo.reset_tzpath(to=[str(tmp_path)])
        ZoneInfo.clear_cache()

    yield install
    zoneinfo.reset_tzpath(to=())
    ZoneInfo.clear_cache()


@pytest.fixture
def series(cast) -> Series:
    """Twelve Tuesdays at 09:00 in London, from 18 February to 6 May; the last six of them in summer time."""
    return engage(cast, cast.mentee)


def engage(cast, mentee, **over) -> Series:
    goal = factories.make_goal(mentee)
    fields = {"now": NOW, "starts_on": date(2031, 2, 18), "ends_on": date(2031, 5, 6)} | over
    return Series.objects.get(engagement=factories.make_engagement(goal, cast.mentor, **fields))


def hours(series: Series) -> list[int]:
    return [session.starts_at.hour for session in series.sessions.order_by("on")]


def test_zones_come_from_the_package_alone() -> None:
    assert zoneinfo.TZPATH == ()
    assert len(zoneinfo.available_timezones()) > 590
    assert "reset_tzpath" in (Path(settings.BASE_DIR) / "mentoring/settings.py").read_text()


def test_nothing_moves_while_the_data_are_the_same(series) -> None:
    assert recompute_zones(LATER) == 0
    assert not Mail.objects.filter(kind="zone_changed").exists()


def test_recompute_keeps_the_local_time_of_what_lies_ahead(series, new_london) -> None:
    assert hours(series) == [9] * 6 + [8] * 6
    new_london()
    assert recompute_zones(LATER) == 6
    assert hours(series) == [9] * 12
    sessions = list(series.sessions.order_by("on"))
    assert [session.sequence for session in sessions] == [0] * 6 + [1] * 6
    assert all(session.ends_at - session.starts_at == HOUR for session in sessions)
    for session in sessions:
        spans = set(session.reservations.values_list("during", flat=True))
        assert [(span.lower, span.upper) for span in spans] == [(session.starts_at, session.ends_at)]
    due = sessions[6].reminders.filter(state="waiting").values_list("due_at", flat=True)
    assert set(due) == {sessions[6].starts_at - 24 * HOUR, sessions[6].starts_at - HOUR}


def test_recompute_tells_both_once_what_moved(series, new_london) -> None:
    new_london()
    recompute_zones(LATER)
    assert recompute_zones(LATER + HOUR) == 0
    mails = Mail.objects.filter(kind="zone_changed")
    assert sorted(mail.recipients[0] for mail in mails) == sorted([series.mentor.email, series.mentee.email])
    mail = mails[0]
    assert mail.text.count(", before ") == 6
    assert "Tuesday 1 April 2031, 09:00, before 08:00" in mail.text
    assert mail.calendar.count("BEGIN:VEVENT") == 6
    assert mail.calendar.count("SEQUENCE:1") == 6


def test_recompute_leaves_alone_what_was_moved_cancelled_or_has_begun(cast, series, new_london) -> None:
    session = series.sessions.get(on=FIRST_IN_SUMMER)
    move = moves.propose_move(
        session_id=session.pk, by=series.mentor, starts_at=instant(2031, 4, 2, 9), now=NOW
    )
    moves.accept_move(session_id=session.pk, move_id=move.pk, by=series.mentee, now=NOW)
    series.sessions.filter(on=date(2031, 4, 8)).update(state="cancelled")
    new_london()
    begun = instant(2031, 4, 15, 8)
    assert recompute_zones(begun) == 3
    assert hours(series)[6:] == [9, 8, 8, 9, 9, 9]
    assert recompute_zones(LATER) == 1  # the one of 15 April, had it not begun
    session.refresh_from_db()
    assert (session.starts_at, session.sequence) == (instant(2031, 4, 2, 9), 1)
    assert hours(series)[6:] == [9, 8, 9, 9, 9, 9]


def test_recompute_moves_what_is_skipped_without_a_word(series, new_london) -> None:
    series.sessions.filter(on__gte=FIRST_IN_SUMMER).update(state="skipped")
    Reservation.objects.filter(session__state="skipped").update(is_live=False)
    new_london()
    assert recompute_zones(LATER) == 6
    assert hours(series) == [9] * 12
    assert not Mail.objects.filter(kind="zone_changed").exists()


def test_recompute_keeps_the_old_time_where_the_new_one_is_taken(cast, series, new_london) -> None:
    """At 09:00 of UTC the mentor has somebody else on 8 April."""
    other = engage(
        cast, factories.make_mentee(cast.program), zone="UTC", cadence="4w",
        starts_on=date(2031, 4, 8), ends_on=date(2031, 5, 6),
    )  # fmt: skip
    taken = {session.on for session in other.sessions.all()}
    assert taken == {date(2031, 4, 8), date(2031, 5, 6)}
    new_london()
    assert recompute_zones(LATER) == 4
    kept = series.sessions.filter(on__in=taken)
    assert {(session.starts_at.hour, session.is_moved, session.sequence) for session in kept} == {
        (8, True, 0)
    }
    assert recompute_zones(LATER) == 0
    mail = Mail.objects.get(kind="zone_changed", person=series.mentee)
    assert (
        "please choose another time for them:\n\n- Tuesday 8 April 2031, 08:00\n- Tuesday 6 May" in mail.text
    )
    assert mail.text.count(", before ") == 4


@pytest.mark.parametrize("first_is", ["earlier", "later"])
def test_neighbours_that_both_move_make_room_for_each_other(cast, series, new_london, first_is: str) -> None:
    """The mentor's next session begins when this one ends: its old place is this one's new one."""
    after = engage(cast, factories.make_mentee(cast.program), at=time(10))
    if first_is == "later":  # the order in which they are looked at follows their ids
        Series.objects.filter(pk=after.pk).update(at=time(9))
        series, after = after, series
        for one, hour in ((after, time(10)), (series, time(9))):
            Reservation.objects.filter(session__series=one).delete()
            Series.objects.filter(pk=one.pk).update(at=hour)
        for one in (after, series):
            _set_again(one)
    new_london()
    assert recompute_zones(LATER) == 12
    series.refresh_from_db()
    after.refresh_from_db()
    assert (hours(series), hours(after)) == ([9] * 12, [10] * 12)
    assert not Session.objects.filter(is_moved=True).exists()


def _set_again(series: Series) -> None:
    series.refresh_from_db()
    for session in series.sessions.all():
        session.starts_at = datetime.combine(session.on, series.at, ZoneInfo("Europe/London")).astimezone(UTC)
        session.ends_at = session.starts_at + HOUR
        session.save(update_fields=["starts_at", "ends_at"])
        for person in (series.mentor, series.mentee):
            Reservation.objects.create(
                session=session, person=person, during=(session.starts_at, session.ends_at)
            )


def test_time_away_follows_the_new_data(cast, new_london) -> None:
    row = TimeAway(person=cast.mentor.person, starts_on=date(2031, 7, 1), ends_on=date(2031, 7, 1))
    assert away_of(row).begins_at == instant(2031, 6, 30, 23)
    new_london()
    assert away_of(row).begins_at == instant(2031, 7, 1)


@pytest.mark.django_db(transaction=True)
def test_recompute_and_accepting_moves_at_once(cast, new_london) -> None:
    series = engage(cast, cast.mentee)
    summer = list(series.sessions.filter(on__gte=FIRST_IN_SUMMER).order_by("on"))
    asked = {
        session: moves.propose_move(
            session_id=session.pk, by=series.mentor, starts_at=session.starts_at + 5 * HOUR, now=NOW
        )
        for session in summer[:3]
    }
    new_london()
    accepts = [
        lambda session=session, move=move: moves.accept_move(
            session_id=session.pk, move_id=move.pk, by=series.mentee, now=LATER
        )
        for session, move in asked.items()
    ]
    finishes = race([*accepts, *[lambda: recompute_zones(LATER)] * 4])
    assert refusals(finishes) == {}
    assert hours(series) == [9] * 6 + [13] * 3 + [9] * 3
    spans = {(one.session_id, one.during.lower) for one in Reservation.objects.filter(is_live=True)}
    assert spans == {(one.pk, one.starts_at) for one in series.sessions.all()}
    assert Mail.objects.filter(kind="zone_changed", person=series.mentor).count() <= 2
