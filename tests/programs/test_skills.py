"""A program's own words for skills: added, called otherwise, counted as another, and each taken back."""

from functools import partial

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import LearningWish, PersonSkill, Skill, SkillHere
from accounts.skills import find_skills
from accounts.vocabulary import vocabulary_of
from matching.people import load_mentors, load_skills
from mentoring.goals.models import Goal
from mentoring.goals.skills import wanted_by
from mentoring.programs import skills
from mentoring.programs.models import AuditEntry
from mentoring.programs.services import ProgramError
from tests import factories
from tests.pages import queries_of
from tests.racing import race, refusals

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def own_skill(cast, name="Ward rounds", **over):
    fields = {"by": cast.admin.person, "name": name, "kind": "technical", "now": NOW} | over
    return skills.add_skill(cast.program, **fields)


def merge(cast, skill, into):
    skills.merge_skill(cast.program, skill.pk, into=into.pk, by=cast.admin.person, now=NOW)


def rename(cast, skill, name):
    skills.rename_skill(cast.program, skill.pk, by=cast.admin.person, name=name, now=NOW)


def level_of(program, person, slug):
    """As matching has it; None if the program's matching knows no such skill."""
    known = load_skills(program)
    mentors = load_mentors(program, known, NOW.date())
    if slug not in known.map.slugs:
        return None
    row = [row.person for row in mentors.rows].index(person.pk)
    return float(mentors.arrays.level[row, known.map.slugs.index(slug)])


def names_found(words, person, **where):
    return [found.skill.name for found in find_skills(words, person, 8, **where)]


def everything_said():
    """All that refers to skills."""
    return (
        set(PersonSkill.objects.values_list("person", "skill", "level")),
        set(LearningWish.objects.values_list("person", "skill")),
        set(Goal.objects.values_list("pk", "skills_wanted__skill", "skills_wanted__importance")),
    )


def test_skills_merged_count_as_one_and_come_apart_again_with_nothing_changed(cast):
    person = cast.mentor.person
    facilitation, negotiation = Skill.objects.get(slug="facilitation"), Skill.objects.get(slug="negotiation")
    PersonSkill.objects.create(person=person, skill=facilitation, level=4)
    said = everything_said()
    assert level_of(cast.program, person, "negotiation") == 0.75

    merge(cast, facilitation, negotiation)

    assert level_of(cast.program, person, "negotiation") == 1.0
    assert level_of(cast.program, person, "facilitation") is None
    assert names_found("facilitation", cast.mentee.person)[0] == "Negotiation"
    assert everything_said() == said

    skills.unmerge_skill(cast.program, facilitation.pk, by=cast.admin.person, now=NOW)

    assert level_of(cast.program, person, "negotiation") == 0.75
    assert level_of(cast.program, person, "facilitation") == 1.0
    assert names_found("facilitation", cast.mentee.person)[0] == "Facilitation"
    assert everything_said() == said
    assert not SkillHere.objects.exists()


def test_skills_merged_stay_apart_in_another_program(cast):
    other = factories.make_mentor(factories.make_program(), skills={"facilitation": 2})
    merge(cast, Skill.objects.get(slug="facilitation"), Skill.objects.get(slug="negotiation"))

    assert level_of(other.program, other.person, "facilitation") == 0.5
    assert level_of(other.program, other.person, "negotiation") == 0
    assert names_found("facilitation", other.person)[0] == "Facilitation"


def test_skills_renamed_are_called_so_on_the_programs_pages_alone_and_found_by_both_names(cast, client_of):
    negotiation = Skill.objects.get(slug="negotiation")
    other = factories.make_member(factories.make_program(), cast.mentor.person, is_mentor=True)
    rename(cast, negotiation, "Haggling")
    goal = cast.goal

    reader = client_of(cast.mentee.person)
    theirs = reverse("programs:person-detail", args=[cast.program.slug, cast.mentor.person_id])
    assert "Haggling" in reader.get(theirs).text
    assert "Haggling" in reader.get(reverse("goals:goal-detail", args=[goal.pk])).text
    assert "Haggling" in reader.get(reverse("matching:mentor-list", args=[cast.program.slug])).text
    elsewhere = reverse("programs:person-detail", args=[other.program.slug, cast.mentor.person_id])
    assert "Haggling" not in client_of(cast.mentor.person).get(elsewhere).text
    assert names_found("negotiation", cast.mentee.person)[0] == "Haggling"
    assert names_found("haggling", cast.mentee.person)[0] == "Haggling"
    # their programs do not agree
    assert names_found("haggling", cast.mentor.person)[0] == "Negotiation"

    rename(cast, negotiation, "")

    assert names_found("haggling", cast.mentee.person)[:1] != ["Haggling"]
    assert [one.skill.name for one in wanted_by(goal)] == ["Negotiation"]


def test_skills_added_are_known_in_their_program_alone(cast, client_of):
    skill = own_skill(cast, synonyms=["Visite"])
    PersonSkill.objects.create(person=cast.mentor.person, skill=skill, level=4)
    elsewhere = factories.make_member(factories.make_program(), cast.mentor.person, is_mentor=True)
    stranger = factories.make_mentee(elsewhere.program)

    assert names_found("visite", cast.mentee.person)[0] == "Ward rounds"
    assert "Ward rounds" not in names_found("ward rounds", stranger.person)
    assert load_skills(cast.program).map.slugs.count(skill.slug) == 1
    assert skill.slug not in load_skills(elsewhere.program).map.slugs
    page = reverse("programs:person-detail", args=[elsewhere.program.slug, cast.mentor.person_id])
    assert "Ward rounds" not in client_of(stranger.person).get(page).text
    listing = reverse("matching:mentor-list", args=[elsewhere.program.slug])
    assert "Ward rounds" not in client_of(stranger.person).get(listing).text
    assert skill.slug not in client_of(stranger.person).get(listing).text
    # the person's own page shows it, and the other program's goals cannot want it
    assert "Ward rounds" in client_of(cast.mentor.person).get(reverse("accounts:profile")).text
    assert names_found("ward rounds", cast.mentor.person, program=elsewhere.program_id)[:1] != ["Ward rounds"]


def test_skills_of_a_foreign_program_are_refused_like_those_that_do_not_exist(cast, client_of):
    foreign = own_skill(cast)
    admin = factories.make_member(factories.make_program(), is_admin=True, is_mentee=False)
    client, negotiation = client_of(admin.person), Skill.objects.get(slug="negotiation")
    at = partial(reverse, args=[admin.program.slug, foreign.pk])
    absent = partial(reverse, args=[admin.program.slug, foreign.pk + 999])

    for name in ("skill-edit", "skill-merge", "skill-unmerge", "skill-restore", "skill-remove"):
        for address in (at(f"programs:{name}"), absent(f"programs:{name}")):
            assert client.post(address, {"name": "X", "into": negotiation.pk}).status_code == 404
    merging = reverse("programs:skill-merge", args=[admin.program.slug, negotiation.pk])
    answers = [
        client.post(merging, {"into": pk}).context["merge_form"].errors for pk in (foreign.pk, 99_999_999)
    ]
    assert answers[0] == answers[1] != {}
    with pytest.raises(ProgramError, match="no such skill"):
        skills.merge_skill(admin.program, negotiation.pk, into=foreign.pk, by=admin.person, now=NOW)
    with pytest.raises(ProgramError, match="no such skill"):
        skills.add_skill(
            admin.program, by=admin.person, name="X", kind="technical", parent=foreign.pk, now=NOW
        )
    assert not SkillHere.objects.exists()
    assert Skill.objects.filter(program=admin.program).count() == 0


def test_skills_merge_in_chains_that_never_become_a_circle(cast):
    one, two, three = (Skill.objects.get(slug=slug) for slug in ("sql", "statistics", "spreadsheets"))
    merge(cast, one, two)
    merge(cast, two, three)
    assert vocabulary_of(cast.program.pk).of(one.pk).name == "Spreadsheets"

    with pytest.raises(ProgramError, match="counts as"):
        merge(cast, three, one)
    with pytest.raises(ProgramError, match="counts as another already"):
        merge(cast, one, three)
    with pytest.raises(ProgramError, match="itself"):
        merge(cast, three, three)
    skills.unmerge_skill(cast.program, two.pk, by=cast.admin.person, now=NOW)

    assert vocabulary_of(cast.program.pk).of(one.pk).name == "Statistics"


def test_skills_merged_into_one_below_leave_matching_a_tree(cast):
    parent, child = Skill.objects.get(slug="data"), Skill.objects.get(slug="sql")
    assert child.parent == parent
    merge(cast, parent, child)

    slugs = load_skills(cast.program).map.slugs

    assert "sql" in slugs
    assert "data" not in slugs


def merge_both_ways_at_once(program, admins):
    one, two = Skill.objects.get(slug="sql"), Skill.objects.get(slug="statistics")
    merges = [
        partial(skills.merge_skill, program, a.pk, into=b.pk, by=admins[n % 2], now=NOW)
        for n, (a, b) in enumerate([(one, two), (two, one)] * 4)
    ]
    race(merges)
    return SkillHere.objects.filter(program=program).count()


@pytest.mark.django_db(transaction=True)
def test_skills_merged_both_ways_by_two_admins_at_once_end_as_one_merge():
    program = factories.make_program()
    admins = [factories.make_member(program, is_admin=True).person for _ in range(2)]
    for slug in ("sql", "statistics"):
        factories.make_skill(slug)

    assert merge_both_ways_at_once(program, admins) == 1


@pytest.mark.django_db(transaction=True)
def test_skills_added_at_once_under_one_name_are_added_once():
    program = factories.make_program()
    admin = factories.make_member(program, is_admin=True).person
    adds = [
        partial(skills.add_skill, program, by=admin, name="Ward rounds", kind="technical", now=NOW)
        for _ in range(8)
    ]

    refused = refusals(race(adds))

    assert Skill.objects.filter(program=program).count() == 1
    assert all(words.startswith("ProgramError") for words in refused)


def test_skills_take_no_name_that_stands_for_another(cast):
    skill = own_skill(cast)
    with pytest.raises(ProgramError, match="Negotiation is in the list already"):
        own_skill(cast, name="negotiation")
    with pytest.raises(ProgramError, match="Negotiation is in the list already"):
        rename(cast, skill, "  NEGOTIATION ")
    rename(cast, skill, "Rounds")
    with pytest.raises(ProgramError, match="added already"):
        own_skill(cast, name="ward ROUNDS")


def test_skills_set_apart_do_not_stand_beside_another_of_their_name(cast):
    sql = Skill.objects.get(slug="sql")
    merge(cast, sql, Skill.objects.get(slug="statistics"))
    own_skill(cast, name="SQL")

    with pytest.raises(ProgramError, match="SQL is in the list already"):
        skills.unmerge_skill(cast.program, sql.pk, by=cast.admin.person, now=NOW)


def test_skills_added_are_removed_while_nobody_uses_them(cast):
    skill = own_skill(cast)
    own = PersonSkill.objects.create(person=cast.mentor.person, skill=skill, level=1)
    remove = partial(skills.remove_skill, cast.program, skill.pk, by=cast.admin.person, now=NOW)
    with pytest.raises(ProgramError, match="name this skill"):
        remove()
    own.delete()
    done = cast.mentor.person.accomplishments.create(what="A ward", how="Kindly", on=NOW.date())
    done.skills.add(skill)
    with pytest.raises(ProgramError, match="name this skill"):
        remove()
    done.skills.clear()

    remove()

    assert not Skill.objects.filter(pk=skill.pk).exists()
    with pytest.raises(ProgramError, match="all programs share"):
        skills.remove_skill(cast.program, Skill.objects.get(slug="sql").pk, by=cast.admin.person, now=NOW)


def test_skills_pages_add_rename_merge_and_take_back_and_are_recorded(cast, client_of):
    client, slug = client_of(cast.admin.person), cast.program.slug
    listed = reverse("programs:skill-list", args=[slug])
    client.post(
        reverse("programs:skill-new", args=[slug]),
        {
            "name": "Ward rounds",
            "kind": "technical",
            "parent": "nursing",
            "synonyms": "Visite, huddle,, Visite",
        },
    )
    skill = Skill.objects.get(program=cast.program)
    assert (skill.parent.slug, skill.synonyms) == ("nursing", ["Visite", "huddle"])
    for name, fields in (
        ("skill-edit", {"name": "Rounds"}),
        ("skill-merge", {"into": "Nursing"}),
        ("skill-unmerge", {}),
        ("skill-restore", {}),
        ("skill-remove", {}),
    ):
        address = reverse(f"programs:{name}", args=[slug, skill.pk])
        assert client.post(address, fields).url == listed

    actions = AuditEntry.objects.filter(program=cast.program, by=cast.admin.person).values_list(
        "action", flat=True
    )
    assert set(actions) == {
        "skill added", "skill renamed", "skill merged", "skill set apart", "skill removed",
    }  # fmt: skip
    assert not SkillHere.objects.exists()
    assert not Skill.objects.filter(program=cast.program).exists()


def test_skill_list_narrows_and_costs_the_same_queries_however_many_there_are(cast, client_of):
    client = client_of(cast.admin.person)
    url = reverse("programs:skill-list", args=[cast.program.slug])
    merge(cast, Skill.objects.get(slug="sql"), Skill.objects.get(slug="statistics"))
    at_one = queries_of(client, url)
    for name in ("Ward rounds", "Night rounds"):
        own_skill(cast, name=name)
    rename(cast, Skill.objects.get(slug="negotiation"), "Haggling")

    def names(**wanted):
        return [row.name for row in client.get(url, wanted).context["rows"]]

    assert queries_of(client, url) == at_one
    assert names(show="own") == ["Night rounds", "Ward rounds"]
    assert names(show="renamed") == ["Haggling"]
    assert names(show="merged") == ["SQL"]
    assert names(q="negociation")[0] == "Haggling"
    assert names(q="sql") == ["Statistics", "SQL"]
    assert names(q="\0") != []  # what makes no sense narrows nothing


def test_profile_keeps_what_it_says_when_saved_where_two_skills_count_as_one(cast, client_of):
    """Saving the form as it was shown changes nothing: the hidden id holds while the text is its name."""
    person = cast.mentor.person
    facilitation = Skill.objects.get(slug="facilitation")
    person.skills.all().delete()
    PersonSkill.objects.create(person=person, skill=facilitation, level=4)
    merge(cast, facilitation, Skill.objects.get(slug="negotiation"))
    client, url = client_of(person), reverse("accounts:skills")
    assert 'value="Negotiation"' in client.get(url).text

    client.post(
        url,
        {
            "skills-TOTAL_FORMS": 1, "skills-INITIAL_FORMS": 1, "skills-0-skill": "Negotiation",
            "skills-0-skill-id": facilitation.pk, "skills-0-level": 3,
        },
    )  # fmt: skip

    assert list(person.skills.values_list("skill__slug", "level")) == [("facilitation", 3)]
