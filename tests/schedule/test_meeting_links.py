"""Where the two meet online: what is accepted, for which sessions it holds, and who is told."""

from datetime import timedelta
from functools import partial

import pytest
from django.urls import reverse
from django.utils import timezone

from mentoring.engagements.services import end_engagement
from mentoring.outbox.models import Mail
from mentoring.schedule.forms_links import LinkForm
from mentoring.schedule.links import host_of, set_series_link, set_session_link
from mentoring.schedule.models import Series, Session
from mentoring.schedule.services import ScheduleError
from tests import factories
from tests.racing import race, refusals

pytestmark = pytest.mark.django_db
LINK = "https://meet.example.org/room?id=7&name=a@b"
OTHER = "https://video.example.net/r/9"


@pytest.fixture
def engagement(cast):
    made = factories.make_engagement(cast.goal, cast.mentor, now=timezone.now() - timedelta(weeks=3))
    Mail.objects.all().delete()
    return made


@pytest.fixture
def sessions(engagement) -> list[Session]:
    return list(Session.objects.ahead(timezone.now()).filter(series__engagement=engagement))


def for_all(engagement, by, link, now=None) -> None:
    series = Series.objects.filter(engagement=engagement).first()
    set_series_link(series_id=series.pk, by=by, link=link, now=now or timezone.now())


def for_one(session, by, link, now=None) -> None:
    set_session_link(session_id=session.pk, by=by, link=link, now=now or timezone.now())


def links_of(engagement) -> list[str]:
    rows = Session.objects.filter(series__engagement=engagement).select_related("series")
    return [session.meeting_link for session in rows.order_by("starts_at")]


def sequences_of(engagement) -> dict[object, int]:
    rows = Session.objects.filter(series__engagement=engagement)
    return {pk: sequence for pk, sequence in rows.values_list("pk", "sequence") if sequence}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (LINK, LINK),
        ("  https://meet.example.org/a  ", "https://meet.example.org/a"),
        ("meet.example.org/a", "https://meet.example.org/a"),
        ("HTTPS://Meet.Example.org/A", "https://Meet.Example.org/A"),
        ("http://intranet.example.org:8080/room", "http://intranet.example.org:8080/room"),
        ("https://teams.example.com/l/19%3ameeting_x%40thread.v2/0", None),
        ("https://bücher.example/raum", None),
        ("https://[2001:db8::1]/room", None),
        ("https://meet.example.org/" + "a" * 475, None),
        ("", ""),
        ("   ", ""),
    ],
)
def test_web_address_is_kept(typed, kept) -> None:
    form = LinkForm({"link": typed})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["link"] == (typed if kept is None else kept)


REFUSED = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//https://meet.example.org",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "ftp://meet.example.org/a",
    "mailto:amara@example.org",
    "tel:+442071234567",
    "https:meet.example.org",
    "https:///meet.example.org",
    "https://",
    "//",
    "https://amara:secret@meet.example.org/a",
    "https://meet.example.org@evil.example/a",
    "https://@meet.example.org/a",
    "https://meet.example.org/a b",
    "https://meet.example.org/a\tb",
    "https://meet.example.org/a\nb",
    "https://meet.example.org/a\r\nX-Header: 1",
    "https://meet.example.org/\0",
    "https://meet.example.org/\x1b[31m",
    "https://meet.example.org/\u202egro.elgoog",
    "https://meet.example.org/a\u00a0b",
    "https://meet.example.org/\u200b",
    "https://meet.example.org\\@evil.example/",
    'https://meet.example.org/"onmouseover=alert(1)',
    "https://meet.example.org/<script>",
    "https://meet.example.org:99999/a",
    "https://[::1/a",
    "https://" + "ü" * 60 + ".example/a",
    "https://-bad-.example/a",
    "https://meet.example.org/" + "a" * 476,
    "not an address",
]


@pytest.mark.parametrize("typed", REFUSED)
def test_anything_else_is_refused_and_comes_back(engagement, sessions, cast, client_of, typed) -> None:
    form = LinkForm({"link": typed})
    assert not form.is_valid()
    client = client_of(cast.mentee.person)
    for name, pk in (("session-link", sessions[0].pk), ("series-link", sessions[0].series_id)):
        response = client.post(reverse(f"schedule:{name}", args=[pk]), {"link": typed})
        assert response.status_code == 200
        assert response.context["form"]["link"].value() == typed
        assert "errorlist" in response.content.decode()
    assert set(links_of(engagement)) == {""}
    assert not Mail.objects.exists()


@pytest.mark.parametrize(
    ("link", "host"),
    [
        (LINK, "meet.example.org"),
        ("https://Meet.Example.org:8443/A", "meet.example.org"),
        ("https://bücher.example/raum", "xn--bcher-kva.example"),
        ("https://ехample.org/", "xn--ample-ywe6i.org"),
        ("https://[2001:db8::1]/room", "2001:db8::1"),
    ],
)
def test_host_is_shown_in_letters_that_look_like_no_others(link, host) -> None:
    assert host_of(link) == host


def test_link_of_all_holds_where_a_session_has_none_of_its_own(engagement, sessions, cast) -> None:
    for_one(sessions[1], cast.mentor.person, OTHER)
    for_all(engagement, cast.mentee.person, LINK)
    assert [link for link in links_of(engagement) if link != LINK] == [OTHER]
    for_one(sessions[1], cast.mentee.person, "")
    assert set(links_of(engagement)) == {LINK}
    for_all(engagement, cast.mentee.person, "")
    assert set(links_of(engagement)) == {""}


def test_link_of_all_holds_for_every_series_that_the_engagement_has(engagement, sessions, cast) -> None:
    was = sessions[0].series
    later = Series.objects.create(
        engagement=engagement, mentor=was.mentor, mentee=was.mentee, zone=was.zone, at=was.at,
        cadence=was.cadence, minutes=was.minutes, starts_on=was.ends_on, ends_on=was.ends_on, replaces=was,
    )  # fmt: skip
    for series in (was, later):
        set_series_link(
            series_id=series.pk, by=cast.mentor.person, link=f"{OTHER}{series.pk}", now=timezone.now()
        )
        assert set(Series.objects.values_list("link", flat=True)) == {f"{OTHER}{series.pk}"}


def test_both_get_the_entry_of_the_one_session_that_changed(engagement, sessions, cast) -> None:
    for_one(sessions[2], cast.mentee.person, LINK)
    assert sequences_of(engagement) == {sessions[2].pk: 1}
    mails = {mail.recipients[0]: mail for mail in Mail.objects.all()}
    assert mails.keys() == {cast.mentee.person.email, cast.mentor.person.email}
    for mail in mails.values():
        assert (mail.kind, mail.calendar_method) == ("meeting_link_changed", "REQUEST")
        calendar = mail.calendar.replace("\r\n ", "")
        assert f"UID:{sessions[2].pk}@holdfast" in calendar
        assert "SEQUENCE:1" in calendar
        assert LINK in calendar
        assert "meet.example.org" in mail.text
        assert LINK not in mail.text + mail.html
    assert "You have set the meeting link" in mails[cast.mentee.person.email].text
    assert "Amara Eze has set the meeting link" in mails[cast.mentor.person.email].text


def test_link_of_all_is_told_with_the_next_session_alone(engagement, sessions, cast) -> None:
    for_one(sessions[0], cast.mentee.person, OTHER)
    Mail.objects.all().delete()
    for_all(engagement, cast.mentee.person, LINK)
    assert sequences_of(engagement) == {sessions[0].pk: 1, sessions[1].pk: 1}
    assert Mail.objects.count() == 2
    assert {mail.about for mail in Mail.objects.all()} == {f"session:{sessions[1].pk}"}
    assert all(LINK in mail.calendar.replace("\r\n ", "") for mail in Mail.objects.all())


def test_taking_the_link_away_is_told(engagement, sessions, cast) -> None:
    for_one(sessions[0], cast.mentee.person, LINK)
    Mail.objects.all().delete()
    for_one(sessions[0], cast.mentee.person, "")
    mail = Mail.objects.get(recipients=[cast.mentor.person.email])
    assert "Amara Eze has taken away the meeting link" in mail.text
    assert "Agree with Amara Eze on where you meet." in mail.text


def test_saving_the_same_link_again_tells_nobody(engagement, sessions, cast) -> None:
    for _ in range(2):
        for_one(sessions[0], cast.mentee.person, LINK)
        for_all(engagement, cast.mentee.person, OTHER)
    assert Mail.objects.count() == 4
    assert sequences_of(engagement) == {sessions[0].pk: 1, sessions[1].pk: 1}


@pytest.mark.parametrize("change", ["over", "skipped"])
def test_session_that_is_over_or_not_kept_takes_no_link(engagement, sessions, cast, change) -> None:
    session, now = sessions[0], timezone.now()
    if change == "skipped":
        Session.objects.filter(pk=session.pk).update(state=change)
    else:
        now = session.ends_at
    with pytest.raises(ScheduleError, match="over or does not take place"):
        for_one(session, cast.mentee.person, LINK, now)
    assert set(links_of(engagement)) == {""}


def test_very_next_request_after_the_end_is_refused(engagement, sessions, cast, client_of) -> None:
    client = client_of(cast.mentee.person)
    urls = [
        reverse("schedule:session-link", args=[sessions[0].pk]),
        reverse("schedule:series-link", args=[sessions[0].series_id]),
    ]
    assert [client.get(url).status_code for url in urls] == [200, 200]
    end_engagement(engagement_id=engagement.pk, by=cast.mentor.person, now=timezone.now())
    Mail.objects.all().delete()
    for url in urls:
        answer = client.post(url, {"link": LINK})
        assert answer.status_code == 200
        assert LINK.replace("&", "&amp;") in answer.content.decode()
        assert "errorlist nonfield" in answer.content.decode()
    assert set(links_of(engagement)) == {""}
    assert not Mail.objects.exists()


def test_page_shows_host_and_a_link_that_gives_nothing_away(engagement, sessions, cast, client_of) -> None:
    client = client_of(cast.mentee.person)
    url = reverse("schedule:series-link", args=[sessions[0].series_id])
    assert client.post(url, {"link": LINK}).status_code == 302
    page = client.get(reverse("schedule:session-detail", args=[sessions[0].pk])).content.decode()
    links = (
        page.split(f'<a href="{LINK.replace("&", "&amp;")}"')[1:]
        + page.split(f'<a class="button button--primary" href="{LINK.replace("&", "&amp;")}"')[1:]
    )
    assert len(links) == 2
    for link in links:
        assert 'rel="noopener noreferrer"' in link.split(">")[0]
        assert "meet.example.org" in link.split("</a>")[0]


def test_link_cannot_break_out_of_the_page(engagement, sessions, cast, client_of) -> None:
    """Were one stored that the form refuses, it would still be text in an attribute."""
    Series.objects.filter(engagement=engagement).update(link='https://e.example/"><script>x</script>')
    page = client_of(cast.mentor.person).get(reverse("schedule:session-detail", args=[sessions[0].pk]))
    assert "<script>x" not in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_links_that_are_set_at_once_wait_for_each_other(engagement, sessions, cast) -> None:
    """Of all and of one, by both: no deadlock, and each change raises the sequence of one session."""
    for_all_at_once = [
        partial(for_all, engagement, by, f"{LINK}{n}")
        for n, by in enumerate((cast.mentor.person, cast.mentee.person) * 8)
    ]
    for_one_at_once = [
        partial(for_one, sessions[n % 2], cast.mentee.person, f"{OTHER}{n}") for n in range(16)
    ]
    finishes = race([*for_all_at_once, *for_one_at_once])
    assert refusals(finishes) == {}
    assert sum(sequences_of(engagement).values()) == 32
    assert Mail.objects.count() == 64
