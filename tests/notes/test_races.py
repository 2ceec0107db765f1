"""Two who write at once, over connections of their own; each guard has a twin without it."""

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone

from mentoring.engagements.models import Engagement
from mentoring.engagements.services import end_engagement
from mentoring.notes import services
from mentoring.notes.models import AgendaItem, Commitment, PrivateNote, SharedNote, read
from mentoring.notes.services import MOST_COMMITMENTS, MOST_ITEMS, NotesError
from mentoring.schedule.models import Session
from mentoring.schedule.moves import skip_session
from tests.racing import Finish, is_waited_for, race, refusals, without_locks

pytestmark = pytest.mark.django_db(transaction=True)
CHANGED = "NoteChangedError: A newer version of this note was saved while you were writing."
FULL = "NotesError: An agenda holds 40 items, more than a session does. Take one of yours back first."
ENDED = f"NotesError: {services.ENDED}"


def succeeded(finishes: list[Finish]) -> int:
    return sum(finish.raised is None for finish in finishes)


def adding(pair, count: int) -> list[Callable[[], object]]:
    session, now = pair.ahead[0], timezone.now()
    return [
        partial(
            services.add_agenda_item,
            session_id=session.pk,
            by=pair.mentor if n % 2 else pair.mentee,
            text=f"topic {n}",
            now=now,
        )
        for n in range(count)
    ]


def saving(pair, texts: list[str], version: int = 0) -> list[Callable[[], object]]:
    session, now = pair.ahead[0], timezone.now()
    return [
        partial(
            services.save_shared_note,
            session_id=session.pk,
            by=by,
            text=text,
            version=version,
            now=now,
        )
        for text, by in zip(texts, (pair.mentor, pair.mentee) * len(texts), strict=False)
    ]


def test_two_who_add_at_once_add_both(pair) -> None:
    finishes = race(adding(pair, 2))
    assert refusals(finishes) == {}
    assert AgendaItem.objects.count() == 2


def test_agenda_never_holds_more_than_it_may(pair) -> None:
    for add in adding(pair, MOST_ITEMS - 5):
        add()
    finishes = race(adding(pair, 20))
    assert (succeeded(finishes), refusals(finishes)) == (5, {FULL: 15})
    assert AgendaItem.objects.count() == MOST_ITEMS


def test_agenda_without_the_locks_holds_too_many(pair, monkeypatch) -> None:
    for add in adding(pair, MOST_ITEMS - 1):
        add()
    with without_locks(monkeypatch, Engagement, Session):
        race(adding(pair, 20))
    assert AgendaItem.objects.count() > MOST_ITEMS


def test_open_commitments_are_never_more_than_they_may(pair) -> None:
    make = partial(
        services.make_commitment,
        session_id=pair.ahead[0].pk,
        by=pair.mentee,
        text="Ask him",
        due_on=None,
        now=timezone.now(),
    )
    for _ in range(MOST_COMMITMENTS - 3):
        make()
    assert succeeded(race([make] * 12)) == 3
    assert Commitment.objects.open().count() == MOST_COMMITMENTS


@pytest.mark.parametrize("version", [0, 1])
def test_of_two_who_save_the_shared_note_at_once_one_wins(pair, version) -> None:
    for save in saving(pair, ["First."])[:version]:
        save()
    finishes = race(saving(pair, ["Hers.", "His."], version))
    assert (succeeded(finishes), refusals(finishes)) == (1, {CHANGED: 1})
    note = SharedNote.objects.get()
    won = next(finish.returned for finish in finishes if finish.raised is None)
    assert (read(note), note.version, note.by_id) == (read(won), version + 1, won.by_id)


def test_shared_note_of_many_saves_loses_none_that_succeeded(pair) -> None:
    """Each adds a line to what it read, as people do, until it is taken."""

    def write(n: int) -> int:
        session, tries = pair.ahead[0], 0
        while True:
            tries += 1
            note = SharedNote.objects.select_related("session__series").filter(session=session).first()
            text, version = (read(note), note.version) if note else ("", 0)
            try:
                services.save_shared_note(
                    session_id=session.pk,
                    by=pair.mentee,
                    text=f"{text}line {n}\n",
                    version=version,
                    now=timezone.now(),
                )
            except services.NoteChangedError:
                continue
            return tries

    finishes = race([partial(write, n) for n in range(12)])
    note = SharedNote.objects.select_related("session__series").get()
    assert sorted(read(note).splitlines()) == sorted(f"line {n}" for n in range(12))
    assert note.version == 12
    assert sum(finish.returned for finish in finishes) >= 12


def test_shared_note_without_the_versions_loses_an_update(pair, monkeypatch) -> None:
    monkeypatch.setattr(services, "_check_version", lambda note, version: None)
    saving(pair, ["First."])[0]()
    finishes = race(saving(pair, ["Hers.", "His."], version=1))
    assert refusals(finishes) == {}
    assert SharedNote.objects.get().version == 3
    assert {read(finish.returned) for finish in finishes} == {"Hers.", "His."}


def test_shared_note_without_the_locks_loses_an_update(pair, monkeypatch) -> None:
    """The version alone is read before it is written: many at once read the same."""
    saving(pair, ["First."])[0]()
    with without_locks(monkeypatch, Engagement, Session):
        finishes = race(saving(pair, [f"text {n}" for n in range(20)], version=1))
    assert succeeded(finishes) > 1
    assert SharedNote.objects.get().version == 2


def test_private_note_of_two_windows_is_one_note(pair) -> None:
    session, now = pair.ahead[0], timezone.now()
    finishes = race(
        [
            partial(
                services.save_private_note, session_id=session.pk, author=pair.mentee, text=f"{n}", now=now
            )
            for n in range(10)
        ]
    )
    assert refusals(finishes) == {}
    assert PrivateNote.objects.count() == 1


def test_nothing_is_written_once_the_end_is_decided(pair) -> None:
    ending = partial(end_engagement, engagement_id=pair.engagement.pk, by=pair.mentor, now=timezone.now())
    finishes = race([*adding(pair, 10), ending, *saving(pair, ["Hers."])])
    ended = refusals(finishes)
    assert ended.keys() <= {ENDED}
    assert AgendaItem.objects.count() == succeeded(finishes[:10])
    assert Engagement.objects.get().state == "ended"
    assert refusals(race(adding(pair, 4))) == {ENDED: 4}


def refusal_of_what_is_added_during_a_skip(pair) -> str:
    """One adds while the other, who has skipped the session, has not committed yet."""
    session, [add] = pair.ahead[0], adding(pair, 1)
    refused = []

    def run() -> None:
        try:
            add()
        except NotesError as error:
            refused.append(str(error))
        finally:
            connection.close()

    adder = threading.Thread(target=run, daemon=True)
    with transaction.atomic():
        skip_session(session_id=session.pk, by=pair.mentor, word="", now=timezone.now())
        adder.start()
        while adder.is_alive() and not is_waited_for():
            time.sleep(0.01)
    adder.join(timeout=60)
    assert Session.objects.get(pk=session.pk).state == Session.State.SKIPPED
    return "".join(refused)


def test_nothing_is_added_for_a_session_that_is_skipped_meanwhile(pair) -> None:
    refusal = refusal_of_what_is_added_during_a_skip(pair)
    assert refusal == "This session does not take place. Write it down for the next one."
    assert not AgendaItem.objects.exists()


def test_without_the_lock_something_is_added_for_a_session_that_is_skipped(pair, monkeypatch) -> None:
    with without_locks(monkeypatch, Session):
        assert refusal_of_what_is_added_during_a_skip(pair) == ""
    assert AgendaItem.objects.count() == 1


def test_private_note_that_is_emptied_in_another_window_is_written_or_not(pair) -> None:
    session, now = pair.ahead[0], timezone.now()
    write = partial(services.save_private_note, session_id=session.pk, author=pair.mentee, now=now)
    write(text="First.")
    assert refusals(race([partial(write, text="" if n % 2 else f"{n}") for n in range(12)])) == {}
    assert PrivateNote.objects.count() <= 1
