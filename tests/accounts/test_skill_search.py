import pytest
from django.urls import reverse

from accounts.models import Skill
from accounts.skill_search import meant
from accounts.skills import find_skills, load_skills
from accounts.vocabulary import vocabulary_for
from tests import factories
from tests.pages import posted_rows

pytestmark = pytest.mark.django_db
URL = reverse("accounts:skill-search")


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("public speking", "public-speaking"),
        ("k8s", "kubernetes"),
        ("negociation", "negotiation"),
        ("ML", "machine-learning"),
        ("people management", "leading-people"),
        ("pyhton", "python"),
        ("GDPR", "privacy-law"),
        ("francais", "french"),
        ("FRANÇAIS", "french"),
        ("中文", "mandarin"),
        ("العربية", "arabic"),
        ("weldin", "welding"),
        ("budgetting", "budgeting"),
        ("acounting", "accounting"),
        ("midwifry", "midwifery"),
        ("jornalism", "media"),
        ("data visualization", "data-visualisation"),
        ("delegaton", "delegation"),
        ("stakeholder analisis", "stakeholder-mapping"),
        ("c#", "dotnet"),
    ],
)
def test_find_skills_by_synonym_and_mistyped(words, slug):
    found = find_skills(words, factories.make_person(), 8)

    assert found[0].skill.pk == Skill.objects.get(slug=slug).pk
    assert len(found) <= 8


def test_find_skills_while_typing_puts_beginnings_of_names_first():
    names = [found.skill.name for found in find_skills("nego", factories.make_person(), 8)]

    assert names[:2] == ["Negotiation", "Negotiating pay and promotion"]


def test_find_skills_says_by_which_other_word_and_under_what(client_of):
    response = client_of(factories.make_person()).get(URL, {"q": "infosec"})

    skill = Skill.objects.get(slug="cyber-security")
    assert response.json()["skills"][0] == {
        "id": skill.pk, "name": "Cyber security", "kind": "technical", "in": "Software", "by": "infosec",
    }  # fmt: skip


@pytest.mark.parametrize(
    "words", ["", "+", "%00", "%ED%A0%80", "q" * 10_000, "%25", "%27%3B--", "%F0%9F%99%82", "%E2%80%AE", "-"]
)
def test_skill_search_answers_whatever_is_asked(client_of, words):
    response = client_of(factories.make_person()).get(f"{URL}?q={words}")

    assert response.status_code == 200
    assert response.json() == {"skills": []}


@pytest.mark.parametrize("program", ["", "x", "\0", "00000000-0000-0000-0000-000000000000"])
def test_skill_search_in_a_program_is_for_its_members(client_of, cast, program):
    client = client_of(cast.stranger)

    assert client.get(URL, {"q": "sql", "program": program}).status_code == 404
    assert client.get(URL, {"q": "sql", "program": str(cast.program.pk)}).status_code == 404
    assert client_of(cast.mentee.person).get(URL, {"q": "sql", "program": cast.program.pk}).status_code == 200


def test_skills_typed_as_words_are_understood_where_one_can_be_meant(client_of):
    person = factories.make_person()
    rows = posted_rows(
        "skills",
        {"skill": "negociation", "level": 3},
        {"skill": " sql ", "level": 2},
        {"skill": "k8s", "level": 1},
    )

    client_of(person).post(reverse("accounts:skills"), rows)

    slugs = set(person.skills.values_list("skill__slug", flat=True))
    assert slugs == {"negotiation", "sql", "kubernetes"}


def test_skills_typed_as_words_that_may_mean_several_are_asked_about_and_stay_typed(client_of):
    person = factories.make_person()

    response = client_of(person).post(
        reverse("accounts:skills"), posted_rows("skills", {"skill": "leading", "level": 3})
    )

    [told] = response.context["rows"].errors[0]["skill"]
    assert told.startswith("No skill has exactly this name. Did you mean “Leading")
    assert told.count("“") == 3
    assert 'value="leading"' in response.text
    assert not person.skills.exists()


def test_skills_text_wins_over_a_hidden_id_that_is_another(client_of):
    person = factories.make_person()
    other = Skill.objects.get(slug="python")
    rows = posted_rows("skills", {"skill": "SQL", "skill-id": other.pk, "level": 3})

    client_of(person).post(reverse("accounts:skills"), rows)

    assert list(person.skills.values_list("skill__slug", flat=True)) == ["sql"]


def test_every_name_and_synonym_of_the_list_means_its_skill():
    vocabulary = vocabulary_for(factories.make_person())
    unclear = [
        (skill.name, word)
        for skill in Skill.objects.all()
        for word in [skill.name, *skill.synonyms]
        if meant(vocabulary, word).skill != skill.pk
    ]

    assert unclear == []


def test_skill_list_is_broad_and_names_kinds_parents_and_synonyms():
    listed = list(Skill.objects.select_related("parent"))

    assert 300 <= len(listed) <= 330
    assert {skill.kind for skill in listed} == set(Skill.Kind.values)
    assert all(skill.synonyms for skill in listed)
    assert all(skill.parent is None or skill.parent.kind == skill.kind for skill in listed)


def test_load_skills_leaves_a_programs_own_skills_alone():
    program = factories.make_program()
    own = Skill.objects.create(slug="sql-1234abcd", name="SQL", kind="political", program=program)
    Skill.objects.filter(slug="k8s").delete()
    taken = Skill.objects.get(slug="welding")
    taken.program = program
    taken.name = "Ours"
    taken.save()

    load_skills(Skill)

    own.refresh_from_db()
    taken.refresh_from_db()
    assert (own.name, own.kind, own.synonyms) == ("SQL", "political", [])
    assert (taken.name, taken.program) == ("Ours", program)
