"""What a person's profile shows to a reader, ready for a template."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from accounts.countries import country_name
from accounts.models import (
    Accomplishment,
    LearningRecord,
    PersonSkill,
    Profile,
    Skill,
    SpokenLanguage,
    User,
)
from accounts.vocabulary import Called, Vocabulary, vocabulary_for, vocabulary_of
from accounts.week import EMPTY_WEEK, QUARTER, QUARTERS_A_DAY, WEEKDAYS, runs_of, unpack, windows

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class ShownSkill:
    name: str
    kind: str
    level: int | None = None
    level_label: str = ""


@dataclass(frozen=True)
class ShownOffer:
    skill: Called
    words: str


@dataclass(frozen=True)
class SkillGroup:
    kind: str
    skills: list[ShownSkill]


@dataclass(frozen=True)
class DayHours:
    """A weekday's hours: spans for reading, bars as (from, length) in quarter hours for drawing."""

    weekday: str
    spans: list[str]
    bars: list[tuple[int, int]]


@dataclass(frozen=True)
class Portrait:
    person: User
    profile: Profile
    country: str
    languages: list[SpokenLanguage]
    skill_groups: list[SkillGroup]
    wishes: list[Called]
    offers: list[ShownOffer]
    accomplishments: list[Accomplishment]  # each with `skills_called`
    learning: list[LearningRecord]
    learning_summary: str
    hours: list[DayHours]
    hours_a_week: str
    hours_zone: str
    home_zone: str
    home_time: str  # by the person's own clock


def portrait_of(person: User, *, zone: ZoneInfo, now: datetime, program: uuid.UUID | None = None) -> Portrait:
    """The person's profile; hours are told in `zone`, the reader's, as the clocks stand this week.

    Skills go by the program's words, without those of other programs; by the person's own without a program.
    Costs the same number of queries, whatever it holds.
    """
    vocabulary = vocabulary_of(program) if program else vocabulary_for(person)
    profile = Profile.objects.filter(person=person).first() or Profile(person=person, week=EMPTY_WEEK)
    learning = list(person.learning_records.all())
    today = now.astimezone(zone).date()
    return Portrait(
        person=person,
        profile=profile,
        country=country_name(profile.country),
        languages=list(person.languages.all()),
        skill_groups=skill_groups(person.skills.all(), vocabulary),
        wishes=vocabulary.shown(person.wishes.order_by().values_list("skill", flat=True)),
        offers=_offers(person, vocabulary),
        accomplishments=_accomplishments(person, vocabulary),
        learning=learning,
        learning_summary=learning_in_words([record.on for record in learning], today=today),
        hours=hours_in_zone(bytes(profile.week), home=person.zone_info, zone=zone, now=now),
        hours_a_week=f"{unpack(profile.week).sum() / 2:g}",
        hours_zone=zone_in_words(zone.key),
        home_zone=zone_in_words(person.zone),
        home_time=f"{now.astimezone(person.zone_info):%H:%M}",
    )


def skill_groups(skills: Iterable[PersonSkill], vocabulary: Vocabulary) -> list[SkillGroup]:
    """Skills by kind, in the order of the kinds, without kinds that hold none; of two that count as the same
    the higher level."""
    best: dict[Called, PersonSkill] = {}
    for entry in sorted(skills, key=lambda entry: -entry.level):
        if called := vocabulary.of(entry.skill_id):
            best.setdefault(called, entry)
    shown = [
        ShownSkill(called.name, called.kind, entry.level, entry.get_level_display())
        for called, entry in sorted(best.items(), key=lambda item: (-item[1].level, item[0].name.casefold()))
    ]
    by_kind = {kind: [skill for skill in shown if skill.kind == kind] for kind in Skill.Kind.values}
    return [SkillGroup(kind, group) for kind, group in by_kind.items() if group]


def _offers(person: User, vocabulary: Vocabulary) -> list[ShownOffer]:
    rows = person.offers.order_by().values_list("skill_id", "words")
    shown = [ShownOffer(called, words) for skill, words in rows if (called := vocabulary.of(skill))]
    return sorted(shown, key=lambda offer: offer.skill.name.casefold())


def _accomplishments(person: User, vocabulary: Vocabulary) -> list[Accomplishment]:
    found = list(person.accomplishments.select_related("confirmation").prefetch_related("skills"))
    for accomplishment in found:
        shown: Any = accomplishment
        shown.skills_called = vocabulary.shown(skill.pk for skill in accomplishment.skills.all())
    return found


def learning_in_words(dates: list[date], *, today: date) -> str:
    """How much evidence of learning there is, and how fresh; empty without any."""
    if not dates:
        return ""
    recent = sum(1 for on in dates if today - on <= YEAR)
    total = f"{len(dates)} {'record' if len(dates) == 1 else 'records'} of learning"
    if len(dates) == 1:
        return f"{total}, {'' if recent else 'none '}within the last twelve months."
    share = "all" if recent == len(dates) else f"{recent or 'none'} of them"
    return f"{total}, {share} within the last twelve months."


def zone_in_words(name: str) -> str:
    """A zone's name as people read it: "Europe/Isle_of_Man" becomes "Isle of Man (Europe)"."""
    area, _, city = name.partition("/")
    return f"{city.replace('_', ' ').replace('/', ', ')} ({area})" if city else name


def hours_in_zone(packed: bytes, *, home: ZoneInfo, zone: ZoneInfo, now: datetime) -> list[DayHours]:
    """Protected hours of a week at `home`, told by the clocks of `zone` in the week that holds `now`.

    Seven days from Monday, those without hours too. A span over midnight is told on both days.
    """
    quarters = np.zeros(7 * QUARTERS_A_DAY, dtype=bool)
    here = now.astimezone(home)
    monday = here.date() - timedelta(days=here.weekday())
    for weekday, since, until in windows(packed):
        start = datetime.combine(monday + timedelta(days=weekday), since, home)
        end_day = monday + timedelta(days=weekday + (until == time(0)))
        end = datetime.combine(end_day, until, home)
        length = (end.timestamp() - start.timestamp()) // QUARTER.total_seconds()
        there = start.astimezone(zone)
        first = there.weekday() * QUARTERS_A_DAY + there.hour * 4 + there.minute // 15
        quarters[(first + np.arange(int(length))) % quarters.size] = True
    return [_day_hours(name, day) for name, day in zip(WEEKDAYS, quarters.reshape(7, -1), strict=True)]


def _day_hours(weekday: str, day: NDArray[np.bool_]) -> DayHours:
    runs = runs_of(day)
    return DayHours(
        weekday,
        spans=[f"{_clock(start)}–{_clock(stop)}" for start, stop in runs],
        bars=[(start, stop - start) for start, stop in runs],
    )


def _clock(quarter: int) -> str:
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"
