"""What the demonstration tells of sessions: agendas, commitments, notes, links, and whether the two met."""

import pytest
from django.urls import reverse

from mentoring.demo.told import read
from mentoring.engagements.models import Engagement
from mentoring.notes.models import AgendaItem, Commitment, PrivateNote, SharedNote, read_all
from mentoring.schedule.models import Mark, Session

pytestmark = pytest.mark.django_db


def sessions_of(seeded, mentor: str, mentee: str):
    persons = seeded.cast.persons
    return Session.objects.filter(
        series__mentor=persons[mentor], series__mentee=persons[mentee]
    ).select_related("series__engagement", "series__mentor", "series__mentee")


def test_engagements_are_told_of_that_there_are(seeded):
    told = read()
    pairs = {(story["mentor"], story["mentee"]) for story in told.engagements}
    assert told.sessions.keys() <= pairs


def test_all_that_was_written_can_be_read(seeded):
    sealed = (
        AgendaItem.objects.select_related("session__series"),
        Commitment.objects.all(),
        SharedNote.objects.select_related("session__series"),
        PrivateNote.objects.all(),
    )
    for rows in sealed:
        texts = [text for _, text in read_all(rows)]
        assert texts
        assert all(text == text.strip() and text for text in texts)


def test_nothing_was_written_in_the_future(seeded):
    instants = [(AgendaItem, "created_at"), (Commitment, "created_at"), (Commitment, "closed_at")]
    instants += [(SharedNote, "written_at"), (PrivateNote, "written_at"), (Mark, "marked_at")]
    for model, field in instants:
        assert not model.objects.filter(**{f"{field}__gt": seeded.now}).exists(), (model, field)


def test_pairs_said_whether_they_met(seeded):
    past = Session.objects.planned().under_way().filter(ends_at__lt=seeded.now)
    outcomes = set(past.values_list("outcome", flat=True))
    assert {Session.Outcome.HELD, Session.Outcome.MISSED} <= outcomes
    last = sessions_of(seeded, "leila-haddad", "amara-eze").filter(outcome="held").last()
    assert [mark.person for mark in last.marks.all()] == [seeded.cast.persons["leila-haddad"]]


def test_meeting_links_hold_for_engagements_under_way(seeded):
    linked = Engagement.objects.active().exclude(series__link="")
    assert linked.count() >= 4
    session = sessions_of(seeded, "leila-haddad", "amara-eze").last()
    assert session.meeting_link == "https://meet.example.org/crossways/leila-amara"


def test_pages_show_what_was_written(seeded, client_of):
    client = client_of(seeded.cast.persons["amara-eze"])
    ahead = sessions_of(seeded, "leila-haddad", "amara-eze").ahead(seeded.now).first()
    page = client.get(reverse("schedule:session-detail", args=[ahead.pk])).content.decode()
    assert "Brought along" in page
    assert "Walk one broken pump from alarm to shelf with Matron Okafor" in page
    assert "A board paper is coming and I have six days" in page
    assert "Leave the silences longer." not in page
    ended = sessions_of(seeded, "owen-llewellyn", "amara-eze").filter(shared_note__isnull=False).get()
    page = client.get(reverse("schedule:session-detail", args=[ended.pk])).content.decode()
    assert "The kettle stays on." in page
