"""Secrets that the auth centre gives away: drawn from 256 bits, kept as plain hashes."""

from __future__ import annotations

import hashlib

from tradepost.market.base import ids

LENGTH = 43
"""Letters and digits: 256 bits."""
LONGEST = 512
"""Of what somebody sends in place of one; more is not even hashed."""


def draw(prefix: str = "") -> str:
    return prefix + ids.secret(LENGTH)


def hash_of(secret: str) -> str:
    """By which a row is found; empty, which finds none, for what cannot be ours."""
    if not secret or len(secret) > LONGEST:
        return ""
    return hashlib.sha256(secret.encode()).hexdigest()
