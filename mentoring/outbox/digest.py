"""One mail a day instead of single ones, for who has chosen that."""

import uuid
from datetime import datetime
from email.utils import make_msgid

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction

from mentoring.outbox.choices import Reader
from mentoring.outbox.models import EMPTY, USEFUL_FOR, Category, Mail
from mentoring.outbox.services import wake_dispatcher, write


def send_digests(now: datetime) -> int:
    """Make one mail for each person of whose gathered mails one is due; returns how many were made."""
    due = Mail.objects.filter(state=Mail.State.GATHERED, due_at__lte=now)
    people = list(due.order_by("person_id").values_list("person_id", flat=True).distinct())
    return sum(_send_digest(person_id, now) for person_id in people)


@transaction.atomic
def _send_digest(person_id: uuid.UUID, now: datetime) -> int:
    """Take all that is gathered for a person into one mail, with the record of it in the same transaction.

    The person's own row is locked first and left to whoever has it, so that two workers never share out what
    one mail is to hold.
    """
    people = get_user_model().objects.select_for_update(skip_locked=True, no_key=True)
    person = people.filter(pk=person_id).first()
    if person is None:
        return 0
    gathered = Mail.objects.filter(person_id=person_id, state=Mail.State.GATHERED)
    locked = gathered.select_for_update(skip_locked=True, of=("self",)).select_related("program")
    mails = list(locked.order_by("created_at", "pk"))
    useful = [mail for mail in mails if mail.send_before > now]
    stale = [mail.pk for mail in mails if mail.send_before <= now]
    Mail.objects.filter(pk__in=stale).update(state=Mail.State.WITHDRAWN, **EMPTY)
    if not useful:
        return 0
    digest = _digest_of(useful, person, now)
    digest.save(force_insert=True)
    Mail.objects.filter(pk__in=[mail.pk for mail in useful]).update(state=Mail.State.DIGESTED)
    wake_dispatcher()
    return 1


def _digest_of(mails: list[Mail], person: Reader, now: datetime) -> Mail:
    programs = {mail.program_id for mail in mails}
    on = now.astimezone(person.zone_info).date()
    digest = Mail(
        # Each mail is taken up once, so that the first tells two digests of a day apart.
        key=f"digest:{person.pk}:{on}:{mails[0].pk}",
        kind="digest",
        category=Category.DIGEST,
        person_id=person.pk,
        program_id=programs.pop() if len(programs) == 1 else None,
        sender=settings.DEFAULT_FROM_EMAIL,
        recipients=[person.email],
        headers={"Message-ID": make_msgid(domain="holdfast")},
        created_at=now,
        due_at=now,
        send_before=now + USEFUL_FOR,
    )
    write(digest, person, "digest", {"mails": mails, "now": now})
    return digest
