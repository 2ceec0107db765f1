"""The address of one's own calendar: kept, read in turn, given up, and used when times are proposed."""

from datetime import date, time, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from mentoring.schedule import busy, ical
from mentoring.schedule.models import Busy, BusyCalendar, Session
from mentoring.schedule.slots import common_starts, find_free
from mentoring.schedule.times import Cadence, Terms
from tests import factories
from tests.factories import instant
from tests.schedule.hostile import ICS, PUBLIC, Names, Server, body, hostile_server, redirect

pytestmark = pytest.mark.django_db
PAGE = "/calendar/busy/"
HERE = "https://calendar.example/private-abc.ics".replace("https", "http")
NOW = instant(2031, 2, 1, 12)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def server():
    with hostile_server() as running:
        running.answers["/private-abc.ics"] = body()
        yield running


@pytest.fixture
def names(server: Server) -> Names:
    return Names(server, {"calendar.example": [[PUBLIC]], "inside.example": [["127.0.0.1"]]})


@pytest.fixture
def calendar(cast) -> BusyCalendar:
    return keep(cast.mentee.person)


def keep(person, address: str = HERE) -> BusyCalendar:
    busy.keep_address(person, address, NOW)
    return BusyCalendar.objects.get(person=person)


def ranges_of(person) -> list[tuple]:
    found = Busy.objects.filter(person=person).order_by("during")
    return [(during.lower, during.upper) for during in found.values_list("during", flat=True)]


TENTH = (instant(2031, 2, 10, 9), instant(2031, 2, 10, 10))


# Reading


def test_calendar_that_is_due_is_read_and_only_times_are_kept(cast, calendar, names) -> None:
    assert busy.read_calendars(NOW, network=names.network) == 1
    assert ranges_of(cast.mentee.person) == [TENTH]
    calendar.refresh_from_db()
    assert (calendar.read_at, calendar.failures, calendar.error) == (NOW, 0, "")
    assert calendar.due_at == NOW + busy.EVERY
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, '') FROM schedule_busy t")
        (kept,) = cursor.fetchone()
    assert "dentist" not in kept


def test_calendar_that_is_not_due_is_left_alone(calendar, names, server) -> None:
    assert busy.read_calendars(NOW - MINUTE, network=names.network) == 0
    busy.read_calendars(NOW, network=names.network)
    assert busy.read_calendars(NOW + busy.EVERY - MINUTE, network=names.network) == 0
    assert busy.read_calendars(NOW + busy.EVERY, network=names.network) == 1
    assert len(server.asked) == 2


def test_what_is_read_replaces_what_was(cast, calendar, names, server) -> None:
    busy.read_calendars(NOW, network=names.network)
    server.answers["/private-abc.ics"] = body(ICS.replace(b"20310210", b"20310211"))
    busy.read_calendars(NOW + busy.EVERY, network=names.network)
    assert ranges_of(cast.mentee.person) == [tuple(at + timedelta(days=1) for at in TENTH)]


def test_more_than_a_batch_is_read_and_one_bad_address_stops_nobody(cast, calendar, names, server) -> None:
    others = [keep(factories.make_person()) for _ in range(busy.BATCH)]
    bad = keep(factories.make_person(), "http://inside.example/a.ics")
    assert busy.read_calendars(NOW, network=names.network) == len(others) + 2
    assert Busy.objects.count() == len(others) + 1
    bad.refresh_from_db()
    assert bad.error == "The address leads to a place that Holdfast does not read from."
    assert {address for address, _ in names.connected} == {PUBLIC}


def test_subscribed_feed_of_ours_makes_nobody_busy(cast, names, server) -> None:
    """One's own sessions come back from the calendar that has subscribed to them, moved ones at old times."""
    factories.make_engagement(cast.goal, cast.mentor)
    mine = Session.objects.earliest("starts_at")
    ours = ICS.replace(b"a@elsewhere", ical.uid(mine).encode())
    server.answers["/private-abc.ics"] = body(ours)
    keep(cast.mentee.person)
    keep(cast.stranger)
    busy.read_calendars(NOW, network=names.network)
    assert ranges_of(cast.mentee.person) == []
    assert ranges_of(cast.stranger) == [TENTH]


def test_calendar_of_an_inactive_person_is_not_read(cast, calendar, names, server) -> None:
    cast.mentee.person.is_active = False
    cast.mentee.person.save(update_fields=["is_active"])
    assert busy.read_calendars(NOW, network=names.network) == 0
    assert server.asked == []


# Failing


def test_failure_is_said_and_what_was_read_stays(cast, calendar, names, server) -> None:
    busy.read_calendars(NOW, network=names.network)
    server.answers["/private-abc.ics"] = redirect("http://127.0.0.1/")
    later = NOW + busy.EVERY
    busy.read_calendars(later, network=names.network)
    calendar.refresh_from_db()
    assert calendar.error == "The address leads to a place that Holdfast does not read from."
    assert (calendar.failures, calendar.due_at) == (1, later + busy.FIRST_PAUSE)
    assert calendar.read_at == NOW
    assert ranges_of(cast.mentee.person) == [TENTH]
    server.answers["/private-abc.ics"] = body()
    busy.read_calendars(later + busy.FIRST_PAUSE, network=names.network)
    calendar.refresh_from_db()
    assert (calendar.failures, calendar.error) == (0, "")


@pytest.mark.parametrize(("failures", "hours"), [(0, 0.5), (1, 1), (5, 16), (6, 24), (12, 24)])
def test_pause_doubles_up_to_a_day(calendar, names, server, failures: int, hours: float) -> None:
    BusyCalendar.objects.update(failures=failures)
    server.answers["/private-abc.ics"] = body(b"", 500)
    busy.read_calendars(NOW, network=names.network)
    calendar.refresh_from_db()
    assert calendar.due_at == NOW + timedelta(hours=hours)


def test_calendar_is_given_up_after_many_failures(cast, calendar, names, server) -> None:
    busy.read_calendars(NOW, network=names.network)
    BusyCalendar.objects.update(failures=busy.STOP_AFTER - 1, due_at=NOW)
    server.answers["/private-abc.ics"] = body(b"", 404)
    busy.read_calendars(NOW, network=names.network)
    calendar.refresh_from_db()
    assert (calendar.failures, calendar.due_at) == (busy.STOP_AFTER, None)
    assert ranges_of(cast.mentee.person) == []
    assert busy.read_calendars(NOW + timedelta(days=99), network=names.network) == 0


# At the same time


def test_calendar_that_another_worker_reads_is_left_to_it(calendar, names, server) -> None:
    assert len(busy._claim(NOW)) == 1
    assert busy.read_calendars(NOW, network=names.network) == 0
    assert server.asked == []


def test_calendar_of_a_worker_that_died_is_read_after_its_lease(calendar, names) -> None:
    busy._claim(NOW)
    assert busy.read_calendars(NOW + busy.LEASE, network=names.network) == 1


@pytest.mark.parametrize("meanwhile", ["another address", "forgotten", "taken over"])
def test_what_was_read_of_an_address_that_has_changed_is_thrown_away(
    cast, calendar, names, server, meanwhile: str
) -> None:
    person = cast.mentee.person

    def answer(handler) -> None:
        """While the answer is on its way."""
        changes.append(meanwhile)
        body()(handler)

    changes: list[str] = []
    server.answers["/private-abc.ics"] = answer
    jobs = busy._claim(NOW)
    read = busy._read(jobs[0], NOW, names.network)
    match meanwhile:
        case "another address":
            keep(person, "http://calendar.example/other.ics")
        case "forgotten":
            busy.forget_address(person)
        case "taken over":
            busy._claim(NOW + busy.LEASE)
    busy._record(read, NOW)
    assert changes == [meanwhile]
    assert ranges_of(person) == []
    assert not BusyCalendar.objects.filter(read_at__isnull=False).exists()


@pytest.mark.django_db(transaction=True)
def test_network_is_outside_of_transactions(calendar, names) -> None:
    inside: list[bool] = []
    connect = names.connect

    def watched(address: str, port: int, seconds: float):
        # In another thread, so the question goes to the database: is the row free to be locked?
        inside.append(is_locked())
        return connect(address, port, seconds)

    names.connect = watched  # type: ignore[method-assign]
    busy.read_calendars(NOW, network=names.network)
    assert inside == [False]


def is_locked() -> bool:
    try:
        with transaction.atomic():
            rows = list(BusyCalendar.objects.select_for_update(skip_locked=True))
    finally:
        connection.close()
    return not rows


# The page


def test_busy_page_keeps_the_address_sealed_and_shows_its_host(cast, client_of) -> None:
    client = client_of(cast.mentee.person)
    answer = client.post(PAGE, {"address": "webcal://calendar.example/private-abc.ics?key=s3cret"})
    assert answer.url == PAGE
    calendar = BusyCalendar.objects.get(person=cast.mentee.person)
    assert b"s3cret" not in bytes(calendar.address_sealed)
    page = client.get(PAGE).content.decode()
    assert "calendar.example" in page
    assert "s3cret" not in page
    assert "Not read yet" in page


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "This field is required."),
        ("file:///etc/passwd", "The address has to begin with https://"),
        (
            "https://me:pass@calendar.example/a.ics",
            "Give an address without a user name and a password in it.",
        ),
        ("https://calendar.example:8443/a.ics", "An address with a port of its own is not read."),
        ("https://calendar.example/a b", "An address has no spaces or line breaks."),
        ("http://127.0.0.1:8000/feeds/x.ics", "An address with a port of its own is not read."),
        ("http://127.0.0.1/feeds/x.ics", "This is an address of Holdfast itself"),
    ],
)
def test_busy_page_refuses_in_words_and_gives_back_what_was_typed(
    cast, client_of, address: str, words: str
) -> None:
    page = client_of(cast.mentee.person).post(PAGE, {"address": address}).content.decode()
    assert words in page
    assert f'value="{address}"' in page or not address
    assert not BusyCalendar.objects.exists()


def test_another_address_forgets_what_the_first_said(cast, client_of, calendar, names) -> None:
    busy.read_calendars(NOW, network=names.network)
    client_of(cast.mentee.person).post(PAGE, {"address": "https://other.example/b.ics"})
    assert ranges_of(cast.mentee.person) == []
    calendar.refresh_from_db()
    assert (calendar.host, calendar.read_at) == ("other.example", None)


def test_forgetting_the_address_forgets_all(cast, client_of, calendar, names) -> None:
    busy.read_calendars(NOW, network=names.network)
    keep(cast.mentor.person)
    client_of(cast.mentee.person).post(f"{PAGE}stop/")
    assert ranges_of(cast.mentee.person) == []
    assert [row.person for row in BusyCalendar.objects.all()] == [cast.mentor.person]


def test_trying_again_is_for_what_has_failed(cast, client_of, calendar) -> None:
    client = client_of(cast.mentee.person)
    later = timezone.now() + timedelta(days=2000)
    BusyCalendar.objects.update(due_at=later)
    client.post(f"{PAGE}again/")
    assert BusyCalendar.objects.get().due_at == later
    BusyCalendar.objects.update(
        due_at=None, failures=14, error="There is no calendar at this address any more."
    )
    assert "has stopped trying" in client.get(PAGE).content.decode()
    client.post(f"{PAGE}again/")
    assert BusyCalendar.objects.get().due_at <= timezone.now()


# When times are proposed


def test_start_of_a_series_is_not_proposed_when_one_is_busy(cast, calendar, names) -> None:
    """The first session never; a later one that meets it is counted."""
    terms = Terms(date(2031, 2, 10), date(2031, 3, 10), time(9), "Europe/London", Cadence.WEEKLY, 60)

    def starts() -> dict:
        return {(start.on, start.at): start.outside for start in common_starts(*both, terms)}

    both = cast.mentor.person, cast.mentee.person
    before = starts()
    assert before[date(2031, 2, 10), time(9)] == 0
    busy.read_calendars(NOW, network=names.network)
    gone = {(date(2031, 2, 10), at) for at in (time(8, 30), time(9), time(9, 30))}
    assert before.keys() - starts().keys() == gone
    Busy.objects.update(during=(instant(2031, 2, 17, 9), instant(2031, 2, 17, 10)))
    counted = {key: outside for key, outside in starts().items() if outside}
    assert counted == dict.fromkeys(gone, 1)


def test_time_for_a_move_is_not_proposed_when_one_is_busy(cast, calendar, names) -> None:
    asked = {
        "around": instant(2031, 2, 10, 9),
        "length": timedelta(hours=1),
        "now": NOW,
        "until": instant(2031, 3, 1),
    }

    def free() -> set:
        found = find_free(cast.mentor.person, cast.mentee.person, **asked)
        return {*found.protected, *found.others}

    before = free()
    busy.read_calendars(NOW, network=names.network)
    gone = before - free()
    assert gone == {instant(2031, 2, 10, 8, 30), instant(2031, 2, 10, 9), instant(2031, 2, 10, 9, 30)}
