"""Values of query parameters, which are all text: read by their table's types, written back the same way.

For versions that send everything in the query (saas-v1-license A2, B1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from .contract import Denied
from .signed_query import INVALID_PARAMETER
from .wire_fields import Field, Kind, violations
from .wire_time import load_digits

AMOUNT_DECIMALS = 3
"""orderAmount has at most 3 (saas-v1-license A2.1)."""
_TOO_MUCH = Decimal(10) ** 15
"""The field has 20 characters: a sign, the point and the decimals leave 15."""
_INTEGER = re.compile(r"[0-9]{1,18}")
_AMOUNT = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")

type Members = Mapping[str, object]


def checked(table: tuple[Field, ...], parameters: Mapping[str, str]) -> dict[str, object]:
    """The parameters that the table names, integers as numbers, empty ones left out. Raises ``Denied`` with 000002."""
    named = {field.name: _typed(field, parameters.get(field.name, "")) for field in table}
    for violation in violations(table, named):
        raise Denied(INVALID_PARAMETER, str(violation))
    return {name: value for name, value in named.items() if value is not None}


def written(table: tuple[Field, ...], members: Members) -> dict[str, str]:
    """The members that the table names as parameters, empty ones left out. Raises ``ValueError`` when one breaks it."""
    named = {field.name: members.get(field.name) for field in table}
    broken = "; ".join(map(str, violations(table, named)))
    if broken:
        raise ValueError(broken)
    return {name: str(value) for name, value in named.items() if value is not None and value != ""}


def text(members: Members, name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""


def integer(members: Members, name: str) -> int | None:
    value = members.get(name)
    return value if isinstance(value, int) else None


def moment(members: Members, name: str) -> datetime | None:
    """A time of 14 or 17 digits; None when it is absent. Raises ``Denied`` with 000002."""
    written_time = text(members, name)
    if not written_time:
        return None
    try:
        return load_digits(written_time)
    except ValueError:
        raise Denied(INVALID_PARAMETER, f"{name} is not a UTC time yyyyMMddHHmmss") from None


def amount(members: Members, name: str, *, signed: bool = False) -> Decimal | None:
    """Money of the main unit; None when it is absent. Raises ``Denied`` with 000002."""
    number = text(members, name)
    if not number:
        return None
    if not _AMOUNT.fullmatch(number):
        raise Denied(INVALID_PARAMETER, f"{name} is not a plain decimal number")
    value = Decimal(number)
    if value < 0 and not signed:
        raise Denied(INVALID_PARAMETER, f"{name} is below 0")
    return value


def dump_amount(value: Decimal | None, *, signed: bool = False) -> str:
    """Plain digits; empty for None. Raises ``ValueError`` for what the field cannot hold."""
    if value is None:
        return ""
    fits = value.is_finite() and abs(value) < _TOO_MUCH and (signed or value >= 0)
    if not fits or value != round(value, AMOUNT_DECIMALS):
        limit = "" if signed else " of 0 or more"
        raise ValueError(f"orderAmount is {value}: it must be a number{limit} with at most {AMOUNT_DECIMALS} decimals")
    # Digits that say nothing are cut: a database gives money back with more places than the field may have.
    return f"{round(value, AMOUNT_DECIMALS).normalize():f}"


def _typed(field: Field, value: str) -> object:
    if not value:
        return None
    if field.kind is Kind.INTEGER:
        return int(value) if _INTEGER.fullmatch(value) else value
    return value
