"""Erasing oneself while somebody else acts, over connections of their own."""

import threading
import time
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from mentoring.engagements.models import Engagement, Request
from mentoring.engagements.services import EngagementError, accept_request, decline_request, send_request
from mentoring.owndata.erasing import NAMELESS, erase, erase_again
from mentoring.owndata.services import ask_download
from mentoring.schedule.models import Reservation
from tests import factories
from tests.racing import is_waited_for, race

pytestmark = pytest.mark.django_db(transaction=True)


def left_under_way(person: Any) -> dict[str, int]:
    now = timezone.now()
    return {
        "engagements": Engagement.objects.active().visible_to(person).count(),
        "requests": Request.objects.open().filter(mentor=person).count(),
        "reservations": Reservation.objects.filter(is_live=True, during__startswith__gt=now).count(),
    }


@pytest.mark.parametrize("again", range(3))
def test_erasing_while_the_other_accepts_leaves_nothing_under_way(cast: Any, again: int) -> None:
    request = factories.make_request(cast.goal, cast.mentor)
    mentee, mentor, now = cast.mentee.person, cast.mentor.person, timezone.now()

    erased, accepted = race(
        [
            partial(erase, person_id=mentee.pk, now=now),
            partial(accept_request, request_id=request.pk, by=mentor, now=now),
        ]
    )

    assert erased.raised is None
    assert accepted.raised is None or isinstance(accepted.raised, EngagementError)
    assert left_under_way(mentor) == {"engagements": 0, "requests": 0, "reservations": 0}
    assert Request.objects.get().state == ("accepted" if accepted.raised is None else "withdrawn")
    assert Request.objects.get().mentee.name == NAMELESS


def test_a_request_answered_in_that_moment_hinders_nobody_from_going(cast: Any) -> None:
    request = factories.make_request(cast.goal, cast.mentor)
    person, now, finishes = cast.mentee.person, timezone.now(), []
    erasing = threading.Thread(
        target=lambda: finishes.extend(race([partial(erase, person_id=person.pk, now=now)])), daemon=True
    )

    with transaction.atomic():
        decline_request(request_id=request.pk, decline=Request.Decline.FIT, note="", now=now)
        erasing.start()
        while erasing.is_alive() and not is_waited_for():
            time.sleep(0.01)
    erasing.join(timeout=60)

    assert [finish.raised for finish in finishes] == [None]
    request.refresh_from_db()
    assert (request.state, request.decline) == (Request.State.DECLINED, Request.Decline.FIT)


def test_a_request_sent_in_that_moment_does_not_wait_for_nobody(cast: Any) -> None:
    mentor, now = cast.mentor.person, timezone.now()
    terms = factories.make_request(cast.goal, cast.mentor).terms
    Request.objects.all().delete()
    ask = {"mentee": cast.mentee, "mentor_id": mentor.pk, "goal": cast.goal, "terms": terms, "now": now}

    race(
        [
            partial(erase, person_id=mentor.pk, now=now),
            partial(send_request, message="Help", offer="Thanks", **ask),
        ]
    )
    erase_again(now + timedelta(minutes=15))

    assert left_under_way(mentor) == {"engagements": 0, "requests": 0, "reservations": 0}


def test_two_windows_erase_once_and_two_clicks_ask_for_one_download(cast: Any) -> None:
    person, now = cast.mentee.person, timezone.now()
    asked = race([partial(ask_download, person=person, now=now)] * 4)
    assert [finish.raised for finish in asked] == [None] * 4
    assert {finish.returned.pk for finish in asked} == {person.downloads.get().pk}

    erased = race([partial(erase, person_id=person.pk, now=now)] * 3)
    assert [finish.raised for finish in erased] == [None] * 3
    person.refresh_from_db()
    assert person.name == NAMELESS
