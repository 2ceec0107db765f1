import pytest
from django.urls import reverse

from accounts.models import Profile

pytestmark = pytest.mark.django_db


def test_program_home_is_there_for_a_person_without_profile(cast, client_of):
    Profile.objects.filter(person=cast.mentee.person).delete()

    response = client_of(cast.mentee.person).get(reverse("home:program-home", args=[cast.program.slug]))

    assert "Say who you are" in response.text
    assert "Protect some time" in response.text
