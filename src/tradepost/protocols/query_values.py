"""Values of query parameters, which are texts: parsed and written by the types of their table.

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
"""Maximum decimals of orderAmount (saas-v1-license A2.1)."""
_AMOUNT_LIMIT = Decimal(10) ** 15
"""Exclusive limit. The field has 20 characters: sign, point and decimals leave 15."""
_INTEGER = re.compile(r"[0-9]{1,18}")
_AMOUNT = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")

type Members = Mapping[str, object]


def load_parameters(table: tuple[Field, ...], parameters: Mapping[str, str]) -> dict[str, object]:
    """Return the parameters in the table, integers as numbers, without empty ones. Raises ``Denied`` with 000002."""
    members = {field.name: _parse_value(field, parameters.get(field.name, "")) for field in table}
    for violation in violations(table, members):
        raise Denied(INVALID_PARAMETER, str(violation))
    return {name: value for name, value in members.items() if value is not None}


def dump_parameters(table: tuple[Field, ...], members: Members) -> dict[str, str]:
    """Return the members in the table as parameters, without empty ones. Raises ``ValueError`` for an invalid
    member."""
    values = {field.name: members.get(field.name) for field in table}
    errors = "; ".join(map(str, violations(table, values)))
    if errors:
        raise ValueError(errors)
    return {name: str(value) for name, value in values.items() if value is not None and value != ""}


def text(members: Members, name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""


def integer(members: Members, name: str) -> int | None:
    value = members.get(name)
    return value if isinstance(value, int) else None


def moment(members: Members, name: str) -> datetime | None:
    """Parse a time of 14 or 17 digits; None if it is absent. Raises ``Denied`` with 000002."""
    written_time = text(members, name)
    if not written_time:
        return None
    try:
        return load_digits(written_time)
    except ValueError:
        raise Denied(INVALID_PARAMETER, f"{name} is not a UTC time yyyyMMddHHmmss") from None


def amount(members: Members, name: str, *, signed: bool = False) -> Decimal | None:
    """Parse an amount in main units; None if it is absent. Raises ``Denied`` with 000002."""
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
    """Format plain digits; empty for None. Raises ``ValueError`` for a value that the field cannot hold."""
    if value is None:
        return ""
    valid = value.is_finite() and abs(value) < _AMOUNT_LIMIT and (signed or value >= 0)
    if not valid or value != round(value, AMOUNT_DECIMALS):
        limit = "" if signed else " of 0 or more"
        raise ValueError(f"orderAmount is {value}: it must be a number{limit} with at most {AMOUNT_DECIMALS} decimals")
    # Trailing zeros are removed: a database may return more decimals than the field permits.
    return f"{round(value, AMOUNT_DECIMALS).normalize():f}"


def _parse_value(field: Field, value: str) -> object:
    if not value:
        return None
    if field.kind is Kind.INTEGER:
        return int(value) if _INTEGER.fullmatch(value) else value
    return value
