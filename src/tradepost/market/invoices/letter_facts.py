"""What an explanation letter about an invoice says (business-rules §6.2), apart from what draws it, which takes long to load."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class LetterFacts(Struct, frozen=True, kw_only=True):
    """All that stands in a letter. ``rows``: label and value in Chinese and English, of the invoice; dates and amounts as people
    read them; ``check``: the address at which it is checked."""

    issuer: str
    market: str
    number: str
    made: str
    until: str
    buyer: str
    seller: str
    rows: Sequence[tuple[str, str]]
    check: str
