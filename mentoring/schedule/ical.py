"""Sessions as iCalendar (RFC 5545; by mail RFC 5546): one event each, never a recurrence rule."""

from accounts.models import User
from mentoring.schedule.models import Session


def invitation(session: Session, reader: User, *, method: str = "REQUEST") -> str:
    """The iCalendar object that goes with a mail about one session; `method` is REQUEST or CANCEL."""
    raise NotImplementedError
