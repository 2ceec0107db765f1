"""What has happened in the demonstration program, played through the services that serve everybody.

So the database's rules hold for it too. Everything lies before the midnight (UTC) that begins `today`.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from mentoring.demo import sessions
from mentoring.demo.people import DAYS, FIRST_ROUND, Cast
from mentoring.demo.told import Entry, Told, spread
from mentoring.engagements.empathy import ANSWERS, rate_empathy, release_empathy
from mentoring.engagements.models import Engagement, Request
from mentoring.engagements.services import (
    accept_request,
    decline_request,
    end_engagement,
    propose_pairing,
    send_request,
)
from mentoring.goals.models import Goal
from mentoring.schedule.slots import common_starts
from mentoring.schedule.times import Cadence, Terms

ONE_DAY = timedelta(days=1)
ASKED_BEFORE = timedelta(days=12)  # how long before its first session an engagement was asked for
NOTICE = timedelta(days=7)  # how soon a request that waits would begin
EITHER_SIDE = timedelta(days=3)  # a wished hour may move this far within the week

Send = Callable[[Cast, Entry, Terms, datetime], Request]


def play(told: Told, cast: Cast, today: date) -> None:
    """First what has ended, so that nobody's places are taken by it; then what goes on; then what waits."""
    endings = {}
    for story in told.program["first_round"]:
        engagement = _engage(cast, story, today, _propose)
        endings[story["mentor"], story["mentee"]] = _end(engagement)
    Goal.objects.filter(
        pk__in=[goal.pk for (_, index), goal in cast.goals.items() if index == FIRST_ROUND]
    ).update(state=Goal.State.CLOSED)
    over = [story for story in told.engagements if has_ended(story)]
    midnight = datetime.combine(today, time.min, UTC)
    for story in over:
        engagement = _engage(cast, story, today, _ask)
        _tell_sessions(told, story, engagement, midnight)
        endings[story["mentor"], story["mentee"]] = _end(engagement)
    for story in told.engagements:
        if not has_ended(story):
            _tell_sessions(told, story, _engage(cast, story, today, _ask), midnight)
    for story in told.requests:
        _request(cast, story, today)
    _rate(told, cast, endings, midnight)


def has_ended(story: Entry) -> bool:
    return bool(story["started_weeks_ago"] > story["weeks"])


def terms_of(cast: Cast, story: Entry, on_or_after: date) -> Terms:
    """The told hour, or where it does not fit that season's clocks, the nearest that is free for both."""
    mentor, mentee = cast.persons[story["mentor"]], cast.persons[story["mentee"]]
    starts_on = on_or_after + timedelta(days=(DAYS.index(story["weekday"]) - on_or_after.weekday()) % 7)
    length = timedelta(weeks=story["weeks"])
    wished = Terms(
        starts_on=starts_on,
        ends_on=starts_on + length,
        at=time.fromisoformat(story["time"]),
        zone=story.get("zone", mentee.zone),
        cadence=Cadence(story["cadence"]),
        minutes=story["minutes"],
    )
    week_around = replace(wished, starts_on=starts_on - EITHER_SIDE, ends_on=wished.ends_on + EITHER_SIDE)
    instant = wished.occurrences()[0].starts_at
    starts = common_starts(mentor, mentee, week_around)
    if not starts:
        return wished  # agreed outside their protected time, as people do
    nearest = min(
        starts,
        key=lambda start: (start.outside > 0 and start.starts_at != instant, abs(start.starts_at - instant)),
    )
    return replace(wished, starts_on=nearest.on, at=nearest.at, ends_on=nearest.on + length)


def _engage(cast: Cast, story: Entry, today: date, send: Send) -> Engagement:
    terms = terms_of(cast, story, today - timedelta(weeks=story["started_weeks_ago"]))
    asked_at = _instant(terms.starts_on - ASKED_BEFORE, story, "asked")
    request = send(cast, story, terms, asked_at)
    answered_at = asked_at + ONE_DAY * (1 + spread(4, story["mentor"], story["mentee"]))
    for person in (cast.persons[story["mentor"]], cast.persons[story["mentee"]]):
        if not request.has_yes_of(person):
            request = accept_request(request_id=request.pk, by=person, now=answered_at)
    return Engagement.objects.get(request=request)


def _ask(cast: Cast, story: Entry, terms: Terms, now: datetime) -> Request:
    return send_request(
        mentee=cast.memberships[story["mentee"]],
        mentor_id=cast.persons[story["mentor"]].pk,
        goal=cast.goals[story["mentee"], str(story["goal"])],
        message=story["message"],
        offer=story["offer"],
        terms=terms,
        now=now,
    )


def _propose(cast: Cast, story: Entry, terms: Terms, now: datetime) -> Request:
    return propose_pairing(
        program=cast.program,
        mentor=cast.persons[story["mentor"]],
        mentee=cast.persons[story["mentee"]],
        goal=cast.goals[story["mentee"], FIRST_ROUND],
        terms=terms,
        now=now,
    )


def _end(engagement: Engagement) -> Engagement:
    """By itself, when its last date has passed everywhere on earth."""
    ended_at = datetime.combine(engagement.ends_on, time(12, 5), UTC) + ONE_DAY
    return end_engagement(engagement_id=engagement.pk, by=None, now=ended_at)


def _tell_sessions(told: Told, story: Entry, engagement: Engagement, until: datetime) -> None:
    sessions.tell(engagement, told.sessions.get((story["mentor"], story["mentee"]), {}), until)


def _request(cast: Cast, story: Entry, today: date) -> None:
    days = max(1, story["sent_days_ago"])  # today has only begun
    sent_at = _instant(today - timedelta(days=days), story, "sent")
    request = _ask(cast, story, terms_of(cast, story, today + NOTICE), sent_at)
    if "decline" in story:
        answered_at = sent_at + ONE_DAY * (1 + spread(days - 1, story["mentor"], story["mentee"]))
        decline_request(
            request_id=request.pk, decline=story["decline"], note=story["decline_note"], now=answered_at
        )


def _rate(told: Told, cast: Cast, endings: dict[tuple[str, str], Engagement], midnight: datetime) -> None:
    """All that was said until the night before is counted in it."""
    for rating in told.program["rating"]:
        engagement = endings.get((rating["mentor"], rating["mentee"]))
        if engagement is None:
            continue  # its story is not told
        rate_empathy(
            engagement_id=engagement.pk,
            by=cast.persons[rating["mentee"]],
            answers=dict(zip(ANSWERS, rating["answers"], strict=True)),
            now=min((engagement.ended_at or midnight) + ONE_DAY, midnight - ONE_DAY / 48),
        )
    release_empathy(midnight)


def _instant(on: date, story: Entry, what: str) -> datetime:
    """Between six in the morning and nine in the evening, UTC, always the same for the same story."""
    minutes = 360 + spread(900, what, story["mentor"], story["mentee"])
    return datetime.combine(on, time.min, UTC) + timedelta(minutes=minutes)
