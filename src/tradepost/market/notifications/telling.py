"""What is told to whom, as reactions say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tradepost.market.identity.models import User


class Telling(Struct, frozen=True, kw_only=True):
    """One message to one person. ``once`` names the occasion: the same kind, occasion and person are told once."""

    user: User
    kind: str
    facts: Mapping[str, Any]
    once: str
    link: str = ""
    mail: bool = True
    """Whether it goes out of the site at all; by which other channels its kind and those told say."""
    contact: str = ""
    """An address that gets the mail too, unless the person reads it themselves: a seller's contact, or where a buyer wants it."""
    phone: str = ""
    """A telephone, in the standard form, that gets the SMS of a buyer's kind too."""
    seller: int | None = None
    """Whose matter it is, where its kind concerns a company; of somebody who acts for one alone it need not be said."""
