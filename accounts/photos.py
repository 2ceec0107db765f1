"""Photos: what is uploaded, made anew in a process of its own (photo_encoding.py), and kept or taken away."""

import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.db import transaction

from accounts.models import Photo, User

CHILD = Path(__file__).with_name("photo_encoding.py")
CPU_SECONDS = 10
MEMORY_BYTES = 900_000_000  # a WebP picture of 40 megapixels is held three times while it is decoded
SECONDS = 20.0
WAIT_SECONDS = 5.0  # whoever waits holds a thread of the web server
MOST_BYTES = 5_000_000
TRIES_AN_HOUR = 20  # of one person
TOO_LARGE = "This file is larger than 5 MB. Choose a smaller one, or save it smaller first."
UNREADABLE = "This picture takes more to read than Holdfast can give. Save it anew, or choose another."
# One at a time in a web process: what photos may take is bounded, however many come at once.
_one_at_a_time = threading.BoundedSemaphore(1)


class PhotoError(Exception):
    """The picture is not taken; the text is fit to show."""


@dataclass(frozen=True)
class Encoded:
    """WebP of 640 pixels a side, or less where the picture has less, and of 96."""

    large: bytes
    small: bytes


@contextmanager
def turn_of(person: User, now: datetime) -> Iterator[None]:
    """One picture of a person at a time, and a few an hour: each may cost seconds of the processor, and as
    long a thread of the web server. Raises PhotoError."""
    turn, tries = f"photo:{person.pk}", f"photo:{person.pk}:{now:%Y%m%d%H}"
    if not cache.add(turn, True, timeout=SECONDS + WAIT_SECONDS):
        raise PhotoError("Your picture before this one is still being read. Try again in a minute.")
    try:
        tried = cache.get(tries, 0)
        if tried >= TRIES_AN_HOUR:
            raise PhotoError(f"{TRIES_AN_HOUR} pictures an hour at most. Try again later.")
        cache.set(tries, tried + 1, timeout=3600)
        yield
    finally:
        cache.delete(turn)


def encode(body: bytes) -> Encoded:
    """Raises PhotoError in words for everything but an honest JPEG, PNG or WebP picture."""
    if not body:
        raise PhotoError("This file is empty.")
    if len(body) > MOST_BYTES:
        raise PhotoError(TOO_LARGE)
    if not _one_at_a_time.acquire(timeout=WAIT_SECONDS):
        raise PhotoError("Many photos are being read just now. Try again in a minute.")
    try:
        answer, pictures = _run(body)
    finally:
        _one_at_a_time.release()
    if "error" in answer:
        raise PhotoError(answer["error"])
    return Encoded(pictures[: answer["large"]], pictures[answer["large"] :])


def _run(body: bytes) -> tuple[dict[str, Any], bytes]:
    limits = json.dumps({"cpu_seconds": CPU_SECONDS, "memory_bytes": MEMORY_BYTES}).encode()
    try:
        child = subprocess.run(  # noqa: S603 - our own file, and no argument from outside
            [sys.executable, "-I", str(CHILD)],
            input=limits + b"\n" + body,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it may quote the picture
            timeout=SECONDS,
            check=True,
            env={},
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        raise PhotoError(UNREADABLE) from error
    head, _, pictures = child.stdout.partition(b"\n")
    return json.loads(head), pictures


@transaction.atomic
def save_photo(person: User, picture: Encoded, *, now: datetime) -> None:
    """A new key each time: what a browser keeps of the photo before is never shown for this one."""
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    Photo.objects.update_or_create(
        person=person, defaults={"large": picture.large, "small": picture.small, "updated_at": now}
    )
    person.photo_key = secrets.token_urlsafe(16)
    person.save(update_fields=["photo_key"])


@transaction.atomic
def remove_photo(person: User) -> None:
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    Photo.objects.filter(person=person).delete()
    person.photo_key = ""
    person.save(update_fields=["photo_key"])
