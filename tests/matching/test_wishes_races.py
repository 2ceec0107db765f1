"""Two tabs of one member send a list each at the same moment; the twin takes no lock and has to break."""

import itertools
from functools import partial

import pytest
from django.db.models import QuerySet

from matching import wishes
from matching.models import Emphasis, Preference
from mentoring.programs.models import Membership
from tests import factories
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 6
TABS = 6


def send_lists():
    """What the tabs raised, and whether each round ended with one of the lists that were sent."""
    program = factories.make_program()
    mentee = factories.make_mentee(program)
    mentors = [factories.make_mentor(program).pk for _ in range(4)]
    orders = list(itertools.permutations(mentors))[:TABS]
    raised = []
    for _ in range(ROUNDS):
        finishes = race([partial(wishes.prefer, mentee, as_mentor=False, order=order) for order in orders])
        raised += [finish.raised for finish in finishes if finish.raised]
        kept = Preference.objects.filter(by=mentee).order_by("rank").values_list("whom", flat=True)
        assert tuple(kept) in orders
    return raised


def test_lists_sent_at_once_leave_one_of_them_and_no_error():
    assert send_lists() == []


def test_lists_sent_at_once_collide_without_the_lock(monkeypatch):
    real = QuerySet.select_for_update
    monkeypatch.setattr(
        QuerySet,
        "select_for_update",
        lambda rows, **options: rows.all() if rows.model is Membership else real(rows, **options),
    )

    assert send_lists() != []


def test_emphasis_sent_at_once_keeps_what_each_tab_named():
    mentee = factories.make_mentee(factories.make_program())
    names = ["time", "empathy", "language", "passion"]

    finishes = race([partial(wishes.keep_emphasis, mentee, {name: wishes.MORE}) for name in names])

    assert [finish.raised for finish in finishes] == [None] * len(names)
    assert Emphasis.objects.get(membership=mentee).more == sorted(names)
