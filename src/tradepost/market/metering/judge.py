"""Check whether a usage record is billed, and return the first reason against it (business-rules §4.8, openapi-jointkit
§C.5). Pure functions."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from tradepost.protocols.open_api.usage_items import BadItem, Item


class Code(StrEnum):
    """Code of a refused record."""

    NO_INSTANCE = "001"
    BAD_TIME = "002"
    BAD_USAGE = "003"
    NO_SN = "004"
    SN_REUSED = "005"
    RETIRED = "006"
    TOO_OLD = "007"
    FOREIGN = "009"
    WINDOW_TAKEN = "010"
    BAD_RANGE = "011"
    NOT_ON_DEMAND = "012"
    NOT_IN_USE = "013"
    CLOSED = "014"
    BEFORE_START = "015"

    @property
    def on_the_wire(self) -> str:
        """Return the code on the wire. 001 to 005 stay short, because with the prefix 94060 they are errors of the
        whole call (§C.5)."""
        return str(self) if self <= "005" else f"94060{self}"


class Rule(Struct, frozen=True, kw_only=True):
    """Limits from the market's settings."""

    max_age: timedelta
    skew: timedelta


class Instance(Struct, frozen=True, kw_only=True):
    """Data about an instance of the seller."""

    subscription: int
    product_id: str
    counted: bool
    """Pay-per-use, or a package of uses; records may not name other instances (openapi-jointkit §C.5)."""
    retired: bool
    """Cannot be charged any more: the seller has left, or the order has no usage price."""
    started_at: datetime | None
    """None: not opened yet."""
    frozen_at: datetime | None = None
    """Start of a present freeze."""
    closed_at: datetime | None = None


class Refusal(NamedTuple):
    code: Code
    field: str = ""
    differs: bool = False


class Stored(NamedTuple):
    """A stored record that counts."""

    pk: int
    subscription: int
    begin_at: datetime
    end_at: datetime
    sn: str
    quantity: int


class Repeated(NamedTuple):
    """The same record is already stored."""

    stored: Stored


def check_item(
    item: Item | BadItem, instance: Instance | None, package: Instance | None, *, rule: Rule, now: datetime
) -> Refusal | None:
    """Return why an item is refused by itself; None if only ``find_conflict`` can refuse it. ``instance`` and ``package``: what
    it names; None if the seller has no such instance."""
    if isinstance(item, BadItem):
        return Refusal(Code(item.code), item.field)
    if instance is None:
        return Refusal(Code.FOREIGN, "instance_id")
    if item.product_id and item.product_id != instance.product_id:
        return Refusal(Code.FOREIGN, "product_id")
    if item.package_instance_id and package is None:
        return Refusal(Code.FOREIGN, "relate_pkg_instance")
    if not instance.counted:
        return Refusal(Code.NOT_ON_DEMAND, "instance_id")
    begin_at, end_at = item.begin_at, item.end_at
    if not begin_at <= end_at <= now + rule.skew:
        return Refusal(Code.BAD_RANGE, "begin_time" if begin_at > end_at else "end_time")
    if begin_at < now - rule.max_age:
        return Refusal(Code.TOO_OLD, "begin_time")
    return _lifetime_refusal(instance, begin_at, end_at)


def _lifetime_refusal(instance: Instance, begin_at: datetime, end_at: datetime) -> Refusal | None:
    # The wire has whole seconds: microseconds of the opening must not refuse the first record.
    if instance.started_at is not None and begin_at < instance.started_at.replace(microsecond=0):
        return Refusal(Code.BEFORE_START, "begin_time")
    if instance.closed_at is not None and end_at > instance.closed_at:
        return Refusal(Code.CLOSED, "end_time")
    if instance.started_at is None or (instance.frozen_at is not None and end_at > instance.frozen_at):
        return Refusal(Code.NOT_IN_USE, "end_time")
    return Refusal(Code.RETIRED, "instance_id") if instance.retired else None


def find_conflict(
    item: Item, subscription: int, same_sn: Stored | None, same_window: Stored | None
) -> Repeated | Refusal | None:
    """Compare an item with stored records; None if nothing conflicts."""
    if same_sn is not None:
        stored_window = (same_sn.subscription, same_sn.begin_at, same_sn.end_at)
        if stored_window != (subscription, item.begin_at, item.end_at):
            return Refusal(Code.SN_REUSED, "metering_sn")
        if same_sn.quantity == item.quantity:
            return Repeated(same_sn)
    if same_window is None:
        return None
    # Older versions have no record number: the same usage in the same time is the same record.
    if same_window.quantity == item.quantity and item.metering_sn in {"", same_window.sn}:
        return Repeated(same_window)
    return Refusal(Code.WINDOW_TAKEN, "begin_time", differs=same_window.quantity != item.quantity)
