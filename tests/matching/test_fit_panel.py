import pytest
from django.template import Context, Template

from mentoring.programs.models import Exclusion, Membership

pytestmark = pytest.mark.django_db


def panel(goal, mentor, voice):
    template = Template("{% load fit %}{% fit_panel goal mentor voice=voice %}")
    return template.render(Context({"goal": goal, "mentor": mentor.person, "voice": voice})).strip()


def test_fit_panel_speaks_to_its_reader(cast):
    assert "Covers the skill you want: Negotiation" in panel(cast.goal, cast.mentor, "mentee")
    assert "You cover the skill they want: Negotiation" in panel(cast.goal, cast.mentor, "mentor")
    assert "Leila Haddad covers the skill Amara Eze wants: Negotiation" in panel(
        cast.goal, cast.mentor, "admin"
    )


def test_fit_panel_tells_a_mentee_nothing_of_empathy_alone(cast):
    assert "Empathy" in panel(cast.goal, cast.mentor, "mentor")
    assert "Empathy" not in panel(cast.goal, cast.mentor, "mentee")


def test_fit_panel_is_empty_for_two_who_may_not_meet(cast):
    Exclusion.objects.create(by=cast.mentor.person, other=cast.mentee.person)
    assert panel(cast.goal, cast.mentor, "mentee") == ""


def test_fit_panel_is_empty_for_somebody_who_is_no_mentor_any_more(cast):
    Membership.objects.filter(pk=cast.mentor.pk).update(is_mentor=False, is_mentee=True)
    assert panel(cast.goal, cast.mentor, "mentee") == ""
