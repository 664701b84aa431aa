"""Usage records: limits, states, and the market's codes (openapi-jointkit §C.4, §C.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tradepost.protocols.open_api.usage_push import ABNORMAL_CODES, DUPLICATE, SOME_RECORDS_FAILED

VALUE_DIGITS, VALUE_DECIMALS = 12, 4
MAX_ID_LENGTH = 64

_NUMBERS = ("0100", "0101", "0199", "9001", "9002", "9003", "9004")

WRONG_RECORDS = frozenset(
    {"94060004", "94060005", SOME_RECORDS_FAILED, *ABNORMAL_CODES}
    | {f"{prefix}.{number}" for prefix in ("MKT", "CBC") for number in _NUMBERS}
)
"""Errors of the batch itself, so that a retry is useless. The gateway's codes are not included: its ``APIGW.0101``
reports a wrong address, not wrong records."""


class UsageState(StrEnum):
    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The market called it abnormal, or refused a push of this record alone: call ``correct``."""
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRecord:
    """Usage of one instance in [``begins_at``, ``ends_at``]. ``record_id`` is ``metering_sn`` on the wire.

    ``package_id``: the package instance to deduct from, for packages that stop when used up (``relate_pkg_instance``).
    ``product_id``: only for the older interface (§C.6).
    """

    record_id: str
    instance_id: str
    begins_at: datetime
    ends_at: datetime
    recorded_at: datetime
    value: Decimal
    package_id: str = ""
    product_id: str = ""
    state: UsageState = UsageState.WAITING
    error: str = ""


def is_duplicate(words: str) -> bool:
    """Return whether the market already has usage of this instance and time, and accepts no other (§C.5 rule 4).

    It usually comes from a push of the same record whose answer was lost.
    """
    return words.startswith(DUPLICATE)


def verdict(words: str | None) -> UsageState:
    return UsageState.ACCEPTED if words is None or is_duplicate(words) else UsageState.REFUSED


def check(record: UsageRecord) -> None:
    """Raise ``ValueError`` for a record that the interface cannot carry."""
    for name, moment in (("begins_at", record.begins_at), ("ends_at", record.ends_at)):
        if moment.tzinfo is None:
            raise ValueError(f"{name} must be aware: the interface takes UTC")
        if moment.microsecond:
            raise ValueError(f"{name} must be whole seconds: the interface has no more")
    if not record.begins_at <= record.ends_at <= record.recorded_at:
        raise ValueError("begins_at <= ends_at <= now does not hold (openapi-jointkit §C.5 rule 3)")
    for name, text in (("instance_id", record.instance_id), ("record id", record.record_id)):
        if not text.strip() or len(text) > MAX_ID_LENGTH:
            raise ValueError(f"{name} must have 1 to {MAX_ID_LENGTH} characters")
    for name, text in (("package_id", record.package_id), ("product_id", record.product_id)):
        if len(text) > MAX_ID_LENGTH:
            raise ValueError(f"{name} must have at most {MAX_ID_LENGTH} characters")
    value = record.value
    largest = Decimal(10) ** (VALUE_DIGITS - VALUE_DECIMALS)
    if not value.is_finite() or not 0 < value < largest or value != round(value, VALUE_DECIMALS):
        raise ValueError(f"usage {value} must be above 0, below {largest:f}, with at most {VALUE_DECIMALS} decimals")
