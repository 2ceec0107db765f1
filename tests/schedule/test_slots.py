"""The weekly times that two people could meet at."""

from datetime import date, time, timedelta

import pytest

from accounts import week
from mentoring.schedule.models import Busy, TimeAway
from mentoring.schedule.slots import common_starts, find_free
from mentoring.schedule.times import Terms
from tests import factories
from tests.factories import instant

pytestmark = pytest.mark.django_db
MONDAY = date(2031, 2, 17)


def hours(weekday: int, first: float, last: float) -> bytes:
    """A week with one run of protected time, in hours of that day."""
    start = weekday * week.HALF_HOURS_A_DAY
    return week.from_indices(range(start + int(first * 2), start + int(last * 2)))


def terms(**over) -> Terms:
    """Two months of winter in London, New York and Kolkata alike: no clock changes."""
    fields = {
        "starts_on": MONDAY,
        "ends_on": date(2031, 3, 6),
        "at": time.min,
        "zone": "Europe/London",
        "cadence": "1w",
        "minutes": 60,
    }
    return Terms(**fields | over)


def starts(mentor_week: bytes, mentee_week: bytes, mentee_zone: str = "Europe/London", **over):
    mentor = factories.make_person(week=mentor_week)
    mentee = factories.make_person(week=mentee_week, zone=mentee_zone)
    return common_starts(mentor, mentee, terms(**over))


def clock(found) -> list[tuple[int, str]]:
    return [(start.on.weekday(), f"{start.at:%H:%M}") for start in found]


def test_common_starts_lie_inside_both_weeks() -> None:
    found = starts(hours(1, 9, 12), hours(1, 10, 14))
    assert clock(found) == [(1, "10:00"), (1, "10:30"), (1, "11:00")]
    assert {start.on for start in found} == {date(2031, 2, 18)}
    assert {start.outside for start in found} == {0}


def test_common_starts_leave_room_for_the_length() -> None:
    morning = hours(1, 9, 11)
    assert clock(starts(morning, morning, minutes=90)) == [(1, "09:00"), (1, "09:30")]
    assert clock(starts(morning, morning, minutes=45)) == [(1, "09:00"), (1, "09:30"), (1, "10:00")]
    assert starts(morning, hours(1, 10, 11), minutes=90) == []


def test_common_starts_across_zones_and_midnight() -> None:
    # Sunday 23:00 to Monday 01:00 in London is Monday 04:30 to 06:30 in Kolkata
    late = week.from_indices([*range(6 * 48 + 46, 7 * 48), 0, 1])
    found = starts(late, hours(0, 4.5, 6.5), mentee_zone="Asia/Kolkata")
    assert clock(found) == [(0, "00:00"), (6, "23:00"), (6, "23:30")]


def test_common_starts_of_people_without_protected_time_are_none() -> None:
    assert starts(week.EMPTY_WEEK, hours(1, 9, 12)) == []


def test_common_starts_say_how_often_a_clock_change_moves_one_out() -> None:
    """London changes on 30 March, Kolkata never: an hour that just fits in winter does not in summer."""
    theirs = hours(1, 14.5, 16.5)
    found = starts(hours(1, 9, 11), theirs, mentee_zone="Asia/Kolkata", ends_on=date(2031, 4, 15))
    assert clock(found) == [(1, "09:00"), (1, "09:30"), (1, "10:00")]
    assert [start.outside for start in found] == [3, 3, 0]


def test_common_starts_leave_out_what_is_reserved_by_either(cast) -> None:
    held = {"starts_on": MONDAY, "ends_on": MONDAY + timedelta(weeks=4), "at": time(10), "cadence": "4w"}
    factories.make_engagement(cast.goal, cast.mentor, now=instant(2031, 2, 1), **held)
    mentee, mentor = factories.make_mentee(cast.program), factories.make_mentor(cast.program)
    for one, other in ((cast.mentor, mentee), (mentor, cast.mentee)):
        found = clock(common_starts(one.person, other.person, terms()))
        assert (0, "09:00") in found
        assert (0, "11:00") in found
        assert not {(0, "09:30"), (0, "10:00"), (0, "10:30")} & set(found)


def test_common_starts_go_no_further_than_the_end_date() -> None:
    full = week.from_indices(range(week.HALF_HOURS_A_WEEK))
    assert {start.on for start in starts(full, full, ends_on=MONDAY + timedelta(days=1))} == {
        MONDAY,
        MONDAY + timedelta(days=1),
    }


def test_common_starts_cost_the_same_queries_for_a_full_week(django_assert_num_queries) -> None:
    mentor, mentee = factories.make_person(), factories.make_person()
    with django_assert_num_queries(4):
        common_starts(mentor, mentee, terms())


# Another time for one session

SATURDAY = instant(2031, 2, 15, 12)
AROUND = instant(2031, 2, 18, 9)
HOUR = timedelta(hours=1)


def free(mentor, mentee, **over) -> list:
    fields = {"around": AROUND, "length": HOUR, "now": SATURDAY, "until": instant(2031, 5, 1)}
    found = find_free(mentor, mentee, **fields | over)
    return [*found.protected, *found.others]


def pair(mentor_week=None, mentee_week=None, **mentee):
    mornings = hours(1, 9, 11)
    mentor = factories.make_person(week=mentor_week or mornings)
    return mentor, factories.make_person(week=mentee_week or mornings, **mentee)


def test_free_times_are_first_those_that_both_protect_soonest_first() -> None:
    found = free(*pair())
    tuesdays = [instant(2031, 2, 18), instant(2031, 2, 25), instant(2031, 3, 4)]
    protected = [day + n * HOUR for day in tuesdays for n in (9, 9.5, 10)]
    assert found[:9] == protected
    others = found[9:]
    assert others == sorted(others)
    assert others[0] == SATURDAY + HOUR / 2
    assert {at.time() for at in others} == {time(n // 2, n % 2 * 30) for n in range(14, 43)}
    assert others[-1] < AROUND + timedelta(weeks=3)


def test_free_times_leave_out_what_either_has_reserved_but_the_session_itself(cast) -> None:
    held = {"starts_on": MONDAY, "ends_on": MONDAY + timedelta(weeks=4), "at": time(10), "cadence": "4w"}
    engagement = factories.make_engagement(cast.goal, cast.mentor, now=instant(2031, 2, 1), **held)
    session = engagement.series.get().sessions.get(number=1)
    at = instant(2031, 2, 17, 10)
    around_it = {at - HOUR / 2, at, at + HOUR / 2}
    mentee, mentor = factories.make_person(), factories.make_person()
    for one, other in ((cast.mentor.person, mentee), (mentor, cast.mentee.person)):
        assert not around_it & set(free(one, other))
        assert {at - HOUR, at + HOUR} <= set(free(one, other))
        assert around_it <= set(free(one, other, besides=session.pk))


def test_free_times_leave_out_busy_time_and_days_away() -> None:
    mentor, mentee = pair(zone="Asia/Kolkata", mentee_week=hours(1, 14.5, 16.5))
    Busy.objects.create(person=mentor, during=(instant(2031, 2, 18, 8), instant(2031, 2, 18, 9, 45)))
    away = {"starts_on": date(2031, 2, 25), "ends_on": date(2031, 2, 26), "created_at": SATURDAY}
    TimeAway.objects.create(person=mentee, **away)
    found = free(mentor, mentee)
    assert found[:4] == [instant(2031, 2, 18, 10), *(instant(2031, 3, 4, 9) + n * HOUR / 2 for n in range(3))]
    kolkata = {at.astimezone(mentee.zone_info).date() for at in found}
    assert not {date(2031, 2, 25), date(2031, 2, 26)} & kolkata
    assert {date(2031, 2, 24), date(2031, 2, 27)} <= kolkata


def test_free_times_outside_protected_time_are_when_both_are_awake() -> None:
    mentor, mentee = pair(zone="Asia/Tokyo")
    # 07:00 to 13:00 in London is 16:00 to 22:00 in Tokyo; at other times one of the two sleeps
    assert {at.time() for at in free(mentor, mentee)} == {time(n // 2, n % 2 * 30) for n in range(14, 25)}
    # nor is there a stretch of five hours in which nobody does
    assert free(mentor, factories.make_person(zone="Pacific/Auckland"), length=5 * HOUR) == []


def test_free_times_lie_ahead_and_before_the_end() -> None:
    assert free(*pair(), until=SATURDAY) == []
    assert free(*pair(), now=AROUND + timedelta(weeks=4)) == []
    last = instant(2031, 2, 18, 10)
    found = free(*pair(), now=AROUND, until=last)
    assert found == [AROUND + HOUR / 2]


def test_free_times_begin_with_the_clock_of_the_mentor() -> None:
    mentor = factories.make_person(zone="Asia/Kathmandu")
    found = free(mentor, factories.make_person(zone="Asia/Kathmandu"))
    assert {at.minute for at in found} == {15, 45}


def test_free_times_cost_the_same_queries_for_much_that_is_taken(django_assert_num_queries) -> None:
    mentor, mentee = pair()
    for n in range(30):
        Busy.objects.create(person=mentor, during=(AROUND + n * 3 * HOUR, AROUND + (n * 3 + 1) * HOUR))
    with django_assert_num_queries(4):
        free(mentor, mentee)
