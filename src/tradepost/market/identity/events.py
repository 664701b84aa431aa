"""What happens to sellers and their keys."""

from __future__ import annotations

from dataclasses import dataclass

from tradepost.market.base.events import event


@event("signing_key_rotated", was=("SigningKeyRotated",), about=("key",))
@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyRotated:
    """A signing key was replaced; it is still accepted for a while."""

    key: int
    """Key (pk) of the one that was rotated out."""
