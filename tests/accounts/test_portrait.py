from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from accounts import week
from accounts.portrait import hours_in_zone, learning_in_words, zone_in_words

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
WINTER = datetime(2026, 1, 14, 12, tzinfo=UTC)


def spans(packed, *, home, zone, now=WINTER):
    days = hours_in_zone(packed, home=home, zone=zone, now=now)
    return {day.weekday: day.spans for day in days if day.spans}


def protected(*runs):
    """Runs are (weekday, first half hour of the day, the one after the last)."""
    return week.from_indices(day * 48 + half for day, first, stop in runs for half in range(first, stop))


def test_hours_in_ones_own_zone_are_as_ticked():
    packed = protected((1, 15, 19), (1, 40, 48), (6, 0, 1))

    assert spans(packed, home=LONDON, zone=LONDON) == {
        "Tuesday": ["07:30–09:30", "20:00–24:00"],
        "Sunday": ["00:00–00:30"],
    }


def test_hours_move_by_the_difference_of_the_zones_in_that_week():
    packed = protected((1, 18, 20))  # Tuesday 09:00 to 10:00 in London
    american_summer = datetime(2026, 3, 18, 12, tzinfo=UTC)  # Europe has not changed its clocks yet

    assert spans(packed, home=LONDON, zone=NEW_YORK) == {"Tuesday": ["04:00–05:00"]}
    assert spans(packed, home=LONDON, zone=NEW_YORK, now=american_summer) == {"Tuesday": ["05:00–06:00"]}


def test_hours_over_midnight_and_over_the_week_are_told_on_both_days():
    packed = protected((6, 46, 48), (0, 0, 2))  # Sunday 23:00 to Monday 01:00

    assert spans(packed, home=LONDON, zone=ZoneInfo("Europe/Berlin")) == {"Monday": ["00:00–02:00"]}
    assert spans(packed, home=LONDON, zone=ZoneInfo("Atlantic/Azores")) == {"Sunday": ["22:00–24:00"]}
    assert spans(packed, home=LONDON, zone=LONDON) == {"Monday": ["00:00–01:00"], "Sunday": ["23:00–24:00"]}


def test_hours_keep_the_quarter_hour_of_a_zone():
    packed = protected((2, 18, 19))

    assert spans(packed, home=LONDON, zone=ZoneInfo("Asia/Kathmandu")) == {"Wednesday": ["14:45–15:15"]}


def test_hours_bars_lie_where_the_spans_do():
    tuesday = hours_in_zone(protected((1, 15, 19)), home=LONDON, zone=LONDON, now=WINTER)[1]

    assert tuesday.bars == [(30, 8)]


@pytest.mark.parametrize("home", ["Pacific/Kiritimati", "Pacific/Chatham", "America/St_Johns", "UTC"])
def test_hours_of_a_whole_week_are_a_whole_week_everywhere(home):
    packed = week.from_indices(range(336))

    told = spans(packed, home=ZoneInfo(home), zone=NEW_YORK)

    assert told == {day: ["00:00–24:00"] for day in week.WEEKDAYS}


def test_learning_in_words_tells_how_much_is_fresh():
    today = date(2026, 3, 1)

    assert learning_in_words([], today=today) == ""
    assert learning_in_words([date(2026, 1, 1)], today=today) == (
        "1 record of learning, within the last twelve months."
    )
    assert learning_in_words([date(2026, 1, 1), date(2025, 12, 1)], today=today) == (
        "2 records of learning, all within the last twelve months."
    )
    assert learning_in_words([date(2026, 1, 1), date(2020, 1, 1)], today=today) == (
        "2 records of learning, 1 of them within the last twelve months."
    )
    assert learning_in_words([date(2020, 1, 1)], today=today) == (
        "1 record of learning, none within the last twelve months."
    )


def test_zone_in_words_reads_like_a_place():
    assert zone_in_words("Europe/Isle_of_Man") == "Isle of Man (Europe)"
    assert zone_in_words("America/Argentina/Ushuaia") == "Argentina, Ushuaia (America)"
    assert zone_in_words("UTC") == "UTC"
