"""Loading: what stands in the database, as the engine's arrays."""

from datetime import date, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import week
from accounts.models import Accomplishment, EmpathyAggregate, LearningRecord, PersonSkill
from matching.engine import Infeasible, week_to_utc
from matching.fits import fits
from matching.people import LANGUAGES, load_mentees, load_mentors, load_skills
from mentoring.goals.models import Goal
from mentoring.programs.models import Exclusion, Membership, ReportingLine
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = date(2026, 7, 1)  # British summer time


def load(program):
    skills = load_skills(program)
    mentors = load_mentors(program, skills, TODAY)
    goals = Goal.objects.filter(program=program)
    return skills, mentors, load_mentees(goals, skills, TODAY, mentors.model)


def count(mentor, raters=3, total=2.0):
    EmpathyAggregate.objects.create(
        program=mentor.program, mentor=mentor.person, raters=raters, total=total,
        released_at=factories.instant(2026, 6, 1),
    )  # fmt: skip


def test_load_mentors_gives_levels_backing_wishes_and_records(cast):
    person = cast.mentor.person
    backed = Accomplishment.objects.create(
        person=person, what="Reopened the ward", how="By asking first", on=TODAY
    )
    backed.skills.add(factories.make_skill("negotiation"))
    LearningRecord.objects.create(
        person=person, what="A course", kind="course", on=TODAY - timedelta(days=30)
    )
    skills, mentors, _ = load(cast.program)
    column = {slug: s for s, slug in enumerate(skills.map.slugs)}
    assert mentors.rows[0].name == "Leila Haddad"
    assert mentors.arrays.level[0, column["negotiation"]] == 0.75
    assert np.flatnonzero(mentors.arrays.level[0]).tolist() == [column["negotiation"]]
    assert np.flatnonzero(mentors.arrays.backed[0]).tolist() == [column["negotiation"]]
    assert np.flatnonzero(mentors.arrays.wishes[0]).tolist() == [column["sql"]]
    assert mentors.arrays.record_owner.tolist() == [0]
    assert mentors.arrays.record_age_days.tolist() == [30]
    english = LANGUAGES.index("English")
    assert mentors.arrays.languages[0, english] == 0.75
    assert mentors.arrays.languages.sum() == 0.75


def test_load_mentors_moves_the_week_to_utc(db):
    program = factories.make_program()
    monday_nine = week.from_indices([18])
    factories.make_mentor(program, name="A", zone="Europe/London", week=monday_nine)
    factories.make_mentor(program, name="B", zone="Asia/Kathmandu", week=week.from_indices([18, 19]))
    _, mentors, _ = load(program)
    assert np.flatnonzero(mentors.arrays.free[0]).tolist() == [16]  # 08:00 UTC in summer
    assert np.flatnonzero(mentors.arrays.free[1]).tolist() == [7]  # 03:15 to 04:15 holds one whole half hour


def test_load_mentors_gives_a_mentor_without_profile_an_empty_week(cast):
    cast.mentor.person.profile.delete()
    _, mentors, _ = load(cast.program)
    assert not mentors.arrays.free.any()
    assert mentors.rows[0].headline == ""


def test_load_mentors_counts_the_places_that_are_left(cast):
    factories.make_engagement(cast.goal, cast.mentor)
    assert load(cast.program)[1].rows[0].places_free == 1
    Membership.objects.filter(pk=cast.mentor.pk).update(capacity=0)
    assert load(cast.program)[1].rows[0].places_free == 0


def test_load_mentors_reads_what_is_counted_and_no_single_rating(cast):
    count(cast.mentor, 4, 2.5)
    with CaptureQueriesContext(connection) as queries:
        _, mentors, _ = load(cast.program)
    assert (mentors.arrays.rating_count.tolist(), mentors.arrays.rating_sum.tolist()) == ([4], [2.5])
    assert [query for query in queries if "empathyrating" in query["sql"]] == []


def test_load_mentors_leaves_ratings_of_other_programs_out(cast):
    other = factories.make_program()
    there = factories.make_member(other, cast.mentor.person, is_mentor=True, is_mentee=False, capacity=2)
    count(there)
    assert load(cast.program)[1].arrays.rating_count.tolist() == [0]
    assert load(other)[1].arrays.rating_count.tolist() == [3]


def test_load_mentees_gives_a_row_a_goal_with_the_same_offers(cast):
    PersonSkill.objects.create(person=cast.mentee.person, skill=factories.make_skill("sql"), level=4)
    factories.make_goal(cast.mentee, title="Speak in public", skills={"sql": 1, "negotiation": 2})
    skills, _, mentees = load(cast.program)
    sql, negotiation = (skills.map.slugs.index(slug) for slug in ("sql", "negotiation"))
    by_title = {row.title: i for i, row in enumerate(mentees.rows)}
    second = by_title["Speak in public"]
    assert mentees.arrays.wanted[second, [sql, negotiation]].tolist() == [1, 2]
    assert mentees.arrays.wanted[by_title[cast.goal.title], [sql, negotiation]].tolist() == [0, 3]
    assert mentees.arrays.offers[:, sql].tolist() == [1, 1]
    assert mentees.arrays.languages.sum(axis=1).tolist() == [0.75, 0.75]


def test_load_mentees_counts_a_low_level_no_less_than_a_bare_offer(cast):
    skills, _, mentees = load(cast.program)
    sql = skills.map.slugs.index("sql")
    bare = mentees.arrays.offers[0, sql]
    PersonSkill.objects.create(person=cast.mentee.person, skill=factories.make_skill("sql"), level=1)
    assert load(cast.program)[2].arrays.offers[0, sql] == bare == 0.5


def test_load_mentees_never_reads_the_blocker(cast):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        load(cast.program)
    assert [query for query in queries if "blocker" in query["sql"]] == []


def test_fits_allow_whom_open_to_gives_for_every_mentee(cast):
    program = cast.program
    mentors = [factories.make_mentor(program, name=f"Mentor {n}") for n in range(6)]
    both = factories.make_member(program, is_mentor=True, is_mentee=True, capacity=1)
    factories.make_goal(both)
    Exclusion.objects.create(by=cast.mentee.person, other=mentors[0].person)
    Exclusion.objects.create(by=mentors[1].person, other=cast.mentee.person)
    ReportingLine.objects.create(program=program, junior=cast.mentee.person, senior=mentors[2].person)
    ReportingLine.objects.create(program=program, junior=mentors[3].person, senior=cast.mentee.person)
    elsewhere = factories.make_program()
    ReportingLine.objects.create(program=elsewhere, junior=cast.mentee.person, senior=mentors[4].person)
    Membership.objects.filter(pk=mentors[5].pk).update(is_paused=True)
    found = fits(program, Goal.objects.filter(program=program), TODAY)
    loaded, mentees = found.mentors, found.mentees
    allowed = [found.scoring.reasons(i) & Infeasible.NOT_ALLOWED == 0 for i in range(len(mentees.rows))]
    for i, row in enumerate(mentees.rows):
        mentee = Membership.objects.get(program=program, person=row.person)
        expected = set(Membership.objects.open_to(mentee).values_list("person_id", flat=True))
        assert {m.person for m, ok in zip(loaded.rows, allowed[i], strict=True) if ok} == expected
    amara = next(i for i, row in enumerate(mentees.rows) if row.person == cast.mentee.person_id)
    assert sorted(m.name for m, ok in zip(loaded.rows, allowed[amara], strict=True) if ok) == sorted(
        [cast.mentor.person.name, mentors[4].person.name, both.person.name]
    )


def test_fits_cost_the_same_queries_for_one_and_for_many(cast):
    def count():
        with CaptureQueriesContext(connection) as queries:
            fits(cast.program, Goal.objects.filter(program=cast.program), TODAY)
        return len(queries)

    few = count()
    for n in range(5):
        mentor = factories.make_mentor(
            cast.program, skills={"negotiation": 2, f"skill-{n}": 3}, wishes=("sql",)
        )
        goal = factories.make_goal(factories.make_mentee(cast.program, offers={"sql": ""}))
        LearningRecord.objects.create(person=mentor.person, what="A book", kind="book", on=TODAY)
        factories.make_engagement(goal, mentor)
    assert count() == few


@pytest.mark.parametrize(
    "zone", ["Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe", "America/New_York"]
)
@pytest.mark.parametrize("monday", [date(2026, 1, 5), date(2026, 3, 23), date(2026, 10, 26)])
def test_search_and_matching_know_the_same_hours_of_utc(zone, monday):
    """Written twice, as the engine imports nothing of the project, and search is lower than it."""
    mine = np.random.default_rng(7).random(336) < 0.6
    assert np.array_equal(week.to_utc(mine, zone, monday), week_to_utc(mine, zone, monday))
