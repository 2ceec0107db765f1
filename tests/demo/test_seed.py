from datetime import timedelta
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.db.models import F

from accounts.models import (
    Accomplishment,
    EmpathyAggregate,
    EmpathyRating,
    LearningRecord,
    Offer,
    PersonSkill,
    Profile,
    Skill,
    SpokenLanguage,
    User,
)
from accounts.skills import load_skills
from mentoring.demo.people import half_hours
from mentoring.demo.seeding import seed
from mentoring.demo.told import read
from mentoring.engagements.models import Engagement, Request
from mentoring.engagements.services import end_engagements, expire_requests
from mentoring.goals.models import Goal, SkillWanted
from mentoring.outbox.models import Mail
from mentoring.programs.models import Membership, Program, kept_apart
from mentoring.schedule.models import Reminder, Session
from mentoring.schedule.reminders import queue_reminders

pytestmark = pytest.mark.django_db


def test_seed_makes_a_program_of_many_lives(seeded):
    members = Membership.objects.filter(program=seeded.cast.program)
    assert members.mentees().count() >= 120
    assert members.mentors().count() >= 45
    assert members.filter(is_mentor=True, is_mentee=True).count() >= 4
    assert members.mentors().filter(is_paused=True).count() == 1
    assert User.objects.values("zone").distinct().count() >= 12
    assert kept_apart(seeded.cast.program.pk)


WRITTEN = [User, Profile, SpokenLanguage, PersonSkill, Offer, Accomplishment, LearningRecord, Program]
WRITTEN += [Membership, Goal, SkillWanted, Request, Engagement]


@pytest.mark.parametrize("model", WRITTEN)
def test_seed_writes_only_what_a_form_would_accept(seeded, model: type[models.Model]):
    fields = model._meta.concrete_fields
    rows = list(model._default_manager.all())
    assert rows
    for row in rows:
        unset = {field.name for field in fields if field.null and getattr(row, field.attname) is None}
        row.clean_fields(exclude=unset | {field.name for field in fields if field.is_relation})


def test_seed_names_only_skills_of_the_list(seeded):
    named = Skill.objects.filter(people__isnull=False).distinct().count()
    assert named == len({slug for entry in read().people for slug in entry["skills"]})


def test_seed_tells_of_nothing_in_the_future(seeded):
    now = seeded.now
    instants = [(Request, "created_at"), (Request, "closed_at"), (Engagement, "ended_at")]
    instants += [(Goal, "created_at"), (User, "created_at"), (EmpathyRating, "created_at")]
    for model, field in instants:
        assert not model._default_manager.filter(**{f"{field}__gt": now}).exists(), (model, field)
    assert not Request.objects.filter(created_at__lt=F("goal__created_at")).exists()
    assert not Request.objects.filter(goal__mentee__memberships__joined_at__gt=F("created_at")).exists()
    assert not LearningRecord.objects.filter(on__gt=now.date()).exists()


def test_seed_twice_is_once(seeded, settings, capsys):
    settings.DEBUG = True
    before = list(User.objects.order_by("pk").values_list("pk", "created_at"))
    call_command("seed_demo")
    assert capsys.readouterr().out == "The demonstration program is there already.\n"
    assert list(User.objects.order_by("pk").values_list("pk", "created_at")) == before
    assert Program.objects.filter(slug="crossways").count() == 1


def forget_all() -> None:
    connection.check_constraints()  # rows whose checks are put off cannot be truncated
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE programs_program, accounts_user CASCADE")
    load_skills(Skill)  # the list may hold skills of programs, so it went with them


def test_seed_fits_the_other_season(seeded):
    """Where clocks differ by the season, stories find another hour and none is refused."""
    told = read()
    now = seeded.now + timedelta(days=182)
    forget_all()
    seed(now.date(), now)
    assert Engagement.objects.count() == len(told.engagements) + len(told.program["first_round"])
    assert Request.objects.open().count() == sum("decline" not in story for story in told.requests)


def test_seed_without_debug_is_refused(seeded):
    with pytest.raises(CommandError, match="DEBUG=1"):
        call_command("seed_demo")


def test_seed_again_gives_the_same(seeded):
    def told() -> list[object]:
        return [
            sorted(User.objects.values_list("pk", "email", "created_at", "profile__about")),
            sorted(Membership.objects.values_list("pk", "joined_at", "capacity")),
            sorted(Goal.objects.values_list("pk", "target_on", "created_at")),
            sorted(LearningRecord.objects.values_list("person_id", "what", "on")),
            sorted(Request.objects.values_list("mentee_id", "mentor_id", "at", "starts_on", "created_at")),
            sorted(Engagement.objects.values_list("mentee_id", "mentor_id", "state", "ends_on")),
            sorted(Session.objects.values_list("series__mentee_id", "starts_at", "state")),
        ]

    assert seeded.cast.persons["amara-eze"].pk == UUID("563b272e-ced8-5b47-8107-74104a84887f")
    before = told()
    forget_all()
    seed(seeded.now.date(), seeded.now)
    assert told() == before


def test_seed_leaves_a_first_worker_nothing_to_do(seeded):
    assert not Mail.objects.exists()
    assert (expire_requests(seeded.now), end_engagements(seeded.now)) == (0, 0)
    queue_reminders(seeded.now)
    assert not Mail.objects.exists()
    assert Reminder.objects.filter(state=Reminder.State.WAITING, due_at__gt=seeded.now).exists()


def test_seed_counts_the_empathy_of_some_mentors(seeded):
    raters = EmpathyAggregate.objects.filter(program=seeded.cast.program).values_list("raters", flat=True)
    assert len(raters) >= 3
    counted = EmpathyRating.objects.exclude(released_at=None)
    assert counted.values("mentor", "mentee").distinct().count() == sum(raters)
    assert not EmpathyRating.objects.exclude(
        closing__mentor=F("mentor"), closing__mentee=F("mentee")
    ).exists()


def test_seed_seals_blockers(seeded):
    goal = seeded.cast.goals["amara-eze", "0"]
    stored = Goal.objects.get(pk=goal.pk)
    assert b"best technician" not in bytes(stored.blocker_sealed)
    assert stored.read_blocker().startswith("I still behave like the best technician in the room")


def test_half_hours_of_an_evening_until_midnight():
    assert list(half_hours({"tue": ["23:00-24:00"], "mon": ["00:00-00:30"]})) == [94, 95, 0]
