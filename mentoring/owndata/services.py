"""A download of everything about oneself: asked for, made in the background, fetched for a day, forgotten."""

import tempfile
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from accounts.tokens import digest_of, new_token
from mentoring.celery import publish, publish_on_commit
from mentoring.outbox.services import queue_mail
from mentoring.owndata.models import GOOD_FOR, Download, DownloadPart
from mentoring.owndata.writing import write_zip

MAKE = "owndata.make_download"
WOKEN_FOR = 50  # by one wake-up
A_DAY = 3
KEPT_FOR = timedelta(days=2)  # a row without its bytes, so that those of a day can be counted
PART = 1 << 20  # bytes
IN_MEMORY = 4 * PART


class OwnDataError(Exception):
    """What was asked is refused; the text is fit to show."""


@transaction.atomic
def ask_download(*, person: User, now: datetime) -> Download:
    """The one that waits already, if there is one; at most three a day."""
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    mine = Download.objects.filter(person=person)
    if (waiting := mine.waiting().first()) is not None:
        return waiting
    if mine.filter(asked_at__gt=now - timedelta(days=1)).count() >= A_DAY:
        raise OwnDataError(f"You have asked for your data {A_DAY} times today. You can ask again tomorrow.")
    download = Download.objects.create(person=person, asked_at=now)
    publish_on_commit(MAKE, str(download.pk))
    return download


def make_waiting() -> None:
    """Wake workers for those that have waited longest: one that cannot be made holds up no other."""
    for pk in Download.objects.waiting().values_list("pk", flat=True)[:WOKEN_FOR]:
        publish(MAKE, str(pk))


def make_download(*, download_id: uuid.UUID, now: datetime) -> bool:
    """Make the zip and mail the link to it; False where it is made, or being made, or gone.

    In one transaction: a worker that dies leaves it waiting, and nobody has a link to half of it.
    """
    with transaction.atomic():
        rows = Download.objects.waiting().select_for_update(of=("self",), skip_locked=True)
        download = rows.select_related("person").filter(pk=download_id).first()
        if download is None:
            return False
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
            write_zip(download.person, file, now)
            size = file.tell()
            file.seek(0)
            for number, packed in enumerate(iter(lambda: file.read(PART), b"")):
                DownloadPart.objects.create(download=download, number=number, packed=packed)
        token = new_token()
        download.made_at, download.expires_at, download.size = now, now + GOOD_FOR, size
        download.token_digest = digest_of(token)
        download.save(update_fields=["made_at", "expires_at", "size", "token_digest"])
        queue_mail(
            kind="download_ready",
            to=download.person,
            template="download_ready",
            context={"token": token, "until": download.expires_at},
            key=f"download_ready:{download.pk}",
            now=now,
            send_before=download.expires_at,
        )
    return True


def download_at(token: str, person: User, now: datetime) -> Download | None:
    """The person's own, by the token of the mail, while it is good."""
    return Download.objects.ready(now).filter(person=person, token_digest=digest_of(token)).first()


def bytes_of(download: Download) -> Iterator[bytes]:
    for number in DownloadPart.objects.filter(download=download).values_list("number", flat=True):
        yield bytes(DownloadPart.objects.get(download=download, number=number).packed)


def forget_downloads(now: datetime) -> None:
    """The bytes of those that are over, and in the end their rows; and what could not be made in that time,
    so that it can be asked for again."""
    DownloadPart.objects.filter(download__expires_at__lte=now).delete()
    Download.objects.filter(expires_at__lte=now - KEPT_FOR).delete()
    Download.objects.waiting().filter(asked_at__lte=now - KEPT_FOR).delete()
