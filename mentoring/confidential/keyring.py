"""AES-GCM under a ring of keys from the environment.

Two levels: a key of the ring wraps data keys (one per person or engagement); a data key seals texts.
Each sealed text is bound to its table, row and field as associated data (NIST SP 800-38D), so that a
ciphertext copied to another row or field is refused. Layout: 12 bytes of nonce, then ciphertext and tag.
"""

import base64
import binascii
import os
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

NONCE_BYTES = 12
KEY_BYTES = 32


class ConfidentialError(Exception):
    """A sealed text could not be opened: wrong key, changed bytes, or moved from its place."""


@cache
def ring(setting: str | None = None) -> dict[str, AESGCM]:
    """Keys by name, newest first. Raises ImproperlyConfigured naming what is wrong."""
    keys: dict[str, AESGCM] = {}
    for entry in (setting or settings.CONFIDENTIAL_KEYS).split(","):
        name, _, encoded = entry.strip().partition(":")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ImproperlyConfigured(f"CONFIDENTIAL_KEYS: the key {name!r} is not base64.") from error
        if not name or len(raw) != KEY_BYTES:
            raise ImproperlyConfigured(
                "CONFIDENTIAL_KEYS: write name:base64 of 32 random bytes for each key."
            )
        keys[name] = AESGCM(raw)
    return keys


def newest() -> str:
    return next(iter(ring()))


def new_data_key() -> bytes:
    return AESGCM.generate_key(bit_length=KEY_BYTES * 8)


def wrap(data_key: bytes, *, owner: str, under: str) -> bytes:
    return _encrypt(ring()[under], data_key, owner)


def unwrap(wrapped: bytes, *, owner: str, under: str) -> bytes:
    if under not in ring():
        raise ConfidentialError(f"The key {under!r} is missing from CONFIDENTIAL_KEYS.")
    return _decrypt(ring()[under], wrapped, owner)


def seal(data_key: bytes, text: str, *, place: str) -> bytes:
    return _encrypt(AESGCM(data_key), text.encode(), place)


def open_sealed(data_key: bytes, sealed: bytes, *, place: str) -> str:
    return _decrypt(AESGCM(data_key), sealed, place).decode()


def _encrypt(cipher: AESGCM, plain: bytes, place: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, place.encode())


def _decrypt(cipher: AESGCM, sealed: bytes, place: str) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError) as error:  # the second when even the nonce is cut
        raise ConfidentialError("A sealed text does not belong where it was found.") from error
