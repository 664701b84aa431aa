"""Random secrets of the auth centre: 256 bits, stored as plain hashes."""

from __future__ import annotations

import hashlib

from tradepost.market.base import ids

SECRET_LENGTH = 43
"""Characters, letters and digits: 256 bits."""
MAX_LENGTH = 512
"""Maximum length of a received secret. Longer ones are not hashed."""


def new_secret(prefix: str = "") -> str:
    return prefix + ids.secret(SECRET_LENGTH)


def hash_of(secret: str) -> str:
    """Return the hash by which a row is found; empty, which matches no row, for an impossible secret."""
    if not secret or len(secret) > MAX_LENGTH:
        return ""
    return hashlib.sha256(secret.encode()).hexdigest()
