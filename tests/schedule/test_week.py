"""A week reckoned for itself, without a database."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts import week as half_hours
from accounts.week import EMPTY_WEEK
from accounts.zones import zone_names
from mentoring.schedule.picture import HOUR, draw
from mentoring.schedule.times import resolve
from mentoring.schedule.week import Entry, Kind, Span, bounds, merged, week_of

LONDON = ZoneInfo("Europe/London")
MONDAY = date(2026, 11, 23)
BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
WORKING = half_hours.from_indices(
    day * half_hours.HALF_HOURS_A_DAY + n
    for day in range(5)
    for n in range(18, 34)  # 09:00–17:00
)
NIGHTS = half_hours.from_indices(
    day * half_hours.HALF_HOURS_A_DAY + n
    for day in range(7)
    for n in range(8)  # 00:00–04:00
)


def at(day: int, hour: int, minute: int = 0, *, zone: ZoneInfo = LONDON, monday: date = MONDAY) -> datetime:
    return resolve(monday + timedelta(days=day), time(hour, minute), zone.key).starts_at


def span(day: int, hour: int, minutes: int = 60, *, minute: int = 0) -> Span:
    starts_at = at(day, hour, minute)
    return Span(starts_at, starts_at + timedelta(minutes=minutes))


def entry(day: int, hour: int, minutes: int = 60, *, minute: int = 0, program: str = "One") -> Entry:
    lasts = span(day, hour, minutes, minute=minute)
    return Entry(lasts, program, row=lasts)


def concerns(*entries: Entry, now: datetime = BEFORE, protected: bytes = WORKING, **given) -> list[Kind]:
    found = week_of(MONDAY, LONDON, now, entries=entries, protected=protected, **given)
    return [concern.kind for concern in found.concerns]


@st.composite
def weeks(draw_from):
    """(zone, Monday, packed week, entries that do not overlap, some of them outside the week)."""
    zone = ZoneInfo(draw_from(st.sampled_from(zone_names())))
    monday = draw_from(st.dates(date(2019, 1, 1), date(2030, 12, 31)))
    monday -= timedelta(days=monday.weekday())
    packed = draw_from(st.binary(min_size=half_hours.WEEK_BYTES, max_size=half_hours.WEEK_BYTES))
    begin = bounds(monday, zone).starts_at - timedelta(days=1)
    pieces = draw_from(
        st.lists(st.tuples(st.integers(0, 200), st.integers(1, 12), st.sampled_from("ABC"), st.booleans()))
    )
    entries = []
    for gap, quarters, program, is_planned in pieces:
        begin += gap * QUARTER
        lasts = Span(begin, begin + quarters * QUARTER)
        entries.append(Entry(lasts, program, lasts, is_planned))
        begin = lasts.ends_at
    return zone, monday, packed, entries


@settings(deadline=None, max_examples=150)
@given(weeks())
def test_week_holds_each_session_once_and_its_sums_are_right(drawn):
    zone, monday, packed, entries = drawn
    whole = bounds(monday, zone)
    found = week_of(monday, zone, BEFORE, entries=entries, protected=packed)

    inside = [each for each in entries if whole.starts_at <= each.span.starts_at < whole.ends_at]
    assert found.entries == inside
    planned = [each.span.length for each in inside if each.is_planned]
    assert (
        found.reserved == sum(planned, timedelta(0)) == sum((s.reserved for s in found.shares), timedelta(0))
    )
    assert sum(share.sessions for share in found.shares) == len(planned)
    edges = [day.span.starts_at for day in found.days] + [whole.ends_at]
    assert [(day.span.starts_at, day.span.ends_at) for day in found.days] == list(itertools.pairwise(edges))
    assert found.protected == protected_quarters(whole, zone, packed) * QUARTER


def protected_quarters(whole: Span, zone: ZoneInfo, packed: bytes) -> int:
    """Counted one by one; every zone of these years keeps to quarters of an hour."""
    protected = half_hours.unpack(packed)
    quarters = (whole.starts_at + n * QUARTER for n in range(whole.length // QUARTER))
    local = (quarter.astimezone(zone) for quarter in quarters)
    return sum(bool(protected[half_hours.index_of(each.weekday(), each.time())]) for each in local)


@settings(deadline=None, max_examples=150)
@given(weeks())
def test_picture_draws_each_session_at_its_length_and_none_over_another(drawn):
    zone, monday, packed, entries = drawn
    found = week_of(monday, zone, BEFORE, entries=entries, protected=packed)
    drawn_hours = 0.0
    for column in draw(found, BEFORE).columns:
        blocks = sorted((block.y, block.y + block.height) for block in column.entries)
        assert all(first[1] <= second[0] + 0.2 for first, second in itertools.pairwise(blocks))
        drawn_hours += sum(bottom - top for top, bottom in blocks) / HOUR
        drawn_hours -= sum(
            max(0.0, min(bottom, shut.y + shut.height) - max(top, shut.y))
            for top, bottom in blocks
            for shut in column.closed
        ) / HOUR  # fmt: skip
    whole = Span(found.days[0].span.starts_at, found.days[-1].span.ends_at)
    expected = sum(
        (part.length for each in found.entries if each.is_planned and (part := each.span.within(whole))),
        timedelta(0),
    )
    assert drawn_hours == pytest.approx(expected / timedelta(hours=1), abs=0.05)


@pytest.mark.parametrize(
    ("monday", "zone", "day", "hours"),
    [
        (date(2026, 3, 23), "Europe/London", 6, 23),
        (date(2026, 10, 19), "Europe/London", 6, 25),
        (date(2026, 9, 28), "Australia/Lord_Howe", 6, 23.5),
        (date(2026, 4, 20), "Africa/Cairo", 4, 23),  # at midnight: the day begins at 01:00
        (date(2011, 12, 26), "Pacific/Apia", 4, 0),  # a date that was left out
        (date(2026, 11, 23), "Europe/London", 6, 24),
    ],
)
def test_day_of_a_clock_change_has_the_hours_that_it_has(monday, zone, day, hours):
    found = week_of(
        monday, ZoneInfo(zone), BEFORE, protected=half_hours.pack(half_hours.unpack(b"\xff" * 42))
    )

    lengths = [each.span.length / timedelta(hours=1) for each in found.days]
    assert lengths == [24] * day + [hours] + [24] * (6 - day)
    assert found.protected == sum((each.span.length for each in found.days), timedelta(0))


def test_hour_that_comes_twice_is_drawn_twice_and_only_on_its_day():
    found = week_of(date(2026, 10, 19), LONDON, BEFORE, protected=NIGHTS)
    picture = draw(found, BEFORE)

    labels = [line.label for line in picture.lines if not line.is_again][:4]
    assert labels == ["00:00", "01:00", "02:00", "03:00"]
    (again,) = [line for line in picture.lines if line.is_again]
    assert again.label == "01:00"
    assert [len(column.closed) for column in picture.columns] == [1] * 6 + [0]
    assert picture.columns[0].closed[0].y == again.y
    assert picture.columns[6].protected[0].height == 5 * HOUR


def test_hour_that_is_skipped_is_closed_on_its_day():
    picture = draw(week_of(date(2026, 3, 23), LONDON, BEFORE, protected=NIGHTS), BEFORE)

    assert [len(column.closed) for column in picture.columns] == [0] * 6 + [1]
    (closed,) = picture.columns[6].closed
    assert (closed.y, closed.height) == (picture.lines[1].y, HOUR)
    (protected,) = picture.columns[6].protected  # by the clock, on both sides of what is closed
    assert protected.height == 4 * HOUR


def test_a_session_after_the_hour_that_comes_twice_is_drawn_at_its_own_hour():
    late = Entry(Span(at(6, 3, monday=date(2026, 10, 19)), at(6, 4, monday=date(2026, 10, 19))), "One", 1)
    picture = draw(week_of(date(2026, 10, 19), LONDON, BEFORE, entries=[late], protected=NIGHTS), BEFORE)

    (three,) = [line.y for line in picture.lines if line.label == "03:00"]
    assert picture.columns[6].entries[0].y == three


def test_a_session_over_midnight_is_listed_once_and_drawn_in_two_columns():
    found = week_of(MONDAY, LONDON, BEFORE, entries=[entry(1, 23, 120)], protected=WORKING)

    assert [len(day.entries) for day in found.days] == [0, 1, 0, 0, 0, 0, 0]
    assert [len(column.entries) for column in draw(found, BEFORE).columns] == [0, 1, 1, 0, 0, 0, 0]


def test_a_calm_week_is_of_no_concern():
    assert concerns(entry(0, 9), entry(0, 11), entry(3, 16)) == []


def test_more_reserved_than_protected_is_of_concern():
    two_hours = half_hours.from_indices([18, 19, 20, 21])

    assert concerns(entry(0, 9), entry(0, 10, minute=15, minutes=45), protected=two_hours) == []
    assert concerns(entry(0, 9), entry(1, 9), entry(2, 9), protected=two_hours)[0] == Kind.OVER


def test_who_protects_nothing_is_told_so_once():
    assert concerns(entry(0, 9), entry(1, 9), protected=EMPTY_WEEK) == [Kind.OVER]


@pytest.mark.parametrize(
    ("hour", "minutes", "kinds"),
    [(9, 60, []), (16, 60, []), (8, 60, [Kind.OUTSIDE]), (16, 61, [Kind.OUTSIDE]), (20, 15, [Kind.OUTSIDE])],
)
def test_a_session_not_wholly_in_protected_time_is_of_concern(hour, minutes, kinds):
    assert concerns(entry(2, hour, minutes)) == kinds


@pytest.mark.parametrize(("hour", "kinds"), [(9, []), (10, [Kind.BUSY]), (11, [])])
def test_a_session_while_busy_elsewhere_is_of_concern(hour, kinds):
    assert concerns(entry(2, hour), busy=[span(2, 10, 30), span(2, 10, 30, minute=30)]) == kinds


@pytest.mark.parametrize(("day", "kinds"), [(1, []), (2, [Kind.AWAY]), (4, [Kind.AWAY]), (5, [Kind.OUTSIDE])])
def test_a_session_on_a_day_away_is_of_concern(day, kinds):
    away = [(MONDAY + timedelta(days=2), MONDAY + timedelta(days=4))]

    assert concerns(entry(day, 10), away=away) == kinds


def test_days_away_protect_nothing():
    found = week_of(MONDAY, LONDON, BEFORE, protected=WORKING, away=[(MONDAY, MONDAY + timedelta(days=1))])

    assert found.protected == timedelta(hours=3 * 8)


@pytest.mark.parametrize(("minute", "kinds"), [(0, [Kind.CLOSE]), (5, [Kind.CLOSE]), (10, []), (30, [])])
def test_two_sessions_without_a_break_are_of_concern(minute, kinds):
    assert concerns(entry(0, 9), entry(0, 10, minute=minute)) == kinds


def test_many_sessions_in_a_day_are_of_concern():
    three = [entry(0, hour, 30) for hour in (9, 11, 13)]

    assert concerns(*three) == []
    assert concerns(*three, entry(0, 15, 30)) == [Kind.MANY]


def test_what_is_over_or_skipped_is_of_no_concern():
    late = entry(0, 20)
    skipped = Entry(late.span, "One", late.row, is_planned=False)

    assert concerns(late, now=late.span.ends_at) == []
    assert concerns(late, now=late.span.ends_at - timedelta(minutes=1)) == [Kind.OUTSIDE]
    assert concerns(skipped) == []


def test_sessions_that_are_over_are_of_no_concern_in_a_week_that_goes_on():
    over = [entry(0, 9), entry(0, 10), entry(0, 11), entry(0, 12)]

    assert concerns(*over, entry(3, 9), now=at(1, 9)) == []


def test_merged_joins_what_touches_or_overlaps():
    assert merged([span(0, 12), span(0, 9), span(0, 10), span(0, 9, 30)]) == [span(0, 9, 120), span(0, 12)]
