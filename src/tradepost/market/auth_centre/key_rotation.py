"""Choose the signing key for id tokens, the published keys and the time of the next key. No I/O.

A key is published before it signs, for as long as clients may cache the list of keys. It stays published until its last
token has expired.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import Struct

LIST_AGE = timedelta(hours=1)
"""How long clients may cache the list of keys (its ``max-age``)."""
TOKEN_LIFE = timedelta(hours=2)
"""Lifetime of an id token."""
MAX_CLOCK_SKEW = timedelta(minutes=5)


class Key(Struct, frozen=True):
    kid: str
    signs_from: datetime


def signing_key(keys: Sequence[Key], now: datetime) -> Key | None:
    """Return the newest key that may sign; None if there is none."""
    return max((key for key in keys if key.signs_from <= now), key=lambda key: key.signs_from, default=None)


def published_keys(keys: Sequence[Key], now: datetime) -> list[Key]:
    """Return the keys that clients need: the current, the next, and those of tokens that may still be valid."""
    ordered = sorted(keys, key=lambda key: key.signs_from)
    needed_keys = [
        key for key, successor in pairwise(ordered) if successor.signs_from + TOKEN_LIFE + MAX_CLOCK_SKEW > now
    ]
    return [*needed_keys, *ordered[-1:]]


def next_signs_from(keys: Sequence[Key], *, every: timedelta, now: datetime) -> datetime | None:
    """Return when a key created now would start to sign, immediately for the first key. None if no key is needed."""
    newest = max((key.signs_from for key in keys), default=None)
    if newest is None:
        return now
    return now + LIST_AGE if newest + every - LIST_AGE <= now else None
