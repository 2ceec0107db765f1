"""One's page as others see it: theirs to the letter, and nothing that they may not see."""

import re

import pytest
from django.urls import reverse

from tests import factories
from tests.pages import queries_of

pytestmark = pytest.mark.django_db
CHOOSE = reverse("accounts:profile-preview")


def preview_of(member):
    return reverse("programs:profile-preview", args=[member.program.slug])


def portrait_in(page):
    part = re.search(r'<div class="with-sidebar">.*</aside>\s*</div>', page, re.S)
    assert part is not None
    return part[0]


def test_profile_preview_is_what_another_member_sees(cast, client_of):
    person = cast.mentor.person
    person.accomplishments.create(what="Cut the wait", how="With the porters", on="2025-06-01")
    person.learning_records.create(what="Queueing theory", kind="course", on="2020-09-01")
    page = reverse("programs:person-detail", args=[cast.program.slug, person.pk])

    own = client_of(person).get(preview_of(cast.mentor)).text
    others = client_of(factories.make_mentee(cast.program).person).get(page).text

    assert portrait_in(own) == portrait_in(others)
    assert "Cut the wait" in own
    assert person.email not in own.partition("<main")[2]
    for own_business in ("Learning passion", "/edit", reverse("accounts:learning-why"), ">Edit"):
        assert own_business not in portrait_in(own)


def test_profile_preview_says_who_takes_no_requests(cast, client_of):
    paused = factories.make_mentor(cast.program, name="Nils Ledger", is_paused=True)

    assert "Nils takes no new requests" in client_of(paused.person).get(preview_of(paused)).text


def test_profile_preview_leads_to_the_one_program_and_offers_a_choice_of_several(cast, client_of):
    client = client_of(cast.mentor.person)

    assert client.get(CHOOSE).url == preview_of(cast.mentor)
    second = factories.make_member(factories.make_program(name="Second"), cast.mentor.person)
    left = factories.make_member(
        factories.make_program(name="Left long ago"), cast.mentor.person, left_at=cast.mentor.joined_at
    )
    page = client.get(CHOOSE).text
    assert preview_of(cast.mentor) in page
    assert preview_of(second) in page
    assert preview_of(left) not in page
    assert client.get(preview_of(left)).status_code == 404
    assert "Nobody does yet" in client_of(factories.make_person()).get(CHOOSE).text


def test_profile_preview_costs_the_same_queries_however_much_is_told(cast, client_of):
    client, person = client_of(cast.mentor.person), cast.mentor.person

    def fill(slug):
        person.offers.create(skill=factories.make_skill(slug))
        person.accomplishments.create(what=slug, how=slug, on="2025-01-02")
        person.learning_records.create(what=slug, kind="book", on="2025-01-02")

    fill("sql")
    at_one = queries_of(client, preview_of(cast.mentor))
    fill("coaching")
    fill("delegation")
    assert queries_of(client, preview_of(cast.mentor)) == at_one
