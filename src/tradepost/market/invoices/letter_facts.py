"""Content of an explanation letter about an invoice (business-rules §6.2), separate from its renderer, which is slow to
import."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class LetterFacts(Struct, frozen=True, kw_only=True):
    """Content of a letter. ``rows``: labels and formatted values in Chinese and English; ``check``: address for
    verification."""

    issuer: str
    market: str
    number: str
    made: str
    until: str
    buyer: str
    seller: str
    rows: Sequence[tuple[str, str]]
    check: str
