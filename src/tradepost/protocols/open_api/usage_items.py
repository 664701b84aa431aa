"""What a usage push carries, item by item: one bad record never refuses its neighbours (openapi-jointkit §C.5 rule 1).

A push is mostly this loop, so it is written for speed: times and quantities are read without a table of fields, and a text
that came before in the same push is not read again. What an item lacks is said by the codes of business-rules §4.8, which
have three digits: 94060001 to 94060005 mean other things, about the whole call (§C.5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeGuard

from tradepost.protocols.wire_json import NotJsonObject, load_records

from .bodies import BadBody
from .usage_push import DECIMALS, MAX_RECORDS, WrongCount

SCALE: int = 10**DECIMALS
"""Quantities are whole numbers of this part of a unit."""
LARGEST = 10**8 * SCALE
"""Below this: 12 digits, 4 of them decimals (the international page; the Chinese one says no more than 20 characters)."""
LONGEST = 64
NO_INSTANCE, BAD_TIME, BAD_USAGE, NO_SN = "001", "002", "003", "004"

MALFORMED: Mapping[str, str] = {
    NO_INSTANCE: "an instance is missing or malformed",
    BAD_TIME: "a time is not like 20240101T000000Z",
    BAD_USAGE: "the usage is not a number above 0 and below 100000000 with at most 4 decimals",
    NO_SN: "the record has no number of 1 to 64 characters",
    "005": "the number of the record was used for other usage",
}
"""Reasons that stand without 94060 (business-rules §4.8); those with it are ``usage_push.ABNORMAL``."""

_VALUE = re.compile(r"0*([0-9]{1,8})(?:\.([0-9]{1,4})0*)?")
_LONGEST_VALUE = 20
_KEPT_TEXT = 80
_KEPT_WHOLE = 600
_WHOLE = json.JSONEncoder(default=str)
"""Fractions, which are read as ``Decimal``, become texts."""


class Item(NamedTuple):
    """A record that can be read. ``quantity`` is in ten-thousandths of a unit; ``metering_sn`` is empty where the edition has
    none, ``product_id`` where it is not asked for."""

    position: int
    instance_id: str
    begin_at: datetime
    end_at: datetime
    quantity: int
    metering_sn: str = ""
    package_instance_id: str = ""
    product_id: str = ""


class BadItem(NamedTuple):
    """One that cannot: its code (001–004), the field at fault, and what names it as far as that can be read."""

    position: int
    code: str
    field: str
    instance_id: str = ""
    metering_sn: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The items of a push in their order; ``raw`` holds them as they came."""

    items: tuple[Item | BadItem, ...]
    raw: tuple[object, ...]

    def instances(self) -> tuple[str, ...]:
        """The instances that the items claim to be about, each once."""
        return tuple(dict.fromkeys(item.instance_id for item in self.items if item.instance_id))

    def as_text(self, position: int) -> str:
        """An item as it came, a long one shortened: for the eyes of its seller."""
        raw = self.raw[position]
        try:
            whole = _WHOLE.encode(raw)
        except RecursionError:
            whole = ""
        if 0 < len(whole) <= _KEPT_WHOLE:
            return whole
        if not isinstance(raw, dict):
            return json.dumps(_flat(raw))
        return json.dumps({str(name)[:_KEPT_TEXT]: _flat(value) for name, value in list(raw.items())[:12]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """How an edition of the interface names things. ``usage`` gives the quantity's value, as text or number."""

    listed: str = "usage_records"
    instance: str = "instance_id"
    recorded: str = "record_time"
    begins: str = "begin_time"
    ends: str = "end_time"
    package: str = "relate_pkg_instance"
    sn: str = ""
    product: str = ""
    usage: Callable[[Mapping[str, object]], object] = lambda item: item.get("usage_value")
    usage_name: str = "usage_value"


def _only_quantity(item: Mapping[str, object]) -> object:
    """The form of 2018 names its quantities; an on-demand service counts one."""
    entity = item.get("usageEntity")
    return next(iter(entity.values())) if isinstance(entity, dict) and len(entity) == 1 else None


NEW = Edition(sn="metering_sn")
OLD = Edition(product="product_id")
OF_2018 = Edition(
    listed="usageRecords",
    instance="instanceId",
    recorded="recordTime",
    begins="beginTime",
    ends="endTime",
    package="relatePkgInstance",
    usage=_only_quantity,
    usage_name="usageEntity",
)


def load_each(body: bytes, edition: Edition = NEW) -> Loaded:
    """Every item judged on its own. Raises ``BadBody`` for what is no list of 1 to 1,000 items at all (``WrongCount``)."""
    try:
        listed = load_records(body).get(edition.listed)
    except NotJsonObject as error:
        raise BadBody(f"the body is not a JSON object: {error}") from None
    if not isinstance(listed, list):
        raise BadBody(f"{edition.listed} must be an array")
    if not 1 <= len(listed) <= MAX_RECORDS:
        raise WrongCount(f"{edition.listed} holds {len(listed)} records, 1 to {MAX_RECORDS} are allowed", len(listed))
    times: dict[object, datetime | None] = {}
    return Loaded(tuple(_item(at, raw, edition, times) for at, raw in enumerate(listed)), tuple(listed))


def _item(position: int, raw: object, edition: Edition, times: dict[object, datetime | None]) -> Item | BadItem:
    """What is wrong is named in the order of the codes."""
    if not isinstance(raw, dict):
        return BadItem(position, NO_INSTANCE, edition.instance)
    get = raw.get
    instance = get(edition.instance)
    if not _is_id(instance):
        return BadItem(position, NO_INSTANCE, edition.instance)
    sn: Any = get(edition.sn) if edition.sn else ""
    named: str = sn if _is_id(sn) else ""
    package: Any = get(edition.package) or ""
    product: Any = get(edition.product) if edition.product else ""
    if package != "" or product != "":
        for name, value in ((edition.package, package), (edition.product, product)):
            if value != "" and not _is_id(value):
                return BadItem(position, NO_INSTANCE, name, instance, named)
    begin_at, end_at = _time(get(edition.begins), times), _time(get(edition.ends), times)
    if begin_at is None or end_at is None or _time(get(edition.recorded), times) is None:
        names = (edition.recorded, edition.begins, edition.ends)
        wrong = next(name for name in names if _time(get(name), times) is None)
        return BadItem(position, BAD_TIME, wrong, instance, named)
    quantity = quantity_of(edition.usage(raw))
    if quantity is None:
        return BadItem(position, BAD_USAGE, edition.usage_name, instance, named)
    if edition.sn and not named:
        return BadItem(position, NO_SN, edition.sn, instance)
    return Item(position, instance, begin_at, end_at, quantity, named, package, product)


def _is_id(value: object) -> TypeGuard[str]:
    """A printable text: one with a NUL or half a surrogate could not be kept as it is."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable() and not value.isspace()


def _time(text: object, times: dict[object, datetime | None]) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        return times[text]
    except KeyError:
        times[text] = found = read_time(text)
        return found


def read_time(text: str) -> datetime | None:
    """The UTC time of a text like ``20260101T000000Z``; None for any other."""
    # fromisoformat reads many forms, quickly: the shape is looked at first.
    if len(text) != 16 or text[8] != "T" or text[15] != "Z" or not text.isascii():
        return None
    if not (text[:8].isdigit() and text[9:15].isdigit()):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def quantity_of(value: object) -> int | None:
    """Ten-thousandths of what a text or number says; None unless it is above 0 with at most 4 decimals, and below 10⁸."""
    if isinstance(value, str):
        found = _VALUE.fullmatch(value) if len(value) <= _LONGEST_VALUE else None
        if found is None:
            return None
        whole, fraction = found.groups()
        quantity = int(whole) * SCALE + (int(fraction.ljust(DECIMALS, "0")) if fraction else 0)
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        if not 0 < value < LARGEST // SCALE:
            return None
        scaled = Decimal(value) * SCALE
        quantity = int(scaled)
        if quantity != scaled:
            return None
    else:
        return None
    return quantity or None


def _flat(value: object) -> object:
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, Decimal):
        return _short(str(value))
    if value is None or isinstance(value, int):  # of at most 64 digits, as everything that is read
        return value
    return "…"


def _short(text: str) -> str:
    return text if len(text) <= _KEPT_TEXT else f"{text[:_KEPT_TEXT]}…"
