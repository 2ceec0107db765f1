"""The demonstration program, seeded once and in one transaction."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction

from accounts import search
from mentoring.celery import publish_on_commit
from mentoring.demo import people, stories
from mentoring.demo.told import SLUG, Told, read, spread
from mentoring.outbox.models import Mail
from mentoring.programs.models import Program
from mentoring.schedule.models import Reminder

LEAST_WEEKS = 3  # a member for so long before anything else is told of them
OLDEST_WEEKS = 62


def is_seeded() -> bool:
    return Program.objects.filter(slug=SLUG).exists()


@transaction.atomic
def seed(today: date, now: datetime) -> people.Cast:
    """Make the program as it stands on the morning of `today`; `now` says which reminders are past.

    The ids of program, people, memberships and goals follow from the keys, the dates from `today`.
    """
    told = read()
    midnight = datetime.combine(today, time.min, UTC)
    joined = _joined(told, midnight)
    program = people.add_program(told, midnight - timedelta(weeks=OLDEST_WEEKS + 2))
    persons = people.add_persons(told.people, joined)
    people.add_profiles(told.people, persons, today)
    people.add_offers(told.program["also_mentee"], persons)
    cast = people.Cast(
        program=program,
        persons=persons,
        memberships=people.add_memberships(told, program, persons, joined),
        goals=people.add_goals(told, program, persons, _written(told, joined, midnight), today),
    )
    stories.play(told, cast, today)
    _settle(cast, now)
    search.refresh(person.pk for person in cast.persons.values())
    publish_on_commit("matching.compute_meanings")
    publish_on_commit("matching.suggest_everywhere")
    return cast


def _settle(cast: people.Cast, now: datetime) -> None:
    """Leave nothing to be mailed that the past would have mailed; reminders yet to come stay."""
    Mail.objects.filter(recipients__in=[[person.email] for person in cast.persons.values()]).delete()
    Reminder.objects.due(now).filter(person__in=cast.persons.values()).update(state=Reminder.State.DROPPED)


def _joined(told: Told, midnight: datetime) -> dict[str, datetime]:
    """When each person joined: before anything that is told of them."""
    weeks = {entry["key"]: LEAST_WEEKS + spread(40, "joined", entry["key"]) for entry in told.people}
    for story in [*told.program["first_round"], *told.engagements]:
        for key in (story["mentor"], story["mentee"]):
            weeks[key] = max(weeks[key], story["started_weeks_ago"] + LEAST_WEEKS)
    weeks[told.program["admin"]["key"]] = OLDEST_WEEKS
    return {
        key: midnight - timedelta(weeks=n) + timedelta(minutes=spread(600, "joined", key))
        for key, n in weeks.items()
    }


def _written(told: Told, joined: dict[str, datetime], midnight: datetime) -> dict[tuple[str, str], datetime]:
    """When each goal was written: before the first request for it, and after its mentee joined."""
    weeks: defaultdict[tuple[str, str], int] = defaultdict(int)
    for story in told.engagements:
        name = (story["mentee"], str(story["goal"]))
        weeks[name] = max(weeks[name], story["started_weeks_ago"])
    for story in told.program["first_round"]:
        weeks[story["mentee"], people.FIRST_ROUND] = story["started_weeks_ago"]
    written = {}
    for key, index, _, _ in people.goals_told(told, midnight.date()):
        asked = weeks[key, index] or spread(6, "written", key, index)
        day = midnight - timedelta(weeks=asked, days=17 - spread(2, "written", key))
        written[key, index] = max(day, joined[key] + timedelta(hours=2))
    return written
