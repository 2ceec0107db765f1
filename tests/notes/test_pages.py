"""What the two see and send on the page of a session, with script and without."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mentoring.engagements.services import end_engagement
from mentoring.notes import services
from mentoring.notes.models import AgendaItem, Commitment, PrivateNote, SharedNote, read
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def url(name, row) -> str:
    return reverse(f"notes:{name}", args=[row.pk])


def page_of(session) -> str:
    return reverse("schedule:session-detail", args=[session.pk])


def body(response) -> str:
    assert response.status_code == 200
    return response.content.decode()


def make(pair, session, text="Ask him", by=None):
    return services.make_commitment(
        session_id=session.pk, by=by or pair.mentee, text=text, due_on=None, now=timezone.now()
    )


def fill(pair, session, count) -> None:
    """As much of everything on the page of a session."""
    now = timezone.now()
    for n in range(count):
        for by in (pair.mentor, pair.mentee):
            services.add_agenda_item(session_id=session.pk, by=by, text=f"topic {n}", now=now)
            make(pair, session, f"here {n}", by)
            make(pair, pair.past[-1], f"before {n}", by)
    version = count - 1 if count > 1 else 0
    services.save_shared_note(
        session_id=session.pk, by=pair.mentor, text="x" * count, version=version, now=now
    )
    services.save_private_note(session_id=session.pk, author=pair.mentee, text="mine", now=now)


@pytest.mark.parametrize(
    ("name", "section", "fields", "shown"),
    [
        ("agenda-item-add", "agenda", {"text": " The \n rota "}, "The rota"),
        ("commitment-make", "commitments", {"text": "Ask him", "due_on": ""}, "Ask him"),
        ("shared-note-save", "shared-note", {"text": "One.\r\nTwo.", "version": "0"}, "One.\nTwo."),
        ("private-note-save", "private-note", {"text": "Mine."}, "Mine."),
    ],
)
def test_what_is_sent_stands_on_the_page(pair, mentee, name, section, fields, shown) -> None:
    session = pair.ahead[0]
    response = mentee.post(url(name, session), fields)
    assert response.status_code == 302
    assert response.headers["Location"] == f"{page_of(session)}#{section}"
    assert shown in body(mentee.get(page_of(session)))

    fragment = body(mentee.post(url(name, session), fields, headers=HTMX))
    assert shown in fragment
    assert re.findall(r'<section[^>]* id="([^"]+)"', fragment) == [section]
    assert "<html" not in fragment


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
@pytest.mark.parametrize(
    ("name", "fields", "typed", "error"),
    [
        ("agenda-item-add", {"text": ""}, "", "This field is required."),
        ("agenda-item-add", {"text": "y" * 301}, "y" * 301, "at most 300 characters (it has 301)"),
        ("agenda-item-add", {"text": "a\0b"}, "a", "Null characters are not allowed."),
        ("commitment-make", {"text": "Ask him", "due_on": "2026-02-30"}, "Ask him", "Give a date, such as"),
        ("commitment-make", {"text": "Ask him", "due_on": "2001-01-01"}, "Ask him", "still to come, or none"),
        ("commitment-make", {"text": "Ask him", "due_on": "9999-12-31"}, "Ask him", "within the next year"),
        (
            "shared-note-save",
            {"text": "z" * 10_001, "version": "0"},
            "z" * 10_001,
            "at most 10000 characters",
        ),
        ("private-note-save", {"text": "z" * 10_001}, "z" * 10_001, "at most 10000 characters"),
    ],
)
def test_what_is_refused_comes_back_with_its_error(pair, mentee, name, fields, typed, error, headers) -> None:
    answer = body(mentee.post(url(name, pair.ahead[0]), fields, headers=headers))
    assert error in answer
    assert typed in answer
    assert ("<html" in answer) == (headers == {})
    for model in (AgendaItem, Commitment, SharedNote, PrivateNote):
        assert not model.objects.exists()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
@pytest.mark.parametrize("version", ["1", "", "-1", "9" * 400, "1.5", "x", "²"])
def test_edit_of_an_older_shared_note_shows_both_texts(pair, mentee, headers, version) -> None:
    session, now = pair.ahead[0], timezone.now()
    for number, text in enumerate(["One.", "Theirs."]):
        services.save_shared_note(session_id=session.pk, by=pair.mentor, text=text, version=number, now=now)
    fields = {"text": "Mine.", "version": version}
    answer = body(mentee.post(url("shared-note-save", session), fields, headers=headers))
    assert "A newer version of this note was saved while you were writing." in answer
    assert (
        '<div class="note" role="group" aria-labelledby="shared-note-theirs"><p>Theirs.</p></div>' in answer
    )
    assert re.search(r"<textarea[^>]*shared-note-text[^>]*>\s*Mine\.</textarea>", answer)
    assert read(SharedNote.objects.get()) == "Theirs."

    # Having seen both, what is sent from that page replaces what it showed.
    fields["version"] = re.search(r'name="version" value="(\d+)"', answer).group(1)
    mentee.post(url("shared-note-save", session), fields)
    assert read(SharedNote.objects.get()) == "Mine."


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("agenda-item-add", {"text": "typed and dear"}),
        ("commitment-make", {"text": "typed and dear"}),
        ("shared-note-save", {"text": "typed and dear", "version": "0"}),
    ],
)
def test_very_next_request_after_the_end_is_refused_and_loses_nothing(
    pair, mentee, name, fields, headers
) -> None:
    session = pair.past[-1]
    end_engagement(engagement_id=pair.engagement.pk, by=pair.mentor, now=timezone.now())
    before = session_rows()
    answer = body(mentee.post(url(name, session), fields, headers=headers))
    assert session_rows() == before
    assert "typed and dear" in answer
    assert "This engagement has ended" in answer


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_buttons_of_an_open_page_do_nothing_after_the_end(pair, mentee, headers) -> None:
    session, now = pair.past[-1], timezone.now()
    made = make(pair, session)
    early = session.starts_at - timedelta(hours=1)
    item = services.add_agenda_item(session_id=session.pk, by=pair.mentee, text="The rota", now=early)
    end_engagement(engagement_id=pair.engagement.pk, by=pair.mentor, now=now)
    before = session_rows()
    for name, row in (
        ("agenda-item-take-back", item),
        ("commitment-finish", made),
        ("commitment-drop", made),
        ("commitment-reopen", made),
    ):
        response = mentee.post(url(name, row), {"session": session.pk}, headers=headers, follow=True)
        assert "This engagement has ended" in body(response), name
        assert session_rows() == before, name


def session_rows() -> list[object]:
    return [list(model.objects.values()) for model in (AgendaItem, Commitment, SharedNote)]


def test_after_the_end_both_read_and_nothing_offers_to_change(pair, mentee, mentor) -> None:
    session = pair.past[-1]
    now = session.starts_at - timedelta(hours=1)
    services.add_agenda_item(session_id=session.pk, by=pair.mentee, text="The rota", now=now)
    make(pair, session, "Ask him")
    services.save_shared_note(session_id=session.pk, by=pair.mentee, text="One.", version=0, now=now)
    services.save_private_note(session_id=session.pk, author=pair.mentee, text="Mine.", now=now)
    end_engagement(engagement_id=pair.engagement.pk, by=pair.mentor, now=timezone.now())
    for client, has_note in ((mentee, True), (mentor, False)):
        page = body(client.get(page_of(session)))
        for text in ("The rota", "Ask him", "One."):
            assert text in page
        assert ("Mine." in page) == has_note
        actions = set(re.findall(r'action="(/(?:sessions|agenda|commitments)/[^"]+)"', page))
        assert actions == {f"{url('private-note-save', session)}#private-note"}


def test_commitment_is_answered_where_its_button_stood(pair, mentee) -> None:
    made = make(pair, pair.past[-1])
    engagement = reverse("engagements:engagement-detail", args=[pair.engagement.pk])
    home = reverse("home:program-home", args=[pair.engagement.program.slug])
    for fields, page, section in (
        ({"session": pair.past[-1].pk}, f"{page_of(pair.past[-1])}#commitments", "commitments"),
        ({"session": pair.ahead[0].pk}, f"{page_of(pair.ahead[0])}#brought", "brought"),
        ({"back": "engagement"}, engagement, "open-commitments"),
        ({"back": "home"}, home, "my-commitments"),
    ):
        for name, state in (("finish", "done"), ("drop", "dropped"), ("reopen", "open")):
            response = mentee.post(url(f"commitment-{name}", made), fields)
            assert (response.status_code, response.headers["Location"]) == (302, page)
            made.refresh_from_db()
            assert made.state == state
        Commitment.objects.update(due_on=timezone.localdate())
        fragment = body(mentee.post(url("commitment-finish", made), fields, headers=HTMX))
        assert f'id="{section}"' in fragment
        assert "Reopen" in fragment
        services.reopen_commitment(commitment_id=made.pk, by=pair.mentee)


@pytest.mark.parametrize(
    "named",
    ["another pair's", "one's own, with another", "00000000-0000-4000-8000-000000000000", "x", "a\0b"],
)
def test_foreign_session_in_the_body_is_refused_and_nothing_is_written(pair, mentee, cast, named) -> None:
    if named == "another pair's":  # of the same mentor
        somebody = factories.make_goal(factories.make_mentee(cast.program))
        other = factories.make_engagement(somebody, cast.mentor, at=factories.time(14))
        named = other.series.get().sessions.first().pk
    if named == "one's own, with another":
        mentor = factories.make_mentor(cast.program)
        other = factories.make_engagement(factories.make_goal(cast.mentee), mentor, at=factories.time(14))
        named = other.series.get().sessions.first().pk
    made = make(pair, pair.ahead[0])
    item = services.add_agenda_item(
        session_id=pair.ahead[0].pk, by=pair.mentee, text="The rota", now=timezone.now()
    )
    for name, row in (("commitment-finish", made), ("agenda-item-take-back", item)):
        assert mentee.post(url(name, row), {"session": named}).status_code == 404
    made.refresh_from_db()
    assert made.state == "open"
    assert AgendaItem.objects.get() == item


def test_other_of_the_two_closes_and_takes_back_nothing(pair, mentor) -> None:
    made = make(pair, pair.ahead[0])
    item = services.add_agenda_item(
        session_id=pair.ahead[0].pk, by=pair.mentee, text="The rota", now=timezone.now()
    )
    for name in ("finish", "drop", "reopen"):
        assert mentor.post(url(f"commitment-{name}", made)).status_code == 404
    assert mentor.post(url("agenda-item-take-back", item)).status_code == 404
    page = body(mentor.get(page_of(pair.ahead[0])))
    assert "The rota" in page
    assert "Ask him" in page
    assert "Take back" not in page
    assert "Done" not in page


def test_program_admin_reads_nothing_of_it(pair, cast, client_of) -> None:
    fill(pair, pair.ahead[0], 1)
    for person in (cast.admin.person, cast.stranger):
        assert client_of(person).get(page_of(pair.ahead[0])).status_code == 404
    metadata = body(
        client_of(cast.admin.person).get(reverse("engagements:engagement-detail", args=[pair.engagement.pk]))
    )
    for text in ("topic 0", "here 0", "before 0", "mine"):
        assert text not in metadata


def test_page_says_who_can_read_what(pair, mentee) -> None:
    page = body(mentee.get(page_of(pair.ahead[0])))
    assert "You and Leila Haddad read the agenda, the commitments and the shared note" in page
    assert "your private note is read by you alone" in page
    assert (
        "The program’s admins cannot read it; whoever operates the server and holds its keys could." in page
    )
    assert "no-store" in mentee.get(page_of(pair.ahead[0])).headers["Cache-Control"]


def queries(client, page) -> int:
    with CaptureQueriesContext(connection) as captured:
        body(client.get(page))
    return len(captured)


def test_page_takes_as_many_queries_for_many_items_as_for_one(pair, mentee) -> None:
    page = page_of(pair.ahead[0])
    fill(pair, pair.ahead[0], 1)
    one = queries(mentee, page)
    services.save_shared_note(
        session_id=pair.ahead[0].pk, by=pair.mentor, text="y", version=1, now=timezone.now()
    )
    fill(pair, pair.ahead[0], 3)
    assert queries(mentee, page) == one


def test_home_and_engagement_take_as_many_queries_for_many_commitments_as_for_one(pair, mentee) -> None:
    pages = [
        reverse("home:program-home", args=[pair.engagement.program.slug]),
        reverse("engagements:engagement-detail", args=[pair.engagement.pk]),
    ]
    for page in pages:
        body(mentee.get(page))
    make(pair, pair.past[-1])
    Commitment.objects.update(due_on=timezone.localdate())
    one = [queries(mentee, page) for page in pages]
    for n in range(4):
        make(pair, pair.past[-1], f"number {n}")
    Commitment.objects.update(due_on=timezone.localdate())
    assert [queries(mentee, page) for page in pages] == one
    assert all("number 3" in body(mentee.get(page)) for page in pages)
