"""Whether a usage record counts: pure. The first reason that applies is told (business-rules §4.8, openapi-jointkit §C.5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from tradepost.protocols.open_api.usage_items import BadItem, Item


class Code(StrEnum):
    """Why a record is not billed."""

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
        """001 to 005 stay so short: with 94060 before them they mean other things, about the whole call (§C.5)."""
        return str(self) if self <= "005" else f"94060{self}"


class Rule(Struct, frozen=True, kw_only=True):
    """What the market's settings say."""

    max_age: timedelta
    skew: timedelta


class Instance(Struct, frozen=True, kw_only=True):
    """What the market knows of an instance of the seller that pushes."""

    subscription: int
    product_id: str
    counted: bool
    """On demand, or a package of uses: records name no other instance (openapi-jointkit §C.5)."""
    retired: bool
    """Nothing can be charged for it any more: its seller left, or what was ordered has no price by usage."""
    started_at: datetime | None
    """None: it is not open yet."""
    frozen_at: datetime | None = None
    """Since when it has been frozen, if it is."""
    closed_at: datetime | None = None


class Refusal(NamedTuple):
    code: Code
    field: str = ""
    differs: bool = False


class Stored(NamedTuple):
    """A record that counts already."""

    pk: int
    subscription: int
    begin_at: datetime
    end_at: datetime
    sn: str
    quantity: int


class Repeated(NamedTuple):
    """The same record came before."""

    stored: Stored


def judge(
    item: Item | BadItem, known: Instance | None, package: Instance | None, *, rule: Rule, now: datetime
) -> Refusal | None:
    """Why an item is refused, as far as it stands alone; None when it counts unless ``settle`` says otherwise. ``known`` and
    ``package``: what it names, None where this seller has none such."""
    if isinstance(item, BadItem):
        return Refusal(Code(item.code), item.field)
    if known is None:
        return Refusal(Code.FOREIGN, "instance_id")
    if item.product_id and item.product_id != known.product_id:
        return Refusal(Code.FOREIGN, "product_id")
    if item.package_instance_id and package is None:
        return Refusal(Code.FOREIGN, "relate_pkg_instance")
    if not known.counted:
        return Refusal(Code.NOT_ON_DEMAND, "instance_id")
    begin_at, end_at = item.begin_at, item.end_at
    if not begin_at <= end_at <= now + rule.skew:
        return Refusal(Code.BAD_RANGE, "begin_time" if begin_at > end_at else "end_time")
    if begin_at < now - rule.max_age:
        return Refusal(Code.TOO_OLD, "begin_time")
    return _of_its_life(known, begin_at, end_at)


def _of_its_life(known: Instance, begin_at: datetime, end_at: datetime) -> Refusal | None:
    # The wire has whole seconds: the microseconds of an opening must not refuse the first record.
    if known.started_at is not None and begin_at < known.started_at.replace(microsecond=0):
        return Refusal(Code.BEFORE_START, "begin_time")
    if known.closed_at is not None and end_at > known.closed_at:
        return Refusal(Code.CLOSED, "end_time")
    if known.started_at is None or (known.frozen_at is not None and end_at > known.frozen_at):
        return Refusal(Code.NOT_IN_USE, "end_time")
    return Refusal(Code.RETIRED, "instance_id") if known.retired else None


def settle(
    item: Item, subscription: int, same_sn: Stored | None, same_window: Stored | None
) -> Repeated | Refusal | None:
    """What becomes of an item beside what counts already; None when nothing stands against it."""
    if same_sn is not None:
        place = (same_sn.subscription, same_sn.begin_at, same_sn.end_at)
        if place != (subscription, item.begin_at, item.end_at):
            return Refusal(Code.SN_REUSED, "metering_sn")
        if same_sn.quantity == item.quantity:
            return Repeated(same_sn)
    if same_window is None:
        return None
    # The older editions have no number of a record: the same usage of the same time is the same record.
    if same_window.quantity == item.quantity and item.metering_sn in {"", same_window.sn}:
        return Repeated(same_window)
    return Refusal(Code.WINDOW_TAKEN, "begin_time", differs=same_window.quantity != item.quantity)
