"""A notice for one person, as reactions make it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tradepost.market.identity.models import User


class AddressedNotice(Struct, frozen=True, kw_only=True):
    """A message to one person. ``once`` names the occasion: there is one notice per kind, occasion and person."""

    user: User
    kind: str
    facts: Mapping[str, Any]
    once: str
    link: str = ""
    mail: bool = True
    """Whether it leaves the site. Its kind and the preferences of its readers decide by which channels."""
    contact: str = ""
    """Another address for the mail: the contact of a seller, or the receiver that a buyer named."""
    phone: str = ""
    """A telephone number, in the standard form, for the SMS of a buyer's notice."""
    seller: int | None = None
    """The seller that the notice concerns. May be omitted for a person who acts for one seller only."""
