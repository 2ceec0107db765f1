from functools import partial

import pytest
from django.utils import timezone

from mentoring.programs import services
from mentoring.programs.models import Membership
from tests import factories
from tests.racing import race, refusals

LAST = "ProgramError: A program keeps at least one admin. Make somebody else an admin first."


def two_admins_leave_at_once():
    program = factories.make_program()
    admins = [factories.make_member(program, is_admin=True) for _ in range(2)]
    finishes = race([partial(services.leave_program, admin, now=timezone.now()) for admin in admins])
    return program.memberships.current().filter(is_admin=True).count(), refusals(finishes)


@pytest.mark.django_db(transaction=True)
def test_two_last_admins_leaving_at_once_leave_one():
    assert [two_admins_leave_at_once() for _ in range(5)] == [(1, {LAST: 1})] * 5


@pytest.mark.django_db(transaction=True)
def test_two_last_admins_leaving_without_the_lock_can_leave_none(monkeypatch):
    monkeypatch.setattr(services, "_lock_program", lambda program_id: None)

    assert 0 in [two_admins_leave_at_once()[0] for _ in range(20)]


@pytest.mark.django_db(transaction=True)
def test_joining_twenty_times_at_once_joins_once():
    program, person = factories.make_program(), factories.make_person()
    roles = {"is_mentor": False, "is_mentee": True, "capacity": 1}
    join = partial(services.join_program, program, person, **roles, now=timezone.now())

    finishes = race([join] * 20)

    assert refusals(finishes) == {}
    assert Membership.objects.filter(program=program, person=person).count() == 1


@pytest.mark.django_db
def test_leaving_twice_leaves_once():
    member = factories.make_member(factories.make_program())
    first = timezone.now()
    services.leave_program(member, now=first)

    services.leave_program(member, now=timezone.now())

    member.refresh_from_db()
    assert member.left_at == first
