"""The note that both write, and the one that each writes alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mentoring.engagements.services import end_engagement
from mentoring.notes import sections
from mentoring.notes.models import PrivateNote, SharedNote, read
from mentoring.notes.services import NoteChangedError, NotesError, save_private_note, save_shared_note

pytestmark = pytest.mark.django_db


def save(session, by, text, version, now=None):
    return save_shared_note(
        session_id=session.pk, by=by, text=text, version=version, now=now or timezone.now()
    )


def write(session, author, text):
    save_private_note(session_id=session.pk, author=author, text=text, now=timezone.now())


def test_both_write_one_text_in_turn(pair) -> None:
    session, now = pair.ahead[0], timezone.now()
    save(session, pair.mentee, "One.", 0)
    save(session, pair.mentor, "One.\nTwo.", 1, now)
    note = SharedNote.objects.get()
    assert (read(note), note.version, note.by, note.written_at) == ("One.\nTwo.", 2, pair.mentor, now)


@pytest.mark.parametrize("version", [0, 1, 3])
def test_edit_of_another_version_is_refused_and_changes_nothing(pair, version) -> None:
    session = pair.ahead[0]
    save(session, pair.mentee, "One.", 0)
    save(session, pair.mentor, "Two.", 1)
    with pytest.raises(NoteChangedError):
        save(session, pair.mentee, "Mine.", version)
    note = SharedNote.objects.get()
    assert (read(note), note.version, note.by) == ("Two.", 2, pair.mentor)


def test_first_edit_is_based_on_nothing(pair) -> None:
    with pytest.raises(NoteChangedError):
        save(pair.ahead[0], pair.mentee, "One.", 1)
    assert not SharedNote.objects.exists()


def test_saving_twice_is_no_conflict_with_oneself(pair) -> None:
    now = timezone.now()
    save(pair.ahead[0], pair.mentee, "One.", 0, now)
    save(pair.ahead[0], pair.mentee, "One.", 0, now + timedelta(hours=1))
    note = SharedNote.objects.get()
    assert (note.version, note.written_at) == (1, now)


def test_saving_nothing_makes_no_note_and_empties_one(pair) -> None:
    assert save(pair.ahead[0], pair.mentee, "", 0) is None
    save(pair.ahead[0], pair.mentee, "One.", 0)
    save(pair.ahead[0], pair.mentor, "", 1)
    assert read(SharedNote.objects.get()) == ""


def test_private_note_is_the_authors_alone(pair) -> None:
    session = pair.ahead[0]
    write(session, pair.mentee, "I was relieved.")
    write(session, pair.mentor, "She answers fast.")
    write(session, pair.mentor, "She answers faster than she thinks.")
    for reader, text in (
        (pair.mentee, "I was relieved."),
        (pair.mentor, "She answers faster than she thinks."),
    ):
        assert sections.private_note(sections.reading_of(session, reader, timezone.now())).text == text
    assert PrivateNote.objects.count() == 2


def test_empty_private_note_is_deleted(pair) -> None:
    write(pair.ahead[0], pair.mentee, "I was relieved.")
    write(pair.ahead[0], pair.mentor, "Hers.")
    write(pair.ahead[0], pair.mentee, "")
    assert [note.author for note in PrivateNote.objects.all()] == [pair.mentor]


def test_after_the_end_the_private_note_alone_is_written(pair) -> None:
    session = pair.past[-1]
    save(session, pair.mentee, "One.", 0)
    end_engagement(engagement_id=pair.engagement.pk, by=pair.mentor, now=timezone.now())
    with pytest.raises(NotesError, match="This engagement has ended"):
        save(session, pair.mentor, "Two.", 1)
    write(session, pair.mentee, "Thank you.")
    assert (read(SharedNote.objects.get()), read(PrivateNote.objects.get())) == ("One.", "Thank you.")
