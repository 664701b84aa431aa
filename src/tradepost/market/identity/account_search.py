"""Find accounts by the beginning of a text that an operator enters. Each column has an index on both databases.

Searching inside texts would need a PostgreSQL extension, which does not find Chinese words of two characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from tradepost.market.base.ends_of_lists import keys_of_all
from tradepost.market.base.prefix import InPatternOrder, begins_with

from .models import User

_PHONE = re.compile(r"[+0-9][0-9 ()-]*")
_SEPARATORS = re.compile(r"[ ()-]")


def accounts_beginning(text: str, *, most: int) -> list[int]:
    """Return the keys of at most ``most`` accounts whose email address, name, company, phone number or customer ID
    begins with ``text``. The account with this exact email address comes first. One statement."""
    lists = [_named(text), *(_first(column, spelling)[:most] for column, spelling in _spellings(text))]
    return keys_of_all(lists)[:most]


def _named(text: str) -> QuerySet[User, Any]:
    """Return the account with this email address, ignoring case."""
    return User.objects.by_email(text).order_by().values("pk")


def _first(column: str, text: str) -> QuerySet[User, Any]:
    return User.objects.filter(begins_with(column, text)).order_by(InPatternOrder(column)).values("pk")


def _spellings(text: str) -> Iterator[tuple[str, str]]:
    """Return each column with the spellings to search for, because the indexes are case-sensitive."""
    yield from (("email", spelling) for spelling in dict.fromkeys((text, text.lower())))
    yield "customer_id", text.lower()
    if _PHONE.fullmatch(text):
        yield from (("phone", spelling) for spelling in dict.fromkeys((text, _SEPARATORS.sub("", text))))
    for column in ("name", "company"):
        yield from ((column, spelling) for spelling in dict.fromkeys((text, text.lower(), text.title(), text.upper())))
