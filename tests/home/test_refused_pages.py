"""What a page says where something is not there, not open or broken: never the bare words of a framework."""

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db


def test_page_that_is_not_there_says_where_to_go(cast, client, client_of):
    for reader in (client, client_of(cast.mentee.person)):
        response = reader.get("/no/such/page/")
        assert response.status_code == 404
        assert "There is nothing here" in response.text
    assert cast.mentee.person.email in response.text


def test_form_of_another_sign_in_is_refused_in_words(cast):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.mentee.person)
    response = strict.post(reverse("programs:membership-leave", args=[cast.program.slug]))
    assert response.status_code == 403
    assert "This form was out of date" in response.text


def test_broken_page_needs_no_request():
    assert "Something went wrong here" in render_to_string("500.html")


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_link_that_is_closed_says_so(client, client_of, is_signed_in):
    reader = client_of(factories.make_person()) if is_signed_in else client
    closed = factories.make_program(joins_by_link=False)
    for url in (
        reverse("programs:join", args=[closed.join_token]),
        reverse("programs:invitation-accept", args=["taken-already"]),
    ):
        response = reader.get(url)
        assert response.status_code == 404
        assert "This link is not open" in response.text
        assert closed.name not in response.text
