"""Items of a usage push, judged one by one: a bad record does not affect the others (openapi-jointkit §C.5 rule 1).

Most time of a push is spent in this loop, so times and quantities are read without a field table, and repeated texts
are parsed once. Faulty items get the codes of business-rules §4.8, which have three digits: 94060001 to 94060005 have
other meanings and concern the whole call (§C.5).
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
from .usage_push import DECIMALS, MAX_RECORDS, WrongRecordCount

SCALE: int = 10**DECIMALS
"""Quantities are integers in units of 1/``SCALE``."""
MAX_QUANTITY = 10**8 * SCALE
"""Exclusive limit: 12 digits, 4 of them decimals (the international page; the Chinese one only limits 20
characters)."""
MAX_ID_LENGTH = 64
NO_INSTANCE, BAD_TIME, BAD_USAGE, NO_SN = "001", "002", "003", "004"

MALFORMED: Mapping[str, str] = {
    NO_INSTANCE: "an instance is missing or malformed",
    BAD_TIME: "a time is not like 20240101T000000Z",
    BAD_USAGE: "the usage is not a number above 0 and below 100000000 with at most 4 decimals",
    NO_SN: "the record has no number of 1 to 64 characters",
    "005": "the number of the record was used for other usage",
}
"""Codes without the prefix 94060 (business-rules §4.8); ``usage_push.ABNORMAL_CODES`` has those with the prefix."""

_VALUE = re.compile(r"0*([0-9]{1,8})(?:\.([0-9]{1,4})0*)?")
_MAX_VALUE_LENGTH = 20
_MAX_TEXT_SHOWN = 80
_MAX_ITEM_SHOWN = 600
_ITEM_ENCODER = json.JSONEncoder(default=str)
"""Writes fractions, which are read as ``Decimal``, as texts."""


class Item(NamedTuple):
    """A valid record. ``quantity`` is in ten-thousandths of a unit; ``metering_sn`` is empty if the edition has none,
    ``product_id`` if the edition does not require it."""

    position: int
    instance_id: str
    begin_at: datetime
    end_at: datetime
    quantity: int
    metering_sn: str = ""
    package_instance_id: str = ""
    product_id: str = ""


class BadItem(NamedTuple):
    """An invalid record: its code (001–004), the faulty field, and the identifying values that could be read."""

    position: int
    code: str
    field: str
    instance_id: str = ""
    metering_sn: str = ""


@dataclass(frozen=True, slots=True)
class LoadedItems:
    """The items of a push in their order; ``raw`` has them as received."""

    items: tuple[Item | BadItem, ...]
    raw: tuple[object, ...]

    def instances(self) -> tuple[str, ...]:
        """Return the instances that the items name, each once."""
        return tuple(dict.fromkeys(item.instance_id for item in self.items if item.instance_id))

    def as_text(self, position: int) -> str:
        """Return an item as received, truncated if it is long, for display to its seller."""
        raw = self.raw[position]
        try:
            text = _ITEM_ENCODER.encode(raw)
        except RecursionError:
            text = ""
        if 0 < len(text) <= _MAX_ITEM_SHOWN:
            return text
        if not isinstance(raw, dict):
            return json.dumps(_shortened(raw))
        return json.dumps({str(name)[:_MAX_TEXT_SHOWN]: _shortened(value) for name, value in list(raw.items())[:12]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """Field names of an edition of the interface. ``usage`` returns the quantity as text or number."""

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
    """Return the only quantity. The format of 2018 names its quantities; an on-demand service has one."""
    entity = item.get("usageEntity")
    return next(iter(entity.values())) if isinstance(entity, dict) and len(entity) == 1 else None


NEW_EDITION = Edition(sn="metering_sn")
OLD_EDITION = Edition(product="product_id")
EDITION_2018 = Edition(
    listed="usageRecords",
    instance="instanceId",
    recorded="recordTime",
    begins="beginTime",
    ends="endTime",
    package="relatePkgInstance",
    usage=_only_quantity,
    usage_name="usageEntity",
)


def load_items(body: bytes, edition: Edition = NEW_EDITION) -> LoadedItems:
    """Parse each item. Raises ``BadBody`` if the body is not a list of 1 to 1,000 items (``WrongRecordCount``)."""
    try:
        entries = load_records(body).get(edition.listed)
    except NotJsonObject as error:
        raise BadBody(f"the body is not a JSON object: {error}") from None
    if not isinstance(entries, list):
        raise BadBody(f"{edition.listed} must be an array")
    if not 1 <= len(entries) <= MAX_RECORDS:
        raise WrongRecordCount(
            f"{edition.listed} holds {len(entries)} records, 1 to {MAX_RECORDS} are allowed", len(entries)
        )
    times: dict[object, datetime | None] = {}
    return LoadedItems(tuple(_item(at, raw, edition, times) for at, raw in enumerate(entries)), tuple(entries))


def _item(position: int, raw: object, edition: Edition, times: dict[object, datetime | None]) -> Item | BadItem:
    """Report the first fault in the order of the codes."""
    if not isinstance(raw, dict):
        return BadItem(position, NO_INSTANCE, edition.instance)
    get = raw.get
    instance = get(edition.instance)
    if not _is_id(instance):
        return BadItem(position, NO_INSTANCE, edition.instance)
    sn: Any = get(edition.sn) if edition.sn else ""
    sn_read: str = sn if _is_id(sn) else ""
    package: Any = get(edition.package) or ""
    product: Any = get(edition.product) if edition.product else ""
    if package != "" or product != "":
        for name, value in ((edition.package, package), (edition.product, product)):
            if value != "" and not _is_id(value):
                return BadItem(position, NO_INSTANCE, name, instance, sn_read)
    begin_at, end_at = _time(get(edition.begins), times), _time(get(edition.ends), times)
    if begin_at is None or end_at is None or _time(get(edition.recorded), times) is None:
        names = (edition.recorded, edition.begins, edition.ends)
        field = next(name for name in names if _time(get(name), times) is None)
        return BadItem(position, BAD_TIME, field, instance, sn_read)
    quantity = quantity_of(edition.usage(raw))
    if quantity is None:
        return BadItem(position, BAD_USAGE, edition.usage_name, instance, sn_read)
    if edition.sn and not sn_read:
        return BadItem(position, NO_SN, edition.sn, instance)
    return Item(position, instance, begin_at, end_at, quantity, sn_read, package, product)


def _is_id(value: object) -> TypeGuard[str]:
    """Return whether the value is a printable text. NUL or a lone surrogate could not be stored unchanged."""
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_LENGTH and value.isprintable() and not value.isspace()


def _time(text: object, times: dict[object, datetime | None]) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        return times[text]
    except KeyError:
        times[text] = moment = read_time(text)
        return moment


def read_time(text: str) -> datetime | None:
    """Return the UTC time of a text like ``20260101T000000Z``; None for any other text."""
    # fromisoformat is fast but reads many formats, so the shape is checked first.
    if len(text) != 16 or text[8] != "T" or text[15] != "Z" or not text.isascii():
        return None
    if not (text[:8].isdigit() and text[9:15].isdigit()):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def quantity_of(value: object) -> int | None:
    """Return ten-thousandths of a text or number; None unless it is above 0, below 10⁸ and has at most 4 decimals."""
    if isinstance(value, str):
        match = _VALUE.fullmatch(value) if len(value) <= _MAX_VALUE_LENGTH else None
        if match is None:
            return None
        integer, fraction = match.groups()
        quantity = int(integer) * SCALE + (int(fraction.ljust(DECIMALS, "0")) if fraction else 0)
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        if not 0 < value < MAX_QUANTITY // SCALE:
            return None
        scaled_value = Decimal(value) * SCALE
        quantity = int(scaled_value)
        if quantity != scaled_value:
            return None
    else:
        return None
    return quantity or None


def _shortened(value: object) -> object:
    if isinstance(value, str):
        return _shortened_text(value)
    if isinstance(value, Decimal):
        return _shortened_text(str(value))
    if value is None or isinstance(value, int):  # at most 64 digits, like every number that is read
        return value
    return "…"


def _shortened_text(text: str) -> str:
    return text if len(text) <= _MAX_TEXT_SHOWN else f"{text[:_MAX_TEXT_SHOWN]}…"
