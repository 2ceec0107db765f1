"""What is written of a session stands, sealed, in its row and nowhere else; deleting it deletes it."""

import logging
from itertools import permutations

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from mentoring.confidential.keyring import ConfidentialError
from mentoring.confidential.models import DataKey
from mentoring.engagements.services import end_engagement
from mentoring.notes import services
from mentoring.notes.models import AgendaItem, Commitment, PrivateNote, SharedNote, read, seal
from mentoring.outbox.models import Mail
from mentoring.schedule import ical

pytestmark = pytest.mark.django_db
MODELS = (AgendaItem, Commitment, SharedNote, PrivateNote)
CANARY = "Quetzalcoatlus"
PLAIN = (CANARY, CANARY.encode().hex())  # as text, and as PostgreSQL shows bytes


def write_everything(pair, client, texts=CANARY) -> None:
    session = pair.ahead[0]
    for name, fields in (
        ("agenda-item-add", {}),
        ("commitment-make", {"due_on": timezone.localdate().isoformat()}),
        ("shared-note-save", {"version": "0"}),
        ("private-note-save", {}),
    ):
        fields["text"] = f"{texts} in {name}"
        assert client.post(reverse(f"notes:{name}", args=[session.pk]), fields).status_code == 302


def tables_that_hold(*words: str) -> list[str]:
    """Tables of the whole database in which one of these stands in some column of some row."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            rows = f"SELECT t::text AS said FROM {connection.ops.quote_name(table)} t"
            cursor.execute(
                f"SELECT count(*) FROM ({rows}) r, unnest(%s) word WHERE strpos(said, word) > 0",
                [list(words)],
            )
            found += [table] if cursor.fetchone()[0] else []
    return found


def test_search_of_the_tables_finds_what_is_not_sealed(pair) -> None:
    pair.engagement.goal.title = CANARY
    pair.engagement.goal.save(update_fields=["title"])
    item = AgendaItem(session=pair.ahead[0], by=pair.mentee, created_at=timezone.now())
    item.text_sealed = CANARY.encode()
    item.save()
    assert tables_that_hold(*PLAIN) == ["goals_goal", "notes_agendaitem"]


def test_no_table_holds_a_word_of_it(pair, mentee) -> None:
    write_everything(pair, mentee)
    assert [model.objects.count() for model in MODELS] == [1, 1, 1, 1]
    assert tables_that_hold(*PLAIN) == []


def test_no_log_mail_calendar_or_name_holds_a_word_of_it(
    pair, mentee, mentor, caplog, cast, client_of
) -> None:
    caplog.set_level(logging.DEBUG)
    write_everything(pair, mentee)
    session = pair.ahead[0]
    mentee.post(reverse("notes:agenda-item-add", args=[session.pk]), {"text": CANARY * 40})
    mentor.post(
        reverse("notes:shared-note-save", args=[session.pk]), {"text": f"my {CANARY}", "version": "7"}
    )
    end_engagement(engagement_id=pair.engagement.pk, by=pair.mentor, now=timezone.now())
    mentee.post(reverse("notes:agenda-item-add", args=[session.pk]), {"text": CANARY})

    said = [f"{row} {row!r}" for model in MODELS for row in model.objects.all()]
    said += [f"{mail.subject} {mail.text} {mail.html} {mail.calendar}" for mail in Mail.objects.all()]
    said += [ical.series_calendar([session], pair.mentee, timezone.now())]
    admin = client_of(cast.admin.person)
    for name, args in (
        ("engagements:engagement-detail", [pair.engagement.pk]),
        ("engagements:engagement-list", [cast.program.slug]),
        ("programs:member-list", [cast.program.slug]),
        ("home:program-home", [cast.program.slug]),
    ):
        said.append(admin.get(reverse(name, args=args)).content.decode())
    said.append(mentor.get(reverse("home:program-home", args=[cast.program.slug])).content.decode())
    assert CANARY not in caplog.text
    assert not [words for words in said if CANARY in words]


def test_other_of_the_two_reads_no_private_note_on_any_page(pair, mentee, mentor) -> None:
    services.save_private_note(
        session_id=pair.ahead[0].pk, author=pair.mentee, text=CANARY, now=timezone.now()
    )
    pages = [reverse("schedule:session-detail", args=[session.pk]) for session in pair.ahead[:2]]
    pages += [reverse("engagements:engagement-detail", args=[pair.engagement.pk])]
    assert CANARY in mentee.get(pages[0]).content.decode()
    for page in pages:
        assert CANARY not in mentor.get(page).content.decode()


def test_text_moved_to_another_row_or_table_is_refused(pair) -> None:
    """Also between rows of one key: two of the same engagement, or of the same author."""
    now = timezone.now()
    rows = []
    for session in pair.ahead[:2]:
        rows += [
            AgendaItem(session=session, by=pair.mentee, created_at=now),
            Commitment(engagement=pair.engagement, by=pair.mentee, created_at=now),
            SharedNote(session=session, by=pair.mentee, written_at=now),
            PrivateNote(session=session, author=pair.mentee, written_at=now),
        ]
    for number, row in enumerate(rows):
        seal(row, f"text {number}")
        row.save()
    assert [read(row) for row in rows] == [f"text {number}" for number in range(len(rows))]
    for source, target in permutations(rows, 2):
        own, target.text_sealed = target.text_sealed, source.text_sealed
        with pytest.raises(ConfidentialError):
            read(target)
        target.text_sealed = own


def test_private_note_is_sealed_under_its_authors_key(pair) -> None:
    services.save_private_note(
        session_id=pair.ahead[0].pk, author=pair.mentee, text="Mine.", now=timezone.now()
    )
    DataKey.objects.filter(owner=f"engagement:{pair.engagement.pk}").delete()
    assert read(PrivateNote.objects.get()) == "Mine."
    DataKey.objects.get(owner=f"person:{pair.mentee.pk}")


def test_what_is_taken_back_or_emptied_leaves_nothing_in_any_table(pair, mentee) -> None:
    write_everything(pair, mentee)
    item, note, private = AgendaItem.objects.get(), SharedNote.objects.get(), PrivateNote.objects.get()
    ciphertexts = [bytes(row.text_sealed) for row in (item, note, private)]
    assert all(tables_that_hold(sealed.hex()) for sealed in ciphertexts)

    session = pair.ahead[0]
    mentee.post(reverse("notes:agenda-item-take-back", args=[item.pk]))
    mentee.post(reverse("notes:shared-note-save", args=[session.pk]), {"text": "", "version": note.version})
    mentee.post(reverse("notes:private-note-save", args=[session.pk]), {"text": ""})
    assert [tables_that_hold(sealed.hex()) for sealed in ciphertexts] == [[], [], []]


def test_deleting_the_engagement_or_the_person_deletes_what_they_wrote(pair, mentee) -> None:
    write_everything(pair, mentee)
    request = pair.engagement.request
    pair.engagement.delete()
    request.delete()
    assert [model.objects.count() for model in MODELS] == [0, 0, 0, 0]
