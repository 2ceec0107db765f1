"""What one of the two reads of a session, section by section; each takes the form that was refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django import forms
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from mentoring.engagements.models import Engagement
from mentoring.notes.forms import AgendaItemForm, CommitmentForm, PrivateNoteForm, SharedNoteForm
from mentoring.notes.models import AgendaItem, Commitment, PrivateNote, SharedNote, read, read_all
from mentoring.schedule.models import Session


@dataclass(frozen=True)
class Reading:
    """One of the two at one session. `previous` is the session that they kept before it."""

    session: Session
    reader: User
    now: datetime
    previous: Session | None

    @property
    def other(self) -> User:
        return self.session.series.other(self.reader)

    @property
    def is_under_way(self) -> bool:
        return self.session.series.engagement.state == Engagement.State.ACTIVE

    @property
    def is_kept(self) -> bool:
        return self.session.state == Session.State.PLANNED

    @property
    def may_write(self) -> bool:
        return self.is_under_way and self.is_kept

    @property
    def is_over(self) -> bool:
        return self.session.ends_at <= self.now

    @property
    def is_further_ahead(self) -> bool:
        """Another session comes first."""
        return self.previous is not None and self.previous.ends_at > self.now


@dataclass(frozen=True)
class CommitmentLine:
    """A commitment as it is shown."""

    commitment: Commitment
    text: str
    is_own: bool
    is_overdue: bool


@dataclass(frozen=True)
class Brought:
    own: list[CommitmentLine]
    others: list[CommitmentLine]


@dataclass(frozen=True)
class Agenda:
    lines: list[tuple[AgendaItem, str]]
    form: forms.Form
    may_add: bool


@dataclass(frozen=True)
class Commitments:
    made: list[CommitmentLine]
    form: forms.Form
    may_add: bool


@dataclass(frozen=True)
class Note:
    """`version` is what the text in the form is based on; `theirs` what the other saved meanwhile."""

    note: SharedNote | PrivateNote | None
    text: str
    form: forms.Form
    version: int = 0
    theirs: str | None = None


def reading_of(session: Session, reader: User, now: datetime) -> Reading:
    kept = Session.objects.planned().filter(series__engagement_id=session.series.engagement_id)
    previous = kept.filter(starts_at__lt=session.starts_at).order_by("-starts_at").first()
    return Reading(session, reader, now, previous)


def brought(reading: Reading) -> Brought:
    """What was undertaken before and is open, or was closed since the two last met."""
    if not reading.is_kept or reading.is_further_ahead:
        return Brought([], [])
    since = reading.previous.ends_at if reading.previous else None
    rows = Commitment.objects.brought_to(reading.session, since=since)
    lines = sorted(lines_of(rows, reading.reader), key=lambda line: line.commitment.state != "open")
    return Brought(
        [line for line in lines if line.is_own],
        [line for line in lines if not line.is_own],
    )


def agenda(reading: Reading, form: forms.Form | None = None) -> Agenda:
    """The session's own items, and those of sessions before it that were not kept since the two last met."""
    session = reading.session
    wanted = Q(session=session)
    if reading.is_kept:
        left = Q(session__series__engagement=session.series.engagement_id)
        left &= ~Q(session__state=Session.State.PLANNED) & Q(session__starts_at__lt=session.starts_at)
        if reading.previous:
            left &= Q(session__starts_at__gt=reading.previous.starts_at)
        wanted |= left
    items = AgendaItem.objects.filter(wanted).select_related("session__series")
    return Agenda(
        read_all(items),
        form or AgendaItemForm(auto_id="agenda-%s"),
        reading.may_write and not reading.is_over,
    )


def commitments(reading: Reading, form: forms.Form | None = None) -> Commitments:
    """What was undertaken in this session."""
    rows = Commitment.objects.filter(made_in=reading.session)
    form = form or commitment_form()
    return Commitments(lines_of(rows, reading.reader), form, reading.may_write)


def shared_note(reading: Reading, form: forms.Form | None = None, version: int | None = None) -> Note:
    """`version` is what the refused form was based on."""
    rows = SharedNote.objects.filter(session=reading.session).select_related("session__series")
    note = rows.first()
    text = read(note) if note else ""
    current = note.version if note else 0
    if form is None:
        return Note(note, text, SharedNoteForm(initial={"text": text}, auto_id="shared-note-%s"), current)
    has_changed = version is not None and version != current
    # Both stand on the page now: what is sent from here on is meant to replace the newer one.
    return Note(note, text, form, current, theirs=text if has_changed else None)


def private_note(reading: Reading, form: forms.Form | None = None) -> Note:
    note = PrivateNote.objects.filter(session=reading.session, author=reading.reader).first()
    text = read(note) if note else ""
    return Note(note, text, form or PrivateNoteForm(initial={"text": text}, auto_id="private-note-%s"))


def all_of(reading: Reading) -> dict[str, object]:
    return {
        "reading": reading,
        "brought": brought(reading),
        "agenda": agenda(reading),
        "shared_note": shared_note(reading),
        "commitments": commitments(reading),
        "private_note": private_note(reading),
    }


def lines_of(rows: Iterable[Commitment], reader: User) -> list[CommitmentLine]:
    today = timezone.localdate()
    return [
        CommitmentLine(commitment, text, commitment.by_id == reader.pk, _is_overdue(commitment, today))
        for commitment, text in read_all(rows)
    ]


def commitment_form(typed: object = None) -> CommitmentForm:
    return CommitmentForm(typed, today=timezone.localdate(), auto_id="commitment-%s")


def _is_overdue(commitment: Commitment, today: date) -> bool:
    is_open = commitment.state == Commitment.State.OPEN
    return is_open and commitment.due_on is not None and commitment.due_on < today
