"""What the two wrote for and after their sessions, and whether they met; told in data/sessions.toml."""

from datetime import datetime, timedelta

from accounts.models import User
from mentoring.demo.told import Entry
from mentoring.engagements.models import Engagement
from mentoring.notes import services as notes
from mentoring.schedule.links import set_series_link
from mentoring.schedule.marks import mark_session
from mentoring.schedule.models import Session
from mentoring.schedule.moves import length_of, propose_move, skip_session
from mentoring.schedule.slots import find_free

AFTER = {"mentor": timedelta(minutes=40), "mentee": timedelta(hours=3)}  # when each says whether they met
BEFORE = timedelta(hours=20)  # the agenda is written so long before
A_MOMENT = timedelta(minutes=7)
YESTERDAY = timedelta(hours=7)  # so long before the midnight that ends what is told
LATER = timedelta(days=5)  # another time is asked for within so many days

Pair = dict[str, User]


def tell(engagement: Engagement, told: Entry, until: datetime) -> None:
    """Play what is told of an engagement, session by session; nothing of it is later than `until`."""
    pair = {"mentor": engagement.mentor, "mentee": engagement.mentee}
    series = engagement.series.get()
    if link := told.get("link"):
        set_series_link(series_id=series.pk, by=pair["mentor"], link=link, now=engagement.created_at)
    entries = {entry["ago"]: entry for entry in told.get("session", [])}
    sessions = list(series.sessions.planned().order_by("starts_at"))
    past = [session for session in sessions if session.ends_at + AFTER["mentee"] <= until]
    for ago, session in enumerate(reversed(past), start=1):
        entry = entries.get(ago, {})
        _prepare(session, entry, pair, session.starts_at - BEFORE)
        _mark(session, entry.get("said", list(pair)), pair)
        _write(session, entry, pair, until)
    ahead = sessions[len(past) :]
    if ahead:
        _prepare(ahead[0], entries.get(0, {}), pair, until - timedelta(hours=9))
    if len(ahead) > 2:
        _change(ahead, told, pair, until - YESTERDAY)


def _prepare(session: Session, entry: Entry, pair: Pair, at: datetime) -> None:
    for place, (who, text) in enumerate(entry.get("agenda", [])):
        notes.add_agenda_item(session_id=session.pk, by=pair[who], text=text, now=at + place * A_MOMENT)


def _change(ahead: list[Session], told: Entry, pair: Pair, now: datetime) -> None:
    """Who has asked for another time for the session after the next, and who has skipped it."""
    session = ahead[1]
    if "moves" in told:
        at, length = session.starts_at, length_of(session)
        both = pair["mentor"], pair["mentee"]
        free = find_free(*both, around=at, length=length, now=now, until=at + LATER)
        if starts_at := next((each for each in [*free.protected, *free.others] if each > at), None):
            propose_move(session_id=session.pk, by=pair[told["moves"]], starts_at=starts_at, now=now)
    if "skips" in told:
        who, word = told["skips"]
        skip_session(session_id=session.pk, by=pair[who], word=word, now=now)


def _mark(session: Session, said: list[str], pair: Pair) -> None:
    """Those who are named say that they met; "neither" is both saying that they did not."""
    for who, person in pair.items():
        if who in said or "neither" in said:
            now = session.ends_at + AFTER[who]
            mark_session(session_id=session.pk, by=person, was_held=who in said, now=now)


def _write(session: Session, entry: Entry, pair: Pair, until: datetime) -> None:
    at = session.ends_at - A_MOMENT
    if "shared" in entry:
        who, text = entry["shared"]
        notes.save_shared_note(session_id=session.pk, by=pair[who], text=text, version=0, now=at)
    if "private" in entry:
        who, text = entry["private"]
        notes.save_private_note(session_id=session.pk, author=pair[who], text=text, now=at + A_MOMENT)
    for commitment in entry.get("commitment", []):
        _undertake(session, commitment, pair[commitment["by"]], at, until)


def _undertake(session: Session, told: Entry, by: User, at: datetime, until: datetime) -> None:
    due_on = session.ends_at.date() + timedelta(days=told["due"]) if "due" in told else None
    made = notes.make_commitment(session_id=session.pk, by=by, text=told["text"], due_on=due_on, now=at)
    closed_at = session.ends_at + timedelta(days=told.get("closed", 0))
    if "closed" not in told or closed_at > until:
        return
    close = notes.drop_commitment if told.get("dropped") else notes.finish_commitment
    close(commitment_id=made.pk, by=by, now=closed_at)
