"""Whom somebody does not want to meet: both ways, undone on their own list, unnoticed by the other."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Profile, User
from mentoring.programs.models import Exclusion, Membership
from tests import factories
from tests.pages import queries_of, without_csrf

pytestmark = pytest.mark.django_db


def person_url(member):
    return reverse("programs:person-detail", args=[member.program.slug, member.person_id])


def new_url(member):
    return reverse("programs:exclusion-new", args=[member.program.slug, member.person_id])


def test_exclusion_is_said_listed_and_undone(cast, client_of):
    client = client_of(cast.mentee.person)
    assert new_url(cast.mentor) in client.get(person_url(cast.mentor)).text
    assert "never proposed to each other" in client.get(new_url(cast.mentor)).text
    assert not Exclusion.objects.exists()
    client.post(new_url(cast.mentor))
    client.post(new_url(cast.mentor))
    row = Exclusion.objects.get()
    assert (row.by, row.other) == (cast.mentee.person, cast.mentor.person)
    assert "Leila Haddad" in client.get(reverse("programs:exclusion-list")).text
    theirs = client_of(cast.mentor.person)
    assert "Amara Eze" not in theirs.get(reverse("programs:exclusion-list")).text
    undo = reverse("programs:exclusion-delete", args=[row.pk])
    assert theirs.post(undo).status_code == 404
    client.post(undo)
    assert not Exclusion.objects.exists()


def test_profile_of_who_is_in_no_program_of_ones_own_any_more_is_not_told(cast, client_of):
    Profile.objects.update_or_create(person=cast.mentor.person, defaults={"headline": "Runs a ward"})
    User.objects.filter(pk=cast.mentor.person_id).update(photo_key="key")
    Exclusion.objects.create(by=cast.mentee.person, other=cast.mentor.person)
    client, page = client_of(cast.mentee.person), reverse("programs:exclusion-list")
    assert "Runs a ward" in client.get(page).text
    Membership.objects.filter(pk=cast.mentor.pk).update(left_at=timezone.now())
    told = client.get(page).text
    assert "Leila Haddad" in told
    assert "Runs a ward" not in told
    assert "/photo/" not in told


def test_exclusion_leaves_what_is_under_way(cast, client_of):
    request = factories.make_request(cast.goal, cast.mentor)
    client = client_of(cast.mentor.person)
    assert "stays as it is" in client.get(new_url(cast.mentee)).text
    client.post(new_url(cast.mentee))
    request.refresh_from_db()
    assert request.state == "open"


def told(client, member):
    text = without_csrf(client.get(person_url(member)).text)
    return (
        text.replace(str(member.person_id), "ID").replace(member.person.name, "NAME").replace("Twin", "SHORT")
    )


def test_who_is_excluded_sees_the_very_page_of_somebody_who_pauses(cast, client_of):
    pausing = factories.make_mentor(cast.program, name="Twin Alpha")
    excluding = factories.make_mentor(cast.program, name="Twin Apple")
    Membership.objects.filter(pk=pausing.pk).update(is_paused=True)
    Exclusion.objects.create(by=excluding.person, other=cast.mentee.person)
    client = client_of(cast.mentee.person)
    assert told(client, pausing) == told(client, excluding)
    assert "takes no new requests at present" in client.get(person_url(excluding)).text
    assert queries_of(client, person_url(pausing)) == queries_of(client, person_url(excluding))
