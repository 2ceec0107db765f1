"""The weekly times that two people could meet at."""

from datetime import date, time, timedelta

import pytest

from accounts import week
from mentoring.schedule.slots import common_starts
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
    with django_assert_num_queries(3):
        common_starts(mentor, mentee, terms())
