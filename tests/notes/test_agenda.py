"""What both put on the agenda of a session."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mentoring.engagements.services import end_engagement
from mentoring.notes import sections
from mentoring.notes.models import AgendaItem
from mentoring.notes.services import MOST_ITEMS, NotesError, add_agenda_item, take_back_agenda_item
from mentoring.schedule.models import Session

pytestmark = pytest.mark.django_db


def add(session, by, text="The rota", now=None):
    return add_agenda_item(session_id=session.pk, by=by, text=text, now=now or timezone.now())


def shown(session, reader) -> list[str]:
    return [text for _, text in sections.agenda(sections.reading_of(session, reader, timezone.now())).lines]


def test_both_add_and_both_read_in_order(pair) -> None:
    session = pair.ahead[0]
    add(session, pair.mentee, "The rota")
    add(session, pair.mentor, "What do you avoid?")
    assert shown(session, pair.mentee) == shown(session, pair.mentor) == ["The rota", "What do you avoid?"]


def test_item_is_added_while_the_session_goes_on_and_not_after(pair) -> None:
    session = pair.ahead[0]
    add(session, pair.mentee, now=session.ends_at - timedelta(seconds=1))
    with pytest.raises(NotesError, match="This session is over"):
        add(session, pair.mentee, now=session.ends_at)
    assert session.agenda.count() == 1


def test_agenda_holds_so_many_items_and_no_more(pair) -> None:
    session = pair.ahead[0]
    for n in range(MOST_ITEMS):
        add(session, pair.mentee if n % 2 else pair.mentor)
    with pytest.raises(NotesError, match="An agenda holds 40 items"):
        add(session, pair.mentee)
    take_back_agenda_item(item_id=session.agenda.filter(by=pair.mentee).first().pk, by=pair.mentee)
    add(session, pair.mentor)
    assert session.agenda.count() == MOST_ITEMS


def test_only_who_added_an_item_takes_it_back(pair) -> None:
    item = add(pair.ahead[0], pair.mentee)
    take_back_agenda_item(item_id=item.pk, by=pair.mentor)
    assert AgendaItem.objects.get() == item
    take_back_agenda_item(item_id=item.pk, by=pair.mentee)
    take_back_agenda_item(item_id=item.pk, by=pair.mentee)
    assert not AgendaItem.objects.exists()


@pytest.mark.parametrize("state", [Session.State.SKIPPED, Session.State.CANCELLED])
def test_items_of_a_session_not_kept_stand_on_the_next_one_kept(pair, state) -> None:
    first, second, third = pair.ahead[:3]
    item = add(first, pair.mentee, "The rota")
    add(second, pair.mentor, "The matrons")
    Session.objects.filter(pk=first.pk).update(state=state)
    first.refresh_from_db()
    assert shown(second, pair.mentee) == ["The rota", "The matrons"]
    assert shown(third, pair.mentee) == []
    assert shown(first, pair.mentee) == ["The rota"]
    with pytest.raises(NotesError, match="does not take place"):
        add(first, pair.mentee)
    take_back_agenda_item(item_id=item.pk, by=pair.mentee)
    assert shown(second, pair.mentee) == ["The matrons"]


def test_nothing_is_added_or_taken_back_after_the_end(pair) -> None:
    item = add(pair.ahead[0], pair.mentee)
    end_engagement(engagement_id=pair.engagement.pk, by=pair.mentor, now=timezone.now())
    with pytest.raises(NotesError, match="This engagement has ended"):
        add(pair.ahead[0], pair.mentor)
    with pytest.raises(NotesError, match="This engagement has ended"):
        take_back_agenda_item(item_id=item.pk, by=pair.mentee)
    assert AgendaItem.objects.get() == item
