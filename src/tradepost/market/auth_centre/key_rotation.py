"""Policy: which key signs id tokens, which are published, and when the next is made. No I/O.

A key is published before it signs, as long as others may keep the list of keys, and stays published until the last token
that it signed has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import Struct

LIST_AGE = timedelta(hours=1)
"""How long others may keep the list of keys: its ``max-age``."""
TOKEN_LIFE = timedelta(hours=2)
"""Of an id token."""
CLOCKS_APART = timedelta(minutes=5)


class Key(Struct, frozen=True):
    kid: str
    signs_from: datetime


def signing(keys: Sequence[Key], now: datetime) -> Key | None:
    """The newest that may sign; None where there is none yet."""
    return max((key for key in keys if key.signs_from <= now), key=lambda key: key.signs_from, default=None)


def published(keys: Sequence[Key], now: datetime) -> list[Key]:
    """Those that others need: what signs, what will sign, and what signed tokens that may still hold."""
    ordered = sorted(keys, key=lambda key: key.signs_from)
    needed = [key for key, successor in pairwise(ordered) if successor.signs_from + TOKEN_LIFE + CLOCKS_APART > now]
    return [*needed, *ordered[-1:]]


def next_signs_from(keys: Sequence[Key], *, every: timedelta, now: datetime) -> datetime | None:
    """From when a key that is made now signs: at once where it is the first. None while none is to be made."""
    newest = max((key.signs_from for key in keys), default=None)
    if newest is None:
        return now
    return now + LIST_AGE if newest + every - LIST_AGE <= now else None
