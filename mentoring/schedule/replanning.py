"""Planning a person's reminders anew when their choices, or their zone, have changed."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from mentoring.outbox.models import MailChoices
from mentoring.schedule.models import Reminder, Session
from mentoring.schedule.reminders import fitted, lengths
from mentoring.schedule.services import lock_people


@transaction.atomic
def replan_for(person: User, choices: MailChoices, now: datetime) -> None:
    """Plan the reminders of this person's sessions ahead by `choices`; twice does once.

    What is in the outbox stays there. One that waited and whose hour has passed by the new choice is due at
    once: to ask for an earlier reminder loses none. Named by settings.REMINDER_PLANNER.
    """
    lock_people([person.pk])  # nobody reserves or moves a session of theirs meanwhile
    sessions = Session.objects.planned().visible_to(person).filter(starts_at__gt=now)
    ahead = list(sessions.order_by("pk").select_for_update(of=("self",)))
    old = Reminder.objects.filter(person=person, session__in=ahead)
    states = {(one.session_id, one.kind): one.state for one in old.order_by("pk").select_for_update()}
    planned = []
    for session in ahead:
        for kind, before in lengths(choices).items():
            state, wanted = states.get((session.pk, kind)), session.starts_at - before
            is_waiting = state == Reminder.State.WAITING
            if is_waiting or (state != Reminder.State.QUEUED and wanted > now):
                due_at = fitted(session, person, wanted, choices, now)
                planned.append(Reminder(session=session, person=person, kind=kind, due_at=due_at))
    old.exclude(state=Reminder.State.QUEUED).delete()
    Reminder.objects.bulk_create(planned)
