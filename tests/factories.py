"""Plain makers of rows: each gives something valid, and takes what a test cares about."""

import functools
import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts import week
from accounts.models import LearningWish, Offer, PersonSkill, Profile, Skill, SpokenLanguage, User
from mentoring.engagements.models import Engagement, Request
from mentoring.engagements.services import accept_request
from mentoring.goals.models import Goal, SkillWanted
from mentoring.programs.models import Membership, Program

_numbers = itertools.count(1)
PASSWORD = "a long enough passphrase"
WORKING_WEEK = week.from_indices(
    [day * week.HALF_HOURS_A_DAY + half_hour for day in range(5) for half_hour in range(16, 40)]
)


@functools.cache
def _hashed(password: str) -> str:
    # hashing is slow by design, and a test makes many people
    return make_password(password)


def make_person(**over: Any) -> User:
    n = next(_numbers)
    profile = {
        "headline": "Looks after a ward's devices",
        "about": "I mend what others need.",
        "week": WORKING_WEEK,
    }
    profile |= {name: over.pop(name) for name in ("headline", "about", "week", "country") if name in over}
    languages = over.pop("languages", {"en": 3})
    password = over.pop("password", PASSWORD)
    person = User(
        **{"email": f"person{n}@example.org", "name": f"Person {n}", "zone": "Europe/London"} | over
    )
    person.password = _hashed(password)
    person.save()
    person.emailaddress_set.create(email=person.email, verified=True, primary=True)
    Profile.objects.create(person=person, **profile)
    SpokenLanguage.objects.bulk_create(
        SpokenLanguage(person=person, code=code, fluency=fluency) for code, fluency in languages.items()
    )
    return person


def make_skill(slug: str = "negotiation", **over: Any) -> Skill:
    defaults = {"name": slug.replace("-", " ").capitalize(), "kind": Skill.Kind.LEADERSHIP} | over
    return Skill.objects.get_or_create(slug=slug, defaults=defaults)[0]


def make_program(**over: Any) -> Program:
    n = next(_numbers)
    return Program.objects.create(**{"slug": f"program-{n}", "name": f"Program {n}"} | over)


def set_matching(
    program: Program, *, weights: dict[str, float], must_haves: dict[str, float], tilt: int = 30
) -> None:
    program.weights, program.must_haves, program.tilt = weights, must_haves, tilt
    program.save(update_fields=["weights", "must_haves", "tilt"])


def make_member(program: Program, person: User | None = None, **over: Any) -> Membership:
    person = person or make_person()
    fields = {"is_mentee": True, "joined_at": timezone.now()} | over
    return Membership.objects.create(program=program, person=person, **fields)


def make_mentor(
    program: Program, *, skills: dict[str, int] | None = None, wishes: tuple[str, ...] = (), **over: Any
) -> Membership:
    """A mentor with a place; skills by slug with their level."""
    membership_fields = {
        name: over.pop(name) for name in ("capacity", "is_mentee", "is_paused", "is_admin") if name in over
    }
    person = make_person(**over)
    for slug, level in (skills or {"negotiation": 3}).items():
        PersonSkill.objects.create(person=person, skill=make_skill(slug), level=level)
    for slug in wishes:
        LearningWish.objects.create(person=person, skill=make_skill(slug))
    return make_member(
        program, person, **{"is_mentor": True, "is_mentee": False, "capacity": 2} | membership_fields
    )


def make_mentee(program: Program, *, offers: dict[str, str] | None = None, **over: Any) -> Membership:
    person = make_person(**over)
    for slug, words in (offers or {}).items():
        Offer.objects.create(person=person, skill=make_skill(slug), words=words)
    return make_member(program, person, is_mentee=True)


def make_goal(
    mentee: Membership, *, skills: dict[str, int] | None = None, blocker: str = "", **over: Any
) -> Goal:
    """An open goal; skills wanted by slug with their importance."""
    fields = {
        "title": "Lead a team through a reorganisation",
        "why": "Ten people look to me.",
        "success": "Nobody leaves for lack of answers.",
        "target_on": timezone.now().date() + timedelta(weeks=20),
    } | over
    goal = Goal(program=mentee.program, mentee=mentee.person, **fields)
    goal.seal_blocker(blocker)
    goal.save()
    for slug, importance in (skills or {"negotiation": 3}).items():
        SkillWanted.objects.create(goal=goal, skill=make_skill(slug), importance=importance)
    return goal


def next_weekday(weekday: int, after: date) -> date:
    """The first date after `after` on that weekday (Monday 0)."""
    return after + timedelta(days=(weekday - after.weekday() - 1) % 7 + 1)


def make_request(goal: Goal, mentor: Membership, **over: Any) -> Request:
    """An open request of the goal's mentee, weekly on Tuesdays at 09:00 London time for twelve weeks."""
    now = over.pop("now", timezone.now())
    starts_on = over.pop("starts_on", next_weekday(1, now.date() + timedelta(days=2)))
    fields = {
        "message": "Your work on rotas is what I need to learn from.",
        "offer": "I can put your ward's device list in order.",
        "cadence": "1w",
        "minutes": 60,
        "zone": "Europe/London",
        "at": time(9),
        "starts_on": starts_on,
        "ends_on": starts_on + timedelta(weeks=12),
        "mentee_yes_at": now,
        "approved_at": now,
        "created_at": now,
        "expires_at": now + goal.program.request_lifetime,
    } | over
    return Request.objects.create(
        program=goal.program, mentor=mentor.person, mentee=goal.mentee, goal=goal, **fields
    )


def make_engagement(goal: Goal, mentor: Membership, **over: Any) -> Engagement:
    """An engagement under way with its series reserved, opened by the same service as every other."""
    now = over.pop("now", timezone.now())
    request = make_request(goal, mentor, now=now, **over)
    accept_request(request_id=request.pk, by=mentor.person, now=now)
    return Engagement.objects.get(request=request)


def instant(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)
