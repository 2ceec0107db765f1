"""What the two write for and after a session, for as long as their engagement is under way.

Every write but that of a private note locks the engagement first: the two write one after the other,
and none of it after the end. What is written for a session locks that too, after the engagement, as whoever
ends does: nothing is written for one that is skipped meanwhile.
"""

import uuid
from datetime import date, datetime

from django.db import transaction

from accounts.models import User
from mentoring.engagements.models import Engagement
from mentoring.notes.models import AgendaItem, Commitment, PrivateNote, SharedNote, read, seal
from mentoring.schedule.models import Session

MOST_ITEMS = 40  # on the agenda of one session
MOST_COMMITMENTS = 40  # open ones of one person in one engagement
ENDED = "This engagement has ended. What you wrote stays readable for both of you; nothing is added to it."


class NotesError(Exception):
    """Why something cannot be written, in words fit to show."""


class NoteChangedError(NotesError):
    """A newer text was saved meanwhile."""


@transaction.atomic
def add_agenda_item(*, session_id: uuid.UUID, by: User, text: str, now: datetime) -> AgendaItem:
    session = _lock_to_write(session_id)
    if session.ends_at <= now:
        raise NotesError("This session is over. Put it on the agenda of the next one.")
    if AgendaItem.objects.filter(session=session).count() >= MOST_ITEMS:
        raise NotesError(
            f"An agenda holds {MOST_ITEMS} items, more than a session does. Take one of yours back first."
        )
    item = AgendaItem(session=session, by=by, created_at=now)
    seal(item, text)
    item.save(force_insert=True)
    return item


@transaction.atomic
def take_back_agenda_item(*, item_id: uuid.UUID, by: User) -> None:
    """Twice does once. Whose item it is, is part of the question."""
    item = AgendaItem.objects.filter(pk=item_id, by=by).select_related("session__series").first()
    if item is None:
        return
    _lock(item.session.series.engagement_id)
    item.delete()


@transaction.atomic
def make_commitment(
    *, session_id: uuid.UUID, by: User, text: str, due_on: date | None, now: datetime
) -> Commitment:
    """Each of the two undertakes things for themselves alone."""
    session = _lock_to_write(session_id)
    engagement_id = session.series.engagement_id
    _check_room(engagement_id, by)
    commitment = Commitment(
        engagement_id=engagement_id, by=by, made_in=session, due_on=due_on, created_at=now
    )
    seal(commitment, text)
    commitment.save(force_insert=True)
    return commitment


def finish_commitment(*, commitment_id: uuid.UUID, by: User, now: datetime) -> None:
    _close(commitment_id, by, Commitment.State.DONE, now)


def drop_commitment(*, commitment_id: uuid.UUID, by: User, now: datetime) -> None:
    _close(commitment_id, by, Commitment.State.DROPPED, now)


@transaction.atomic
def reopen_commitment(*, commitment_id: uuid.UUID, by: User) -> None:
    commitment = _lock_own(commitment_id, by)
    if commitment.state == Commitment.State.OPEN:
        return
    _check_room(commitment.engagement_id, by)
    commitment.state, commitment.closed_at = Commitment.State.OPEN, None
    commitment.save(update_fields=["state", "closed_at"])


@transaction.atomic
def save_shared_note(
    *, session_id: uuid.UUID, by: User, text: str, version: int, now: datetime
) -> SharedNote | None:
    """Write the text over `version` (0: there is none yet).

    Raises NoteChangedError when it is not the one that stands there. What stands there already is not written
    again, so that sending twice is no conflict.
    """
    session = _lock_to_write(session_id)
    note = SharedNote.objects.filter(session=session).select_related("session__series").first()
    if text == ("" if note is None else read(note)):
        return note
    if note is None:
        note = SharedNote(session=session, by=by, version=0)
    _check_version(note, version)
    note.by, note.written_at, note.version = by, now, note.version + 1
    seal(note, text)
    _save(note, "by", "written_at", "version", "text_sealed")
    return note


@transaction.atomic
def save_private_note(*, session_id: uuid.UUID, author: User, text: str, now: datetime) -> None:
    """The author's alone, and theirs to write after the end too. An empty text deletes it."""
    # Locked against oneself in another window: the constraint would refuse the second, and a note that is
    # deleted there could not be written here.
    User.objects.select_for_update(no_key=True).get(pk=author.pk)
    written = PrivateNote.objects.filter(session_id=session_id, author=author)
    if not text:
        written.delete()
        return
    note = written.first() or PrivateNote(session_id=session_id, author=author)
    note.written_at = now
    seal(note, text)
    _save(note, "written_at", "text_sealed")


def _save(note: SharedNote | PrivateNote, *written: str) -> None:
    """A new note, or these fields of one that stands there."""
    if note._state.adding:
        note.save(force_insert=True)
    else:
        note.save(update_fields=written)


def _check_room(engagement_id: uuid.UUID, by: User) -> None:
    open_ones = Commitment.objects.open().undertaken_by(by).filter(engagement_id=engagement_id)
    if open_ones.count() >= MOST_COMMITMENTS:
        raise NotesError(f"You have {MOST_COMMITMENTS} open commitments here. Finish or drop one first.")


def _check_version(note: SharedNote, version: int) -> None:
    if note.version != version:
        raise NoteChangedError("A newer version of this note was saved while you were writing.")


@transaction.atomic
def _close(commitment_id: uuid.UUID, by: User, state: Commitment.State, now: datetime) -> None:
    """Only who undertook it says that it is done or dropped; saying so twice keeps the first time."""
    commitment = _lock_own(commitment_id, by)
    if commitment.state == state:
        return
    commitment.state, commitment.closed_at = state, now
    commitment.save(update_fields=["state", "closed_at"])


def _lock_own(commitment_id: uuid.UUID, by: User) -> Commitment:
    """One's own commitment, as it stands once the engagement is locked."""
    mine = Commitment.objects.undertaken_by(by)
    _lock(mine.values_list("engagement_id", flat=True).get(pk=commitment_id))
    return mine.get(pk=commitment_id)


def _lock_to_write(session_id: uuid.UUID) -> Session:
    """The session as it stands once the engagement is locked, and itself: nobody skips it meanwhile."""
    sessions = Session.objects.filter(pk=session_id)
    _lock(sessions.values_list("series__engagement_id", flat=True).get())
    session = sessions.select_for_update(of=("self",), no_key=True).select_related("series").get()
    if session.state != Session.State.PLANNED:
        raise NotesError("This session does not take place. Write it down for the next one.")
    return session


def _lock(engagement_id: uuid.UUID) -> None:
    """Until the transaction ends nobody else writes here, and nobody ends the engagement."""
    engagement = Engagement.objects.select_for_update(no_key=True).get(pk=engagement_id)
    if engagement.state != Engagement.State.ACTIVE:
        raise NotesError(ENDED)
