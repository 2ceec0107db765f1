import pytest
from django.urls import reverse
from django.utils import timezone

from mentoring.engagements.services import end_engagement
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("reader", "other"), [("mentor", "mentee"), ("mentee", "mentor")])
def test_engagement_detail_shows_the_other_s_mail_address_until_the_end(cast, client_of, reader, other):
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    address = getattr(cast, other).person.email
    client = client_of(getattr(cast, reader).person)
    url = reverse("engagements:engagement-detail", args=[engagement.pk])

    assert address in client.get(url).text
    end_engagement(engagement_id=engagement.pk, by=None, now=timezone.now())
    assert address not in client.get(url).text
