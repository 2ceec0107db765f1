"""The demonstration program's people, in bulk: accounts, profiles, memberships and goals."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from accounts import week
from accounts.languages import Fluency
from accounts.models import (
    Accomplishment,
    LearningRecord,
    LearningWish,
    Offer,
    PersonSkill,
    Profile,
    Skill,
    SpokenLanguage,
    User,
)
from mentoring.demo.accounts import PASSWORD, ROLES, mail_address
from mentoring.demo.told import Entry, Told, demo_id, spread
from mentoring.goals.models import Goal, SkillWanted
from mentoring.programs.models import Exclusion, Membership, Program, ReportingLine

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIRST_ROUND = "first-round"
A_MONTH = 30.44  # days, on average


@dataclass(frozen=True)
class Cast:
    """Who takes part. `goals` by the mentee's key and the goal's index, "first-round" for that round's."""

    program: Program
    persons: dict[str, User]
    memberships: dict[str, Membership]
    goals: dict[tuple[str, str], Goal]


def add_program(told: Told, began: datetime) -> Program:
    words = {name: told.program[name].strip() for name in ("name", "slug", "about")}
    program = Program.objects.create(id=demo_id("program"), **words)
    Program.objects.filter(pk=program.pk).update(created_at=began)
    return program


def add_persons(entries: list[Entry], joined: dict[str, datetime]) -> dict[str, User]:
    """Accounts with verified addresses; only those that a visitor may be have a password."""
    public = make_password(PASSWORD)  # hashed once: that is slow by design
    persons = {
        entry["key"]: User(
            id=demo_id("person", entry["key"]),
            email=mail_address(entry["key"]),
            name=entry["name"],
            zone=entry["zone"],
            password=public if entry["key"] in ROLES else make_password(None),
        )
        for entry in entries
    }
    User.objects.bulk_create(persons.values())
    for key, person in persons.items():
        person.created_at = joined[key]
    User.objects.bulk_update(persons.values(), ["created_at"])
    EmailAddress.objects.bulk_create(
        EmailAddress(user=person, email=person.email, verified=True, primary=True)
        for person in persons.values()
    )
    return persons


def add_profiles(entries: list[Entry], persons: dict[str, User], today: date) -> None:
    pairs = [(persons[entry["key"]], entry) for entry in entries]
    skills = {skill.slug: skill for skill in Skill.objects.all()}
    Profile.objects.bulk_create(
        Profile(
            person=person,
            headline=entry["headline"],
            about=entry["about"],
            country=entry["country"],
            week=week.from_indices(half_hours(entry["availability"])),
        )
        for person, entry in pairs
    )
    SpokenLanguage.objects.bulk_create(
        SpokenLanguage(person=person, code=code, fluency=Fluency[fluency.upper()])
        for person, entry in pairs
        for code, fluency in entry["languages"].items()
    )
    PersonSkill.objects.bulk_create(
        PersonSkill(person=person, skill=skills[slug], level=level)
        for person, entry in pairs
        for slug, level in entry["skills"].items()
    )
    LearningWish.objects.bulk_create(
        LearningWish(person=person, skill=skills[slug]) for person, entry in pairs for slug in entry["wishes"]
    )
    add_offers(entries, persons)
    LearningRecord.objects.bulk_create(
        LearningRecord(
            person=person,
            what=record["what"],
            kind=record["kind"],
            on=_months_before(today, record["months_ago"], record["what"]),
            link=record.get("link", ""),
            changed=record["changed"],
        )
        for person, entry in pairs
        for record in entry.get("learning", [])
    )
    _add_accomplishments(pairs, skills, today)


def add_offers(entries: list[Entry], persons: dict[str, User]) -> None:
    skills = {skill.slug: skill for skill in Skill.objects.all()}
    Offer.objects.bulk_create(
        Offer(person=persons[entry["key"]], skill=skills[offer["skill"]], words=offer["words"])
        for entry in entries
        for offer in entry.get("offer", [])
    )


def _add_accomplishments(pairs: list[tuple[User, Entry]], skills: dict[str, Skill], today: date) -> None:
    told = [(person, entry) for person, whole in pairs for entry in whole.get("accomplishment", [])]
    rows = Accomplishment.objects.bulk_create(
        Accomplishment(
            person=person,
            what=entry["what"],
            how=entry["how"],
            on=_months_before(today, entry["months_ago"], entry["what"]),
            link=entry.get("link", ""),
        )
        for person, entry in told
    )
    backed = Accomplishment.skills.through
    backed.objects.bulk_create(
        backed(accomplishment=row, skill=skills[slug])
        for row, (_, entry) in zip(rows, told, strict=True)
        for slug in entry["skills"]
    )


def add_memberships(
    told: Told, program: Program, persons: dict[str, User], joined: dict[str, datetime]
) -> dict[str, Membership]:
    places = {entry["key"]: entry["capacity"] for entry in told.mentors} | told.program["also_mentor"]
    mentees = {entry["key"] for entry in [*told.mentees, *told.program["also_mentee"]]}
    memberships = {
        key: Membership(
            id=demo_id("membership", key),
            program=program,
            person=person,
            is_mentor=key in places,
            is_mentee=key in mentees,
            is_admin=key == told.program["admin"]["key"],
            capacity=places.get(key, 1),
            is_paused=key in told.program["paused"]["mentors"],
            joined_at=joined[key],
        )
        for key, person in persons.items()
    }
    Membership.objects.bulk_create(memberships.values())
    ReportingLine.objects.bulk_create(
        ReportingLine(program=program, junior=persons[line["junior"]], senior=persons[line["senior"]])
        for line in told.program["reporting_line"]
    )
    Exclusion.objects.bulk_create(
        Exclusion(by=persons[row["by"]], other=persons[row["other"]]) for row in told.program["exclusion"]
    )
    return memberships


def add_goals(
    told: Told,
    program: Program,
    persons: dict[str, User],
    written: dict[tuple[str, str], datetime],
    today: date,
) -> dict[tuple[str, str], Goal]:
    """Goals by mentee's key and index; blockers are sealed like everybody's."""
    goals, wanted = {}, []
    skills = {skill.slug: skill for skill in Skill.objects.all()}
    for key, index, entry, target_on in goals_told(told, today):
        goal = Goal(
            id=demo_id("goal", key, index),
            program=program,
            mentee=persons[key],
            title=entry["title"],
            why=entry["why"],
            success=entry["success"],
            target_on=target_on,
        )
        goal.seal_blocker(entry.get("blocker", ""))
        goals[key, index] = goal
        wanted += [
            SkillWanted(goal=goal, skill=skills[slug], importance=importance)
            for slug, importance in _wanted(entry)
        ]
    Goal.objects.bulk_create(goals.values())
    for name, goal in goals.items():
        goal.created_at = written[name]
    Goal.objects.bulk_update(goals.values(), ["created_at"])
    SkillWanted.objects.bulk_create(wanted)
    return goals


def goals_told(told: Told, today: date) -> Iterator[tuple[str, str, Entry, date]]:
    """(mentee's key, index, entry, by when) of every goal, those of the first round too."""
    for person in [*told.mentees, *told.program["also_mentee"]]:
        for index, entry in enumerate(person.get("goal", [])):
            yield person["key"], str(index), entry, today + timedelta(weeks=entry["by_weeks"])
    for story in told.program["first_round"]:
        ended = story["started_weeks_ago"] - story["weeks"]
        yield story["mentee"], FIRST_ROUND, story["goal"], today - timedelta(weeks=ended)


def half_hours(availability: dict[str, list[str]]) -> Iterator[int]:
    """Indices of the week's half hours in such as {"tue": ["07:30-09:30"]}; "24:00" ends a day."""
    for day, spans in availability.items():
        for span in spans:
            start, end = (_half_hour_of_day(clock) for clock in span.split("-"))
            yield from (DAYS.index(day) * week.HALF_HOURS_A_DAY + n for n in range(start, end))


def _half_hour_of_day(clock: str) -> int:
    if clock == "24:00":
        return week.HALF_HOURS_A_DAY
    return week.index_of(0, time.fromisoformat(clock))


def _wanted(goal: Entry) -> list[tuple[str, int]]:
    if "skills" in goal:
        return list(goal["skills"].items())
    return [(skill["slug"], skill["importance"]) for skill in goal["skill"]]


def _months_before(today: date, months: int, words: str) -> date:
    """A day about so many months ago; which one depends on the words, so that not all fall on one day."""
    return today - timedelta(days=round(months * A_MONTH) + spread(28, words))
