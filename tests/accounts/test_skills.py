from functools import partial

import pytest
from django.db import transaction
from django.db.utils import IntegrityError
from django.urls import reverse

from accounts import services
from accounts.models import PersonSkill
from tests import factories
from tests.pages import posted_rows, queries_of
from tests.racing import race, refusals

pytestmark = pytest.mark.django_db
URL = reverse("accounts:skills")


def test_skills_are_replaced_by_what_is_posted(client_of):
    person = factories.make_person()
    old, kept, new = (factories.make_skill(slug) for slug in ("delegation", "negotiation", "sql"))
    services.save_skills(person, [(old.pk, 2), (kept.pk, 3)])
    rows = posted_rows(
        "skills",
        {"skill": old.pk, "level": 2, "DELETE": "on"},
        {"skill": kept.pk, "level": 4},
        {"skill": new.pk, "level": 1},
        {"skill": "", "level": 3},
        initial=2,
    )

    response = client_of(person).post(URL, rows)

    assert response.url == reverse("accounts:profile")
    assert set(person.skills.values_list("skill", "level")) == {(kept.pk, 4), (new.pk, 1)}


def test_skills_page_shows_what_is_listed_chosen(client_of):
    person = factories.make_person()
    skill = factories.make_skill("negotiation")
    services.save_skills(person, [(skill.pk, 4)])

    page = client_of(person).get(URL).text

    assert f'name="skills-0-skill-id" value="{skill.pk}"' in page
    assert f'value="{skill.name}">' in page
    assert page.count('-skill-id" value=""') == 3  # two empty rows and the template of one more


def test_skills_named_twice_are_told_so_beside_the_second_row_and_stay_typed(client_of):
    person = factories.make_person()
    skill = factories.make_skill("negotiation")
    rows = posted_rows("skills", {"skill": skill.pk, "level": 4}, {"skill": skill.pk, "level": 1})

    response = client_of(person).post(URL, rows)

    assert response.context["rows"].errors == [{}, {"skill": ["You list this skill twice."]}]
    assert [form["level"].value() for form in response.context["rows"]] == ["4", "1"]
    assert not person.skills.exists()


@pytest.mark.parametrize("skill", ["0", "-1", "9" * 30, "٣", "qqq", "\0", "zzz OR zzz=1", "q" * 10_000])
def test_skills_outside_the_list_are_refused(client_of, skill):
    person = factories.make_person()

    response = client_of(person).post(URL, posted_rows("skills", {"skill": skill, "level": 3}))

    assert response.context["rows"].errors == [
        {"skill": ["No skill of this name is in the list. Try another word for it."]}
    ]


def test_skills_row_with_a_level_and_no_skill_is_asked_for_one(client_of):
    person = factories.make_person()

    response = client_of(person).post(URL, posted_rows("skills", {"skill": "", "level": 4}))

    assert response.context["rows"].errors == [{"skill": ["Name a skill, or remove the row."]}]


def test_skills_page_costs_the_same_queries_at_one_and_at_three(client_of):
    person = factories.make_person()
    client = client_of(person)
    skills = [factories.make_skill(slug).pk for slug in ("negotiation", "sql", "delegation")]
    services.save_skills(person, [(skills[0], 3)])
    at_one = queries_of(client, URL)

    services.save_skills(person, [(skill, 3) for skill in skills])

    assert queries_of(client, URL) == at_one


def test_skills_hold_each_skill_once_in_the_table():
    person = factories.make_person()
    skill = factories.make_skill("negotiation")
    PersonSkill.objects.create(person=person, skill=skill)

    with pytest.raises(IntegrityError, match="skill_once"), transaction.atomic():
        PersonSkill.objects.create(person=person, skill=skill)


def save_skills_twenty_times_at_once():
    """What came of it: the person, and what the table refused."""
    person = factories.make_person()
    skills = [factories.make_skill(slug).pk for slug in ("negotiation", "sql")]
    saves = [
        partial(services.save_skills, person, [(skill, 1 + n % 4) for skill in skills]) for n in range(20)
    ]
    return person, refusals(race(saves))


@pytest.mark.django_db(transaction=True)
def test_skills_saved_twenty_times_at_once_end_as_one_of_the_saves():
    person, refused = save_skills_twenty_times_at_once()

    assert refused == {}
    assert person.skills.count() == 2
    assert len(set(person.skills.values_list("level", flat=True))) == 1


@pytest.mark.django_db(transaction=True)
def test_skills_saved_at_once_without_the_lock_collide(monkeypatch):
    monkeypatch.setattr(services, "_lock", lambda person: None)

    _, refused = save_skills_twenty_times_at_once()

    assert any(words.startswith("IntegrityError") for words in refused)


def test_skills_row_removed_stays_out_of_sight_when_another_is_wrong(client_of):
    person = factories.make_person()
    skill = factories.make_skill("negotiation").pk
    services.save_skills(person, [(skill, 3)])
    rows = posted_rows("skills", {"DELETE": "on"}, {"skill": "qqq", "level": 3}, initial=1)

    page = client_of(person).post(URL, rows).text

    assert page.count("data-formset-row>") == 2  # the wrong one and the template of one more
    assert page.count("data-formset-row hidden>") == 1
