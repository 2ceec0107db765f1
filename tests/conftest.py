from collections.abc import Callable
from dataclasses import dataclass

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest
from django.test import Client

from accounts.models import User
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership, Program
from tests import factories


@dataclass(frozen=True)
class Cast:
    """A program with one of each: the actors that every view is tried with."""

    program: Program
    mentor: Membership
    mentee: Membership
    admin: Membership
    stranger: User  # somebody of another program, and an admin there
    goal: Goal


@pytest.fixture
def cast(db: None) -> Cast:
    program = factories.make_program(name="Crossways", slug="crossways")
    mentee = factories.make_mentee(
        program, name="Amara Eze", offers={"sql": "I can build the ward's dashboard."}
    )
    stranger = factories.make_person(name="Stranger")
    factories.make_member(factories.make_program(), stranger, is_admin=True, is_mentor=True)
    return Cast(
        program=program,
        mentor=factories.make_mentor(program, name="Leila Haddad", wishes=("sql",)),
        mentee=mentee,
        admin=factories.make_member(
            program, factories.make_person(name="Ada Admin"), is_mentee=False, is_admin=True
        ),
        stranger=stranger,
        goal=factories.make_goal(mentee, blocker="I avoid the hard talks."),
    )


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A browser in which this person is signed in, and has just said again who they are."""

    def signed_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        request = HttpRequest()
        request.session = client.session
        record_authentication(request, person, "password", reauthenticated=True)
        request.session.save()
        return client

    return signed_in
