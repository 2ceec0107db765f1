"""What stands in a link that lets its reader in: random, and never kept in the clear."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """What is kept of a token: its SHA-256, in hexadecimal. Whatever somebody puts into a link has one."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
